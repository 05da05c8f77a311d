//! What whoever looks after the server is told.

use databricks_sandbox::Sandbox;
use databricks_toolkit::mcp::http::HttpOptions;
use serde_json::{Value, json};

use crate::support::Served;

async fn ready(served: &Served) -> (u16, Value) {
    let reply = served.get("/readyz").await;
    (reply.status.as_u16(), serde_json::from_str(&reply.text).unwrap())
}

async fn with_token(token: &str, options: HttpOptions) -> Served {
    Served::over(Sandbox::builder().start().await.unwrap(), token, options).await
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_ready_when_the_host_answers_and_takes_the_login() {
    let served = Served::start(HttpOptions::default()).await;
    assert_eq!(served.get("/healthz").await.status, 200);
    let answers = json!({ "ready": true, "draining": false, "host": "answers", "credentials": "accepted" });
    assert_eq!(ready(&served).await, (200, answers));
    served.end().await;

    let served = with_token("wrong", HttpOptions::default()).await;
    assert_eq!(served.get("/healthz").await.status, 200);
    let refused = json!({ "ready": false, "draining": false, "host": "answers", "credentials": "refused" });
    assert_eq!(ready(&served).await, (503, refused));
    served.end().await;

    // The callers bring their own: what the server has does not count.
    let served = with_token("wrong", HttpOptions::default().caller_tokens(true)).await;
    let (status, found) = ready(&served).await;
    assert_eq!((status, &found["credentials"]), (200, &json!("the callers' own")), "{found}");
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_for_those_who_may_call() {
    use databricks_toolkit::mcp::metrics::{CONTENT_TYPE, Metrics};

    let token = "a-token-of-this-server";
    let options = HttpOptions::default().token(token.into()).unwrap().metrics(Metrics::default().into());
    let served = Served::start(options).await;
    assert_eq!(served.get("/metrics").await.status, 401);
    let request = served.client().get(served.url.replace("/mcp", "/metrics")).bearer_auth(token);
    let reply = crate::support::send(request).await;
    assert_eq!(
        (reply.status.as_u16(), &reply.headers["content-type"]),
        (200, &CONTENT_TYPE.parse().unwrap())
    );
    assert!(reply.text.contains("databricks_mcp_build_info{version="), "{}", reply.text);
    served.end().await;
    // Where nothing counts there is no such page.
    let served = Served::start(HttpOptions::default()).await;
    assert_eq!(served.get("/metrics").await.status, 404);
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_not_there_is_told() {
    use databricks_toolkit::Workspace;
    use databricks_toolkit::mcp::http::Http;
    use databricks_toolkit::mcp::{App, Registry, Server};
    use tokio_util::sync::CancellationToken;

    let workspace = Workspace::builder().host("http://127.0.0.1:9").token("x").build().unwrap();
    let http = Http::bind("0", HttpOptions::default()).await.unwrap();
    let (url, stop) = (http.url().replace("/mcp", "/readyz"), CancellationToken::new());
    let server = Server::new(App::new(workspace), Registry::default());
    let ended = tokio::spawn(http.serve(server, stop.clone().cancelled_owned()));
    let reply = reqwest::get(url).await.unwrap();
    assert_eq!(reply.status(), 503);
    let found: Value = serde_json::from_str(&reply.text().await.unwrap()).unwrap();
    assert_eq!(found["host"], "does not answer");
    stop.cancel();
    ended.await.unwrap().unwrap();
}
