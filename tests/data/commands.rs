//! Contexts on a cluster of the sandbox: state, output of every kind, loss, and what is left behind.

use std::time::{Duration, Instant};

use databricks_toolkit::commands::{CommandError, CommandReason, Content, ExecutionContext, Image};
use databricks_toolkit::compute::types::State;
use databricks_toolkit::{Error, Workspace};

use crate::support::sandbox;

async fn cluster(workspace: &Workspace) -> String {
    let clusters = workspace.clusters().list().stream().collect_all().await.unwrap();
    clusters[0].cluster_id.clone().unwrap()
}

fn reason(error: Error) -> CommandReason {
    let Error::Command(error) = error else { panic!("{error}") };
    let CommandError { reason, .. } = *error;
    reason
}

/// Whether the service still knows a context.
async fn lives(workspace: &Workspace, cluster: &str, context: &str) -> bool {
    let status = workspace.command_execution().context_status().cluster_id(cluster).context_id(context);
    status.send().await.is_ok()
}

async fn terminate(workspace: &Workspace, cluster: &str) {
    workspace.clusters().delete().cluster_id(cluster).send().await.unwrap();
    for _ in 0..200 {
        let found = workspace.clusters().get().cluster_id(cluster).send().await.unwrap();
        if found.state == Some(State::Terminated) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the cluster does not end");
}

#[tokio::test]
async fn variables_live_on_and_output_has_its_kind() {
    let (_sandbox, workspace) = sandbox().await;
    let cluster = cluster(&workspace).await;
    let context = workspace.execution_context(&cluster).setup("base = 40").open().await.unwrap();
    let text = context.run("x = base + 2\nprint('hi')\nx").await.unwrap();
    assert!(text.text().unwrap().contains("hi") && text.text().unwrap().contains("42"), "{text:?}");
    assert_eq!(context.run("x * 2").await.unwrap().text(), Some("84"));
    assert_eq!(context.run("y = 1").await.unwrap().text(), Some(""));
    let error = reason(context.run("nope + 1").await.unwrap_err());
    let CommandReason::Failed { summary, cause } = error else { panic!("{error}") };
    assert!(summary.contains("NameError") && cause.is_some(), "{summary}");
    assert_eq!(context.run("x").await.unwrap().text(), Some("42"), "an error ends nothing");
    let picture = "display_png = __import__('base64').b64decode('iVBORw0KGgo=')\nclass P:\n  def _repr_png_(self): return display_png\ndisplay(P())";
    if let Ok(output) = context.run(picture).await
        && let [Image::Data { media_type, bytes }] = output.images()
    {
        assert_eq!((media_type.as_str(), &bytes[1..4]), ("image/png", b"PNG".as_slice()));
    }
    context.close().await.unwrap();

    let sql = workspace.execution_context(&cluster).language("sql").open().await.unwrap();
    let output = sql.run("SELECT 1 AS a, 'x' AS b").await.unwrap();
    let Content::Table(table) = output.content else { panic!("{output:?}") };
    assert_eq!(table.columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(table.rows.len(), 1);
    sql.close().await.unwrap();
}

#[tokio::test]
async fn a_cluster_that_does_not_run_is_started_where_that_is_allowed() {
    let (_sandbox, workspace) = sandbox().await;
    let cluster = cluster(&workspace).await;
    terminate(&workspace, &cluster).await;
    let opening = workspace.execution_context(&cluster).start_cluster(false);
    let error = reason(opening.open().await.unwrap_err());
    assert!(error.to_string().contains("start_cluster"), "{error}");
    let context = workspace.execution_context(&cluster).open().await.unwrap();
    assert_eq!(context.run("1 + 1").await.unwrap().text(), Some("2"));
    context.close().await.unwrap();
}

#[tokio::test]
async fn a_context_that_was_lost_is_made_anew_and_says_so() {
    let (_sandbox, workspace) = sandbox().await;
    let cluster = cluster(&workspace).await;
    let context = workspace.execution_context(&cluster).setup("base = 1").open().await.unwrap();
    let first = context.run("x = 5").await.unwrap();
    assert!(!first.renewed);
    let id = context.id().await.unwrap();
    terminate(&workspace, &cluster).await;
    let output = context.run("base, 'x' in globals()").await.unwrap();
    assert_eq!((output.text(), output.renewed), (Some("(1, False)"), true));
    assert_ne!(context.id().await.unwrap(), id);
    assert!(!context.run("base").await.unwrap().renewed);

    // While a command runs, nobody knows how far it came: it is not run twice.
    let running = context.clone();
    let run = tokio::spawn(async move { running.run("import time; time.sleep(60)").await });
    tokio::time::sleep(Duration::from_millis(700)).await;
    terminate(&workspace, &cluster).await;
    let lost = tokio::time::timeout(Duration::from_secs(20), run).await.unwrap().unwrap();
    assert!(matches!(reason(lost.unwrap_err()), CommandReason::Lost));
    assert!(context.run("base").await.unwrap().renewed);
    context.close().await.unwrap();
}

#[tokio::test]
async fn a_limit_of_time_cancels_a_command_and_keeps_the_context() {
    let (_sandbox, workspace) = sandbox().await;
    let cluster = cluster(&workspace).await;
    let context = workspace.execution_context(&cluster).open().await.unwrap();
    context.run("x = 1").await.unwrap();
    let began = Instant::now();
    let limit = Duration::from_millis(500);
    let error = reason(context.run_within("import time; time.sleep(60)", limit).await.unwrap_err());
    assert!(matches!(error, CommandReason::Timeout(_)), "{error}");
    assert_eq!(context.run("x").await.unwrap().text(), Some("1"));
    // So does a future that is dropped.
    let dropped = tokio::time::timeout(limit, context.run("import time; time.sleep(60)")).await;
    assert!(dropped.is_err());
    assert_eq!(context.run("x").await.unwrap().text(), Some("1"));
    assert!(began.elapsed() < Duration::from_secs(30));
    context.close().await.unwrap();
}

async fn gone(workspace: &Workspace, cluster: &str, id: &str) {
    for _ in 0..100 {
        if !lives(workspace, cluster, id).await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the context is still there");
}

async fn open(workspace: &Workspace, cluster: &str) -> (ExecutionContext, String) {
    let context = workspace.execution_context(cluster).open().await.unwrap();
    let id = context.id().await.unwrap();
    assert!(lives(workspace, cluster, &id).await);
    (context, id)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_behind() {
    let (_sandbox, workspace) = sandbox().await;
    let cluster = cluster(&workspace).await;
    let (context, id) = open(&workspace, &cluster).await;
    let clone = context.clone();
    drop(context);
    assert!(clone.run("1").await.is_ok(), "a clone shares it");
    drop(clone);
    gone(&workspace, &cluster, &id).await;
    let (context, id) = open(&workspace, &cluster).await;
    context.close().await.unwrap();
    assert!(!lives(&workspace, &cluster, &id).await);
    // At the end of a program, where there is no runtime any more.
    let (context, id) = open(&workspace, &cluster).await;
    std::thread::spawn(move || drop(context)).join().unwrap();
    assert!(!lives(&workspace, &cluster, &id).await);
}
