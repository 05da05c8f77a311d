//! Files of volumes.

use reqwest::Method;
use reqwest::header::RANGE;
use serde_json::{Value, json};

use crate::support::Lab;

const VOLUME: &str = "2.0/fs/files/Volumes/main/default/files";
const FOLDER: &str = "2.0/fs/directories/Volumes/main/default/files";

async fn status(lab: &Lab, method: Method, path: &str) -> u16 {
    lab.send(lab.request(method, path)).await.0
}

#[tokio::test]
async fn a_file_goes_up_and_comes_down() {
    let lab = Lab::start().await;
    let path = format!("{VOLUME}/a%20b/%C3%BC%25.bin");
    let content: Vec<u8> = (0..3_000_000_u32).map(|byte| byte.to_le_bytes()[0]).collect();
    assert_eq!(lab.send(lab.request(Method::PUT, &path).body(content.clone())).await, (204, Value::Null));
    let answer = lab.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/octet-stream");
    assert!(answer.headers()["last-modified"].to_str().unwrap().ends_with(" GMT"));
    assert_eq!(answer.bytes().await.unwrap(), content);
    let part = lab.request(Method::GET, &path).header(RANGE, "bytes=10-12").send().await.unwrap();
    assert_eq!(
        (part.status().as_u16(), part.headers()["content-range"].to_str().unwrap()),
        (206, "bytes 10-12/3000000")
    );
    assert_eq!(part.bytes().await.unwrap(), vec![10, 11, 12]);
    let tail = lab.request(Method::GET, &path).header(RANGE, "bytes=-2").send().await.unwrap();
    assert_eq!(tail.bytes().await.unwrap(), content[2_999_998..]);
    let beyond = lab.send(lab.request(Method::GET, &path).header(RANGE, "bytes=3000000-")).await;
    assert_eq!(beyond.0, 416);
    let head = lab.request(Method::HEAD, &path).send().await.unwrap();
    assert_eq!(
        (head.status().as_u16(), head.headers()["content-length"].to_str().unwrap()),
        (200, "3000000")
    );
    let (code, body) = lab.send(lab.request(Method::PUT, &path).body("x")).await;
    assert_eq!((code, body["error_code"].as_str()), (409, Some("ALREADY_EXISTS")));
    assert_eq!(lab.send(lab.request(Method::PUT, &format!("{path}?overwrite=true")).body("x")).await.0, 204);
    let listed = lab.get(&format!("{FOLDER}/a%20b")).await;
    assert_eq!(listed["contents"][0]["path"], "/Volumes/main/default/files/a b/ü%.bin");
    assert_eq!(listed["contents"][0]["file_size"], 1);
    #[cfg(feature = "sql")]
    assert_eq!(status(&lab, Method::HEAD, &path.replace("main/default", "Main/DEFAULT")).await, 200);
    assert_eq!(status(&lab, Method::DELETE, &path).await, 204);
    assert_eq!(status(&lab, Method::HEAD, &path).await, 404);
}

#[tokio::test]
async fn directories_are_made_listed_in_pages_and_deleted() {
    let lab = Lab::start().await;
    assert_eq!(lab.get(FOLDER).await["contents"], json!([]));
    for name in ["c", "a/deep", "b"] {
        assert_eq!(status(&lab, Method::PUT, &format!("{FOLDER}/{name}")).await, 204);
    }
    let first = lab.get(&format!("{FOLDER}?page_size=2")).await;
    let token = first["next_page_token"].as_str().unwrap();
    let second = lab.get(&format!("{FOLDER}?page_size=2&page_token={token}")).await;
    let names = |page: &Value| -> Vec<String> {
        page["contents"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!((names(&first), names(&second)), (vec!["a".into(), "b".into()], vec!["c".into()]));
    assert_eq!(status(&lab, Method::HEAD, &format!("{FOLDER}/a/deep")).await, 200);
    let refused = lab.refused(Method::DELETE, &format!("{FOLDER}/a"), None).await;
    assert!(refused.starts_with("400 DIRECTORY_IS_NOT_EMPTY"), "{refused}");
    assert_eq!(status(&lab, Method::DELETE, &format!("{FOLDER}/a/deep")).await, 204);
    assert_eq!(status(&lab, Method::DELETE, &format!("{FOLDER}/a")).await, 204);
    assert_eq!(status(&lab, Method::HEAD, &format!("{FOLDER}/a")).await, 404);
}

#[tokio::test]
async fn what_is_no_file_of_a_volume_is_refused() {
    let lab = Lab::start().await;
    for (path, expected) in [
        ("2.0/fs/files/tmp/x", "400 INVALID_PARAMETER_VALUE: Invalid path /tmp/x"),
        ("2.0/fs/files/Volumes/main/default", "400 INVALID_PARAMETER_VALUE"),
        (
            "2.0/fs/files/Volumes/main/default/none/x",
            "404 NOT_FOUND: Volume 'main.default.none' does not exist.",
        ),
        ("2.0/fs/files/Volumes/main/default/files/none", "404 NOT_FOUND"),
        ("2.0/fs/files/Volumes/main/default/files", "404 NOT_FOUND"),
        (
            "2.0/fs/files/Volumes/main/default/files/%2e%2e%2f%2e%2e%2fx",
            "400 INVALID_PARAMETER_VALUE: Invalid path",
        ),
        ("2.0/fs/files/Volumes/main/default/files/%ff", "400 INVALID_PARAMETER_VALUE: Invalid URL"),
        ("2.0/fs/directories/Volumes/main/default/files/none", "404 NOT_FOUND"),
    ] {
        let refused = lab.refused(Method::GET, path, None).await;
        assert!(refused.starts_with(expected), "{path}: {refused}");
    }
}

#[tokio::test]
async fn a_large_file_comes_in_parts() {
    let lab = Lab::start().await;
    let (file, path) = (format!("{VOLUME}/in%20parts"), "/Volumes/main/default/files/in parts");
    let begun = lab.post(&format!("{file}?action=initiate-upload&overwrite=false"), json!({})).await;
    let token = begun["multipart_upload"]["session_token"].clone();
    let urls = json!({"path": path, "session_token": token, "start_part_number": 1, "count": 2, "expire_time": "2100-01-01T00:00:00Z"});
    let urls = lab.post("2.0/fs/create-upload-part-urls", urls).await["upload_part_urls"].clone();
    let client = reqwest::Client::new();
    let put = async |url: &Value, content: &'static str| {
        client.put(url["url"].as_str().unwrap()).body(content).send().await.unwrap()
    };
    let signed =
        client.put(urls[0]["url"].as_str().unwrap()).bearer_auth(lab.sandbox.token()).send().await.unwrap();
    assert_eq!(signed.status(), 400);
    let mut parts = Vec::new();
    // the second part first, and the first twice
    for (at, content) in [(1, "world"), (0, "lost"), (0, "hello ")] {
        let answer = put(&urls[at], content).await;
        assert_eq!(answer.status(), 200);
        parts.retain(|part: &Value| part["part_number"] != urls[at]["part_number"]);
        parts.push(json!({"part_number": urls[at]["part_number"], "etag": answer.headers()["etag"].to_str().unwrap()}));
    }
    let complete = format!(
        "{file}?action=complete-upload&upload_type=multipart&session_token={}",
        token.as_str().unwrap()
    );
    let refused = lab.refused(Method::POST, &complete, Some(json!({"parts": parts}))).await;
    assert!(refused.contains("in the order of their numbers"), "{refused}");
    parts.reverse();
    let wrong = json!({"parts": [parts[0], {"part_number": 2, "etag": "x"}]});
    assert!(lab.refused(Method::POST, &complete, Some(wrong)).await.contains("The etag of part 2"));
    assert_eq!(lab.send(lab.request(Method::HEAD, &file)).await.0, 404);
    lab.post(&complete, json!({"parts": parts})).await;
    assert_eq!(lab.request(Method::GET, &file).send().await.unwrap().text().await.unwrap(), "hello world");
    assert!(lab.refused(Method::POST, &complete, Some(json!({"parts": parts}))).await.starts_with("404"));
    let again = lab.refused(Method::POST, &format!("{file}?action=initiate-upload"), None).await;
    assert!(again.starts_with("409 ALREADY_EXISTS"));
    let begun = lab.post(&format!("{file}?action=initiate-upload&overwrite=true"), json!({})).await;
    let body = json!({"path": path, "session_token": begun["multipart_upload"]["session_token"], "start_part_number": 7, "count": 1});
    let url = lab.post("2.0/fs/create-upload-part-urls", body.clone()).await["upload_part_urls"][0].clone();
    lab.sandbox.clock().advance(std::time::Duration::from_secs(3601));
    let expired = put(&url, "x").await;
    assert_eq!(expired.status(), 403);
    assert!(
        expired
            .text()
            .await
            .unwrap()
            .contains("<Code>AccessDenied</Code><Message>Request has expired</Message>")
    );
    let abort =
        lab.post("2.0/fs/create-abort-upload-url", body.clone()).await["abort_upload_url"]["url"].clone();
    assert_eq!(client.delete(abort.as_str().unwrap()).send().await.unwrap().status(), 200);
    assert!(
        lab.refused(Method::POST, "2.0/fs/create-upload-part-urls", Some(body))
            .await
            .starts_with("404 NOT_FOUND")
    );
}
