//! The server over HTTP: streamable HTTP on `/mcp`, in sessions for clients of 2025-11-25 and before, without any
//! for those of 2026-07-28; `/healthz`, `/readyz` and `/metrics` for whoever looks after it.
//!
//! A request passes the gate (who may call, and as whom), is counted until its answer is sent, and goes to rmcp,
//! which checks `Host` and `Origin`. At the end calls in flight are waited for before anything is closed.

mod drain;
mod gate;
mod health;
mod metrics;
mod options;
mod origin;
mod sessions;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, Method, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use rmcp::handler::server::ServerHandler;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::Server;
use drain::InFlight;
use gate::Gate;
use health::Health;
use origin::Origin;
use sessions::Sessions;

pub use metrics::Watched;
pub use options::{HttpError, HttpOptions};

/// The path of the protocol.
const PATH: &str = "/mcp";
/// Longest message, as over standard input.
const LONGEST: usize = 16 * 1024 * 1024;
/// Silence after which a session is closed; a call that reports nothing may take this long.
const SESSION: std::time::Duration = std::time::Duration::from_secs(2 * 3600);

/// A place to serve at, taken but not served yet.
#[derive(Debug)]
pub struct Http {
    listener: TcpListener,
    address: SocketAddr,
    options: HttpOptions,
}

impl Http {
    /// Takes the address: `127.0.0.1:8000`, `localhost:8000`, or a port of this machine alone, `8000`; port 0 is
    /// any that is free.
    ///
    /// # Errors
    /// [`HttpError`] for an address that is none or is taken, and for one that others can reach where
    /// nothing would check who calls.
    pub async fn bind(address: &str, options: HttpOptions) -> Result<Self, HttpError> {
        let invalid = |source| HttpError::Address { address: address.to_owned(), source };
        let all = looked_up(address).await?;
        if !options.is_guarded() && all.iter().any(|one| !one.ip().is_loopback()) {
            return Err(HttpError::Exposed { address: address.to_owned() });
        }
        let listener = TcpListener::bind(all.as_slice()).await.map_err(invalid)?;
        let address = listener.local_addr().map_err(invalid)?;
        Ok(Self { listener, address, options })
    }

    /// Where clients reach it.
    pub fn url(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// Serves until `stop` comes true. Then no more calls are taken, those in flight may end, and execution contexts
    /// that are still open are destroyed.
    ///
    /// # Errors
    /// [`HttpError::Serve`] where connections can no longer be accepted.
    pub async fn serve(self, server: Server, stop: impl Future<Output = ()>) -> Result<(), HttpError> {
        self.serve_as(server, stop, |server| server).await
    }

    /// The same with a handler around the server.
    ///
    /// # Errors
    /// As [`Http::serve`].
    #[doc(hidden)]
    pub async fn serve_as<H: ServerHandler>(
        self,
        server: Server,
        stop: impl Future<Output = ()>,
        wrap: impl Fn(Server) -> H + Send + Sync + 'static,
    ) -> Result<(), HttpError> {
        if self.options.caller_tokens {
            // A token is of one workspace.
            if !server.callers().own().app.workspaces().names().is_empty() {
                return Err(HttpError::SeveralWorkspaces);
            }
            server.callers().must_be_named();
        }
        let drain = drain::Drain::new(server.clone(), self.options.drain);
        let router = self.router(&server, &drain, wrap);
        drain.serve(self.listener, router, stop).await.map_err(HttpError::Serve)
    }

    fn router<H: ServerHandler>(
        &self,
        server: &Server,
        drain: &drain::Drain,
        wrap: impl Fn(Server) -> H + Send + Sync + 'static,
    ) -> Router {
        let manager = Arc::new(session_manager());
        let service = {
            let server = server.clone();
            let config = self.config(drain.streams());
            StreamableHttpService::new(move || Ok(wrap(server.clone())), Arc::clone(&manager), config)
        };
        let gate = Arc::new(Gate::new(&self.options, Arc::clone(server.callers())));
        let health = Arc::new(Health::new(server.clone(), self.options.caller_tokens, drain.begun()));
        let mcp = Router::new()
            .route_service(PATH, service)
            .layer(from_fn_with_state(Arc::new(Sessions::new(manager)), sessions::own))
            .layer(from_fn_with_state(drain.in_flight(), InFlight::count))
            .layer(from_fn_with_state(Arc::clone(&gate), gate::pass))
            .layer(cors(self.options.all_origins()));
        let looked_after = Router::new()
            .route("/healthz", get(health::alive))
            .route("/readyz", get(health::ready))
            .with_state(health);
        let counted = self.options.metrics.iter().map(|metrics| {
            // What a server does is for those who may call it.
            metrics::router(metrics).layer(from_fn_with_state(Arc::clone(&gate), gate::known))
        });
        counted.fold(mcp.merge(looked_after), Router::merge).layer(from_fn(not_stored))
    }

    fn config(&self, streams: CancellationToken) -> StreamableHttpServerConfig {
        let config = StreamableHttpServerConfig::default()
            .with_max_request_body_bytes(LONGEST)
            .with_allowed_origins(self.options.all_origins().iter().map(ToString::to_string))
            .enforce_origin_validation()
            .with_cancellation_token(streams);
        match self.options.all_hosts(self.address) {
            Some(hosts) => config.with_allowed_hosts(hosts),
            None => config.disable_allowed_hosts(),
        }
    }
}

/// The socket addresses of a port of this machine alone, or of an address.
async fn looked_up(address: &str) -> Result<Vec<SocketAddr>, HttpError> {
    let with_host = match address.parse::<u16>() {
        Ok(port) => format!("127.0.0.1:{port}"),
        Err(_) => address.to_owned(),
    };
    let invalid = |source| HttpError::Address { address: address.to_owned(), source };
    Ok(tokio::net::lookup_host(&with_host).await.map_err(invalid)?.collect())
}

fn session_manager() -> LocalSessionManager {
    let mut manager = LocalSessionManager::default();
    manager.session_config.keep_alive = Some(SESSION);
    manager
}

/// Pages of the allowed origins may call; the check itself is rmcp's, this tells browsers of it.
fn cors(origins: Vec<Origin>) -> CorsLayer {
    let allowed = AllowOrigin::predicate(move |origin, _| {
        let origin = origin.to_str().ok().and_then(|origin| Origin::parse(origin).ok());
        origin.is_some_and(|origin| origins.iter().any(|allowed| allowed.covers(&origin)))
    });
    let named =
        |names: &[&'static str]| names.iter().map(|name| HeaderName::from_static(name)).collect::<Vec<_>>();
    let mut sent = named(&[
        "mcp-protocol-version",
        "mcp-session-id",
        "mcp-method",
        "mcp-name",
        "last-event-id",
        gate::CALLER_TOKEN,
    ]);
    sent.extend([header::CONTENT_TYPE, header::ACCEPT, header::AUTHORIZATION]);
    let mut read = named(&["mcp-session-id", "mcp-protocol-version"]);
    read.push(header::WWW_AUTHENTICATE);
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers(sent)
        .expose_headers(read)
        .max_age(std::time::Duration::from_secs(3600))
}

/// Answers are one caller's own: nothing on the way may keep them.
async fn not_stored(
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> axum::response::Response {
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(axum::http::HeaderValue::from_static("no-store"));
    response
}
