//! `tools`: what there is to call.

use clap::Args;
use comfy_table::{ContentArrangement, Table, presets};

use super::{Failure, choice::Choice};
use crate::mcp::{Destructive, Effect, Registry, described};

/// Options of `tools`.
#[derive(Debug, Args)]
pub(super) struct Tools {
    /// Show this tool with the schema of its arguments.
    name: Option<String>,
    /// Print all tools as MCP describes them, as JSON.
    #[arg(long, conflicts_with = "name")]
    json: bool,
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
        if self.json {
            let policy = chosen.policy(None, Destructive::Ask);
            let tools = registry.tools().map(|spec| described(&registry, spec, &policy));
            let tools: Vec<_> = tools.collect();
            super::say(serde_json::to_string_pretty(&tools)?)?;
            return Ok(());
        }
        match self.name {
            Some(name) => show(&registry, &name),
            None => list(&registry),
        }
    }
}

fn show(registry: &Registry, name: &str) -> Result<(), Failure> {
    let Some(spec) = registry.get(name) else { return Err(registry.unknown(name).to_string().into()) };
    super::say(format_args!(
        "{} ({}, {})\n\n{}\n",
        spec.name,
        spec.toolset,
        effect(spec.effect),
        spec.description
    ))?;
    super::say(serde_json::to_string_pretty(&*registry.input_schema(name).unwrap_or_default())?)
}

fn list(registry: &Registry) -> Result<(), Failure> {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["TOOL", "TOOLSET", "EFFECT", "DESCRIPTION"]);
    for spec in registry.tools() {
        let first = spec.description.split(". ").next().unwrap_or_default();
        table.add_row([spec.name, spec.toolset, effect(spec.effect), first]);
    }
    super::say(table)
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "reads",
        Effect::Write => "writes",
        Effect::Destroy => "destroys",
    }
}
