//! Our transfers beside the same work with bare reqwest, over one server on loopback. Each turn is a
//! process of its own, which tells its time and its most memory; the two take turns, and the medians
//! are compared.
//!
//!     data [results|upload|download|batch|listing]… [--mb 1000] [--items 10000] [--jobs 100000] [--turns 5]

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

/// What is measured: its name, the least ratio of throughputs, the most memory in MB (0 for none), and
/// what one turn is counted in.
const ALL: [(&str, f64, u64, &str); 4] = [
    ("results", 0.8, 100, "MB"),
    ("upload", 0.9, (IN_FLIGHT as u64 * PART >> 20) + 20, "MB"),
    ("download", 0.9, (IN_FLIGHT as u64 * PART >> 20) + 20, "MB"),
    ("batch", 0.85, 0, "calls"),
];

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
    let number = |name: &str, default: u64| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)).map_or(Ok(default), |value| value.parse())
    };
    let (mb, items, jobs, turns) = (
        number("--mb", 1_000)?,
        number("--items", 10_000)?,
        number("--jobs", 100_000)?,
        number("--turns", 5)?,
    );
    let wanted = |name: &str| {
        let names = arguments.iter().take_while(|argument| !argument.starts_with("--"));
        names.clone().next().is_none() || names.clone().any(|argument| argument == name)
    };
    let mut server = Command::new(std::env::current_exe()?)
        .arg("serve")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(server.stdout.take().ok_or("no output")?).lines();
    let url = lines.next_line().await?.ok_or("no address")?;
    let mut missed = false;
    for (what, least, most, unit) in ALL.into_iter().filter(|(what, ..)| wanted(what)) {
        let amount = if unit == "MB" { mb } else { items };
        let (mut ours, mut bare, mut memory) = (Vec::new(), Vec::new(), 0);
        for _ in 0..turns {
            let (seconds, kb) = child(what, "ours", &url, amount).await?;
            ours.push(seconds);
            memory = memory.max(kb / 1024);
            bare.push(child(what, "bare", &url, amount).await?.0);
        }
        let (ours, bare) = (median(ours), median(bare));
        let ratio = bare / ours;
        let fits = ratio >= least && (most == 0 || memory <= most);
        missed |= !fits;
        let limit = if most == 0 { String::new() } else { format!(" (at most {most})") };
        println!(
            "{what:<9} {amount} {unit}: ours {:.0} {unit}/s, bare {:.0} {unit}/s, ratio {ratio:.2} (at least {least}), \
             most memory {memory} MB{limit}{}",
            amount as f64 / ours,
            amount as f64 / bare,
            if fits { "" } else { "  MISSED" }
        );
    }
    if wanted("listing") {
        let (_, few) = child("listing", "ours", &url, jobs / 10).await?;
        let (seconds, many) = child("listing", "ours", &url, jobs).await?;
        let fits = many < few + 4 * 1024;
        missed |= !fits;
        println!(
            "listing   {jobs} jobs: {:.0} jobs/s, most memory {:.1} MB, for a tenth of them {:.1} MB (at most 4 MB less){}",
            jobs as f64 / seconds,
            many as f64 / 1024.0,
            few as f64 / 1024.0,
            if fits { "" } else { "  MISSED" }
        );
    }
    if missed { Err("a limit was missed".into()) } else { Ok(()) }
}

async fn child(what: &str, who: &str, url: &str, amount: u64) -> Result<(f64, u64), Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    let output =
        command.args(["turn", what, who, url, &amount.to_string()]).stderr(Stdio::inherit()).output().await?;
    let text = String::from_utf8(output.stdout)?;
    let (seconds, kb) = text.trim().split_once(' ').ok_or_else(|| format!("{what} of {who} failed"))?;
    Ok((seconds.parse()?, kb.parse()?))
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
