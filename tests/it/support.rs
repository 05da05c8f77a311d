//! The binary under test and its sandbox.

use std::process::{Command, Output};

use databricks_sandbox::Sandbox;
use rmcp::ServiceExt;
use rmcp::model::{CallToolRequestParams, CallToolResult};
use rmcp::service::{RoleClient, RunningService};
use rmcp::transport::TokioChildProcess;
use serde_json::Value;

#[path = "../common/answers.rs"]
mod answers;

pub(crate) type Client = RunningService<RoleClient, ()>;

/// The binary, without the settings of whoever runs the tests.
pub(crate) fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_databricks-mcp"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DATABRICKS_")) {
        command.env_remove(name);
    }
    command
}

/// The binary run with these arguments against this sandbox.
pub(crate) fn run(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    let mut command = binary();
    command.env("DATABRICKS_HOST", sandbox.url()).env("DATABRICKS_TOKEN", sandbox.token());
    command.args(arguments).output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

pub(crate) async fn sandbox() -> Sandbox {
    Sandbox::builder().start().await.unwrap()
}

/// The server as a child process over this sandbox, and a client that we did not write.
pub(crate) async fn serve(sandbox: &Sandbox) -> Client {
    let mut command = tokio::process::Command::from(binary());
    command.env("DATABRICKS_HOST", sandbox.url()).env("DATABRICKS_TOKEN", sandbox.token());
    // This client cannot ask a person; `confirm.rs` has one that can.
    command.args(["serve", "--destructive", "allow"]);
    ().serve(TokioChildProcess::new(command).unwrap()).await.unwrap()
}

pub(crate) async fn call(client: &Client, tool: &'static str, arguments: Value) -> CallToolResult {
    let Value::Object(arguments) = arguments else { panic!("arguments must be an object") };
    let result = client.call_tool(CallToolRequestParams::new(tool).with_arguments(arguments)).await.unwrap();
    if result.is_error != Some(true) {
        answers::check(tool, &said(&result), result.structured_content.as_ref().unwrap());
    }
    result
}

/// The answer of a call that must succeed.
pub(crate) async fn ok(client: &Client, tool: &'static str, arguments: Value) -> Value {
    let result = call(client, tool, arguments).await;
    assert_ne!(result.is_error, Some(true), "{tool}: {:?}", result.content);
    result.structured_content.unwrap()
}

/// The error of a call that must fail.
pub(crate) async fn fails(client: &Client, tool: &'static str, arguments: Value) -> String {
    let result = call(client, tool, arguments).await;
    assert_eq!(result.is_error, Some(true), "{tool}: {:?}", result.content);
    said(&result)
}

pub(crate) fn said(result: &CallToolResult) -> String {
    result.content.iter().filter_map(|block| block.as_text()).map(|text| text.text.as_str()).collect()
}
