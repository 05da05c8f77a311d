//! What was acknowledged outlives a process that is killed in the middle of its writes.
//!
//! The test runs itself again as the process to be killed. `CRASH_ROUNDS=200` kills it more often.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use databricks_sandbox::Sandbox;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

const DIR: &str = "SANDBOX_CRASH_DIR";
const TOKEN: &str = "crash-token";

/// The process that is killed: no test of its own.
#[tokio::test]
async fn victim() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let sandbox = Sandbox::builder().dir(dir).token(TOKEN).start().await.unwrap();
    eprintln!("SERVES {}", sandbox.url());
    tokio::time::sleep(Duration::from_secs(60)).await;
}

fn start(dir: &Path) -> (Child, String) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["crash::victim", "--exact", "--nocapture"])
        .env(DIR, dir)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let url = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("SERVES ").map(str::to_owned));
    (child, url.expect("the process serves"))
}

/// What a writer was told is done.
#[derive(Default)]
struct Told {
    secrets: Vec<String>,
    jobs: Vec<i64>,
    files: Vec<String>,
}

/// Writes until the process is gone.
async fn write(client: Client, url: String, round: usize, writer: usize, stop: Arc<AtomicBool>) -> Told {
    let mut told = Told::default();
    let ask = |request: RequestBuilder| async {
        let response = request.bearer_auth(TOKEN).send().await.ok()?;
        assert!(response.status().is_success(), "{}", response.text().await.unwrap_or_default());
        let text = response.text().await.ok()?;
        Some(serde_json::from_str::<Value>(&text).unwrap_or(Value::Null))
    };
    for at in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let name = format!("r{round}-w{writer}-{at}");
        let body = json!({ "scope": "crash", "key": name, "string_value": name });
        let Some(_) = ask(client.post(format!("{url}/api/2.0/secrets/put")).json(&body)).await else { break };
        told.secrets.push(name.clone());
        let body = json!({ "name": name });
        let Some(job) = ask(client.post(format!("{url}/api/2.2/jobs/create")).json(&body)).await else {
            break;
        };
        told.jobs.push(job["job_id"].as_i64().unwrap());
        let path = format!("/Volumes/main/default/files/{name}");
        let put = client.put(format!("{url}/api/2.0/fs/files{path}")).body(name.clone());
        let Some(_) = ask(put).await else { break };
        told.files.push(name);
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost() {
    let rounds: usize = std::env::var("CRASH_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    let dir = tempfile::tempdir().unwrap();
    let (mut all, client) = (Told::default(), Client::new());
    for round in 0..=rounds {
        let (mut child, url) = start(dir.path());
        let get = async |path: String| {
            let response = client.get(format!("{url}/api/{path}")).bearer_auth(TOKEN).send().await.unwrap();
            assert!(response.status().is_success(), "{path} is lost after round {round}");
            response.text().await.unwrap()
        };
        if round == 0 {
            let scope = client
                .post(format!("{url}/api/2.0/secrets/scopes/create"))
                .json(&json!({ "scope": "crash" }));
            assert!(scope.bearer_auth(TOKEN).send().await.unwrap().status().is_success());
        }
        let listed = get("2.0/secrets/list?scope=crash".into()).await;
        for name in &all.secrets {
            assert!(listed.contains(&format!("{name:?}")), "{name} is lost after round {round}");
        }
        for job in &all.jobs {
            get(format!("2.2/jobs/get?job_id={job}")).await;
        }
        for name in &all.files {
            assert_eq!(get(format!("2.0/fs/files/Volumes/main/default/files/{name}")).await, *name);
        }
        let stop = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..3)
            .map(|writer| tokio::spawn(write(client.clone(), url.clone(), round, writer, Arc::clone(&stop))))
            .collect();
        // a different moment each time
        tokio::time::sleep(Duration::from_millis(20 + (round as u64 * 37) % 120)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        stop.store(true, Ordering::Relaxed);
        all = Told::default();
        for writer in writers {
            let told = writer.await.unwrap();
            all.secrets.extend(told.secrets);
            all.jobs.extend(told.jobs);
            all.files.extend(told.files);
        }
        assert!(!all.secrets.is_empty(), "nothing was written in round {round}");
        // a scope holds a thousand
        if round % 10 == 9 {
            let sandbox = Sandbox::builder().dir(dir.path()).token(TOKEN).start().await.unwrap();
            let empty = |path: &str, body: Value| {
                client
                    .post(format!("{}/api/2.0/secrets/scopes/{path}", sandbox.url()))
                    .bearer_auth(TOKEN)
                    .json(&body)
            };
            for (path, body) in
                [("delete", json!({ "scope": "crash" })), ("create", json!({ "scope": "crash" }))]
            {
                assert!(empty(path, body).send().await.unwrap().status().is_success());
            }
            sandbox.shutdown().await;
            all = Told::default();
        }
    }
}
