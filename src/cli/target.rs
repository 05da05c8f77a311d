//! The workspace that a command works on: a real one, or the embedded one.

use super::{Failure, Where};
use crate::mcp::{App, Workspaces};
use crate::{Config, Workspace};

/// A workspace, and the sandbox behind it where there is one.
pub(super) struct Target {
    app: App,
    #[cfg(feature = "sandbox")]
    sandbox: Option<databricks_sandbox::Sandbox>,
}

impl Target {
    /// The workspaces that flags name, else those of the settings file, else the one of the environment.
    #[cfg(feature = "sandbox")]
    pub(super) async fn open(place: &Where, profiles: &[String]) -> Result<Self, Failure> {
        if !place.sandbox {
            return Ok(Self { app: App::over(configured(place, profiles)?), sandbox: None });
        }
        let mut builder = databricks_sandbox::Sandbox::builder();
        if let Some(dir) = &place.sandbox_dir {
            builder = builder.dir(dir);
        }
        let sandbox = builder.start().await?;
        let workspace = Workspace::builder().host(sandbox.url()).token(sandbox.token()).build()?;
        Ok(Self { app: App::new(workspace), sandbox: Some(sandbox) })
    }

    #[cfg(not(feature = "sandbox"))]
    pub(super) async fn open(place: &Where, profiles: &[String]) -> Result<Self, Failure> {
        Ok(Self { app: App::over(configured(place, profiles)?) })
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

fn configured(place: &Where, profiles: &[String]) -> Result<Workspaces, Failure> {
    let names = if place.profiles.is_empty() { profiles } else { &place.profiles };
    let names = names.iter().map(|name| name.trim()).filter(|name| !name.is_empty());
    let mut named = Vec::new();
    for name in names {
        let config = Config::from_profile(name)?;
        named.push((name.to_owned(), Workspace::builder().config(config).build()?));
    }
    match Workspaces::named(named) {
        Some(workspaces) => Ok(workspaces),
        None => Ok(Workspaces::one(Workspace::from_env()?)),
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
