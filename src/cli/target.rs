//! The workspace that a command works on: a real one, or the embedded one.

use std::sync::Arc;

use super::{Failure, Where};
use crate::Config;
use crate::client::{Builder, Workspace};
use crate::mcp::{App, ToolObserver, Workspaces};
use crate::transport::Observer;

/// Who is told of calls of the API, and of tools.
#[derive(Debug, Clone, Default)]
pub(super) struct Observers {
    pub(super) api: Vec<Arc<dyn Observer>>,
    pub(super) tools: Vec<Arc<dyn ToolObserver>>,
}

impl Observers {
    fn workspace(&self, builder: Builder<Workspace>) -> Result<Workspace, Failure> {
        let observed = self.api.iter().cloned().fold(builder, Builder::observer);
        Ok(observed.build()?)
    }

    fn app(&self, workspaces: Workspaces) -> App {
        self.tools.iter().cloned().fold(App::over(workspaces), App::observer)
    }
}

/// A workspace, and the sandbox behind it where there is one.
pub(super) struct Target {
    app: App,
    #[cfg(feature = "sandbox")]
    sandbox: Option<databricks_sandbox::Sandbox>,
}

impl Target {
    /// The workspaces that flags name, else those of the settings file, else the one of the environment.
    pub(super) async fn open(place: &Where, profiles: &[String]) -> Result<Self, Failure> {
        Self::observed(place, profiles, Observers::default()).await
    }

    /// The same with somebody who is told of calls.
    #[cfg(feature = "sandbox")]
    pub(super) async fn observed(
        place: &Where,
        profiles: &[String],
        observers: Observers,
    ) -> Result<Self, Failure> {
        if !place.sandbox {
            let app = observers.app(configured(place, profiles, &observers)?);
            return Ok(Self { app, sandbox: None });
        }
        let mut builder = databricks_sandbox::Sandbox::builder();
        if let Some(dir) = &place.sandbox_dir {
            builder = builder.dir(dir);
        }
        let sandbox = builder.start().await?;
        let workspace = Workspace::builder().host(sandbox.url()).token(sandbox.token());
        let workspaces = Workspaces::one(observers.workspace(workspace)?);
        Ok(Self { app: observers.app(workspaces), sandbox: Some(sandbox) })
    }

    #[cfg(not(feature = "sandbox"))]
    pub(super) async fn observed(
        place: &Where,
        profiles: &[String],
        observers: Observers,
    ) -> Result<Self, Failure> {
        Ok(Self { app: observers.app(configured(place, profiles, &observers)?) })
    }

    pub(super) fn app(&self) -> App {
        self.app.clone()
    }

    /// Ends the sandbox in good order.
    pub(super) async fn close(self) {
        #[cfg(feature = "sandbox")]
        if let Some(sandbox) = self.sandbox {
            sandbox.shutdown().await;
        }
    }
}

fn configured(place: &Where, profiles: &[String], observers: &Observers) -> Result<Workspaces, Failure> {
    let names = if place.profiles.is_empty() { profiles } else { &place.profiles };
    let names = names.iter().map(|name| name.trim()).filter(|name| !name.is_empty());
    let mut named = Vec::new();
    for name in names {
        let config = Config::from_profile(name)?;
        named.push((name.to_owned(), observers.workspace(Workspace::builder().config(config))?));
    }
    match Workspaces::named(named) {
        Some(workspaces) => Ok(workspaces),
        None => {
            let config = Config::from_env()?;
            Ok(Workspaces::one(observers.workspace(Workspace::builder().config(config))?))
        }
    }
}

/// The embedded workspace served alone.
#[cfg(feature = "sandbox")]
#[derive(Debug, clap::Args)]
pub(super) struct SandboxOptions {
    /// Port on 127.0.0.1; any free one unless set.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Keep the workspace in this folder; a temporary one unless set.
    #[arg(long, value_name = "DIR")]
    dir: Option<std::path::PathBuf>,
    /// The token that clients send; a random one unless set.
    #[arg(long, env = "DATABRICKS_SANDBOX_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

#[cfg(feature = "sandbox")]
impl SandboxOptions {
    pub(super) async fn serve(self, stop: impl Future<Output = ()>) -> Result<(), Failure> {
        let mut builder = databricks_sandbox::Sandbox::builder().port(self.port);
        if let Some(dir) = self.dir {
            builder = builder.dir(dir);
        }
        if let Some(token) = self.token {
            builder = builder.token(token);
        }
        let sandbox = builder.start().await?;
        // Two lines that a shell can take over: the address and the token are what a client needs.
        super::say(format_args!("export DATABRICKS_HOST={}", sandbox.url()))?;
        super::say(format_args!("export DATABRICKS_TOKEN={}", sandbox.token()))?;
        eprintln!("The sandbox is serving. Stop it with Ctrl-C.");
        stop.await;
        sandbox.shutdown().await;
        Ok(())
    }
}
