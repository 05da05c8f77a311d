//! `watch`: what becomes of long work, a line for each change, posted to an address if one is named.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use secrecy::{ExposeSecret, SecretString};

use super::{Failure, Where, target::Target};
use crate::paging::Items;
use crate::watch::{Change, Webhook};

/// Options of `watch`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  databricks-mcp watch run 455644833
  DATABRICKS_MCP_WEBHOOK_SECRET=… databricks-mcp watch run 455644833 --webhook https://example.com/hook

Exit code 0 if it ends well, 1 if it does not.")]
pub(super) struct Watching {
    #[command(subcommand)]
    what: What,
    /// Seconds between two looks.
    #[arg(long, global = true, default_value = "5", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    interval: u64,
    /// Post each change to this address, signed as Standard Webhooks say, until it is taken.
    #[arg(long, global = true, env = "DATABRICKS_MCP_WEBHOOK", hide_env_values = true, value_name = "URL")]
    webhook: Option<String>,
    /// The secret that changes are signed with, 16 bytes or more; better set as the variable, since others see arguments.
    #[arg(
        long,
        global = true,
        env = "DATABRICKS_MCP_WEBHOOK_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    webhook_secret: Option<SecretString>,
    #[command(flatten)]
    place: Where,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A run of a job.
    Run {
        /// Its id.
        run_id: i64,
    },
    /// An update of a pipeline.
    Update {
        /// The id of the pipeline.
        pipeline_id: String,
        /// The id of the update.
        update_id: String,
    },
    /// A SQL statement.
    Statement {
        /// Its id.
        statement_id: String,
    },
}

impl Watching {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let secret = match (&self.webhook, &self.webhook_secret) {
            (Some(_), None) => {
                return Err("--webhook needs a secret: set DATABRICKS_MCP_WEBHOOK_SECRET".into());
            }
            (_, secret) => {
                secret.as_ref().map(|secret| secret.expose_secret().to_owned()).unwrap_or_default()
            }
        };
        let target = Target::open(&self.place, &[]).await?;
        let app = target.app();
        let watch = app.workspace().watch().interval(Duration::from_secs(self.interval));
        let webhook = self.webhook.as_deref().map(|url| watch.webhook(url, &secret)).transpose()?;
        let webhook = webhook.as_ref();
        let followed = async {
            match &self.what {
                What::Run { run_id } => follow(watch.run(*run_id), webhook).await,
                What::Update { pipeline_id, update_id } => {
                    follow(watch.pipeline_update(pipeline_id, update_id), webhook).await
                }
                What::Statement { statement_id } => follow(watch.statement(statement_id), webhook).await,
            }
        };
        let result = tokio::select! {
            result = followed => result,
            () = super::stopped() => Err("stopped; what is watched goes on".into()),
        };
        target.close().await;
        result
    }
}

/// States that are good ends.
const GOOD: [&str; 3] = ["TERMINATED SUCCESS", "COMPLETED", "SUCCEEDED"];

async fn follow<T: Send + Sync + 'static>(
    changes: Items<Change<T>>,
    webhook: Option<&Webhook>,
) -> Result<ExitCode, Failure> {
    let mut undelivered = 0;
    let mut code = ExitCode::FAILURE;
    let mut seen = |change: &Change<T>| {
        code = if GOOD.contains(&change.state.as_str()) { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        super::say(format_args!("{:>8.1} s  {}", change.elapsed.as_secs_f64(), change.state))
    };
    match webhook {
        None => {
            let mut changes = changes;
            while let Some(change) = changes.next().await {
                seen(&change?)?;
            }
        }
        Some(webhook) => {
            let mut posted = webhook.forward(changes);
            while let Some(posted) = posted.next().await {
                let posted = posted?;
                seen(&posted.change)?;
                if let Err(error) = posted.delivery {
                    undelivered += 1;
                    super::complain(&super::explain(&error));
                }
            }
        }
    }
    match undelivered {
        0 => Ok(code),
        count => Err(format!("{count} changes were not delivered").into()),
    }
}
