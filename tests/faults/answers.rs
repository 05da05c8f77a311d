//! Answers that are no answers: "later", web pages, halves of JSON, redirects to a login.

use std::time::{Duration, Instant, SystemTime};

use databricks_toolkit::{Error, ErrorKind};
use serde_json::json;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::proxy::Proxy;
use crate::{builder, recovering, requests};

#[tokio::test]
async fn both_forms_of_retry_after_are_heeded_by_reads_and_writes() {
    for status in [429, 503] {
        // A date has no parts of a second: of two, more than one is left when it is written.
        let date = || httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(2));
        for (form, least) in [("seconds", 1_000), ("date", 800)] {
            let after = if form == "date" { date() } else { "1".to_owned() };
            let busy = || ResponseTemplate::new(status).insert_header("retry-after", after.as_str());
            let (reads, writes) = (recovering(busy(), 1).await, recovering(busy(), 1).await);
            let (read, write) = (Proxy::start(&reads, []).await, Proxy::start(&writes, []).await);
            let (read, write) = (builder(&read.host).build().unwrap(), builder(&write.host).build().unwrap());
            let started = Instant::now();
            let (read, write) =
                tokio::join!(read.jobs().list().send(), write.jobs().create().name("n").send());
            let elapsed = started.elapsed().as_millis();
            assert!(read.is_ok() && write.is_ok(), "{status} {after}");
            assert!((least..3_000).contains(&elapsed), "{status} {after}: {elapsed} ms");
            assert_eq!((requests(&reads, "GET").await, requests(&writes, "POST").await), (2, 2));
        }
    }
}

#[tokio::test]
async fn the_wait_among_the_details_is_heeded() {
    let details = json!([{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retry_delay": "0.7s"}]);
    let body = json!({"error_code": "RESOURCE_EXHAUSTED", "message": "later", "details": details});
    let server = recovering(ResponseTemplate::new(429).set_body_json(body), 1).await;
    let started = Instant::now();
    builder(server.uri()).build().unwrap().jobs().create().name("n").send().await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(700), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_write_that_may_have_had_an_effect_is_sent_once() {
    for status in [408, 500, 502, 503, 504] {
        let server = recovering(ResponseTemplate::new(status), 1).await;
        let workspace = builder(server.uri()).build().unwrap();
        let error = workspace.jobs().create().name("n").send().await.unwrap_err();
        assert!(matches!(error, Error::Api(_)), "{status}: {error}");
        assert_eq!(requests(&server, "POST").await, 1, "{status}: a write was sent twice");
    }
}

async fn serve(template: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(template).mount(&server).await;
    server
}

#[tokio::test]
async fn pages_of_gateways_are_errors_in_few_words() {
    let page = |body: &str| {
        let body = format!("<html><head><title>x</title></head><body>{body}</body></html>");
        ResponseTemplate::new(500).set_body_raw(body, "text/html")
    };
    for (template, expected) in [
        (page("<h1>Error</h1><pre> the broker is gone </pre>"), "jobs_list: the broker is gone (500 "),
        (page("<h1>Error</h1>"), "jobs_list: a web page instead of an API answer (500 "),
    ] {
        let proxy = Proxy::start(&serve(template).await, []).await;
        let error = builder(&proxy.host).build().unwrap().jobs().list().send().await.unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
        assert_eq!(error.kind(), Some(ErrorKind::Internal));
    }
    // A login page that is answered with a success.
    let login = ResponseTemplate::new(200).set_body_raw("<html>log in</html>", "text/html");
    let proxy = Proxy::start(&serve(login).await, []).await;
    let error = builder(&proxy.host).build().unwrap().jobs().list().send().await.unwrap_err();
    assert!(error.to_string().contains("a web page and not JSON"), "{error}");
}

#[tokio::test]
async fn half_of_json_is_an_error_with_place_and_snippet_and_sent_once() {
    let half =
        ResponseTemplate::new(200).set_body_raw("{\"job_id\": 7, \"settings\": {\"na", "application/json");
    let server = serve(half).await;
    let proxy = Proxy::start(&server, []).await;
    let workspace = builder(&proxy.host).build().unwrap();
    let error = workspace.jobs().create().name("n").send().await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::Decode(_)) && text.contains("jobs_create"), "{text}");
    assert!(text.contains("EOF") && text.contains("job_id"), "{text}");
    assert_eq!(requests(&server, "POST").await, 1);
}

#[tokio::test]
async fn a_redirect_to_a_login_is_an_error_and_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        for (query, expected) in [
            ("next_url=/api&token=s3cret", "login.html; is this the host of a workspace?"),
            ("error=private-link-validation-error&token=s3cret", "over a private link only"),
        ] {
            let server = MockServer::start().await;
            let target = format!("{}/login.html?{query}", server.uri());
            let redirect = ResponseTemplate::new(status).insert_header("location", target.as_str());
            Mock::given(any()).respond_with(redirect).mount(&server).await;
            let proxy = Proxy::start(&server, []).await;
            let workspace = builder(&proxy.host).build().unwrap();
            let error = workspace.jobs().create().name("n").send().await.unwrap_err();
            let text = format!("{error} {error:?}");
            assert!(text.contains(expected) && !text.contains("s3cret"), "{status}: {text}");
            assert_eq!(server.received_requests().await.unwrap().len(), 1, "{status}");
        }
    }
}
