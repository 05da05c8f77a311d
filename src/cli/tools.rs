//! `tools`: what there is to call.

use clap::Args;
use serde_json::{Value, json};

use super::output::{Format, Output};
use super::{Failure, choice::Choice};
use crate::mcp::{Destructive, Effect, Policy, Registry, ToolSpec, described};

/// Options of `tools`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  databricks-mcp tools --toolsets all
  databricks-mcp tools execute_sql
  databricks-mcp tools --toolsets sql --output csv")]
pub(super) struct Tools {
    /// Show this tool with the schema of its arguments.
    name: Option<String>,
    /// Print all tools as MCP describes them, as JSON.
    #[arg(long, conflicts_with_all = ["name", "output"])]
    json: bool,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    choice: Choice,
}

impl Tools {
    pub(super) fn run(self) -> Result<(), Failure> {
        let chosen = self.choice.load()?;
        let registry = match self.name {
            Some(_) => chosen.registry_or_all()?,
            None => chosen.registry()?,
        };
        let policy = chosen.policy(None, Destructive::Ask);
        if self.json {
            let tools = registry.tools().map(|spec| described(&registry, spec, &policy));
            let tools: Vec<_> = tools.collect();
            super::say(serde_json::to_string_pretty(&tools)?)?;
            return Ok(());
        }
        match self.name {
            Some(name) => show(&registry, &name, &policy, self.output),
            None => list(&registry, self.output),
        }
    }
}

fn show(registry: &Registry, name: &str, policy: &Policy, output: Output) -> Result<(), Failure> {
    let Some(spec) = registry.get(name) else { return Err(registry.unknown(name).to_string().into()) };
    if output.wanted().is_some() {
        let described = serde_json::to_value(described(registry, spec, policy))?;
        return output.print(&described, Format::Json);
    }
    super::say(format_args!(
        "{} ({}, {})\n\n{}\n",
        spec.name,
        spec.toolset,
        effect(spec.effect),
        spec.description
    ))?;
    super::say(serde_json::to_string_pretty(&*registry.input_schema(name).unwrap_or_default())?)
}

fn list(registry: &Registry, output: Output) -> Result<(), Failure> {
    let row = |spec: &ToolSpec| {
        json!({
            "tool": spec.name,
            "toolset": spec.toolset,
            "effect": effect(spec.effect),
            "description": spec.description.split(". ").next(),
        })
    };
    output.print(&Value::Array(registry.tools().map(row).collect()), Format::Table)
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "reads",
        Effect::Write => "writes",
        Effect::Destroy => "destroys",
    }
}
