//! Why a run failed: the question takes the run, its tasks, the output of each that failed, and the log of its cluster.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::files;
use super::runs::{StateAnswer, TaskOutput, has_failed, latest, tail};
use crate::jobs::types::RunTask;
use crate::mcp::{Compound, Context, LeftOut, ToolError};

/// Tasks whose output is read; more of them seldom tell more.
const MOST: usize = 5;
/// Bytes of the end of a driver's log.
const DRIVER_LOG: u64 = 4_000;
/// The files of a driver's log, in which Python's errors are, then Spark's.
const DRIVER_FILES: [&str; 2] = ["stderr", "log4j-active.log"];

/// Arguments of `explain_run`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ExplainRun {
    /// Id of the run.
    run_id: i64,
}

/// Why a run failed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Explanation {
    run_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<StateAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_page_url: Option<String>,
    next: &'static str,
    /// The state of each task by its key.
    tasks: BTreeMap<String, String>,
    failed_tasks: Vec<Cause>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<LeftOut>,
}

/// Why a task failed.
#[derive(Debug, Serialize, JsonSchema)]
struct Cause {
    task_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<StateAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster_id: Option<String>,
    #[serde(flatten)]
    output: TaskOutput,
    #[serde(skip_serializing_if = "Option::is_none")]
    driver_log_tail: Option<String>,
}

impl Compound for ExplainRun {
    type Output = Explanation;
    const UNTRUSTED: &'static [&'static str] = &[
        "failed_tasks.error",
        "failed_tasks.error_trace",
        "failed_tasks.log_tail",
        "failed_tasks.driver_log_tail",
    ];

    async fn call(self, context: &Context) -> Result<Explanation, ToolError> {
        let run = context.workspace().jobs().get_run().run_id(self.run_id).send().await?;
        let tasks = latest(run.tasks.as_deref().unwrap_or_default());
        let failed: Vec<&RunTask> = tasks.iter().copied().filter(|task| has_failed(task)).collect();
        let mut left_out = Vec::new();
        if failed.len() > MOST {
            let note = LeftOut::new("failed tasks", "get_run_output with run_id of the task, from get_run");
            left_out.push(note.count((failed.len() - MOST) as u64));
        }
        let mut causes = Vec::new();
        for (at, task) in failed.iter().take(MOST).enumerate() {
            context.progress(at as f64, Some(failed.len() as f64), "reading the output of failed tasks");
            causes.push(cause(context, task, &mut left_out).await);
        }
        let state = run.state.as_deref().map(StateAnswer::of);
        let next = match (causes.is_empty(), state.as_ref().and_then(|state| state.result_state.as_deref())) {
            (false, _) => {
                "Mend the cause, then repair_run with rerun_all_failed_tasks runs the failed tasks again."
            }
            (true, Some("SUCCESS")) => "The run succeeded.",
            (true, Some(_)) => "No task failed by itself: state tells why the run ended.",
            (true, None) => {
                "The run has not ended and no task has failed so far: wait_for_run waits for its end."
            }
        };
        Ok(Explanation {
            run_id: self.run_id,
            job_id: run.job_id,
            run_name: run.run_name.clone(),
            state,
            run_page_url: run.run_page_url.clone(),
            next,
            tasks: states(&tasks),
            failed_tasks: causes,
            left_out,
        })
    }
}

fn states(tasks: &[&RunTask]) -> BTreeMap<String, String> {
    let state = |task: &&RunTask| {
        let state = task.state.as_deref().map(StateAnswer::of).unwrap_or_default();
        (task.task_key.clone().unwrap_or_default(), state.word().unwrap_or("UNKNOWN").to_owned())
    };
    tasks.iter().map(state).collect()
}

async fn cause(context: &Context, task: &RunTask, left_out: &mut Vec<LeftOut>) -> Cause {
    let output = match task.run_id {
        Some(id) => TaskOutput::read(context, id).await,
        None => TaskOutput::default(),
    };
    let task_key = task.task_key.clone().unwrap_or_default();
    let cluster = task.cluster_instance.as_ref().and_then(|cluster| cluster.cluster_id.clone());
    let mut log = None;
    if let Some(cluster) = &cluster {
        match driver_log(context, cluster).await {
            Ok(found) => log = found,
            Err(error) => {
                let what = format!("driver log of {task_key}");
                left_out.push(LeftOut::new(what, format!("not available: {error}")));
            }
        }
    }
    Cause {
        task_key,
        run_id: task.run_id,
        state: task.state.as_deref().map(StateAnswer::of),
        cluster_id: cluster,
        output,
        driver_log_tail: log,
    }
}

/// The end of the log of a cluster's driver, where the cluster delivers its logs to a place that can be read.
async fn driver_log(context: &Context, cluster: &str) -> Result<Option<String>, ToolError> {
    let described = context.workspace().clusters().get().cluster_id(cluster).send().await?;
    let Some(delivery) = described.cluster_log_conf else { return Ok(None) };
    let dbfs = delivery.dbfs.and_then(|place| place.destination.clone());
    let volume = delivery.volumes.and_then(|place| place.destination.clone());
    let Some(place) = dbfs.or(volume) else {
        return Err(ToolError::Failed(
            "it is delivered to cloud storage, which is read elsewhere".to_owned(),
        ));
    };
    let folder = place.trim_end_matches('/');
    for file in DRIVER_FILES {
        let path = format!("{folder}/{cluster}/driver/{file}");
        if let Some(log) =
            files::end_of(context, &path, DRIVER_LOG).await?.filter(|log| !log.trim().is_empty())
        {
            return Ok(Some(tail(&log, DRIVER_LOG as usize)));
        }
    }
    Ok(None)
}
