//! Metrics over HTTP: beside the protocol, or at an address of their own where the protocol is on standard input and
//! output.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::health::{self, Health};
use super::{HttpError, looked_up};
use crate::mcp::Server;
use crate::mcp::metrics::{CONTENT_TYPE, Metrics};

/// `/metrics`.
pub(super) fn router(metrics: &Arc<Metrics>) -> Router {
    Router::new().route("/metrics", get(text)).with_state(Arc::clone(metrics))
}

async fn text(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], metrics.text())
}

/// A place for `/metrics`, `/healthz` and `/readyz` alone. Nobody is asked for a token there, and no tool can be called.
#[derive(Debug)]
pub struct Watched {
    listener: TcpListener,
    address: SocketAddr,
}

impl Watched {
    /// Takes the address, in the forms that [`Http::bind`](super::Http::bind) takes.
    ///
    /// # Errors
    /// [`HttpError::Address`] for an address that is none or is taken.
    pub async fn bind(address: &str) -> Result<Self, HttpError> {
        let invalid = |source| HttpError::Address { address: address.to_owned(), source };
        let all = looked_up(address).await?;
        let listener = TcpListener::bind(all.as_slice()).await.map_err(invalid)?;
        let address = listener.local_addr().map_err(invalid)?;
        Ok(Self { listener, address })
    }

    /// Where the metrics are.
    pub fn url(&self) -> String {
        format!("http://{}/metrics", self.address)
    }

    /// Serves until `stop` comes true. With `caller_tokens` the server has no login of its own to check.
    ///
    /// # Errors
    /// [`HttpError::Serve`] where connections can no longer be accepted.
    pub async fn serve(
        self,
        server: Server,
        metrics: Arc<Metrics>,
        caller_tokens: bool,
        stop: CancellationToken,
    ) -> Result<(), HttpError> {
        let health = Arc::new(Health::new(server, caller_tokens, stop.clone()));
        let router = Router::new()
            .route("/healthz", get(health::alive))
            .route("/readyz", get(health::ready))
            .with_state(health)
            .merge(router(&metrics));
        let served = axum::serve(self.listener, router).into_future();
        tokio::select! {
            ended = served => ended.map_err(HttpError::Serve),
            () = stop.cancelled() => Ok(()),
        }
    }
}
