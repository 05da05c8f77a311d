//! Reads one listing of 10,000 jobs with each contender in turn, and prints what the others take beside
//! the limits for ours.
//!
//! `decode [PYTHON]`, where `PYTHON` is an interpreter that has `databricks-sdk`. Ends with 1 if a limit
//! is missed, or if our type loses anything of the listing.
//!
//! The contenders take turns, so that what else the machine does falls on all of them alike. What a
//! contender has read is dropped after its clock has stopped, and each reads once before its clock
//! starts, so that none pays for the memory that another one freed. The Rust ones are in one binary, with one
//! `serde_json`, whose `preserve_order` is on for all because our crate turns it on.

mod contenders;
mod listing;
mod official;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use community_databricks_sdk::service::jobs::ListJobsResponse as Peers;
use contenders::{Contender, Typed};
use databricks_toolkit::jobs::types::ListJobsResponse as Ours;
use official::Official;
use serde_json::Value;

const JOBS: usize = 10_000;
const ROUNDS: usize = 15;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let python = std::env::args().nth(1).unwrap_or_else(|| "python3".to_owned());
    let bytes = listing::of(JOBS);
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), &bytes)?;

    let mut ours = Typed::<Ours>::new("databricks-toolkit", &bytes);
    let mut value = Typed::<Value>::new("serde_json::Value", &bytes);
    let mut peers = Typed::<Peers>::new("community-databricks-sdk", &bytes);
    let mut official = Official::start(&python, file.path())?;
    let all: [&mut dyn Contender; 4] = [&mut ours, &mut value, &mut peers, &mut official];

    println!("{JOBS} jobs, {:.1} MB, {ROUNDS} rounds by turns, medians", bytes.len() as f64 / 1e6);
    println!("serde_json has preserve_order for all contenders: databricks-toolkit turns it on\n");
    run(all)
}

fn run(mut all: [&mut dyn Contender; 4]) -> Result<ExitCode, Box<dyn Error>> {
    let mut kept = Vec::new();
    for contender in &mut all {
        kept.push(contender.keeps_all()?);
    }
    if !kept[0] {
        return Err("what our type wrote is not what it read".into());
    }

    let mut times = [const { Vec::new() }; 4];
    for round in 0..=ROUNDS {
        for (contender, times) in all.iter_mut().zip(&mut times) {
            let time = contender.read()?;
            // The first round warms up.
            if round > 0 {
                times.push(time);
            }
        }
    }

    let medians = times.map(median);
    println!("{:<26} {:>9}  written again as it came", "", "median");
    for ((contender, median), kept) in all.iter().zip(medians).zip(kept) {
        let kept = if kept { "yes" } else { "no" };
        println!("{:<26} {:>6.1} ms  {kept}", contender.name(), median.as_secs_f64() * 1e3);
    }

    let [ours, value, peers, official] = medians.map(|median| median.as_secs_f64());
    let limits = [
        Limit { name: "ours / serde_json::Value", ratio: ours / value, most: 1.0 },
        Limit { name: "ours / community-databricks-sdk", ratio: ours / peers, most: 0.8 },
        Limit { name: "ours / databricks-sdk", ratio: ours / official, most: 0.1 },
    ];
    println!("\n{:<32} {:>6} {:>6}", "", "ratio", "limit");
    for limit in &limits {
        let said = if limit.holds() { "ok" } else { "OVER" };
        println!("{:<32} {:>6.3} {:>6.2}  {said}", limit.name, limit.ratio, limit.most);
    }
    Ok(if limits.iter().all(Limit::holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A ratio of medians, and the most it may be.
struct Limit {
    name: &'static str,
    ratio: f64,
    most: f64,
}

impl Limit {
    fn holds(&self) -> bool {
        self.ratio <= self.most
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
