//! `call`: one tool, once, without a client.

use std::io::{IsTerminal, Read};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::{Failure, Where, choice::Choice, target::Target};
use crate::mcp::{Context, Destructive, Progress};

/// Options of `call`.
#[derive(Debug, Args)]
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
    choice: Choice,
    #[command(flatten)]
    place: Where,
}

impl Call {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let arguments = self.arguments()?;
        let chosen = self.choice.load()?;
        let target = Target::open(&self.place, chosen.profiles()).await?;
        // Whoever types a command has decided to run it.
        let app = target
            .app()
            .with_policy(chosen.policy(None, Destructive::Allow))
            .with_sql_limits(chosen.sql_limits())
            .with_answer_tokens(self.answer_tokens);
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
                super::say(serde_json::to_string_pretty(&Value::Object(answer.fitted().structured))?)?;
                Ok(ExitCode::SUCCESS)
            }
            Err(error) => Err(error.explain().into()),
        }
    }

    fn arguments(&self) -> Result<Map<String, Value>, Failure> {
        let mut text = self.json.clone();
        if text == "-" {
            text.clear();
            std::io::stdin().read_to_string(&mut text)?;
        }
        match serde_json::from_str(&text) {
            Ok(Value::Object(arguments)) => Ok(arguments),
            Ok(_) => Err(format!("--json `{text}` is not an object such as {{\"page_size\": 5}}").into()),
            Err(error) => Err(format!("--json `{text}` is not JSON: {error}").into()),
        }
    }
}

/// Progress goes to a person, not to a log.
fn progress() -> Option<Progress> {
    let report: Progress = Arc::new(|_, _, message| eprintln!("{message}"));
    std::io::stderr().is_terminal().then_some(report)
}
