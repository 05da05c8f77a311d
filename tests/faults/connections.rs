//! Connections that are refused, reset, closed too early, slow or silent.

use std::time::{Duration, Instant};

use databricks_toolkit::transport::RetryPolicy;
use databricks_toolkit::{Error, Workspace};
use serde_json::json;
use tokio::net::TcpListener;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::proxy::{Fault, Proxy};
use crate::{builder, healthy, requests};

/// Longer than the head of an answer of these servers, shorter than the whole.
const MID_BODY: usize = 200;

/// A workspace with an answer that is long enough to be cut.
async fn wordy() -> MockServer {
    let server = MockServer::start().await;
    let body = json!({ "job_id": 7, "filler": "x".repeat(2_000), "jobs": [] });
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(body)).mount(&server).await;
    server
}

async fn create(workspace: &Workspace) -> Result<(), Error> {
    workspace.jobs().create().name("n").send().await.map(drop)
}

#[tokio::test]
async fn a_host_that_refuses_at_first_is_tried_again_also_by_a_write() {
    let server = healthy().await;
    // A port where nobody listens, until somebody does.
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let target = *server.address();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(30)).await;
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        while let Ok((mut client, _)) = listener.accept().await {
            let mut server = tokio::net::TcpStream::connect(target).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await });
        }
    });
    let retry = RetryPolicy::default().first_delay(Duration::from_millis(40));
    create(&builder(format!("http://127.0.0.1:{port}")).retry(retry).build().unwrap()).await.unwrap();
    assert_eq!(requests(&server, "POST").await, 1);
}

#[tokio::test]
async fn a_host_that_goes_on_refusing_is_an_error_with_its_name() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let started = Instant::now();
    let host = format!("http://127.0.0.1:{port}");
    let error = create(&builder(host.clone()).build().unwrap()).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains(&format!("cannot reach {host} after 4 attempts")), "{text}");
    assert!(text.to_lowercase().contains("refused") && error.is_retryable(), "{text}");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_read_survives_what_breaks_its_connection() {
    for faults in [
        vec![Fault::Reset],
        vec![Fault::ResetAfter(0), Fault::ResetAfter(0)],
        vec![Fault::ResetAfter(MID_BODY), Fault::CloseAfter(MID_BODY)],
        vec![Fault::CloseAfter(0), Fault::CloseAfter(20)],
    ] {
        let server = wordy().await;
        let proxy = Proxy::start(&server, faults.clone()).await;
        let workspace = builder(&proxy.host).build().unwrap();
        workspace.jobs().list().send().await.unwrap_or_else(|error| panic!("{faults:?}: {error}"));
        assert_eq!(proxy.connections(), faults.len() + 1, "{faults:?}");
    }
}

#[tokio::test]
async fn a_write_whose_connection_breaks_is_sent_once_and_an_error() {
    for fault in [0, 20, MID_BODY].into_iter().flat_map(|at| [Fault::ResetAfter(at), Fault::CloseAfter(at)]) {
        let server = wordy().await;
        let proxy = Proxy::start(&server, [fault]).await;
        let error = create(&builder(&proxy.host).build().unwrap()).await.unwrap_err();
        assert!(matches!(&error, Error::Transport(_)), "{fault:?}: {error:?}");
        assert!(error.to_string().contains("jobs_create: lost the connection"), "{fault:?}: {error}");
        assert_eq!(requests(&server, "POST").await, 1, "{fault:?}: a write was sent twice");
    }
}

#[tokio::test]
async fn an_answer_that_comes_slowly_is_waited_for() {
    let server = wordy().await;
    let proxy = Proxy::start(&server, [Fault::Slow(100, Duration::from_millis(40))]).await;
    let started = Instant::now();
    // Only silence is too slow: the whole takes longer than the limit.
    let workspace = builder(&proxy.host).timeout(Duration::from_millis(300)).build().unwrap();
    workspace.jobs().list().send().await.unwrap();
    assert!(started.elapsed() > Duration::from_millis(300), "{:?}", started.elapsed());
    assert_eq!(proxy.connections(), 1);
}

#[tokio::test]
async fn silence_ends_a_read_in_success_and_a_write_in_an_error() {
    for at in [0, MID_BODY] {
        let server = wordy().await;
        let proxy = Proxy::start(&server, [Fault::StallAfter(at)]).await;
        let workspace = builder(&proxy.host).timeout(Duration::from_millis(200)).build().unwrap();
        workspace.jobs().list().send().await.unwrap();
        assert_eq!(proxy.connections(), 2, "{at}");

        let proxy = Proxy::start(&server, [Fault::StallAfter(at)]).await;
        let workspace = builder(&proxy.host).timeout(Duration::from_millis(200)).build().unwrap();
        let error = create(&workspace).await.unwrap_err();
        assert!(error.to_string().contains("no answer in time"), "{at}: {error}");
        assert_eq!((requests(&server, "POST").await, proxy.connections()), (1, 1));
    }
}

#[tokio::test]
async fn a_connection_that_was_closed_between_two_calls_is_no_error_of_the_second() {
    let server = healthy().await;
    let proxy = Proxy::start(&server, [Fault::CloseAfter(10_000)]).await;
    let workspace = builder(&proxy.host).build().unwrap();
    workspace.jobs().list().send().await.unwrap();
    // The pool holds the connection; the server's end of it goes away.
    drop(proxy);
    workspace.jobs().list().send().await.unwrap();
}
