//! A call through the whole runtime (credentials, limits, retry, trace, decoding into types) beside
//! bare reqwest with the same body decoded into the same type, over one server on loopback.
//!
//! The two take short turns in one process, so that a noisy machine is noisy for both. Prints the ratio
//! of the times of a call with 1 in flight, and of the throughputs with 64 in flight, and ends with 1
//! where a limit is missed. With the argument `ours`, `bare` or `timed` (bare with a read timeout such as
//! ours has) only these calls are made, for a profiler to look at.

use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use databricks_toolkit::Workspace;
use databricks_toolkit::jobs::types::ListJobsResponse;
use serde_json::json;

const PATH: &str = "/api/2.2/jobs/list";

#[tokio::main]
async fn main() {
    let jobs: Vec<_> = (0..25)
        .map(|id| {
            let tasks = json!([{ "task_key": "only", "notebook_task": { "notebook_path": "/Shared/x" } }]);
            json!({ "job_id": id, "creator_user_name": "me@example.com", "settings": { "name": format!("job {id}"), "tasks": tasks } })
        })
        .collect();
    let body = json!({ "jobs": jobs, "has_more": false }).to_string();
    let answer = move || async move { ([("content-type", "application/json")], body) };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route(PATH, get(answer))).await });

    let workspace = Workspace::builder().host(&host).token("t").rate_limit(0).build().unwrap();
    let url = format!("{host}{PATH}");
    let bare = Bare { client: reqwest::Client::new(), url: url.clone() };
    let client = reqwest::Client::builder().read_timeout(Duration::from_secs(60)).build().unwrap();
    let timed = Bare { client, url };
    match std::env::args().nth(1).as_deref() {
        Some("ours") => return only(many(1, 20_000, || call_ours(workspace.clone())).await),
        Some("bare") => return only(many(1, 20_000, || call_bare(bare.clone())).await),
        Some("timed") => return only(many(1, 20_000, || call_bare(timed.clone())).await),
        _ => {}
    }
    let mut holds = true;
    for (in_flight, calls, rounds) in [(1, 20, 600), (64, 640, 60)] {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            let measured = async |ours: bool| match ours {
                true => many(in_flight, calls, || call_ours(workspace.clone())).await,
                false => many(in_flight, calls, || call_bare(bare.clone())).await,
            };
            // Who begins changes, as the second may profit from the first.
            for first in [round % 2 == 0, round % 2 == 1] {
                let time = measured(first).await;
                if round > 0 {
                    if first { ours.push(time) } else { theirs.push(time) }
                }
            }
        }
        let (ours, theirs) = (median(ours), median(theirs));
        let per_call = |time: Duration| time.as_secs_f64() * 1e6 / calls as f64;
        println!(
            "{in_flight} in flight: ours {:.1} us, bare {:.1} us a call",
            per_call(ours),
            per_call(theirs)
        );
        holds &= match in_flight {
            1 => report(
                "time of a call over bare reqwest",
                ours.as_secs_f64() / theirs.as_secs_f64(),
                |r| r <= 1.10,
                "at most 1.10",
            ),
            _ => report(
                "throughput over bare reqwest",
                theirs.as_secs_f64() / ours.as_secs_f64(),
                |r| r >= 0.85,
                "at least 0.85",
            ),
        };
    }
    if !holds {
        std::process::exit(1);
    }
}

fn only(time: Duration) {
    println!("{:.1} us a call", time.as_secs_f64() * 1e6 / 20_000.0);
}

#[derive(Clone)]
struct Bare {
    client: reqwest::Client,
    url: String,
}

async fn call_ours(workspace: Workspace) {
    workspace.jobs().list().limit(25).send().await.unwrap();
}

async fn call_bare(bare: Bare) {
    let request = bare.client.get(&bare.url).query(&[("limit", "25")]).bearer_auth("t");
    let bytes = request.send().await.unwrap().bytes().await.unwrap();
    let _: ListJobsResponse = serde_json::from_slice(&bytes).unwrap();
}

/// The time of so many calls, with so many at once.
async fn many<F: Future<Output = ()> + Send + 'static>(
    in_flight: usize,
    calls: usize,
    call: impl Fn() -> F,
) -> Duration {
    let started = Instant::now();
    if in_flight == 1 {
        for _ in 0..calls {
            call().await;
        }
        return started.elapsed();
    }
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..calls {
        if running.len() == in_flight {
            running.join_next().await;
        }
        running.spawn(call());
    }
    while running.join_next().await.is_some() {}
    started.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn report(what: &str, ratio: f64, holds: impl Fn(f64) -> bool, limit: &str) -> bool {
    println!("{what}: {ratio:.3} ({limit}) {}", if holds(ratio) { "ok" } else { "MISSED" });
    holds(ratio)
}
