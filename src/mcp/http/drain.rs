//! The end in good order: no new calls, those in flight may end within a limit, then what is open is closed.

use std::io;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use axum::serve::ListenerExt;
use futures_util::StreamExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::mcp::Server;

/// After the limit calls are told to stop; this is how long they have to tell Databricks.
const STOPPING: Duration = Duration::from_secs(15);
/// How long connections may take to close once nothing is left to be said.
const CLOSING: Duration = Duration::from_secs(2);
/// How often it is looked whether calls have ended.
const LOOK: Duration = Duration::from_millis(50);
/// A client that follows a task gets this long to see how it ended.
const LAST_LOOK: Duration = Duration::from_secs(2);

pub(super) struct Drain {
    server: Server,
    longest: Duration,
    begun: CancellationToken,
    streams: CancellationToken,
    in_flight: InFlight,
}

impl Drain {
    pub(super) fn new(server: Server, longest: Duration) -> Self {
        let (begun, streams) = (CancellationToken::new(), CancellationToken::new());
        Self { server, longest, begun, streams, in_flight: InFlight::default() }
    }

    /// Comes true when no more calls are taken.
    pub(super) fn begun(&self) -> CancellationToken {
        self.begun.clone()
    }

    /// Ends sessions and the streams that stay open without a call.
    pub(super) fn streams(&self) -> CancellationToken {
        self.streams.clone()
    }

    pub(super) fn in_flight(&self) -> InFlight {
        self.in_flight.clone()
    }

    /// Serves until `stop`, then ends in good order.
    pub(super) async fn serve(
        self,
        listener: TcpListener,
        router: Router,
        stop: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let closed = CancellationToken::new();
        // Small messages, each of which somebody waits for.
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        let accepted = axum::serve(listener, router).with_graceful_shutdown(closed.clone().cancelled_owned());
        let mut accepted = tokio::spawn(accepted.into_future());
        let ended = tokio::select! {
            ended = &mut accepted => Some(ended),
            () = async { stop.await; self.end().await } => None,
        };
        closed.cancel();
        self.streams.cancel();
        let ended = match ended {
            Some(ended) => Some(ended),
            None => tokio::time::timeout(CLOSING, &mut accepted).await.ok(),
        };
        accepted.abort();
        self.server.close().await;
        match ended {
            Some(Ok(result)) => result,
            Some(Err(failed)) => Err(io::Error::other(failed)),
            None => Ok(()),
        }
    }

    /// Requests are served on meanwhile: answers to questions, cancellations and looks at tasks have to get in.
    async fn end(&self) {
        self.begun.cancel();
        self.server.end_listening();
        self.server.callers().refuse_new();
        let tasks = self.server.callers().running_tasks() > 0;
        if !self.quiet(self.longest).await {
            tracing::warn!(limit = ?self.longest, "calls have not ended in time and are stopped");
            self.server.stop_calls();
            self.quiet(STOPPING).await;
        }
        if tasks {
            tokio::time::sleep(LAST_LOOK.min(self.longest)).await;
        }
    }

    /// Whether all calls ended within this time.
    async fn quiet(&self, longest: Duration) -> bool {
        let started = Instant::now();
        let callers = self.server.callers();
        while !self.in_flight.0.is_empty() || callers.running_calls() > 0 || callers.running_tasks() > 0 {
            if started.elapsed() >= longest {
                return false;
            }
            tokio::time::sleep(LOOK).await;
        }
        true
    }
}

/// Counts the requests whose answers are not sent yet.
#[derive(Clone, Default)]
pub(super) struct InFlight(TaskTracker);

impl InFlight {
    /// Streams that a client keeps open without a request of its own (GET) do not count.
    pub(super) async fn count(State(in_flight): State<Self>, request: Request, next: Next) -> Response {
        if request.method() != Method::POST {
            return next.run(request).await;
        }
        let token = in_flight.0.token();
        // Counts until the body was sent or given up.
        next.run(request).await.map(|body| {
            Body::from_stream(body.into_data_stream().map(move |part| {
                let _counted = &token;
                part
            }))
        })
    }
}
