//! The command line: one file a command.

mod api;
mod auth;
mod call;
mod check;
mod choice;
mod config;
#[cfg(feature = "sandbox")]
mod demo;
mod doctor;
mod file;
mod fs;
#[cfg(feature = "http")]
mod http;
mod log;
#[cfg(feature = "otel")]
mod otel;
mod output;
mod reload;
mod settings;
mod setup;
mod shell;
#[cfg(feature = "data")]
mod sql;
mod target;
mod tools;
mod watch;

use std::error::Error;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

#[cfg(not(feature = "http"))]
use crate::mcp::serve_stdio;
use crate::mcp::{Destructive, LEAST_ANSWER_TOKENS, Server};
use target::Target;

/// Why a command failed. What it prints says what to do.
type Failure = Box<dyn Error + Send + Sync>;

/// What was asked for cannot be meant: exit code 2, as for what clap refuses.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

/// Tools for a Databricks workspace, as an MCP server and on the command line.
#[derive(Debug, Parser)]
#[command(
    name = "databricks-mcp",
    version,
    about,
    max_term_width = 100,
    after_help = "\
Examples:
  databricks-mcp setup cursor --profile work      let a client start the server
  databricks-mcp check                            see whether the workspace answers
  databricks-mcp call execute_sql --json '{\"statement\": \"SELECT 1\"}' --output table

Exit codes: 0 when it is done, 1 when it failed, 2 when it was asked for in a wrong way."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    log: log::LogFlags,
    #[cfg(feature = "otel")]
    #[command(flatten)]
    otel: otel::OtelFlags,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the tools over MCP, on standard input and output or over HTTP.
    Serve(Serve),
    /// Call one tool and print its answer as JSON.
    Call(call::Call),
    /// Files of volumes, of DBFS and of the workspace: list, read, copy, sync, delete.
    Fs(fs::Fs),
    /// Run SQL on a warehouse: rows as a table, as JSON or CSV, or in a file of any size.
    #[cfg(feature = "data")]
    Sql(sql::Sql),
    /// List the tools, or show one with the schema of its arguments.
    Tools(tools::Tools),
    /// Call any operation of the API by its id.
    Api(api::Api),
    /// Watch a run, an update of a pipeline or a statement until it ends, and post its changes to a webhook.
    Watch(watch::Watching),
    /// Show the settings and where they come from, print a token, or log in.
    Auth(auth::Auth),
    /// Check the settings, whether the workspace answers, and who the caller is.
    Check(Where),
    /// List what can be set, print the schema of the settings file, or check one.
    Config(config::Config),
    /// Put the server into the settings of a client, or take it out.
    Setup(setup::Setup),
    /// Print what a report of a bug needs, without secrets.
    Doctor(doctor::Doctor),
    /// Print the completions of a shell.
    Completions(shell::Completions),
    /// Write the manual pages.
    #[command(hide = true)]
    Man(shell::Man),
    /// Serve the embedded workspace alone, for other clients.
    #[cfg(feature = "sandbox")]
    Sandbox(target::SandboxOptions),
    /// Run an MCP session against the embedded workspace and show what is said.
    #[cfg(feature = "sandbox")]
    Demo,
}

/// Options of `serve`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  databricks-mcp serve --toolsets sql,catalog --read-only
  databricks-mcp serve --tools list_jobs,run_job --destructive deny")]
struct Serve {
    #[command(flatten)]
    choice: choice::Choice,
    #[command(flatten)]
    place: Where,
    /// What becomes of calls that delete or stop something: a person is asked (and where the client
    /// cannot ask, they are refused), they run, or they are refused [default: ask].
    #[arg(long, value_enum, env = "DATABRICKS_MCP_DESTRUCTIVE", value_name = "POLICY")]
    destructive: Option<Destructive>,
    /// Seconds that a call may take unless it asks to wait longer; then it is cancelled [default: 900].
    #[arg(long, env = "DATABRICKS_MCP_TOOL_TIMEOUT", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    tool_timeout: Option<u64>,
    /// Most tokens of an answer, counted as o200k; what is left out can be read on with read_answer. A call may ask for
    /// another number by max_tokens [default: 8000].
    #[arg(long, env = "DATABRICKS_MCP_ANSWER_TOKENS", value_name = "TOKENS", value_parser = answer_tokens)]
    answer_tokens: Option<usize>,
    #[cfg(feature = "data")]
    #[command(flatten)]
    results: choice::Results,
    #[cfg(feature = "http")]
    #[command(flatten)]
    http: http::HttpFlags,
}

/// Reads a budget of tokens.
fn answer_tokens(text: &str) -> Result<usize, String> {
    match text.trim().replace('_', "").parse() {
        Ok(tokens) if tokens >= LEAST_ANSWER_TOKENS => Ok(tokens),
        _ => Err(format!("expected a whole number of at least {LEAST_ANSWER_TOKENS}")),
    }
}

impl Serve {
    async fn run(self, observers: target::Observers) -> Result<(), Failure> {
        let chosen = self.choice.load()?;
        let (registry, limits) = (chosen.registry()?, chosen.limits(self.tool_timeout));
        #[cfg(feature = "data")]
        let results = self.results.folder()?;
        // Taken first: what is wrong with it is told before a sandbox is started.
        #[cfg(feature = "http")]
        let http = self.http.bind().await?;
        #[cfg(feature = "http")]
        let observers = http.observed_by(observers);
        let target = Target::observed(&self.place, chosen.profiles(), observers).await?;
        let app = target.app().with_terms(chosen.terms(self.destructive, self.answer_tokens));
        #[cfg(feature = "data")]
        let app = app.with_result_folder(results.unwrap_or_default());
        let server = Server::new(app, registry).limits(limits);
        let _reload = reload::on_hangup(&self, chosen.profiles(), &server);
        #[cfg(feature = "http")]
        let served = http.serve(server).await;
        #[cfg(not(feature = "http"))]
        let served = serve_stdio(server, stopped()).await;
        target.close().await;
        served
    }
}

/// Which workspace.
#[derive(Debug, Args)]
struct Where {
    /// Profiles of the configuration file to call, such as dev,prod: with more than one, each tool has an argument
    /// `workspace`, and the first is meant where a call names none.
    #[arg(
        long,
        alias = "profile",
        value_delimiter = ',',
        env = "DATABRICKS_MCP_PROFILES",
        value_name = "NAMES"
    )]
    #[cfg_attr(feature = "sandbox", arg(conflicts_with = "sandbox"))]
    profiles: Vec<String>,
    /// Start the embedded workspace and use it in the place of a real one.
    #[cfg(feature = "sandbox")]
    #[arg(long)]
    sandbox: bool,
    /// Keep the embedded workspace in this folder; a temporary one unless set.
    #[cfg(feature = "sandbox")]
    #[arg(long, value_name = "DIR", requires = "sandbox")]
    sandbox_dir: Option<std::path::PathBuf>,
}

/// Runs the command line; exit code 0 for success, 1 for a failure, 2 for wrong usage.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&format!("the runtime does not start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    #[cfg(feature = "otel")]
    let otel = match cli.otel.start(runtime.handle()) {
        Ok(otel) => otel,
        Err(error) => {
            complain(&explain(error.as_ref()));
            return ExitCode::from(2);
        }
    };
    #[cfg(feature = "otel")]
    let (layers, observers) =
        (otel.iter().map(otel::Otel::layer).collect(), otel.as_ref().map(otel::Otel::observers));
    #[cfg(not(feature = "otel"))]
    let (layers, observers) = (Vec::new(), None);
    if let Err(error) = cli.log.start(layers) {
        complain(&error.to_string());
        return ExitCode::from(2);
    }
    let result = runtime.block_on(run(cli.command, observers.unwrap_or_default()));
    #[cfg(feature = "otel")]
    if let Some(otel) = otel {
        otel.end();
    }
    // A read of standard input that never returns must not hold up the end.
    runtime.shutdown_background();
    match result {
        Ok(code) => code,
        Err(error) if reader_left(&error) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&explain(error.as_ref()));
            if error.is::<Usage>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

async fn run(command: Command, observers: target::Observers) -> Result<ExitCode, Failure> {
    match command {
        Command::Serve(serve) => serve.run(observers).await.map(|()| ExitCode::SUCCESS),
        Command::Call(call) => call.run().await,
        Command::Fs(fs) => fs.run().await,
        #[cfg(feature = "data")]
        Command::Sql(sql) => sql.run().await,
        Command::Tools(tools) => tools.run().map(|()| ExitCode::SUCCESS),
        Command::Api(api) => api.run().await,
        Command::Watch(watch) => watch.run().await,
        Command::Auth(auth) => auth.run().await.map(|()| ExitCode::SUCCESS),
        Command::Config(config) => config.run().map(|()| ExitCode::SUCCESS),
        Command::Setup(setup) => setup.run().map(|()| ExitCode::SUCCESS),
        Command::Doctor(doctor) => doctor.run().await.map(|()| ExitCode::SUCCESS),
        Command::Completions(completions) => completions.run().map(|()| ExitCode::SUCCESS),
        Command::Man(man) => man.run().map(|()| ExitCode::SUCCESS),
        Command::Check(place) => check::run(&place).await,
        #[cfg(feature = "sandbox")]
        Command::Sandbox(options) => options.serve(stopped()).await.map(|()| ExitCode::SUCCESS),
        #[cfg(feature = "sandbox")]
        Command::Demo => demo::run().await.map(|()| ExitCode::SUCCESS),
    }
}

/// Prints a line to standard output; unlike `println!` it fails, and does not panic, when nobody reads.
/// Colours are for a terminal alone.
fn say(line: impl std::fmt::Display) -> Result<(), Failure> {
    use std::io::Write;
    writeln!(anstream::stdout(), "{line}").map_err(Failure::from)
}

/// Prints an error to standard error.
fn complain(text: &str) {
    let style = anstyle::AnsiColor::Red.on_default().bold();
    anstream::eprintln!("{style}error:{style:#} {text}");
}

/// Whether the reader of standard output went away, as `head` does: no failure of ours.
fn reader_left(error: &Failure) -> bool {
    let io = match error.downcast_ref::<crate::Error>() {
        Some(crate::Error::Local(error)) => Some(&error.source),
        _ => error.downcast_ref::<std::io::Error>(),
    };
    io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// An error with its sources that say more, and with what to do about it.
fn explain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        source = inner.source();
    }
    if let Some(help) = error.downcast_ref::<crate::Error>().and_then(crate::Error::help) {
        text.push_str("\nhint: ");
        text.push_str(help);
    }
    text
}

/// Comes true when the process is asked to end.
async fn stopped() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    }
    #[cfg(not(unix))]
    {
        let _ = tokio::signal::ctrl_c().await;
    }
}
