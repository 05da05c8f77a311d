//! A server that is looked after: its settings change while it runs, and it tells what it does.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::binary;

/// Longest wait for a line.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server on standard input and output, without a workspace that answers.
struct Serving {
    child: Child,
    input: ChildStdin,
    output: Receiver<String>,
    errors: Receiver<String>,
}

fn lines(from: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (lines, received) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if lines.send(line).is_err() {
                break;
            }
        }
    });
    received
}

impl Serving {
    fn start(home: &Path, arguments: &[&str]) -> Self {
        let mut command = binary(home);
        command
            .env("DATABRICKS_HOST", "http://127.0.0.1:9")
            .env("DATABRICKS_TOKEN", "dapi-secret-of-the-test");
        command.arg("serve").args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let input = child.stdin.take().unwrap();
        let (output, errors) = (lines(child.stdout.take().unwrap()), lines(child.stderr.take().unwrap()));
        Self { child, input, output, errors }
    }

    fn tell(&mut self, message: &Value) {
        writeln!(self.input, "{message}").unwrap();
    }

    /// The next message of the server.
    fn hear(&self) -> Value {
        serde_json::from_str(&self.output.recv_timeout(PATIENCE).unwrap()).unwrap()
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.tell(&json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }));
        let answer = self.hear();
        assert!(answer.get("result").is_some(), "{answer}");
        answer["result"].clone()
    }

    fn initialize(&mut self) -> Value {
        let client = json!({ "name": "test", "version": "1" });
        let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client });
        let about = self.ask("initialize", &params);
        self.tell(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        about
    }

    fn tools(&mut self) -> Vec<String> {
        let tools = self.ask("tools/list", &json!({}));
        tools["tools"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tool| tool["name"].as_str().unwrap().to_owned())
            .collect()
    }

    fn hang_up(&self) {
        let done = Command::new("kill").args(["-HUP", &self.child.id().to_string()]).status().unwrap();
        assert!(done.success());
    }

    /// The first line on standard error with this text.
    fn complaint(&self, text: &str) -> String {
        loop {
            let line = self.errors.recv_timeout(PATIENCE).unwrap();
            if line.contains(text) {
                return line;
            }
        }
    }

    fn end(mut self) {
        drop(self.input);
        assert!(self.child.wait().unwrap().success());
    }
}

#[test]
fn the_settings_are_read_again_and_bad_ones_change_nothing() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("settings.toml");
    std::fs::write(&file, "toolsets = ['jobs']\n").unwrap();
    let mut server = Serving::start(home.path(), &["--config", file.to_str().unwrap(), "--log", "info"]);
    let about = server.initialize();
    assert_eq!(about["capabilities"]["tools"]["listChanged"], true, "{about}");
    assert!(server.tools().contains(&"list_jobs".to_owned()));

    std::fs::write(&file, "toolsets = ['sql']\n[[rules]]\nnames = ['prod.*']\nthen = 'never'\n").unwrap();
    server.hang_up();
    assert_eq!(server.hear()["method"], "notifications/tools/list_changed");
    let tools = server.tools();
    assert!(
        tools.contains(&"execute_sql".to_owned()) && !tools.contains(&"list_jobs".to_owned()),
        "{tools:?}"
    );
    let drop = json!({ "name": "execute_sql", "arguments": { "statement": "DROP TABLE prod.a.t" } });
    let refused = server.ask("tools/call", &drop);
    assert!(
        refused["content"][0]["text"].as_str().unwrap().contains("a rule of the server's owner"),
        "{refused}"
    );

    std::fs::write(&file, "toolsets = ['jobs']\nrules = 5\n").unwrap();
    server.hang_up();
    let said = server.complaint("the settings stay as they were");
    assert!(said.contains("line 2, column 9"), "{said}");
    assert_eq!(server.tools(), tools);

    // Other rules and the same tools: nobody has to look again.
    std::fs::write(&file, "toolsets = ['sql']\ndestructive = 'deny'\n").unwrap();
    server.hang_up();
    server.complaint("the settings were read again");
    let refused = server.ask("tools/call", &drop);
    assert!(refused["content"][0]["text"].as_str().unwrap().contains("--destructive deny"), "{refused}");
    server.end();
}

#[test]
fn whoever_listens_is_told_of_other_tools() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("settings.toml");
    std::fs::write(&file, "toolsets = ['jobs']\n").unwrap();
    let mut server = Serving::start(home.path(), &["--config", file.to_str().unwrap()]);
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let filter = json!({ "toolsListChanged": true, "promptsListChanged": true });
    let params = json!({ "_meta": meta, "notifications": filter });
    server.tell(&json!({ "jsonrpc": "2.0", "id": 7, "method": "subscriptions/listen", "params": params }));
    let acknowledged = server.hear();
    assert_eq!(acknowledged["method"], "notifications/subscriptions/acknowledged", "{acknowledged}");
    assert_eq!(acknowledged["params"]["notifications"], json!({ "toolsListChanged": true }));
    std::fs::write(&file, "toolsets = ['sql']\n").unwrap();
    server.hang_up();
    assert_eq!(server.hear()["method"], "notifications/tools/list_changed");
    server.end();
}

#[cfg(feature = "http")]
#[test]
fn metrics_are_told_beside_standard_output() {
    use std::io::Read;

    let home = tempfile::tempdir().unwrap();
    let mut server = Serving::start(home.path(), &["--metrics-addr", "0"]);
    let said = server.complaint("Metrics are at");
    let address = said.split("http://").nth(1).unwrap().strip_suffix("/metrics").unwrap().to_owned();
    let get = |path: &str| {
        let mut socket = std::net::TcpStream::connect(&address).unwrap();
        write!(socket, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
        let mut text = String::new();
        socket.read_to_string(&mut text).unwrap();
        text
    };
    server.initialize();
    let params = json!({ "name": "api_search", "arguments": { "query": "permissions of a job" } });
    server.ask("tools/call", &params);
    server.ask("tools/call", &json!({ "name": "no_such_tool", "arguments": {} }));
    let text = get("/metrics");
    for line in [
        "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8",
        r#"databricks_mcp_tool_calls_total{tool="api_search",outcome="done"} 1"#,
        r#"databricks_mcp_tool_calls_total{tool="unknown",outcome="refused"} 1"#,
        "databricks_mcp_tools_running 0",
    ] {
        assert!(text.lines().any(|written| written == line), "no line {line} in\n{text}");
    }
    assert!(get("/healthz").starts_with("HTTP/1.0 200"));
    let ready = get("/readyz");
    assert!(ready.starts_with("HTTP/1.0 503") && ready.contains("does not answer"), "{ready}");
    server.end();
}

#[test]
fn logs_go_to_a_file_as_json() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("server.log");
    let arguments = ["--log", "debug", "--log-format", "json", "--log-file", file.to_str().unwrap()];
    let mut server = Serving::start(home.path(), &arguments);
    server.initialize();
    server.ask("tools/call", &json!({ "name": "list_clusters", "arguments": {} }));
    server.end();
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains("dapi-secret-of-the-test"));
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let failed = events.iter().find(|event| event["span"]["operation"] == "clusters_list").unwrap();
    assert!(failed["level"].is_string() && failed["timestamp"].is_string(), "{failed}");
    let said = crate::complaint(&crate::run(home.path(), &["--log-file", "/no/such/folder/log", "tools"]), 2);
    assert!(said.contains("/no/such/folder/log"), "{said}");
}
