//! The workspace's tree, and what goes in and out of it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use databricks_sandbox::Sandbox;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::Lab;

const HOME: &str = "/Users/sandbox.user@example.com";

async fn import(lab: &Lab, path: &str, format: &str, content: &str, more: Value) -> Value {
    let mut body = json!({"path": path, "format": format, "content": BASE64_STANDARD.encode(content)});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    lab.send(lab.request(Method::POST, "2.0/workspace/import").json(&body)).await.1
}

async fn export(lab: &Lab, path: &str, format: &str) -> String {
    let answer = lab.get(&format!("2.0/workspace/export?path={path}&format={format}")).await;
    String::from_utf8(BASE64_STANDARD.decode(answer["content"].as_str().unwrap()).unwrap()).unwrap()
}

async fn status(lab: &Lab, path: &str) -> Value {
    lab.get(&format!("2.0/workspace/get-status?path={path}")).await
}

#[tokio::test]
async fn a_new_workspace_has_a_home_with_a_notebook() {
    let lab = Lab::start().await;
    let list = lab.get(&format!("2.0/workspace/list?path={HOME}")).await;
    let demo = &list["objects"][0];
    assert_eq!((demo["object_type"].as_str(), demo["language"].as_str()), (Some("NOTEBOOK"), Some("PYTHON")));
    assert!(demo["object_id"].as_i64().unwrap() > 0);
    assert_eq!(status(&lab, "/Workspace/Shared").await["path"], "/Shared");
    assert_eq!(lab.get("2.0/workspace/list?path=/Shared").await, json!({}));
}

#[tokio::test]
async fn formats_decide_what_an_import_becomes() {
    let lab = Lab::start().await;
    let source = "# Databricks notebook source\nprint(1)\n";
    for (path, format, content, more, kept, kind, language) in [
        (
            "/Shared/a",
            "SOURCE",
            "print(1)\n",
            json!({"language": "PYTHON"}),
            "/Shared/a",
            "NOTEBOOK",
            Some("PYTHON"),
        ),
        ("/Shared/b.py", "AUTO", source, json!({}), "/Shared/b", "NOTEBOOK", Some("PYTHON")),
        ("/Shared/c.py", "AUTO", "print(1)\n", json!({}), "/Shared/c.py", "FILE", None),
        (
            "/Shared/d.sql",
            "AUTO",
            "-- Databricks notebook source\nselect 1",
            json!({}),
            "/Shared/d",
            "NOTEBOOK",
            Some("SQL"),
        ),
        ("/Shared/e.csv", "AUTO", "a,b", json!({}), "/Shared/e.csv", "FILE", None),
        ("/Shared/f.py", "RAW", source, json!({}), "/Shared/f.py", "FILE", None),
        (
            "/Shared/g",
            "JUPYTER",
            r#"{"cells": [{"cell_type": "code", "source": ["x"]}]}"#,
            json!({}),
            "/Shared/g",
            "NOTEBOOK",
            Some("PYTHON"),
        ),
        ("/Shared/h.ipynb", "AUTO", r#"{"cells": []}"#, json!({}), "/Shared/h", "NOTEBOOK", Some("PYTHON")),
    ] {
        let made = import(&lab, path, format, content, more).await;
        let found = status(&lab, kept).await;
        assert_eq!(
            (found["object_type"].as_str(), found["language"].as_str()),
            (Some(kind), language),
            "{path}"
        );
        assert_eq!(made["object_id"], found["object_id"]);
    }
    // As the service does, without the last end of a line.
    assert_eq!(export(&lab, "/Shared/a", "SOURCE").await, source.trim_end());
    assert_eq!(export(&lab, "/Shared/c.py", "AUTO").await, "print(1)\n");
    let jupyter: Value = serde_json::from_str(&export(&lab, "/Shared/a", "JUPYTER").await).unwrap();
    assert_eq!(jupyter["cells"][0]["source"], json!(["print(1)"]));
    let raw = lab
        .request(Method::GET, "2.0/workspace/export?path=/Shared/e.csv&format=AUTO&direct_download=true")
        .send()
        .await
        .unwrap();
    assert_eq!(raw.text().await.unwrap(), "a,b");
}

#[tokio::test]
async fn forms_are_taken_as_the_sdks_send_them() {
    let lab = Lab::start().await;
    let form = |overwrite: &str, content: Vec<u8>| {
        Form::new()
            .text("path", "/Shared/data.bin")
            .text("format", "AUTO")
            .text("overwrite", overwrite.to_owned())
            .part("content", Part::bytes(content).file_name("content"))
    };
    let send =
        async |form: Form| lab.send(lab.request(Method::POST, "2.0/workspace/import").multipart(form)).await;
    assert_eq!(send(form("false", vec![0, 255, 1])).await.0, 200);
    let (code, refused) = send(form("false", vec![])).await;
    assert_eq!((code, refused["error_code"].as_str()), (400, Some("RESOURCE_ALREADY_EXISTS")));
    assert_eq!(send(form("true", vec![7; 4])).await.0, 200);
    assert_eq!(status(&lab, "/Shared/data.bin").await["size"], 4);
}

#[tokio::test]
async fn the_tree_refuses_what_the_service_refuses() {
    let lab = Lab::start().await;
    let post = async |path: &str, body: Value| {
        lab.refused(Method::POST, &format!("2.0/workspace/{path}"), Some(body)).await
    };
    import(&lab, "/Shared/n", "SOURCE", "1", json!({"language": "PYTHON"})).await;
    let again = import(&lab, "/Shared/n", "SOURCE", "2", json!({"language": "PYTHON"})).await;
    assert_eq!(
        again,
        json!({"error_code": "RESOURCE_ALREADY_EXISTS", "message": "Path (/Shared/n) already exists."})
    );
    let mismatch = import(&lab, "/Shared/n", "RAW", "2", json!({"overwrite": true})).await;
    assert_eq!(mismatch["error_code"], "INVALID_PARAMETER_VALUE");
    let orphan = import(&lab, "/none/n", "SOURCE", "", json!({"language": "SQL"})).await;
    assert_eq!(orphan["message"], "The parent folder (/none) does not exist.");
    let unspoken = import(&lab, "/Shared/m", "SOURCE", "", json!({})).await;
    assert_eq!(unspoken["message"], "The field language is required when a notebook is imported as SOURCE.");
    let odd = import(&lab, "/Shared/m", "SOURCE", "", json!({"language": "COBOL"})).await;
    assert!(
        odd["message"]
            .as_str()
            .unwrap()
            .starts_with("Invalid value for field 'language': expected one of PYTHON, R, SCALA, SQL")
    );
    assert_eq!(import(&lab, "/Shared/m", "DBC", "", json!({})).await["error_code"], "NOT_IMPLEMENTED");
    assert!(
        import(&lab, "/Shared/../m", "RAW", "", json!({})).await["message"]
            .as_str()
            .unwrap()
            .contains("is invalid")
    );
    assert!(post("mkdirs", json!({"path": "/Shared/n/x"})).await.starts_with("400 RESOURCE_ALREADY_EXISTS"));
    assert_eq!(
        post("delete", json!({"path": "/Shared/none"})).await,
        "404 RESOURCE_DOES_NOT_EXIST: Path (/Shared/none) doesn't exist."
    );
    assert!(
        post("delete", json!({"path": "/Users", "recursive": true}))
            .await
            .starts_with("400 DIRECTORY_PROTECTED")
    );
    assert!(post("mkdirs", json!({"path": "x"})).await.contains("doesn't start with '/'"));
    lab.post("2.0/workspace/mkdirs", json!({"path": "/Shared/deep/er"})).await;
    assert!(post("delete", json!({"path": "/Shared/deep"})).await.starts_with("400 DIRECTORY_NOT_EMPTY"));
    lab.post("2.0/workspace/delete", json!({"path": "/Shared/deep", "recursive": true})).await;
    let gone = lab.refused(Method::GET, "2.0/workspace/get-status?path=/Shared/deep/er", None).await;
    assert!(gone.starts_with("404 RESOURCE_DOES_NOT_EXIST"));
}

#[tokio::test]
async fn objects_keep_their_ids_and_files_from_outside_get_one() {
    let dir = tempfile::tempdir().unwrap();
    let lab = Lab::with(Sandbox::builder().dir(dir.path())).await;
    let id =
        import(&lab, "/Shared/n", "SOURCE", "1", json!({"language": "SCALA"})).await["object_id"].clone();
    std::fs::write(dir.path().join("workspace/Shared/by hand.txt"), "x").unwrap();
    let adopted = status(&lab, "/Shared/by%20hand.txt").await;
    assert_eq!(adopted["object_type"], "FILE");
    lab.sandbox.shutdown().await;
    let lab = Lab::with(Sandbox::builder().dir(dir.path())).await;
    assert_eq!(status(&lab, "/Shared/n").await["object_id"], id);
    assert_eq!(status(&lab, "/Shared/n").await["language"], "SCALA");
    assert_eq!(status(&lab, "/Shared/by%20hand.txt").await["object_id"], adopted["object_id"]);
}
