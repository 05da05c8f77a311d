//! Many calls and long work against the sandbox.

use std::time::Duration;

use databricks_toolkit::jobs::types::{NotebookTask, Task};
use databricks_toolkit::{Batch, ErrorKind};

use crate::support::{sandbox, warehouse};

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
