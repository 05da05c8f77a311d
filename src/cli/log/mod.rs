//! Where logs go and how they look. Standard output belongs to MCP and to answers.

mod json;

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use super::Usage;
use json::Json;

/// The flags about logs, of every command.
#[derive(Debug, Args)]
pub(super) struct LogFlags {
    /// What to log: error, warn, info, debug, trace, or a filter such as databricks_toolkit=debug.
    #[arg(long, global = true, default_value = "warn", env = "DATABRICKS_MCP_LOG", value_name = "FILTER")]
    log: String,
    /// How to log: text for people, or json, an object a line, for programs.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "text",
        hide_possible_values = true,
        env = "DATABRICKS_MCP_LOG_FORMAT",
        value_name = "FORMAT"
    )]
    log_format: LogFormat,
    /// File to add logs to, in the place of standard error.
    #[arg(long, global = true, env = "DATABRICKS_MCP_LOG_FILE", value_name = "FILE")]
    log_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

/// Something that takes events, whatever it does with them.
pub(super) type AnyLayer = Box<dyn Layer<Registry> + Send + Sync>;

impl LogFlags {
    /// Logs from here on, and hands events to these layers too.
    ///
    /// # Errors
    /// A filter that is none, or a file that cannot be written.
    pub(super) fn start(&self, others: Vec<AnyLayer>) -> Result<(), Usage> {
        let filter = EnvFilter::try_new(&self.log)
            .map_err(|error| Usage(format!("--log `{}` cannot be used: {error}", self.log)))?;
        let mut layers = others;
        layers.push(self.layer()?.with_filter(filter).boxed());
        tracing_subscriber::registry().with(layers).init();
        Ok(())
    }

    fn layer(&self) -> Result<AnyLayer, Usage> {
        let Some(path) = &self.log_file else {
            return Ok(self.to(std::io::stderr));
        };
        // Each event is one write to its end: several servers may share it, and what rotates it may cut it.
        let file = File::options().create(true).append(true).open(path);
        let file = file
            .map_err(|error| Usage(format!("--log-file `{}` cannot be written: {error}", path.display())))?;
        Ok(self.to(Arc::new(file)))
    }

    fn to<W: for<'a> MakeWriter<'a> + Send + Sync + 'static>(&self, writer: W) -> AnyLayer {
        let layer = tracing_subscriber::fmt::layer().with_writer(writer);
        match self.log_format {
            LogFormat::Text => layer.boxed(),
            LogFormat::Json => layer.fmt_fields(Json).event_format(Json).boxed(),
        }
    }
}
