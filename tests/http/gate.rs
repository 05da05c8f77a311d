//! Who is let in: by token, by `Host`, by `Origin`.

use databricks_toolkit::mcp::http::{Http, HttpError, HttpOptions};
use serde_json::json;

use crate::support::{Reply, Served, object, send};

const TOKEN: &str = "a-token-of-the-tests-1234";
const NEXT: &str = "another-token-of-the-tests";

async fn list(served: &Served, headers: &[(&str, &str)]) -> Reply {
    let mut request = served.request("tools/list", object(json!({})), json!({}));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_needed_where_there_is_one() {
    let options = HttpOptions::default().token(TOKEN.into()).unwrap().token(NEXT.into()).unwrap();
    assert!(!format!("{options:?}").contains(TOKEN));
    let served = Served::start(options).await;
    for right in [format!("Bearer {TOKEN}"), format!("bearer {NEXT}")] {
        let reply = list(&served, &[("authorization", &right)]).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
    let almost = format!("Bearer {}", &TOKEN[..TOKEN.len() - 1]);
    let basic = format!("Basic {TOKEN}");
    for (headers, challenge) in [
        (vec![], "Bearer realm=\"databricks-mcp\""),
        (vec![("authorization", basic.as_str())], "Bearer realm=\"databricks-mcp\""),
        (
            vec![("authorization", almost.as_str())],
            "Bearer realm=\"databricks-mcp\", error=\"invalid_token\"",
        ),
    ] {
        let reply = list(&served, &headers).await;
        assert_eq!(reply.status, 401, "{headers:?}");
        assert_eq!(reply.headers["www-authenticate"], challenge);
        assert_eq!(reply.headers["cache-control"], "no-store");
        assert!(!reply.text.contains("a-token-of"), "{}", reply.text);
    }
    // Whoever looks after the server needs none.
    assert_eq!(served.get("/healthz").await.status, 200);
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_this_machines_names_and_pages_are_let_in_unless_more_are_allowed() {
    let served = Served::start(HttpOptions::default()).await;
    let port = served.url.rsplit(':').next().unwrap().trim_end_matches("/mcp").to_owned();
    let local = format!("localhost:{port}");
    for headers in [
        vec![("host", local.as_str())],
        vec![("origin", "http://localhost:5173")],
        vec![("origin", "http://127.0.0.1")],
        vec![("origin", "http://[::1]:3000")],
    ] {
        assert_eq!(list(&served, &headers).await.status, 200, "{headers:?}");
    }
    for headers in [
        vec![("host", "evil.example")],
        vec![("host", "localhost.evil.example")],
        vec![("origin", "https://evil.example")],
        vec![("origin", "http://localhost.evil.example")],
        vec![("origin", "null")],
    ] {
        assert_eq!(list(&served, &headers).await.status, 403, "{headers:?}");
    }
    served.end().await;

    let options = HttpOptions::default().allow_host("mcp.example").unwrap();
    let served = Served::start(options.allow_origin("https://app.example").unwrap()).await;
    let allowed = [("host", "mcp.example"), ("origin", "https://app.example")];
    let reply = list(&served, &allowed).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.headers["access-control-allow-origin"], "https://app.example");
    assert_eq!(list(&served, &[("origin", "https://app.example:444")]).await.status, 403);
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_learn_what_pages_may_send() {
    let options = HttpOptions::default().token(TOKEN.into()).unwrap();
    let served = Served::start(options.allow_origin("https://app.example").unwrap()).await;
    let asked = async |origin: &str| {
        let request = served.client().request(reqwest::Method::OPTIONS, &served.url);
        let request = request.header("origin", origin).header("access-control-request-method", "POST");
        send(request.header("access-control-request-headers", "authorization,mcp-session-id")).await
    };
    let allowed = asked("https://app.example").await;
    assert_eq!(allowed.headers["access-control-allow-origin"], "https://app.example");
    let headers = allowed.headers["access-control-allow-headers"].to_str().unwrap();
    assert!(headers.contains("authorization") && headers.contains("mcp-session-id"), "{headers}");
    assert!(asked("https://evil.example").await.headers.get("access-control-allow-origin").is_none());
    served.end().await;
}

#[tokio::test]
async fn nothing_is_served_to_other_machines_without_a_check() {
    let open = |options: HttpOptions| Http::bind("0.0.0.0:0", options);
    let refused = open(HttpOptions::default()).await.unwrap_err();
    assert!(matches!(refused, HttpError::Exposed { .. }));
    assert!(refused.to_string().contains("--http-token"), "{refused}");
    // The callers' tokens are no check: anybody can send some.
    assert!(open(HttpOptions::default().caller_tokens(true)).await.is_err());
    open(HttpOptions::default().token(TOKEN.into()).unwrap()).await.unwrap();
    open(HttpOptions::default().trust_proxy(true)).await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_used_is_named() {
    let said = |error: HttpError| error.to_string();
    assert!(said(HttpOptions::default().token("short".into()).unwrap_err()).contains("16 characters"));
    assert!(
        said(HttpOptions::default().token("with a blank in it, long".into()).unwrap_err()).contains("ASCII")
    );
    assert!(said(HttpOptions::default().allow_origin("app.example").unwrap_err()).contains("`app.example`"));
    assert!(said(HttpOptions::default().allow_host("a b").unwrap_err()).contains("`a b`"));
    let taken = Http::bind("0", HttpOptions::default()).await.unwrap();
    let address = taken.url().trim_start_matches("http://").trim_end_matches("/mcp").to_owned();
    for wrong in ["nowhere", "127.0.0.1", "127.0.0.1:99999", &address] {
        let error = said(Http::bind(wrong, HttpOptions::default()).await.unwrap_err());
        assert!(error.contains(&format!("`{wrong}`")) && error.contains("127.0.0.1:8000"), "{error}");
    }
}
