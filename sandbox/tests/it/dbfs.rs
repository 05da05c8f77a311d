//! DBFS.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Lab;

fn encode(text: &str) -> String {
    BASE64_STANDARD.encode(text)
}

async fn read(lab: &Lab, query: &str) -> (i64, String) {
    let part = lab.get(&format!("2.0/dbfs/read?{query}")).await;
    let bytes = BASE64_STANDARD.decode(part["data"].as_str().unwrap()).unwrap();
    (part["bytes_read"].as_i64().unwrap(), String::from_utf8(bytes).unwrap())
}

#[tokio::test]
async fn files_are_put_read_moved_and_deleted() {
    let lab = Lab::start().await;
    lab.post("2.0/dbfs/put", json!({"path": "/a b/ü.txt", "contents": encode("hello world")})).await;
    assert_eq!(read(&lab, "path=/a%20b/%C3%BC.txt&offset=6&length=3").await, (3, "wor".into()));
    assert_eq!(read(&lab, "path=/a%20b/%C3%BC.txt&offset=100").await, (0, String::new()));
    let status = lab.get("2.0/dbfs/get-status?path=dbfs:/a%20b/%C3%BC.txt").await;
    assert_eq!((status["file_size"].as_i64(), status["is_dir"].as_bool()), (Some(11), Some(false)));
    let again = json!({"path": "/a b/ü.txt", "contents": ""});
    assert!(
        lab.refused(Method::POST, "2.0/dbfs/put", Some(again))
            .await
            .starts_with("400 RESOURCE_ALREADY_EXISTS")
    );
    lab.post("2.0/dbfs/mkdirs", json!({"path": "/c/d"})).await;
    lab.post("2.0/dbfs/move", json!({"source_path": "/a b/ü.txt", "destination_path": "/c/d"})).await;
    let list = lab.get("2.0/dbfs/list?path=/c/d").await;
    assert_eq!(list["files"][0]["path"], "/c/d/ü.txt");
    assert!(
        lab.refused(Method::POST, "2.0/dbfs/delete", Some(json!({"path": "/c"}))).await.contains("not empty")
    );
    lab.post("2.0/dbfs/delete", json!({"path": "/c", "recursive": true})).await;
    assert!(
        lab.refused(Method::GET, "2.0/dbfs/list?path=/c", None)
            .await
            .starts_with("404 RESOURCE_DOES_NOT_EXIST")
    );
    assert_eq!(lab.get("2.0/dbfs/list?path=/a%20b").await, json!({}));
}

#[tokio::test]
async fn a_file_in_blocks_appears_when_closed() {
    let lab = Lab::start().await;
    let handle = lab.post("2.0/dbfs/create", json!({"path": "/big"})).await["handle"].clone();
    for block in ["one ", "two"] {
        lab.post("2.0/dbfs/add-block", json!({"handle": handle, "data": encode(block)})).await;
    }
    assert!(lab.refused(Method::GET, "2.0/dbfs/get-status?path=/big", None).await.starts_with("404"));
    lab.post("2.0/dbfs/close", json!({"handle": handle.to_string()})).await;
    assert_eq!(read(&lab, "path=/big").await, (7, "one two".into()));
    let closed = lab.refused(Method::POST, "2.0/dbfs/close", Some(json!({"handle": handle}))).await;
    assert_eq!(closed, format!("404 RESOURCE_DOES_NOT_EXIST: No stream exists for handle {handle}."));
}

#[tokio::test]
async fn bad_requests_are_refused() {
    let lab = Lab::start().await;
    lab.post("2.0/dbfs/put", json!({"path": "/f", "contents": "YQ=="})).await;
    let gets = [
        ("get-status?path=relative", "400 INVALID_PARAMETER_VALUE: Path must be absolute"),
        ("get-status", "400 INVALID_PARAMETER_VALUE: Missing required field: path"),
        ("get-status?path=/../../etc/passwd", "400 INVALID_PARAMETER_VALUE: Invalid path"),
        ("read?path=/f&length=2000000", "400 MAX_READ_SIZE_EXCEEDED"),
        ("read?path=/f&offset=-1", "400 INVALID_PARAMETER_VALUE: offset"),
        ("read?path=/f&offset=x", "400 INVALID_PARAMETER_VALUE: Invalid value for field 'offset'"),
        ("read?path=/", "400 INVALID_PARAMETER_VALUE"),
        ("get-status?path=/f/g", "400 RESOURCE_ALREADY_EXISTS"),
    ];
    for (path, expected) in gets {
        let refused = lab.refused(Method::GET, &format!("2.0/dbfs/{path}"), None).await;
        assert!(refused.starts_with(expected), "{path}: {refused}");
    }
    let posts: [(&str, Value, &str); 4] = [
        (
            "put",
            json!({"path": "/g", "contents": "***"}),
            "400 INVALID_PARAMETER_VALUE: contents is not base64",
        ),
        ("put", json!({"path": "/f/g", "contents": ""}), "400 RESOURCE_ALREADY_EXISTS"),
        ("put", json!({"path": "/", "contents": "", "overwrite": true}), "400 RESOURCE_ALREADY_EXISTS"),
        ("delete", json!({"path": "/"}), "400 INVALID_PARAMETER_VALUE"),
    ];
    for (path, body, expected) in posts {
        let refused = lab.refused(Method::POST, &format!("2.0/dbfs/{path}"), Some(body)).await;
        assert!(refused.starts_with(expected), "{path}: {refused}");
    }
}
