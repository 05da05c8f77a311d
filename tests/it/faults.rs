//! The transport between bad networks and impatient callers, on real sockets: what is cut off, slow,
//! limited or behind a proxy. Nothing hangs, no write is sent twice, no secret is logged.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use databricks_toolkit::transport::RetryPolicy;
use databricks_toolkit::{Builder, Error, Workspace};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tracing::instrument::WithSubscriber;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

const TOKEN: &str = "dapi-very-secret";

fn builder(host: impl Into<String>) -> Builder<Workspace> {
    let retry = RetryPolicy::default().first_delay(Duration::from_millis(5)).budget(Duration::from_secs(5));
    Workspace::builder().host(host).token(TOKEN).retry(retry)
}

/// A server that answers the requests of its connections with these bytes, one after the other, and
/// closes the connection after each; and the number of requests it has seen.
async fn raw(answers: &'static [&'static str]) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(AtomicUsize::new(0));
    let count = seen.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let at = count.fetch_add(1, Ordering::SeqCst);
            read_request(&mut stream).await;
            let _ = stream.write_all(answers[at.min(answers.len() - 1)].as_bytes()).await;
        }
    });
    (host, seen)
}

async fn read_request(stream: &mut TcpStream) {
    let mut request = Vec::new();
    let mut part = [0; 1024];
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return,
            Ok(read) => request.extend_from_slice(&part[..read]),
        }
    }
}

const CUT: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"jobs\": [";
const WHOLE: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n{\"jobs\": []}";

#[tokio::test]
async fn an_answer_cut_off_is_read_again_for_a_read_and_an_error_for_a_write() {
    let (host, seen) = raw(&[CUT, "", WHOLE]).await;
    builder(host).build().unwrap().jobs().list().send().await.unwrap();
    assert_eq!(seen.load(Ordering::SeqCst), 3);

    for answer in [CUT, ""] {
        let (host, seen) = raw(Box::leak(Box::new([answer]))).await;
        let error = builder(host).build().unwrap().jobs().create().name("n").send().await.unwrap_err();
        assert!(matches!(&error, Error::Transport(_)), "{error:?}");
        assert!(error.to_string().contains("lost the connection"), "{error}");
        assert_eq!(seen.load(Ordering::SeqCst), 1, "a write was sent twice");
    }
}

#[tokio::test]
async fn truncated_json_is_an_error_with_place_and_snippet() {
    const TRUNCATED: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 22\r\n\r\n{\"jobs\": [{\"job_id\": 7";
    let (host, _) = raw(&[TRUNCATED]).await;
    let error = builder(host).build().unwrap().jobs().list().send().await.unwrap_err().to_string();
    assert!(error.contains("jobs_list") && error.contains("jobs[0]") && error.contains("job_id"), "{error}");
}

#[tokio::test]
async fn a_call_ends_when_the_caller_says_so() {
    let server = MockServer::start().await;
    let busy = ResponseTemplate::new(503).insert_header("retry-after", "1");
    Mock::given(any()).respond_with(busy).mount(&server).await;
    let started = Instant::now();
    let workspace = builder(server.uri()).call_timeout(Duration::from_millis(300)).build().unwrap();
    let error = workspace.jobs().list().send().await.unwrap_err();
    assert_eq!(error.to_string(), "jobs_list: no answer within 0.3 s");
    assert!(error.is_retryable() && started.elapsed() < Duration::from_millis(900));
}

#[tokio::test]
async fn requests_are_limited_by_second_and_at_once() {
    let server = MockServer::start().await;
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_millis(50)).set_body_json(json!({}));
    Mock::given(any()).respond_with(slow).mount(&server).await;
    let elapsed = async |workspace: Workspace, calls: usize| {
        let started = Instant::now();
        let calls = (0..calls).map(|_| workspace.jobs().list().send());
        futures_util::future::try_join_all(calls).await.unwrap();
        started.elapsed()
    };
    let free = elapsed(builder(server.uri()).rate_limit(0).build().unwrap(), 8).await;
    let in_turn = elapsed(builder(server.uri()).rate_limit(0).max_in_flight(2).build().unwrap(), 8).await;
    // Four times 50 ms, whatever else the machine does.
    assert!(in_turn >= Duration::from_millis(200), "{in_turn:?} and {free:?} without a limit");
    // Ten at once, then one every 100 ms.
    let rated = elapsed(builder(server.uri()).rate_limit(10).build().unwrap(), 14).await;
    assert!(rated >= Duration::from_millis(400), "{rated:?}");
}

#[tokio::test]
async fn a_proxy_is_used_and_its_password_never_shown() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(json!({}))).mount(&server).await;
    let proxy = server.uri().replace("http://", "http://user:pr0xy-secret@");
    // Nothing listens there: only the proxy can have answered.
    let builder = builder("http://127.0.0.1:9").proxy(&proxy);
    assert!(!format!("{builder:?}").contains("pr0xy-secret"));
    builder.build().unwrap().jobs().list().send().await.unwrap();
    assert!(server.received_requests().await.unwrap()[0].headers.contains_key("proxy-authorization"));
    let error = self::builder("http://127.0.0.1:9").proxy("http://a b:pr0xy-secret").build().unwrap_err();
    assert!(error.to_string().contains("proxy") && !format!("{error:?}{error}").contains("pr0xy-secret"));
    let error = self::builder("http://127.0.0.1:9").root_certificate("no certificate").build().unwrap_err();
    assert!(error.to_string().contains("PEM"), "{error}");
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_trace_shows_the_call_and_no_secret() {
    let server = MockServer::start().await;
    let answer =
        json!({ "token_value": "dapi-new", "job_id": 7, "run_id": 8, "settings": { "password": "p4ss" } });
    let answer = ResponseTemplate::new(200).insert_header("x-request-id", "r-1").set_body_json(answer);
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter("trace")
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let workspace = builder(server.uri()).build().unwrap();
    async {
        let parameters = [("password", "run-secret"), ("day", "2026-11-22")];
        workspace.jobs().run_now().job_id(7).job_parameters(parameters).send().await.unwrap();
        workspace.jobs().get().job_id(7).send().await.unwrap();
    }
    .with_subscriber(subscriber)
    .await;
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for seen in
        ["jobs_run_now", "/api/2.2/jobs/run-now", "request_id=\"r-1\"", "status_code=200", "2026-11-22"]
    {
        assert!(log.contains(seen), "no {seen} in {log}");
    }
    for secret in [TOKEN, "dapi-new", "p4ss", "run-secret"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}
