//! A server in this process over a sandbox, and requests to it.

use databricks_sandbox::Sandbox;
use databricks_toolkit::Workspace;
use databricks_toolkit::mcp::http::{Http, HttpError, HttpOptions};
use databricks_toolkit::mcp::{App, Destructive, Policy, Registry, Selection, Server};
use reqwest::header::HeaderMap;
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Map, Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) const MODERN: &str = "2026-07-28";
pub(crate) const LEGACY: &str = "2025-11-25";

pub(crate) struct Served {
    pub(crate) url: String,
    pub(crate) sandbox: Sandbox,
    pub(crate) stop: CancellationToken,
    pub(crate) ended: JoinHandle<Result<(), HttpError>>,
    client: reqwest::Client,
}

/// What a request was answered with: the messages of the body, also where they came as events.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    async fn of(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    pub(crate) fn messages(&self) -> Vec<Value> {
        match serde_json::from_str(&self.text) {
            Ok(message) => vec![message],
            Err(_) => {
                let data = self.text.lines().filter_map(|line| line.strip_prefix("data:"));
                data.filter_map(|line| serde_json::from_str(line.trim()).ok()).collect()
            }
        }
    }

    /// The last message, which is the answer.
    pub(crate) fn last(&self) -> Value {
        self.messages().pop().unwrap_or_else(|| panic!("{}: {}", self.status, self.text))
    }

    pub(crate) fn result(&self) -> Value {
        let last = self.last();
        assert!(last.get("result").is_some(), "{last}");
        last["result"].clone()
    }

    /// The answer of a tool that succeeded.
    pub(crate) fn answer(&self) -> Value {
        let result = self.result();
        assert_ne!(result["isError"], true, "{result}");
        result["structuredContent"].clone()
    }
}

impl Served {
    /// With the sandbox's own token as the server's.
    pub(crate) async fn start(options: HttpOptions) -> Self {
        let sandbox = Sandbox::builder().start().await.unwrap();
        let token = sandbox.token().to_owned();
        Self::over(sandbox, &token, options).await
    }

    /// With this token as the server's. Nobody is asked before something is destroyed.
    pub(crate) async fn over(sandbox: Sandbox, token: &str, options: HttpOptions) -> Self {
        Self::with(sandbox, token, options, Destructive::Allow).await
    }

    pub(crate) async fn with(
        sandbox: Sandbox,
        token: &str,
        options: HttpOptions,
        policy: Destructive,
    ) -> Self {
        let workspace = Workspace::builder().host(sandbox.url()).token(token).build().unwrap();
        let registry = Registry::select(&Selection::default()).unwrap();
        let policy = Policy { destructive: policy, ..Policy::default() };
        let server = Server::new(App::new(workspace).with_policy(policy), registry);
        let http = Http::bind("0", options).await.unwrap();
        let (url, stop) = (http.url(), CancellationToken::new());
        let ended = tokio::spawn(http.serve(server, stop.clone().cancelled_owned()));
        Self { url, sandbox, stop, ended, client: reqwest::Client::new() }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        let url = self.url.replace("/mcp", path);
        Reply::of(self.client.get(url).send().await.unwrap()).await
    }

    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// A request of the revision without sessions, from a client with these capabilities.
    pub(crate) fn request(
        &self,
        method: &str,
        mut params: Map<String, Value>,
        client: Value,
    ) -> RequestBuilder {
        let name = ["name", "uri", "taskId"].iter().find_map(|key| params.get(*key)).and_then(Value::as_str);
        let mut request = self
            .client
            .post(&self.url)
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", MODERN)
            .header("mcp-method", method);
        if let Some(name) = name {
            request = request.header("mcp-name", name);
        }
        let meta = params.entry("_meta").or_insert_with(|| json!({}));
        meta["io.modelcontextprotocol/protocolVersion"] = json!(MODERN);
        meta["io.modelcontextprotocol/clientCapabilities"] = client;
        request.json(&json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }))
    }

    pub(crate) async fn ask(&self, method: &str, params: Value) -> Reply {
        let request = self.request(method, object(params), json!({}));
        Reply::of(request.send().await.unwrap()).await
    }

    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Reply {
        self.ask("tools/call", json!({ "name": tool, "arguments": arguments })).await
    }

    /// A message of a session, or the one that begins it.
    pub(crate) fn in_session(&self, session: Option<&str>, message: &Value) -> RequestBuilder {
        let request =
            self.client.post(&self.url).header("accept", "application/json, text/event-stream").json(message);
        match session {
            Some(id) => request.header("mcp-session-id", id).header("mcp-protocol-version", LEGACY),
            None => request,
        }
    }

    /// Begins a session and gives back its id and what the server said of itself.
    pub(crate) async fn initialize(&self, headers: &[(&'static str, &str)]) -> (String, Value) {
        let with = |mut request: RequestBuilder| {
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            request
        };
        let client = json!({ "name": "test", "version": "1" });
        let params = json!({ "protocolVersion": LEGACY, "capabilities": {}, "clientInfo": client });
        let first = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params });
        let reply = Reply::of(with(self.in_session(None, &first)).send().await.unwrap()).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let id = reply.headers["mcp-session-id"].to_str().unwrap().to_owned();
        let note = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        let noted = with(self.in_session(Some(&id), &note)).send().await.unwrap();
        assert_eq!(noted.status(), 202);
        (id, reply.result())
    }

    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.ended.await.unwrap().unwrap();
        self.sandbox.shutdown().await;
    }
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}

pub(crate) async fn send(request: RequestBuilder) -> Reply {
    Reply::of(request.send().await.unwrap()).await
}
