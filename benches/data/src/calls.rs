//! Many small calls, and a long listing.

use databricks_toolkit::jobs::types::Job;
use databricks_toolkit::{Batch, Workspace};
use futures_util::{StreamExt, stream};

use crate::{CONCURRENCY, Failure};

pub(crate) async fn batch(ours: bool, workspace: &Workspace, url: &str, items: u64) -> Result<(), Failure> {
    let check = |id: u64, job: Job| assert_eq!(job.job_id, Some(id as i64));
    if ours {
        let batch = Batch::of(0..items).concurrency(CONCURRENCY);
        let report = batch.run(|id| workspace.jobs().get().job_id(id as i64).send()).await;
        for (id, job) in (0..items).zip(report.into_values()?) {
            check(id, job);
        }
        return Ok(());
    }
    let http = reqwest::Client::new();
    let calls = (0..items).map(|id| {
        let request =
            http.get(format!("{url}/api/2.2/jobs/get")).bearer_auth("token").query(&[("job_id", id)]);
        async move { Ok::<_, Failure>(serde_json::from_slice::<Job>(&request.send().await?.bytes().await?)?) }
    });
    let jobs: Vec<_> = stream::iter(calls).buffered(CONCURRENCY).collect().await;
    for (id, job) in (0..items).zip(jobs) {
        check(id, job?);
    }
    Ok(())
}

pub(crate) async fn listing(workspace: &Workspace, total: u64) -> Result<(), Failure> {
    let mut jobs = workspace.jobs().list().limit(100).name(total.to_string()).stream();
    let mut count = 0;
    while let Some(job) = jobs.next().await {
        assert_eq!(job?.job_id, Some(count));
        count += 1;
    }
    assert_eq!(count as u64, total);
    Ok(())
}
