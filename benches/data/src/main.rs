//! Our transfers beside the same work with bare reqwest, over one server on loopback. Each turn is a
//! process of its own, which tells its time and its most memory; the two take turns, and the medians
//! are compared.
//!
//!     data [results|rows|upload|download|batch|listing]… [--mb 1000] [--items 10000] [--jobs 100000] [--turns 5]
//!          [--python python3]
//!
//! With an interpreter that has the official SQL connector and SDK, those are measured beside ours too.

mod calls;
mod files;
mod results;
mod server;

use std::process::Stdio;
use std::time::Instant;

use databricks_toolkit::Workspace;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Parts and chunks that are under way at once, the same for both.
pub(crate) const IN_FLIGHT: usize = 4;

/// Bytes of a part of a file.
pub(crate) const PART: u64 = 10 << 20;

/// Calls of a batch at once.
pub(crate) const CONCURRENCY: usize = 16;

/// What is measured, against whom (`bare` or `python`), the least ratio of throughputs, the most memory
/// in MB (0 for none), and what one turn is counted in.
const ALL: [(&str, &str, f64, u64, &str); 7] = [
    ("results", "bare", 0.8, 100, "MB"),
    ("results", "python", 5.0, 100, "MB"),
    ("rows", "python", 5.0, 100, "MB"),
    ("upload", "bare", 0.9, PARTS + 20, "MB"),
    ("download", "bare", 0.9, PARTS + 20, "MB"),
    ("batch", "bare", 0.85, 0, "calls"),
    ("listing", "python", 15.0, 0, "jobs"),
];

/// MB of the parts that are under way.
const PARTS: u64 = (IN_FLIGHT as u64 * PART) >> 20;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("serve") => server::serve().await,
        Some("turn") => turn(&arguments[1], &arguments[2], &arguments[3], arguments[4].parse()?).await,
        _ => compare(&arguments).await,
    }
}

/// One turn: does the work, and prints seconds and the most memory in kB.
async fn turn(what: &str, who: &str, url: &str, amount: u64) -> Result<(), Failure> {
    let workspace = Workspace::builder().host(url).token("token").rate_limit(0).build()?;
    let began = Instant::now();
    let ours = who == "ours";
    match what {
        "results" => results::run(ours, &workspace, url, amount).await?,
        "rows" => results::rows(&workspace, amount).await?,
        "upload" => files::upload(ours, &workspace, url, amount).await?,
        "download" => files::download(ours, &workspace, url, amount).await?,
        "batch" => calls::batch(ours, &workspace, url, amount).await?,
        "listing" => calls::listing(&workspace, amount).await?,
        other => return Err(format!("no turn of {other}").into()),
    }
    println!("{} {}", began.elapsed().as_secs_f64(), peak()?);
    Ok(())
}

/// The most memory that this process had, in kB.
fn peak() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}

async fn compare(arguments: &[String]) -> Result<(), Failure> {
    let text = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)
    };
    let number = |name: &str, default: u64| text(name).map_or(Ok(default), |value| value.parse());
    let (mb, items, jobs, turns) = (
        number("--mb", 1_000)?,
        number("--items", 10_000)?,
        number("--jobs", 100_000)?,
        number("--turns", 5)?,
    );
    let wanted = |name: &str| {
        let mut names = arguments.iter().take_while(|argument| !argument.starts_with("--")).peekable();
        names.peek().is_none() || names.any(|argument| argument == name)
    };
    let mut server = Command::new(std::env::current_exe()?)
        .arg("serve")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(server.stdout.take().ok_or("no output")?).lines();
    let url = lines.next_line().await?.ok_or("no address")?;
    let contest = Contest { url, python: text("--python").cloned(), turns };
    let mut missed = false;
    for case in ALL.into_iter().filter(|case| wanted(case.0)) {
        let amount = match case.4 {
            "MB" => mb,
            "calls" => items,
            _ => jobs,
        };
        if case.1 == "bare" || contest.python.is_some() {
            missed |= !contest.hold(case, amount).await?;
        }
    }
    if wanted("listing") {
        let (_, few) = contest.turn("listing", "ours", jobs / 10).await?;
        let (_, many) = contest.turn("listing", "ours", jobs).await?;
        let fits = many < few + 4 * 1024;
        missed |= !fits;
        println!(
            "listing {jobs} jobs: most memory {:.1} MB, for a tenth of them {:.1} MB (at most 4 MB less){}",
            many as f64 / 1024.0,
            few as f64 / 1024.0,
            if fits { "" } else { "  MISSED" }
        );
    }
    if missed { Err("a limit was missed".into()) } else { Ok(()) }
}

struct Contest {
    url: String,
    python: Option<String>,
    turns: u64,
}

impl Contest {
    /// Takes turns with another contender; whether the limits hold.
    async fn hold(
        &self,
        (what, against, least, most, unit): (&str, &str, f64, u64, &str),
        amount: u64,
    ) -> Result<bool, Failure> {
        // Made before anybody's clock starts; gone with the last turn.
        let _source = (what == "upload").then(|| files::Source::make(amount)).transpose()?;
        let (mut ours, mut theirs, mut memory) = (Vec::new(), Vec::new(), 0);
        for _ in 0..self.turns {
            let (seconds, kb) = self.turn(what, "ours", amount).await?;
            ours.push(seconds);
            memory = memory.max(kb / 1024);
            theirs.push(self.turn(what, against, amount).await?.0);
        }
        let (ours, theirs) = (median(ours), median(theirs));
        let ratio = theirs / ours;
        let fits = ratio >= least && (most == 0 || memory <= most);
        let limit = if most == 0 { String::new() } else { format!(" (at most {most})") };
        println!(
            "{what} {amount} {unit}: ours {:.0} {unit}/s, {against} {:.0} {unit}/s, ratio {ratio:.2} (at least {least}), \
             most memory {memory} MB{limit}{}",
            amount as f64 / ours,
            amount as f64 / theirs,
            if fits { "" } else { "  MISSED" }
        );
        Ok(fits)
    }

    /// Seconds and kB of one turn, in a process of its own.
    async fn turn(&self, what: &str, who: &str, amount: u64) -> Result<(f64, u64), Failure> {
        let mut command = match (who, &self.python) {
            ("python", Some(python)) => {
                let mut command = Command::new(python);
                command.args([concat!(env!("CARGO_MANIFEST_DIR"), "/turn.py"), what]);
                command
            }
            _ => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args(["turn", what, who]);
                command
            }
        };
        let output = command.args([&self.url, &amount.to_string()]).stderr(Stdio::inherit()).output().await?;
        let text = String::from_utf8(output.stdout)?;
        let (seconds, kb) = text.trim().split_once(' ').ok_or_else(|| format!("{what} of {who} failed"))?;
        Ok((seconds.parse()?, kb.parse()?))
    }
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    (seconds[(seconds.len() - 1) / 2] + seconds[seconds.len() / 2]) / 2.0
}
