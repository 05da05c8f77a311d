//! `fs`: files of volumes, of DBFS and of the workspace.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use comfy_table::{CellAlignment, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::io::ReaderStream;

use super::{Failure, Where, explain, target::Target};
use crate::transfer::{Report, Transfer};

/// Options of `fs`.
#[derive(Debug, Args)]
pub(super) struct Fs {
    #[command(subcommand)]
    action: Action,
}

/// Paths of the service begin with /Volumes/, dbfs:/ or /Workspace/; others are of this machine.
#[derive(Debug, Subcommand)]
enum Action {
    /// List a folder, or a file.
    Ls {
        /// A path of the service.
        path: String,
        /// One path a line, for other programs.
        #[arg(long)]
        plain: bool,
        #[command(flatten)]
        place: Where,
    },
    /// Write a file to standard output.
    Cat {
        /// A file of the service.
        path: String,
        #[command(flatten)]
        place: Where,
    },
    /// Copy a file, or with --recursive what is in a folder, to or from the service or within it.
    Cp {
        #[command(flatten)]
        ends: Ends,
        /// Copy a folder.
        #[arg(long, short)]
        recursive: bool,
        /// Replace files that are there.
        #[arg(long)]
        overwrite: bool,
        #[command(flatten)]
        how: How,
        #[command(flatten)]
        place: Where,
    },
    /// Make a folder as another one: copy files that are not there, of another length, or older.
    Sync {
        #[command(flatten)]
        ends: Ends,
        /// Delete what the source does not have.
        #[arg(long)]
        delete: bool,
        #[command(flatten)]
        how: How,
        #[command(flatten)]
        place: Where,
    },
    /// Delete a file or an empty folder.
    Rm {
        /// A path of the service.
        path: String,
        /// Delete a folder with whatever is in it.
        #[arg(long, short)]
        recursive: bool,
        #[command(flatten)]
        place: Where,
    },
    /// Make a folder, and those on the way to it.
    Mkdir {
        /// A path of the service.
        path: String,
        #[command(flatten)]
        place: Where,
    },
}

#[derive(Debug, Args)]
struct Ends {
    /// What is copied; `-` of a `cp` is standard input.
    from: String,
    /// Where to.
    to: String,
}

#[derive(Debug, Args)]
struct How {
    /// Of a folder only files whose path in it matches, such as '**/*.csv'; may be said again.
    #[arg(long, value_name = "PATTERN")]
    include: Vec<String>,
    /// Of a folder no file whose path in it matches; wins over --include.
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<String>,
    /// Go on where an earlier transfer of a file broke off, and keep what is needed for that.
    #[arg(long)]
    resume: bool,
    /// Read the file of the service once more at the end, and compare.
    #[arg(long)]
    verify: bool,
    /// Say what would be done.
    #[arg(long)]
    dry_run: bool,
    /// Parts of a file that are under way at once.
    #[arg(long, value_name = "PARTS", default_value_t = 8)]
    in_flight: usize,
    /// Size of a part in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=4096))]
    part_size: u64,
}

impl How {
    fn apply(&self, transfer: Transfer) -> Result<Transfer, Failure> {
        let mut transfer = transfer
            .resume(self.resume)
            .verify(self.verify)
            .dry_run(self.dry_run)
            .in_flight(self.in_flight)
            .part_size(self.part_size << 20);
        for pattern in &self.include {
            transfer = transfer.include(pattern)?;
        }
        for pattern in &self.exclude {
            transfer = transfer.exclude(pattern)?;
        }
        Ok(transfer)
    }
}

impl Fs {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let place = match &self.action {
            Action::Ls { place, .. }
            | Action::Cat { place, .. }
            | Action::Cp { place, .. }
            | Action::Sync { place, .. }
            | Action::Rm { place, .. }
            | Action::Mkdir { place, .. } => place,
        };
        let target = Target::open(place, &[]).await?;
        let transfer = target.app().workspace().transfer();
        // What breaks off leaves no half file behind.
        let result = tokio::select! {
            result = self.action.run(transfer) => result,
            () = super::stopped() => Err("stopped".into()),
        };
        target.close().await;
        result
    }
}

impl Action {
    async fn run(self, transfer: Transfer) -> Result<ExitCode, Failure> {
        match self {
            Self::Ls { path, plain, .. } => list(&transfer, &path, plain).await?,
            Self::Cat { path, .. } => cat(&transfer, &path).await?,
            Self::Rm { path, recursive, .. } => transfer.remove(&path, recursive).await?,
            Self::Mkdir { path, .. } => transfer.make_dir(&path).await?,
            Self::Cp { ends, recursive, overwrite, how, .. } => {
                let bar = bar();
                let shown = bar.clone();
                let transfer = how.apply(transfer.overwrite(overwrite))?.on_progress(move |told| {
                    if let Some(total) = told.total {
                        shown.set_length(total);
                    }
                    shown.set_position(told.bytes);
                    shown.set_message(told.target.clone());
                });
                if ends.from == "-" {
                    let length = from_input(&transfer, &ends.to, recursive, &how).await;
                    bar.finish_and_clear();
                    eprintln!("1 copied, {} bytes", length?);
                    return Ok(ExitCode::SUCCESS);
                }
                if !recursive && is_folder(&transfer, &ends.from).await? {
                    return Err(
                        format!("{} is a folder: say --recursive to copy what is in it", ends.from).into()
                    );
                }
                let report = transfer.copy(&ends.from, &ends.to).await;
                bar.finish_and_clear();
                return told(&report?, how.dry_run);
            }
            Self::Sync { ends, delete, how, .. } => {
                let bar = bar();
                let shown = bar.clone();
                let transfer = how.apply(transfer.delete(delete))?;
                let transfer = transfer.on_progress(move |told| shown.set_message(told.target.clone()));
                let report = transfer.sync(&ends.from, &ends.to).await;
                bar.finish_and_clear();
                return told(&report?, how.dry_run);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn is_folder(transfer: &Transfer, path: &str) -> Result<bool, Failure> {
    match crate::transfer::End::parse(path)? {
        crate::transfer::End::Local(path) => Ok(path.is_dir()),
        crate::transfer::End::Remote(_) => Ok(transfer.stat(path).await?.is_dir),
    }
}

/// Writes standard input, of any length, to a file of the service. Gives its length.
async fn from_input(transfer: &Transfer, to: &str, recursive: bool, how: &How) -> Result<u64, Failure> {
    if recursive || how.resume || how.verify || how.dry_run {
        let message = "standard input is one stream that is read once: leave out --recursive, --resume, --verify \
                       and --dry-run";
        return Err(message.into());
    }
    if let Ok(found) = transfer.stat(to).await
        && found.is_dir
    {
        return Err(format!("{to} is a folder: name the file that standard input becomes").into());
    }
    Ok(transfer.write(to, ReaderStream::with_capacity(tokio::io::stdin(), 1 << 20)).await?)
}

async fn list(transfer: &Transfer, path: &str, plain: bool) -> Result<(), Failure> {
    let found = transfer.stat(path).await?;
    let mut entries = match found.is_dir {
        true => transfer.list(path).collect_all().await?,
        false => vec![found],
    };
    entries.sort_by(|a, b| a.place.path.cmp(&b.place.path));
    if plain {
        for entry in entries {
            super::say(entry.place)?;
        }
        return Ok(());
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    for entry in &entries {
        let size = entry.size.filter(|_| !entry.is_dir).map_or_else(String::new, |size| size.to_string());
        let modified =
            entry.modified.map_or_else(String::new, |time| time.format("%Y-%m-%d %H:%M:%S").to_string());
        let name = format!("{}{}", entry.name(), if entry.is_dir { "/" } else { "" });
        table.add_row([size, modified, name]);
    }
    if let Some(column) = table.column_mut(0) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    if entries.is_empty() { Ok(()) } else { super::say(table) }
}

async fn cat(transfer: &Transfer, path: &str) -> Result<(), Failure> {
    let mut parts = transfer.read(path);
    let mut out = std::io::stdout();
    while let Some(part) = parts.next().await {
        out.write_all(&part?)?;
    }
    out.flush()?;
    Ok(())
}

fn told(report: &Report, dry_run: bool) -> Result<ExitCode, Failure> {
    for (path, error) in &report.failed {
        eprintln!("{path}: {}", explain(error));
    }
    let would = if dry_run { "to be " } else { "" };
    let mut line = format!("{} {would}copied, {} bytes", report.copied, report.bytes);
    for (count, what) in
        [(report.unchanged, "unchanged"), (report.deleted, "deleted"), (report.failed.len() as u64, "failed")]
    {
        if count > 0 {
            line.push_str(&format!("; {count} {what}"));
        }
    }
    eprintln!("{line}");
    Ok(if report.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// On a terminal alone: what is piped stays clean.
fn bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::no_length();
    if let Ok(style) = ProgressStyle::with_template(
        "{spinner} {elapsed} {bytes_per_sec} {wide_bar} {bytes}/{total_bytes} {msg}",
    ) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
