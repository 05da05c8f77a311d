//! Jobs and single runs made of flat tasks: a task's schema of the API is twenty times as long.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::runs::{self, RunAnswer};
use super::statements::any_warehouse;
use crate::Error;
use crate::jobs::types::{
    ComputeEnvironment, CronSchedule, JobEmailNotifications, JobEnvironment, JobParameterDefinition,
    NotebookTask, PipelineTask, SparkPythonTask, SqlTask, SqlTaskFile, SubmitTask, Task, TaskDependency,
};
use crate::mcp::{Compound, Context, ToolError};

/// The environment of serverless tasks, and the version of it.
const ENVIRONMENT: &str = "default";
const ENVIRONMENT_VERSION: &str = "4";

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FlatTask {
    /// Unique name.
    task_key: String,
    /// Tasks that must succeed first.
    #[serde(default)]
    depends_on: Vec<String>,
    /// Notebook to run; or one of the next three.
    notebook_path: Option<String>,
    /// Python file.
    python_file: Option<String>,
    /// SQL file.
    sql_file: Option<String>,
    /// Pipeline.
    pipeline_id: Option<String>,
    /// Of the notebook or SQL file.
    #[serde(default)]
    parameters: BTreeMap<String, String>,
    /// Of the Python file.
    #[serde(default)]
    arguments: Vec<String>,
    /// Serverless unless set.
    existing_cluster_id: Option<String>,
    /// Warehouse for SQL.
    warehouse_id: Option<String>,
    /// After a failure.
    max_retries: Option<i64>,
}

/// Arguments of `create_job`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct CreateJob {
    /// Name of the job.
    name: String,
    /// Tasks.
    tasks: Vec<FlatTask>,
    /// Packages for serverless Python files.
    #[serde(default)]
    dependencies: Vec<String>,
    /// When to run: Quartz cron with seconds, such as 0 30 6 * * ?
    cron: Option<String>,
    /// Time zone of cron; UTC unless set.
    time_zone: Option<String>,
    /// Parameters of the job with their defaults.
    #[serde(default)]
    parameters: BTreeMap<String, String>,
    /// E-mail addresses to tell of failed runs.
    #[serde(default)]
    notify_on_failure: Vec<String>,
}

/// Arguments of `submit_run`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SubmitRun {
    /// Name of the run.
    run_name: Option<String>,
    /// Tasks.
    tasks: Vec<FlatTask>,
    /// Packages for serverless Python files.
    #[serde(default)]
    dependencies: Vec<String>,
    /// Longest time in seconds that the run may take.
    timeout_seconds: Option<i64>,
    /// The same token never starts a second run.
    idempotency_token: Option<String>,
    /// Longest wait in seconds for its end; 0 unless set.
    #[schemars(range(max = 3600))]
    wait_seconds: Option<u64>,
}

/// Both kinds of task have the same fields, and no type in common.
macro_rules! task {
    ($kind:ident, $flat:expr) => {{
        let flat: FlatTask = $flat;
        let environment = flat.environment();
        let dependencies = flat.dependencies()?;
        let (notebook, python) = (flat.notebook()?, flat.python()?);
        let (sql, pipeline) = (flat.sql()?, flat.pipeline()?);
        $kind::builder()
            .task_key(flat.task_key)
            .depends_on(dependencies)
            .notebook_task(notebook)
            .spark_python_task(python)
            .sql_task(sql)
            .pipeline_task(pipeline)
            .existing_cluster_id(flat.existing_cluster_id)
            .environment_key(environment)
            .max_retries(flat.max_retries)
            .build()
    }};
}

impl FlatTask {
    /// Says what is wrong, and finds a warehouse for SQL.
    async fn checked(mut self, context: &Context) -> Result<Self, ToolError> {
        let kinds = [&self.notebook_path, &self.python_file, &self.sql_file, &self.pipeline_id];
        if kinds.iter().filter(|kind| kind.is_some()).count() != 1 {
            return Err(ToolError::Argument(format!(
                "`tasks`: `{}` needs exactly one of notebook_path, python_file, sql_file and pipeline_id",
                self.task_key
            )));
        }
        if self.sql_file.is_some() && self.warehouse_id.is_none() {
            self.warehouse_id = Some(any_warehouse(context).await?);
        }
        Ok(self)
    }

    fn dependencies(&self) -> Result<Option<Vec<TaskDependency>>, Error> {
        let on = self.depends_on.iter().map(|key| TaskDependency::builder().task_key(key).build());
        let on = on.collect::<Result<Vec<_>, _>>()?;
        Ok((!on.is_empty()).then_some(on))
    }

    fn notebook(&self) -> Result<Option<Box<NotebookTask>>, Error> {
        let Some(path) = &self.notebook_path else { return Ok(None) };
        let task = NotebookTask::builder().notebook_path(path).warehouse_id(self.warehouse_id.clone());
        let parameters = (!self.parameters.is_empty()).then(|| self.parameters.clone());
        Ok(Some(Box::new(task.base_parameters(parameters).build()?)))
    }

    fn python(&self) -> Result<Option<Box<SparkPythonTask>>, Error> {
        let Some(path) = &self.python_file else { return Ok(None) };
        let task = SparkPythonTask::builder().python_file(path);
        let arguments = (!self.arguments.is_empty()).then(|| self.arguments.clone());
        Ok(Some(Box::new(task.parameters(arguments).build()?)))
    }

    fn sql(&self) -> Result<Option<Box<SqlTask>>, Error> {
        let Some(path) = &self.sql_file else { return Ok(None) };
        let file = SqlTaskFile::builder().path(path).build()?;
        let task = SqlTask::builder().file(file).warehouse_id(self.warehouse_id.clone());
        let parameters = (!self.parameters.is_empty()).then(|| self.parameters.clone());
        Ok(Some(Box::new(task.parameters(parameters).build()?)))
    }

    fn pipeline(&self) -> Result<Option<Box<PipelineTask>>, Error> {
        let Some(id) = &self.pipeline_id else { return Ok(None) };
        Ok(Some(Box::new(PipelineTask::builder().pipeline_id(id).build()?)))
    }

    /// A Python file without a cluster runs in an environment, which has to be named.
    fn environment(&self) -> Option<String> {
        let serverless = self.python_file.is_some() && self.existing_cluster_id.is_none();
        serverless.then(|| ENVIRONMENT.to_owned())
    }
}

async fn checked(tasks: Vec<FlatTask>, context: &Context) -> Result<Vec<FlatTask>, ToolError> {
    if tasks.is_empty() {
        return Err(ToolError::Argument("`tasks`: give at least one".to_owned()));
    }
    let mut checked = Vec::with_capacity(tasks.len());
    for task in tasks {
        checked.push(task.checked(context).await?);
    }
    Ok(checked)
}

/// The environment that the tasks name, if any does.
fn environments(
    tasks: &[FlatTask],
    dependencies: Vec<String>,
) -> Result<Option<Vec<JobEnvironment>>, ToolError> {
    if tasks.iter().all(|task| task.environment().is_none()) {
        return match dependencies.is_empty() {
            true => Ok(None),
            false => Err(ToolError::Argument(
                "`dependencies`: they are for serverless Python files, of which there is none; elsewhere use %pip \
                 in the notebook or install_libraries on the cluster"
                    .to_owned(),
            )),
        };
    }
    let spec = ComputeEnvironment::builder()
        .environment_version(ENVIRONMENT_VERSION)
        .dependencies((!dependencies.is_empty()).then_some(dependencies))
        .build()?;
    let environment = JobEnvironment::builder().environment_key(ENVIRONMENT).spec(spec).build()?;
    Ok(Some(vec![environment]))
}

/// A job that was made.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CreatedJob {
    job_id: Option<i64>,
    name: String,
}

impl Compound for CreateJob {
    type Output = CreatedJob;

    async fn call(self, context: &Context) -> Result<CreatedJob, ToolError> {
        let tasks = checked(self.tasks, context).await?;
        let environments = environments(&tasks, self.dependencies)?;
        let tasks = tasks.into_iter().map(|flat| task!(Task, flat)).collect::<Result<Vec<_>, Error>>()?;
        let schedule = match self.cron {
            Some(cron) => {
                let zone = self.time_zone.unwrap_or_else(|| "UTC".to_owned());
                Some(CronSchedule::builder().quartz_cron_expression(cron).timezone_id(zone).build()?)
            }
            None => None,
        };
        let parameter = |(name, default): (String, String)| {
            JobParameterDefinition::builder().name(name).default(default).build()
        };
        let parameters = self.parameters.into_iter().map(parameter).collect::<Result<Vec<_>, _>>()?;
        let notifications = match self.notify_on_failure.is_empty() {
            true => None,
            false => Some(JobEmailNotifications::builder().on_failure(self.notify_on_failure).build()?),
        };
        let create = context.workspace().jobs().create().name(&self.name).tasks(tasks);
        let create = create
            .environments(environments)
            .schedule(schedule.map(Box::new))
            .parameters((!parameters.is_empty()).then_some(parameters))
            .email_notifications(notifications.map(Box::new));
        let created = create.send().await?;
        Ok(CreatedJob { job_id: created.job_id, name: self.name })
    }
}

impl Compound for SubmitRun {
    type Output = RunAnswer;
    const UNTRUSTED: &'static [&'static str] = runs::OUTPUT;

    async fn call(self, context: &Context) -> Result<RunAnswer, ToolError> {
        let tasks = checked(self.tasks, context).await?;
        let environments = environments(&tasks, self.dependencies)?;
        let tasks =
            tasks.into_iter().map(|flat| task!(SubmitTask, flat)).collect::<Result<Vec<_>, Error>>()?;
        let submit = context.workspace().jobs().submit().tasks(tasks);
        let submit = submit
            .run_name(self.run_name)
            .environments(environments)
            .timeout_seconds(self.timeout_seconds)
            .idempotency_token(self.idempotency_token);
        let run_id = submit.send().await?.run_id.ok_or_else(|| {
            ToolError::Failed("the workspace took the run and gave it no id: list_runs shows it".to_owned())
        })?;
        let wait = self.wait_seconds.unwrap_or(0);
        if wait == 0 {
            return Ok(runs::begun(run_id));
        }
        let waited = runs::waited(context, run_id, Duration::from_secs(wait)).await;
        // Whoever waits for it here and gives up wants no more of it.
        if let Err(ToolError::Cancelled) = waited {
            context.workspace().jobs().cancel_run().run_id(run_id).send().await?;
        }
        waited
    }
}
