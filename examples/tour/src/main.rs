//! A tour of the SDK, as a program would use it: a list as a stream, something created and waited
//! for, a file up and down, an error by its kind.
//!
//! It needs a workspace. Without one, serve the sandbox in another terminal:
//!
//! ```text
//! cargo run -- sandbox --port 8443 --token tour
//! DATABRICKS_HOST=http://127.0.0.1:8443 DATABRICKS_TOKEN=tour cargo run -p databricks-toolkit-tour
//! ```

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use databricks_toolkit::jobs::types::{NotebookTask, SubmitTask};
use databricks_toolkit::workspace::types::{ImportFormat, Language};
use databricks_toolkit::{Error, ErrorKind, Result, Workspace};

#[tokio::main]
async fn main() -> Result<()> {
    let workspace = Workspace::from_env()?;
    println!("workspace {}", workspace.host());
    list(&workspace).await?;
    create_and_wait(&workspace).await?;
    run_and_wait(&workspace).await?;
    upload(&workspace).await?;
    handle(&workspace).await
}

/// Every list is a stream: the next page is fetched when its items are asked for.
async fn list(workspace: &Workspace) -> Result<()> {
    let mut clusters = workspace.clusters().list().page_size(50).stream();
    let mut count = 0;
    while let Some(cluster) = clusters.next().await {
        let cluster = cluster?;
        count += 1;
        println!("cluster   {} is {}", text(cluster.cluster_name), text(cluster.state));
    }
    println!("clusters  {count}");
    Ok(())
}

/// What starts something can wait for the end of it, and tell how far it is.
async fn create_and_wait(workspace: &Workspace) -> Result<()> {
    let cluster = workspace
        .clusters()
        .create()
        .cluster_name("tour")
        .spark_version("16.4.x-scala2.12")
        .node_type_id("i3.xlarge")
        .num_workers(1)
        .autotermination_minutes(10)
        .custom_tags([("purpose", "tour")])
        .and_wait()
        .timeout(Duration::from_secs(900))
        .on_progress(|progress| {
            println!("cluster   {} after {} s", progress.state.unwrap_or("?"), progress.elapsed.as_secs())
        })
        .await?;
    println!("cluster   {} is {}", text(cluster.cluster_id.clone()), text(cluster.state));
    workspace.clusters().permanent_delete().cluster_id(cluster.cluster_id).send().await
}

/// A notebook, written and run once.
async fn run_and_wait(workspace: &Workspace) -> Result<()> {
    let me = "/Shared/databricks-toolkit-tour";
    // Base64 of `print(6 * 7)`.
    let import = workspace.workspace().import().path(me).content("cHJpbnQoNiAqIDcp").overwrite(true);
    import.format(ImportFormat::Source).language(Language::Python).send().await?;
    let notebook = NotebookTask::builder().notebook_path(me);
    let task = SubmitTask::builder().task_key("only").notebook_task(notebook);
    let run = workspace.jobs().submit().run_name("tour").tasks([task]).and_wait().await?;
    let ended = run.state.and_then(|state| state.result_state);
    println!("run       {} ended {}", run.run_id.unwrap_or_default(), text(ended));
    workspace.workspace().delete().path(me).send().await
}

/// A file up and down again; nothing of it is read before it is asked for.
async fn upload(workspace: &Workspace) -> Result<()> {
    let sql = "CREATE VOLUME IF NOT EXISTS main.default.tour";
    let warehouse = workspace.warehouses().list().stream().next().await.transpose()?;
    let execute = workspace.statement_execution().execute_statement().statement(sql).wait_timeout("30s");
    execute.warehouse_id(warehouse.and_then(|warehouse| warehouse.id)).send().await?;

    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let path = format!("/Volumes/main/default/tour/{}.txt", since.as_millis());
    workspace.files().upload().file_path(&path).overwrite(true).body("a tour").send().await?;
    let metadata = workspace.files().get_metadata().file_path(&path).send().await?;
    let bytes = workspace.files().download().file_path(&path).send().await?.collect(1 << 20).await?;
    println!("file      {path}: {} bytes, {bytes:?}", metadata.content_length.unwrap_or_default());
    workspace.files().delete().file_path(&path).send().await
}

/// An error says what kind it is; which call, which request and what to do about it are in it.
async fn handle(workspace: &Workspace) -> Result<()> {
    match workspace.jobs().get().job_id(404_404).send().await {
        Ok(job) => println!("job       {job:?}"),
        Err(Error::Api(error))
            if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidParameter) =>
        {
            println!("no job    {} ({}, {})", error.message(), error.code(), error.status());
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

fn text(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "?".to_owned(), |value| value.to_string())
}
