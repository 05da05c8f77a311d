//! `sql`: one statement or several, shown as a table, as JSON or CSV, or written to a file.

use std::io::{IsTerminal, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use comfy_table::{CellAlignment, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};

use super::{Failure, Where, target::Target};
use crate::Workspace;
use crate::export::FileFormat;
use crate::sql::types::State;
use crate::statements::{Parameter, Progress, Results, SqlType, Statement};

/// Rows of a table unless the caller says otherwise.
const ROWS: u64 = 1_000;

/// Options of `sql`.
#[derive(Debug, Args)]
pub(super) struct Sql {
    /// The statement, or several with semicolons between them; `-` reads them from standard input.
    statement: String,
    /// Id of the warehouse. Unless set: the configured one, else one that runs, else any.
    #[arg(long, value_name = "ID")]
    warehouse: Option<String>,
    /// Catalog of names without one.
    #[arg(long, value_name = "NAME")]
    catalog: Option<String>,
    /// Schema of names without one.
    #[arg(long, value_name = "NAME")]
    schema: Option<String>,
    /// Value of the marker :NAME, with a type such as INT or DATE after another colon; a STRING unless
    /// it has one.
    #[arg(long = "param", value_name = "NAME[:TYPE]=VALUE")]
    parameters: Vec<String>,
    /// The most rows; 1000 for a table unless set, all for everything else.
    #[arg(long, value_name = "ROWS")]
    row_limit: Option<u64>,
    /// The most bytes, as the warehouse counts them.
    #[arg(long, value_name = "BYTES")]
    byte_limit: Option<u64>,
    /// Cancel the statement if it has no result after so many seconds; no limit unless set.
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
    /// Write the rows of the last statement to this file; its name says the form: .parquet, .arrow,
    /// .csv or .jsonl.
    #[arg(long, value_name = "FILE", conflicts_with = "output")]
    out: Option<PathBuf>,
    /// Replace the file of --out if it is there.
    #[arg(long, requires = "out")]
    overwrite: bool,
    /// How rows are printed.
    #[arg(long, value_enum, default_value = "table")]
    output: Output,
    #[command(flatten)]
    place: Where,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// A table for people.
    Table,
    /// A list of objects. Decimals and times are text, so that nothing is rounded.
    Json,
    /// CSV with the names first.
    Csv,
}

impl Sql {
    pub(super) async fn run(mut self) -> Result<ExitCode, Failure> {
        if self.statement == "-" {
            self.statement.clear();
            std::io::stdin().read_to_string(&mut self.statement)?;
        }
        if crate::statements::split(&self.statement).is_empty() {
            return Err("there is no statement".into());
        }
        if let Some(out) = self.out.as_ref().filter(|out| FileFormat::of(out).is_none()) {
            let name = out.display();
            return Err(format!(
                "--out `{name}` does not say its form: name it .parquet, .arrow, .csv or .jsonl"
            )
            .into());
        }
        let target = Target::open(&self.place, &[]).await?;
        let app = target.app();
        let result = tokio::select! {
            result = self.answer(app.workspace()) => result,
            // What runs is cancelled by `until`, which needs a moment; what is fetched just ends.
            () = async { super::stopped().await; tokio::time::sleep(Duration::from_secs(5)).await } => {
                Err("stopped".into())
            }
        };
        target.close().await;
        result
    }

    async fn answer(&self, workspace: &Workspace) -> Result<ExitCode, Failure> {
        let bar = bar();
        let mut each = self.statement(workspace, bar.clone()).await?.execute_each();
        let mut results = each.next().await.ok_or("there is no statement")??;
        while let Some(next) = each.next().await {
            results = next?;
        }
        let truncated = results.is_truncated();
        match (&self.out, self.output) {
            (Some(out), _) => {
                let written = results.export(out).overwrite(self.overwrite).write().await?;
                bar.finish_and_clear();
                eprintln!("{}: {} rows, {} bytes", out.display(), written.rows, written.bytes);
            }
            // As of `CREATE TABLE`: it is done, and there is nothing to show.
            (None, Output::Table) if results.columns().is_empty() => {}
            (None, Output::Table) => {
                let table = table(results).await?;
                bar.finish_and_clear();
                super::say(table)?;
            }
            (None, Output::Json) => json(results).await?,
            (None, Output::Csv) => {
                let out = std::io::BufWriter::new(std::io::stdout());
                results.export_to(out, FileFormat::Csv).await?;
            }
        }
        bar.finish_and_clear();
        if truncated {
            eprintln!("there are more rows: raise --row-limit, or write them all with --out");
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn statement(&self, workspace: &Workspace, bar: ProgressBar) -> Result<Statement, Failure> {
        let warehouse = match &self.warehouse {
            Some(id) => Some(id.clone()),
            None => configured(workspace).await?,
        };
        let mut statement = workspace.statement(&self.statement).on_progress(move |told| show(&bar, told));
        statement = statement.until(super::stopped());
        if let Some(id) = warehouse {
            statement = statement.warehouse(id);
        }
        if let Some(catalog) = &self.catalog {
            statement = statement.catalog(catalog);
        }
        if let Some(schema) = &self.schema {
            statement = statement.schema(schema);
        }
        for parameter in &self.parameters {
            let (name, value) = parameter
                .split_once('=')
                .ok_or_else(|| format!("--param `{parameter}` is not NAME=VALUE or NAME:TYPE=VALUE"))?;
            let (name, kind) = name.split_once(':').unwrap_or((name, "STRING"));
            statement = statement.param(name, Parameter::typed(value, kind));
        }
        let table = self.out.is_none() && self.output == Output::Table;
        if let Some(rows) = self.row_limit.or(table.then_some(ROWS)) {
            statement = statement.row_limit(rows);
        }
        if let Some(bytes) = self.byte_limit {
            statement = statement.byte_limit(bytes);
        }
        if let Some(seconds) = self.timeout {
            statement = statement.timeout(Duration::from_secs(seconds));
        }
        Ok(statement)
    }
}

/// `None` where the settings name a warehouse.
async fn configured(workspace: &Workspace) -> Result<Option<String>, Failure> {
    if workspace.config().get(crate::config::Attribute::WarehouseId).is_some() {
        return Ok(None);
    }
    let warehouses = workspace.warehouses().list().send().await?.warehouses.unwrap_or_default();
    let running = warehouses.iter().find(|warehouse| warehouse.state == Some(State::Running));
    let chosen = running.or_else(|| warehouses.first()).and_then(|warehouse| warehouse.id.clone());
    chosen
        .map(Some)
        .ok_or_else(|| "there is no SQL warehouse to run on; create one, or name one with --warehouse".into())
}

/// On a terminal alone: what is piped stays clean.
fn bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::no_length();
    let style = ProgressStyle::with_template("{spinner} {elapsed} {msg} {wide_bar} {pos}/{len} rows");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn show(bar: &ProgressBar, progress: &Progress) {
    if let Some(rows) = progress.total_rows {
        bar.set_length(rows);
    }
    bar.set_position(progress.rows);
    bar.set_message(progress.state.to_lowercase());
}

async fn table(results: Results) -> Result<Table, Failure> {
    let columns = results.columns().to_vec();
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED);
    table.set_header(columns.iter().map(|column| column.name.as_str()));
    let mut rows = results.untyped();
    while let Some(row) = rows.next().await {
        let cells = row?.into_values();
        table.add_row(cells.iter().map(|cell| cell.text().unwrap_or_else(|| "NULL".to_owned())));
    }
    for (at, column) in columns.iter().enumerate() {
        let number = matches!(
            column.sql_type,
            SqlType::TinyInt
                | SqlType::SmallInt
                | SqlType::Int
                | SqlType::BigInt
                | SqlType::Float
                | SqlType::Double
                | SqlType::Decimal { .. }
        );
        if let (true, Some(column)) = (number, table.column_mut(at)) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    Ok(table)
}

/// A list, one row a line, as they come.
async fn json(results: Results) -> Result<(), Failure> {
    let mut out = std::io::BufWriter::new(std::io::stdout());
    let mut rows = results.untyped();
    let mut before = "[\n";
    while let Some(row) = rows.next().await {
        out.write_all(before.as_bytes())?;
        serde_json::to_writer(&mut out, &row?).map_err(std::io::Error::from)?;
        before = ",\n";
    }
    let end = if before == "[\n" { "[]\n" } else { "\n]\n" };
    out.write_all(end.as_bytes())?;
    out.flush()?;
    Ok(())
}
