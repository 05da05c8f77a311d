//! The command line, as a person meets it.

use std::process::Output;

use serde_json::Value;

use crate::support::{binary, run, sandbox, text};

fn stderr(output: &Output) -> String {
    text(&output.stderr)
}

#[tokio::test(flavor = "multi_thread")]
async fn call_prints_the_answer() {
    let sandbox = sandbox().await;
    let output = run(&sandbox, &["call", "execute_sql", "--json", r#"{"statement": "SELECT 1 + 1 AS two"}"#]);
    assert!(output.status.success(), "{}", stderr(&output));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["rows"], serde_json::json!([["2"]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tells_each_step() {
    let sandbox = sandbox().await;
    let output = run(&sandbox, &["check"]);
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}");
    for step in ["ok    settings", "ok    reachable", "ok    who am I"] {
        assert!(said.contains(step), "{said}");
    }
    assert!(!said.contains(sandbox.token()), "the token is shown: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_says_what_to_do() {
    let sandbox = sandbox().await;
    let url = sandbox.url().to_owned();
    let closed = "http://127.0.0.1:9";
    for (host, token, expected) in [
        (None, Some("x"), "set DATABRICKS_HOST"),
        (Some(url.as_str()), None, "set DATABRICKS_TOKEN"),
        (Some("http://example.com"), Some("x"), "loopback only"),
        (Some(url.as_str()), Some("wrong"), "the token is missing, wrong or expired"),
        (Some(closed), Some("x"), "check the host, the network and the proxy"),
    ] {
        let mut command = binary();
        command.arg("check");
        if let Some(host) = host {
            command.env("DATABRICKS_HOST", host);
        }
        if let Some(token) = token {
            command.env("DATABRICKS_TOKEN", token);
        }
        let output = command.output().unwrap();
        let said = text(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("FAIL") && said.contains(expected), "{host:?}: {said}");
    }
}

#[test]
fn wrong_usage_is_explained() {
    let call = |arguments: &[&str]| {
        let mut command = binary();
        command.env("DATABRICKS_HOST", "http://127.0.0.1:9").env("DATABRICKS_TOKEN", "x");
        stderr(&command.args(arguments).output().unwrap())
    };
    assert!(call(&["call", "list_cluster"]).contains("did you mean `list_clusters`?"));
    assert!(call(&["call", "list_clusters", "--json", "{"]).contains("is not JSON"));
    assert!(call(&["call", "list_clusters", "--json", "[]"]).contains("is not an object"));
    assert!(call(&["call", "list_clusters", "--json", r#"{"size": 1}"#]).contains("valid are"));
    assert!(call(&["tools", "no_such"]).contains("there is no tool `no_such`"));
    assert!(call(&["--log", "databricks=loud", "tools"]).contains("--log"));
}

#[test]
fn tools_are_listed_and_shown() {
    let list = text(&binary().arg("tools").output().unwrap().stdout);
    assert!(list.contains("execute_sql") && list.contains("list_clusters"), "{list}");
    let one = text(&binary().args(["tools", "get_cluster"]).output().unwrap().stdout);
    assert!(one.contains("\"cluster_id\"") && one.contains("reads"), "{one}");
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    use std::process::Stdio;
    let mut child =
        binary().args(["tools", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_serves_others_until_it_is_told_to_stop() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;
    let folder = tempfile::tempdir().unwrap();
    let mut child = binary()
        .args(["sandbox", "--token", "t0ken", "--dir"])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let host = lines.next().unwrap().unwrap().replace("export DATABRICKS_HOST=", "");
    assert_eq!(lines.next().unwrap().unwrap(), "export DATABRICKS_TOKEN=t0ken");
    let workspace = databricks_toolkit::Workspace::builder().host(&host).token("t0ken").build().unwrap();
    assert!(workspace.current_user().me().send().await.unwrap().user_name.is_some());
    let stopped =
        std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    assert!(child.wait().unwrap().success());
}
