//! `demo`: a client and this very program as its server, over the embedded workspace.
//!
//! The session is what a first look should show: the tools, a query over the sample data, a
//! notebook written and read back, and Python whose variables live on between two calls.

use std::env;

use rmcp::model::CallToolRequestParams;
use rmcp::service::{RoleClient, RunningService};
use rmcp::transport::TokioChildProcess;
use rmcp::{ServiceExt, model::ContentBlock};
use serde_json::{Value, json};
use tokio::process::Command;

use super::Failure;

type Client = RunningService<RoleClient, ()>;

pub(super) async fn run() -> Result<(), Failure> {
    let mut server = Command::new(env::current_exe()?);
    server.args(["serve", "--sandbox"]);
    super::say("$ databricks-mcp serve --sandbox      (over stdio)")?;
    let client = ().serve(TokioChildProcess::new(server)?).await?;
    let result = session(&client).await;
    client.cancel().await?;
    result?;
    super::say("\nThat was a real MCP session. To let your agent have one, give its client this command:")?;
    super::say("    databricks-mcp serve --sandbox      the embedded workspace, no account")?;
    super::say(format_args!(
        "    databricks-mcp serve                your workspace: set DATABRICKS_HOST and DATABRICKS_TOKEN"
    ))?;
    Ok(())
}

async fn session(client: &Client) -> Result<(), Failure> {
    let tools = client.list_all_tools().await?;
    super::say(format_args!("\n> tools/list\n{} tools:", tools.len()))?;
    for group in tools.chunks(6) {
        super::say(format_args!(
            "  {}",
            group.iter().map(|tool| tool.name.as_ref()).collect::<Vec<_>>().join(", ")
        ))?;
    }
    call(client, "who_am_i", json!({})).await?;
    let query = "SELECT pickup_zip, COUNT(*) AS trips, ROUND(AVG(fare_amount), 2) AS average_fare \
                 FROM samples.nyctaxi.trips GROUP BY pickup_zip ORDER BY trips DESC LIMIT 3";
    call(client, "execute_sql", json!({ "statement": query })).await?;

    let path = "/Shared/demo/hello";
    call(
        client,
        "write_workspace_file",
        json!({ "path": path, "language": "PYTHON", "overwrite": true, "content": "print('hello from a notebook')\n" }),
    )
    .await?;
    call(client, "read_workspace_file", json!({ "path": path })).await?;

    let context = call(client, "create_execution_context", json!({ "language": "python" })).await?;
    let ids = json!({ "cluster_id": context["cluster_id"], "context_id": context["context_id"] });
    let with = |code: &str| {
        let mut arguments = ids.clone();
        arguments["code"] = json!(code);
        arguments
    };
    call(client, "execute_command", with("squares = [n * n for n in range(10)]")).await?;
    call(client, "execute_command", with("sum(squares)")).await?;
    call(client, "destroy_execution_context", ids).await?;
    Ok(())
}

/// Calls a tool, shows both sides, and fails where the tool does.
async fn call(client: &Client, tool: &'static str, arguments: Value) -> Result<Value, Failure> {
    super::say(format_args!("\n> {tool} {arguments}"))?;
    let Value::Object(arguments) = arguments else { return Err("arguments must be an object".into()) };
    let result = client.call_tool(CallToolRequestParams::new(tool).with_arguments(arguments)).await?;
    let text: Vec<&str> = result
        .content
        .iter()
        .filter_map(|block| match block {
            ContentBlock::Text(text) => Some(text.text.as_str()),
            _ => None,
        })
        .collect();
    if result.is_error == Some(true) {
        return Err(format!("{tool}: {}", text.join("\n")).into());
    }
    let answer = result.structured_content.unwrap_or_default();
    super::say(serde_json::to_string(&answer)?)?;
    Ok(answer)
}
