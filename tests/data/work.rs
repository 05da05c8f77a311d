//! Many calls and long work against the sandbox.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use databricks_toolkit::jobs::types::{NotebookTask, Task};
use databricks_toolkit::watch::WebhookError;
use databricks_toolkit::{Batch, ErrorKind};
use ring::hmac;
use serde_json::json;

use crate::support::{Asked, Reply, Stub, sandbox, warehouse};

#[tokio::test]
async fn a_batch_tells_item_by_item_what_failed() {
    let (_sandbox, workspace) = sandbox().await;
    let mut ids = Vec::new();
    for at in 0..5 {
        let created = workspace.jobs().create().name(format!("job {at}")).send().await.unwrap();
        ids.push(created.job_id.unwrap());
    }
    ids.insert(2, 1);
    let report =
        Batch::of(ids.clone()).concurrency(3).run(|id| workspace.jobs().get().job_id(id).send()).await;
    let failed: Vec<_> = report.failed().map(|(index, error)| (index, error.kind())).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].0, 2);
    assert!(matches!(failed[0].1, Some(ErrorKind::NotFound | ErrorKind::InvalidParameter)), "{failed:?}");
    let found: Vec<i64> = report.results.iter().flatten().map(|job| job.job_id.unwrap()).collect();
    ids.remove(2);
    assert_eq!(found, ids);
}

#[tokio::test]
async fn changes_of_a_statement_and_of_a_run_end_with_a_final_one() {
    let (_sandbox, workspace) = sandbox().await;
    let id = warehouse(&workspace).await;
    let results = workspace.statement("SELECT 1").warehouse(&id).execute().await.unwrap();
    let watch = workspace.watch().interval(Duration::from_millis(20));
    let changes = watch.statement(results.statement_id()).collect_all().await.unwrap();
    assert_eq!(changes.len(), 1);
    assert!(changes[0].is_final && changes[0].previous.is_none() && changes[0].state == "SUCCEEDED");

    let notebook = NotebookTask::builder().notebook_path("/Shared/no-such-notebook");
    let task = Task::builder().task_key("only").notebook_task(notebook);
    let job = workspace.jobs().create().name("watched").tasks([task]).send().await.unwrap();
    let run = workspace.jobs().run_now().job_id(job.job_id.unwrap()).send().await.unwrap();
    let changes = watch.run(run.run_id.unwrap()).collect_all().await.unwrap();
    let last = changes.last().unwrap();
    assert!(last.is_final, "{}", last.state);
    assert!(changes.iter().rev().skip(1).all(|change| !change.is_final));
    for pair in changes.windows(2) {
        assert_eq!(pair[1].previous.as_ref(), Some(&pair[0].state));
    }
    assert!(watch.run(1).collect_all().await.is_err());
}

#[tokio::test]
async fn a_cache_sees_what_this_program_writes() {
    let (_sandbox, workspace) = sandbox().await;
    let cache = workspace.cache(Duration::from_secs(60));
    let (first, second) = tokio::join!(cache.warehouses(), cache.warehouses());
    assert_eq!(first.unwrap().len(), second.unwrap().len());
    assert_eq!((cache.stats().hits, cache.stats().misses), (1, 1), "two who ask at once wait for one answer");
    let before = cache.warehouses().await.unwrap().len();
    workspace.warehouses().create().name("another").cluster_size("Small").send().await.unwrap();
    assert_eq!(cache.warehouses().await.unwrap().len(), before + 1);
    // A write to something else is none of its business.
    workspace.catalogs().create().name("other").send().await.unwrap();
    let hits = cache.stats().hits;
    cache.warehouses().await.unwrap();
    assert_eq!(cache.stats().hits, hits + 1);
    let short = workspace.cache(Duration::ZERO);
    short.node_types().await.unwrap();
    short.node_types().await.unwrap();
    assert_eq!((short.stats().hits, short.stats().misses), (0, 2));
    cache.clear().await;
    let misses = cache.stats().misses;
    cache.warehouses().await.unwrap();
    assert_eq!(cache.stats().misses, misses + 1);
}

const SECRET: &str = "a secret of many letters";

/// Whether what came is signed, as a receiver would look at it.
fn is_signed(asked: &Asked, secret: &[u8]) -> bool {
    let header = |name: &str| asked.headers[name].as_str();
    let body = String::from_utf8(asked.body.clone()).unwrap();
    let signed = format!("{}.{}.{body}", header("webhook-id"), header("webhook-timestamp"));
    let signature = STANDARD.decode(header("webhook-signature").strip_prefix("v1,").unwrap()).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::verify(&key, signed.as_bytes(), &signature).is_ok()
}

/// A service with a run that ends at the third look, and a receiver that answers what it is told.
async fn run_and_receiver(receives: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Stub {
    let counts = std::sync::Mutex::new((0, 0));
    Stub::start(move |_, asked| {
        let mut counts = counts.lock().unwrap();
        if asked.path.starts_with("/hook") {
            counts.1 += 1;
            return receives(counts.1);
        }
        counts.0 += 1;
        Reply::json(match counts.0 {
            1 => json!({ "run_id": 5, "state": { "life_cycle_state": "PENDING" } }),
            2 => json!({ "run_id": 5, "state": { "life_cycle_state": "RUNNING" } }),
            _ => json!({ "run_id": 5, "state": { "life_cycle_state": "TERMINATED", "result_state": "SUCCESS" } }),
        })
    })
    .await
}

#[tokio::test]
async fn changes_are_posted_signed_and_again_until_they_are_taken() {
    let stub = run_and_receiver(|count| match count {
        1 => Reply::status(503, "busy").header("retry-after", 0),
        2 => Reply::bytes(vec![b'x'; 100]).cut(10).header("content-length", 100),
        3 => Reply::status(429, "later"),
        _ => Reply::status(204, ""),
    })
    .await;
    let watch = stub.workspace().watch().interval(Duration::from_millis(5));
    let webhook = watch.webhook(&format!("{}/hook?key=hidden", stub.url), SECRET).unwrap();
    let webhook = webhook.first_pause(Duration::from_millis(2));
    let posted = webhook.forward(watch.run(5)).collect_all().await.unwrap();
    assert!(posted.iter().all(|posted| posted.delivery.is_ok()), "{posted:?}");
    let states: Vec<_> = posted.iter().map(|posted| posted.change.state.as_str()).collect();
    assert_eq!(states, ["PENDING", "RUNNING", "TERMINATED SUCCESS"]);
    let asked = stub.asked.lock().unwrap();
    let hooks: Vec<&Asked> = asked.iter().filter(|asked| asked.path == "/hook").collect();
    assert!(
        hooks.iter().all(|asked| is_signed(asked, SECRET.as_bytes()) && !is_signed(asked, b"another one"))
    );
    assert!(hooks.iter().all(|asked| !asked.headers.contains_key("authorization")));
    // The one that was not taken at first has one id, and every change its own.
    let ids: std::collections::BTreeSet<_> = hooks.iter().map(|asked| &asked.headers["webhook-id"]).collect();
    assert_eq!(ids.len(), 3);
    assert!(hooks.len() >= 5, "{}", hooks.len());
    let last = hooks[hooks.len() - 1].json();
    assert_eq!(last["type"], "run.changed");
    let data = &last["data"];
    assert_eq!(
        (&data["id"], &data["previous"], &data["state"], &data["final"]),
        (&json!("5"), &json!("RUNNING"), &json!("TERMINATED SUCCESS"), &json!(true))
    );
}

#[tokio::test]
async fn a_change_that_is_not_taken_is_told_and_the_rest_goes_on() {
    let stub = run_and_receiver(|count| match count {
        1 => Reply::status(410, "gone"),
        _ => Reply::status(500, "broken"),
    })
    .await;
    let watch = stub.workspace().watch().interval(Duration::from_millis(5));
    let webhook = watch.webhook(&format!("{}/hook/hidden", stub.url), SECRET).unwrap();
    let webhook = webhook.first_pause(Duration::from_millis(1));
    let posted = webhook.forward(watch.run(5)).collect_all().await.unwrap();
    assert_eq!(posted.len(), 3);
    let errors: Vec<&WebhookError> =
        posted.iter().map(|posted| posted.delivery.as_ref().unwrap_err()).collect();
    assert!(matches!(errors[0], WebhookError::Refused { attempts: 1, status: 410, .. }), "{}", errors[0]);
    assert!(matches!(errors[1], WebhookError::Refused { attempts: 6, status: 500, .. }), "{}", errors[1]);
    assert!(!format!("{errors:?} {webhook:?}").contains("hidden"), "the address may be a right");
    let nobody = watch.webhook("http://127.0.0.1:1/hidden", SECRET).unwrap().first_pause(Duration::ZERO);
    let error = nobody.post(&posted[0].change).await.unwrap_err();
    assert!(matches!(error, WebhookError::Unreachable { attempts: 6, .. }), "{error}");
    assert!(!format!("{error:?}").contains("hidden"));
    for (url, secret) in
        [("ftp://a/b", SECRET), ("a/b", SECRET), ("https://a/b", "short"), ("https://a", "whsec_%%")]
    {
        assert!(matches!(watch.webhook(url, secret), Err(WebhookError::Invalid(_))), "{url} {secret}");
    }
    // The receiver that Standard Webhooks describe: the secret is in base64.
    let encoded = format!("whsec_{}", STANDARD.encode(SECRET));
    watch.webhook(&stub.url, &encoded).unwrap();
}
