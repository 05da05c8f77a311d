//! SIGHUP: the settings file is read again while the server serves.

use super::Serve;
use crate::mcp::Server;

/// Ends with the server.
pub(super) struct Reload(Option<tokio::task::JoinHandle<()>>);

impl Drop for Reload {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// Watches for the signal where there is a file; without one it ends the process, as it usually does.
#[cfg(unix)]
pub(super) fn on_hangup(serve: &Serve, profiles: &[String], server: &Server) -> Reload {
    use tokio::signal::unix::{SignalKind, signal};

    use super::Failure;

    let Some(path) = serve.choice.file().map(std::path::Path::to_owned) else { return Reload(None) };
    let mut hangup = match signal(SignalKind::hangup()) {
        Ok(hangup) => hangup,
        Err(error) => {
            tracing::warn!(%error, "the settings cannot be read again by SIGHUP");
            return Reload(None);
        }
    };
    let (choice, server, profiles) = (serve.choice.clone(), server.clone(), profiles.to_vec());
    let (destructive, tool_timeout, answer_tokens) =
        (serve.destructive, serve.tool_timeout, serve.answer_tokens);
    Reload(Some(tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            let read = async {
                let chosen = choice.load()?;
                let registry = chosen.registry()?;
                if chosen.profiles() != profiles {
                    tracing::warn!("other profiles count from the next start on");
                }
                let terms = chosen.terms(destructive, answer_tokens);
                server.change(&registry, chosen.limits(tool_timeout), terms).await;
                Ok::<_, Failure>(registry.tools().count())
            };
            match read.await {
                Ok(tools) => tracing::info!(path = %path.display(), tools, "the settings were read again"),
                Err(error) => tracing::error!(
                    error = %super::explain(error.as_ref()),
                    "the settings stay as they were"
                ),
            }
        }
    })))
}

/// There is no such signal here.
#[cfg(not(unix))]
pub(super) fn on_hangup(_serve: &Serve, _profiles: &[String], _server: &Server) -> Reload {
    Reload(None)
}
