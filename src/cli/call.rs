//! `call`: one tool, once, without a client.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::output::{Format, Output, object};
use super::{Failure, Where, choice::Choice, target::Target};
use crate::mcp::{Context, Destructive, Progress};

/// Options of `call`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  databricks-mcp call list_clusters --output table
  databricks-mcp call execute_sql --json '{\"statement\": \"SELECT 1\"}' --output csv
  echo '{\"job_id\": 7}' | databricks-mcp call run_job --json -")]
pub(super) struct Call {
    /// The tool, from `tools --toolsets all`; any of them unless flags choose fewer.
    tool: String,
    /// Its arguments as a JSON object; `-` reads them from standard input.
    #[arg(long, default_value = "{}", value_name = "JSON")]
    json: String,
    /// Cut the answer to so many tokens, as an agent gets it; the whole unless set.
    #[arg(long, value_name = "TOKENS", value_parser = super::answer_tokens)]
    answer_tokens: Option<usize>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    choice: Choice,
    #[cfg(feature = "data")]
    #[command(flatten)]
    results: super::choice::Results,
    #[command(flatten)]
    place: Where,
}

impl Call {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let arguments = object(&self.json)?;
        let chosen = self.choice.load()?;
        #[cfg(feature = "data")]
        let results = match self.results.folder()? {
            Some(folder) => folder,
            None => crate::mcp::ResultFolder::named(".")?,
        };
        let target = Target::open(&self.place, chosen.profiles()).await?;
        // Whoever types a command has decided to run it.
        let app = target
            .app()
            .with_policy(chosen.policy(None, Destructive::Allow))
            .with_sql_limits(chosen.sql_limits())
            .with_answer_tokens(self.answer_tokens);
        #[cfg(feature = "data")]
        let app = app.with_result_folder(results);
        let registry = chosen.registry_or_all()?.over(app.workspaces());
        let cancelled = CancellationToken::new();
        let context = Context::new(app.clone(), cancelled.clone(), progress());
        let call = registry.call(&self.tool, arguments, &context);
        tokio::pin!(call);
        let result = tokio::select! {
            result = &mut call => result,
            () = super::stopped() => {
                // The tool tells Databricks to stop, then returns.
                cancelled.cancel();
                call.await
            }
        };
        app.close().await;
        target.close().await;
        match result {
            Ok(answer) => {
                self.output.print(&Value::Object(answer.fitted().structured), Format::Json)?;
                Ok(ExitCode::SUCCESS)
            }
            Err(error) => Err(error.explain().into()),
        }
    }
}

/// Progress goes to a person, not to a log.
fn progress() -> Option<Progress> {
    let report: Progress = Arc::new(|_, _, message| eprintln!("{message}"));
    std::io::stderr().is_terminal().then_some(report)
}
