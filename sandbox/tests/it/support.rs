//! A sandbox and a client for it.

use databricks_sandbox::{Builder, Clock, Sandbox};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// A running sandbox with a clock that stands still.
pub(crate) struct Lab {
    pub(crate) sandbox: Sandbox,
    client: reqwest::Client,
}

impl Lab {
    /// A sandbox in a temporary folder.
    pub(crate) async fn start() -> Self {
        Self::with(Sandbox::builder()).await
    }

    /// A sandbox with settings of its own; the clock is always a manual one.
    pub(crate) async fn with(builder: Builder) -> Self {
        Self::on(builder, Clock::manual()).await
    }

    /// A sandbox that lives by this clock.
    pub(crate) async fn on(builder: Builder, clock: Clock) -> Self {
        // every answer of every test is held to the API's documents
        let sandbox = builder.clock(clock).strict(true).start().await.unwrap();
        Self { sandbox, client: reqwest::Client::new() }
    }

    /// A request with the token. `path` starts after `/api/`.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}/api/{path}", self.sandbox.url()))
            .bearer_auth(self.sandbox.token())
    }

    /// Sends a request and gives back the status and the JSON body (null if there is none).
    pub(crate) async fn send(&self, request: RequestBuilder) -> (u16, Value) {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (
            status,
            if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(json!(text)) },
        )
    }

    /// A GET that must succeed.
    pub(crate) async fn get(&self, path: &str) -> Value {
        self.must(Method::GET, path, None).await
    }

    /// A POST that must succeed.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.must(Method::POST, path, Some(body)).await
    }

    /// A request that must be refused; gives back `status error_code: message`.
    pub(crate) async fn refused(&self, method: Method, path: &str, body: Option<Value>) -> String {
        let request = self.request(method, path);
        let (status, answer) =
            self.send(if let Some(body) = body { request.json(&body) } else { request }).await;
        assert!(status >= 400, "{path} answered {status} {answer}");
        format!(
            "{status} {}: {}",
            answer["error_code"].as_str().unwrap_or("?"),
            answer["message"].as_str().unwrap_or("?")
        )
    }

    async fn must(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let request = self.request(method, path);
        let (status, answer) =
            self.send(if let Some(body) = body { request.json(&body) } else { request }).await;
        assert_eq!(status, 200, "{path} answered {answer}");
        answer
    }
}
