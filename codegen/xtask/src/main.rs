//! The one entrance for maintainers: `cargo xtask`.

mod documents;
mod features;
mod parity;
mod update;

use std::error::Error;
use std::process::{Command, ExitCode};

use clap::{Parser, Subcommand};
use update::Update;

type Failure = Box<dyn Error>;

/// Tasks of the repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run what CI runs.
    Ci,
    /// Check that the documents are what openapi/lock.json says, and features and docs what the documents give.
    Documents,
    /// Import a release of the Python SDK into openapi/ and print what changes.
    Update(Update),
    /// Write docs/parity.md from the documents.
    Docs,
    /// Take over what tools, schemas and generated code look like now, also into the tables of tools of the README and docs/tools.md.
    Snapshots,
    /// Make a release: version, changelog, packages, commit and tag. See docs/releasing.md.
    Release {
        /// The version, such as 0.2.0.
        version: String,
        /// Do it in a copy that is thrown away.
        #[arg(long)]
        dry_run: bool,
    },
    /// Check licences, bans and sources of the dependencies; needs cargo-deny.
    Deny,
}

fn main() -> ExitCode {
    let result = match Cli::parse().task {
        Task::Ci => run("bash", &[".ci/run"], &[]),
        Task::Documents => documents::check(),
        Task::Update(update) => update.run(),
        Task::Docs => documents::docs(),
        Task::Snapshots => {
            let accept = [
                ("INSTA_UPDATE", "always"),
                ("TRYBUILD", "overwrite"),
                ("UPDATE_DOCS", "1"),
                ("UPDATE_README", "1"),
            ];
            run("cargo", &["test", "--workspace", "--test", "it", "snapshots"], &accept)
                .and_then(|()| {
                    let tools = ["test", "--workspace", "--test", "tools"];
                    run("cargo", &tools, &accept)
                })
                .and_then(|()| run("cargo", &["test", "--workspace", "--test", "cli"], &accept))
                .and_then(|()| run("cargo", &["test", "--package", "databricks-toolkit-macros"], &accept))
                .and_then(|()| {
                    let spec = ["test", "--package", "databricks-toolkit-spec"];
                    run("cargo", &spec, &accept)
                })
        }
        Task::Release { version, dry_run } => {
            let mut arguments = vec!["packaging/release.sh", version.as_str()];
            arguments.extend(dry_run.then_some("--dry-run"));
            run("bash", &arguments, &[])
        }
        Task::Deny => run("cargo", &["deny", "check", "licenses", "bans", "sources"], &[]),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprintln!("  because: {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn run(program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Result<(), Failure> {
    let status = Command::new(program).args(arguments).envs(environment.iter().copied()).status()?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{program} {} failed: {status}", arguments.join(" ")).into()),
    }
}
