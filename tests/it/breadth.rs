//! Every operation of the documents, called by our client on a sandbox that holds what it is asked and
//! what it answers to the documents: nothing may be refused by either for its form.

use std::collections::BTreeMap;
use std::path::Path;

use databricks_sandbox::Sandbox;
use rmcp::ServiceExt;
use rmcp::model::CallToolRequestParams;
use rmcp::transport::TokioChildProcess;
use serde_json::{Map, Value, json};

use crate::support::{Client, binary, said};

/// The documents as they are in the repository, by name.
fn documents() -> BTreeMap<String, Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|it| it == "json") && !path.ends_with("lock.json"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
        })
        .collect()
}

/// A value of a schema: what is required in it, and no more.
fn sample(document: &Value, schema: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        return sample(document, document.pointer(reference.trim_start_matches('#')).unwrap());
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    match schema["type"].as_str() {
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(true),
        Some("array") => json!([]),
        Some("string") => json!("sample"),
        _ => {
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let fields =
                required.map(|name| (name.to_owned(), sample(document, &schema["properties"][name])));
            Value::Object(fields.collect())
        }
    }
}

/// What an operation cannot do without.
fn arguments(document: &Value, operation: &Value) -> Value {
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    let mut arguments = match sample(document, body) {
        Value::Object(body) => body,
        _ => Map::new(),
    };
    // What is in both is the path's.
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        if parameter["required"] == true {
            let name = parameter["name"].as_str().unwrap();
            arguments.insert(name.to_owned(), sample(document, &parameter["schema"]));
        }
    }
    Value::Object(arguments)
}

async fn strict(arguments: &[&str]) -> (Sandbox, Client) {
    let sandbox = Sandbox::builder().strict(true).start().await.unwrap();
    let mut command = tokio::process::Command::from(binary());
    command.env("DATABRICKS_HOST", sandbox.url()).env("DATABRICKS_TOKEN", sandbox.token());
    command.env("DATABRICKS_RATE_LIMIT", "0");
    command.args(["serve", "--destructive", "allow", "--tool-timeout", "20"]).args(arguments);
    let client = ().serve(TokioChildProcess::new(command).unwrap()).await.unwrap();
    (sandbox, client)
}

/// What a call came to.
enum Outcome {
    Answered,
    /// Refused for what it says, such as an id that nothing has.
    Refused,
    /// Not emulated, or nothing that a tool can call.
    Beyond,
    /// Refused for its form, by one side or the other.
    Wrong(String),
}

/// What is said of an answer that is not the document's: by the sandbox, and by our client.
const OF_ANSWERS: [&str; 3] =
    ["is not what its document says", "the answer cannot be read", "unexpected answer"];
/// What the sandbox says of a request that is not the document's.
const OF_REQUESTS: &str = "Invalid value for field";
/// What no tool calls, or the sandbox does not emulate.
const BEYOND: [&str; 4] = ["does not emulate", "501", "it is an account's", "bytes; "];

async fn outcome(client: &Client, tool: String, arguments: Value) -> Outcome {
    let Value::Object(arguments) = arguments else { panic!("{tool}: arguments must be an object") };
    let result =
        client.call_tool(CallToolRequestParams::new(tool.clone()).with_arguments(arguments)).await.unwrap();
    let text = said(&result);
    let says = |words: &[&str]| words.iter().any(|words| text.contains(words));
    match result.is_error {
        Some(true) if says(&BEYOND) => Outcome::Beyond,
        Some(true) if says(&OF_ANSWERS) || (tool == "api_call" && says(&[OF_REQUESTS])) => {
            Outcome::Wrong(text)
        }
        Some(true) => Outcome::Refused,
        _ => Outcome::Answered,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_called_as_its_document_says() {
    let (_sandbox, client) = strict(&["--tools", "api_call"]).await;
    let (mut answered, mut refused, mut wrong) = (0, 0, Vec::new());
    for (_, document) in documents() {
        for operation in document["paths"]
            .as_object()
            .unwrap()
            .values()
            .flat_map(|path| path.as_object().unwrap().values())
        {
            let Some(id) = operation["operationId"].as_str() else { continue };
            let call = json!({ "operation": id, "arguments": arguments(&document, operation) });
            match outcome(&client, "api_call".to_owned(), call).await {
                Outcome::Answered => answered += 1,
                Outcome::Refused => refused += 1,
                Outcome::Beyond => {}
                Outcome::Wrong(text) => wrong.push(format!("{id}: {text}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {answered} + {refused}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(answered > 200 && answered + refused > 600, "{answered} answered, {refused} refused");
    client.cancel().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tool_is_called_through_its_typed_client() {
    let (_sandbox, client) = strict(&["--toolsets", "all"]).await;
    let (mut answered, mut wrong) = (0, Vec::new());
    for tool in client.list_all_tools().await.unwrap() {
        let schema = Value::Object((*tool.input_schema).clone());
        match outcome(&client, tool.name.to_string(), sample(&schema, &schema)).await {
            Outcome::Answered => answered += 1,
            Outcome::Refused | Outcome::Beyond => {}
            Outcome::Wrong(text) => wrong.push(format!("{}: {text}", tool.name)),
        }
    }
    assert!(wrong.is_empty(), "{} of {answered}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(answered > 45, "{answered}");
    client.cancel().await.unwrap();
}
