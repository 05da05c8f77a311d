//! A server on loopback, as long as somebody holds it.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use super::{Answer, Request};

/// A request as it came: as recordings have it, and its body.
pub(super) struct Received {
    pub request: Request,
    pub content_type: Option<String>,
    pub bytes: Bytes,
}

pub(super) type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;
type Handler = Arc<dyn Fn(Received) -> Answering + Send + Sync>;

/// Ends when it is dropped, with all of its connections.
#[derive(Debug)]
pub(super) struct Server {
    url: String,
    task: JoinHandle<()>,
}

impl Server {
    pub(super) async fn start(handler: Handler) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let handler = handler.clone();
                let service = service_fn(move |request| respond(handler.clone(), request));
                connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
                // Those that ended are let go of.
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { url, task })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn respond(
    handler: Handler,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    // A caller that gave up reads no answer either.
    let bytes = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let content_type = parts.headers.get("content-type").and_then(|value| value.to_str().ok());
    let received = Received {
        request: Request {
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            body: body_of(&bytes),
        },
        content_type: content_type.map(str::to_owned),
        bytes,
    };
    Ok(response(&handler(received).await))
}

/// JSON as it is, other bodies as text; none where there is no body or no text.
fn body_of(bytes: &[u8]) -> Option<serde_json::Value> {
    if bytes.is_empty() {
        return None;
    }
    serde_json::from_slice(bytes).ok().or_else(|| Some(std::str::from_utf8(bytes).ok()?.into()))
}

fn response(answer: &Answer) -> hyper::Response<Full<Bytes>> {
    let (content, content_type) = answer.content();
    let given = |name: &str| answer.headers.keys().any(|key| key.eq_ignore_ascii_case(name));
    let mut builder = hyper::Response::builder().status(answer.status);
    if let Some(content_type) = content_type.filter(|_| !given("content-type")) {
        builder = builder.header("content-type", content_type);
    }
    for (name, value) in &answer.headers {
        builder = builder.header(name, value);
    }
    builder.body(Full::from(content)).unwrap_or_else(|error| {
        let mut response =
            hyper::Response::new(Full::from(format!("this recording cannot be sent: {error}")));
        *response.status_mut() = hyper::StatusCode::NOT_IMPLEMENTED;
        response
    })
}
