//! What a program sees of the SDK, over real sockets: streams, waiting, bytes up and down, accounts.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use databricks_toolkit::jobs::types::{NotebookTask, Task};
use databricks_toolkit::wait::WaitReason;
use databricks_toolkit::{Account, Body, Error, Workspace};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use wiremock::matchers::{method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::sandbox;

fn workspace(sandbox: &databricks_sandbox::Sandbox) -> Workspace {
    Workspace::builder().host(sandbox.url()).token(sandbox.token()).build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_a_stream_that_can_be_moved_into_a_task() {
    let sandbox = sandbox().await;
    let workspace = workspace(&sandbox);
    for at in 0..7 {
        let task =
            Task::builder().task_key("only").notebook_task(NotebookTask::builder().notebook_path("/x"));
        let create =
            workspace.jobs().create().name(format!("job {at}")).tasks([task]).tags([("made", "here")]);
        create.send().await.unwrap();
    }
    let jobs = workspace.jobs().list().limit(3).stream();
    let all = tokio::spawn(jobs.try_collect::<Vec<_>>()).await.unwrap().unwrap();
    let ours = all.iter().filter_map(|job| job.settings.as_ref()?.name.as_deref());
    assert_eq!(ours.filter(|name| name.starts_with("job ")).count(), 7);
    let first_two: Vec<_> = workspace.jobs().list().limit(1).stream().take(2).collect().await;
    assert!(matches!(&first_two[..], [Ok(_), Ok(_)]), "{first_two:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_created_is_waited_for_with_progress_timeout_and_cancellation() {
    let sandbox = sandbox().await;
    let workspace = workspace(&sandbox);
    let create = || {
        let create =
            workspace.clusters().create().spark_version("16.4.x-scala2.12").node_type_id("i3.xlarge");
        create.num_workers(1).cluster_name("waited for").and_wait().interval(Duration::from_millis(50))
    };
    let states = Arc::new(Mutex::new(Vec::new()));
    let seen = states.clone();
    let progress = move |state: Option<&str>| seen.lock().unwrap().push(state.unwrap_or_default().to_owned());
    let cluster = create().on_progress(move |at| progress(at.state)).await.unwrap();
    assert_eq!(cluster.state.unwrap().as_str(), "RUNNING");
    let states = states.lock().unwrap().clone();
    assert!(states.len() > 1 && states[0] == "PENDING" && states.last().unwrap() == "RUNNING", "{states:?}");

    let error = create().timeout(Duration::from_millis(120)).await.unwrap_err();
    let Error::Wait(wait) = &error else { panic!("{error:?}") };
    assert_eq!((wait.operation, wait.state.as_deref()), ("clusters_create", Some("PENDING")));
    assert!(error.help().unwrap().contains("goes on"), "{error}");

    let error = create().until(tokio::time::sleep(Duration::from_millis(120))).await.unwrap_err();
    assert!(matches!(&error, Error::Wait(wait) if wait.reason == WaitReason::Cancelled), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_go_up_and_come_down_as_streams() {
    let sandbox = sandbox().await;
    let workspace = workspace(&sandbox);
    let path = "/Volumes/main/default/files/ü 1.bin";
    let parts = (0..64_u8).map(|at| Ok::<_, std::io::Error>(vec![at; 32 * 1024]));
    let upload = workspace.files().upload().file_path(path).body(Body::wrap_stream(stream::iter(parts)));
    upload.send().await.unwrap();

    let metadata = workspace.files().get_metadata().file_path(path).send().await.unwrap();
    assert_eq!(metadata.content_length, Some(64 * 32 * 1024));
    let mut download = workspace.files().download().file_path(path).send().await.unwrap();
    assert_eq!(download.content_length(), Some(64 * 32 * 1024));
    let (mut bytes, mut parts) = (0, 0);
    while let Some(part) = download.next().await {
        bytes += part.unwrap().len();
        parts += 1;
    }
    assert!(bytes == 64 * 32 * 1024 && parts > 1, "{bytes} bytes in {parts} parts");
}

#[tokio::test]
async fn an_accounts_calls_carry_its_id_and_page_by_offset() {
    let server = MockServer::start().await;
    let page = |start: u32, ids: &[&str]| {
        let users: Vec<_> = ids.iter().map(|id| json!({ "id": id })).collect();
        // SCIM has a content type of its own.
        let body = json!({ "Resources": users }).to_string();
        Mock::given(method("GET"))
            .and(path("/api/2.0/accounts/a-1/scim/v2/Users"))
            .and(query_param("startIndex", start.to_string()))
            .respond_with(ResponseTemplate::new(200).set_body_raw(body, "application/scim+json"))
    };
    page(1, &["u1", "u2"]).mount(&server).await;
    page(3, &["u2", "u3"]).mount(&server).await;
    page(5, &[]).mount(&server).await;
    let account = Account::builder().host(server.uri()).token("t").account_id("a-1").build().unwrap();
    let users = account.users().list().stream().collect_all().await.unwrap();
    assert_eq!(users.iter().filter_map(|user| user.id.as_deref()).collect::<Vec<_>>(), ["u1", "u2", "u3"]);

    let error = Account::builder().host(server.uri()).token("t").build().unwrap_err();
    assert!(error.to_string().contains("DATABRICKS_ACCOUNT_ID"), "{error}");
}
