//! Files of volumes as tables, and `COPY INTO`.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Lab;

async fn put(lab: &Lab, name: &str, content: &str) {
    let path = format!("2.0/fs/files/Volumes/main/default/files/{name}");
    assert_eq!(lab.send(lab.request(Method::PUT, &path).body(content.to_owned())).await.0, 204);
}

async fn check(lab: &Lab, cases: &[(&str, Value)]) {
    for (text, expected) in cases {
        assert_eq!(lab.cells(text).await, *expected, "{text}");
    }
}

#[tokio::test]
async fn files_are_tables() {
    let lab = Lab::start().await;
    put(&lab, "In/a.csv", "Id,name,at\n1,ann,2024-01-02\n2,\"b;ob\",\n").await;
    put(&lab, "In/b.csv", "Id,name,at\n3000000000,cyd,2024-01-03\n").await;
    put(&lab, "In/_SUCCESS", "").await;
    put(&lab, "j.json", "{\"b\": 1, \"a\": {\"c\": [1, 2]}}\n{\"b\": 2}\n").await;
    put(&lab, "list.json", "[{\"n\": 1}, {\"n\": 2}]").await;
    check(
        &lab,
        &[
            ("SELECT * FROM csv.`/Volumes/main/default/files/In/a.csv` LIMIT 1", json!([["Id", "name", "at"]])),
            (
                "SELECT * FROM read_files('/Volumes/main/default/files/In/a.csv', format => 'csv', header => true) ORDER BY id",
                json!([["1", "ann", "2024-01-02", null], ["2", "b;ob", null, null]]),
            ),
            ("SELECT sum(id), count(_rescued_data) FROM read_files('/Volumes/main/default/files/In')", json!([["3000000003", "0"]])),
            ("SELECT count(*) FROM read_files('/Volumes/main/default/files/In/b*')", json!([["1"]])),
            (
                "SELECT id + 1, name FROM read_files('/Volumes/main/default/files/In/a.csv', schema => 'id INT, name STRING, at STRING') ORDER BY 1 LIMIT 1",
                json!([["2", "ann"]]),
            ),
            ("SELECT b, a.c[1] FROM json.`/Volumes/main/default/files/j.json` ORDER BY b", json!([["1", "2"], ["2", null]])),
            ("SELECT sum(n) FROM json.`/Volumes/main/default/files/list.json`", json!([["3"]])),
            ("SELECT count(*) FROM text.`/Volumes/main/default/files/j.json`", json!([["2"]])),
            ("SELECT length FROM binaryFile.`/Volumes/main/default/files/list.json`", json!([["20"]])),
        ],
    )
    .await;
    let columns = lab.succeed("SELECT * FROM read_files('/Volumes/main/default/files/In/a.csv')").await;
    let columns = &columns["manifest"]["schema"]["columns"];
    assert_eq!(
        [0, 1, 2, 3].map(|at| columns[at]["name"].as_str().unwrap()),
        ["Id", "name", "at", "_rescued_data"]
    );
    assert_eq!([0, 2].map(|at| columns[at]["type_text"].as_str().unwrap()), ["INT", "DATE"]);
    for (text, said) in [
        ("SELECT * FROM read_files('/Volumes/main/default/files/nothing')", "PATH_NOT_FOUND"),
        ("SELECT * FROM read_files('s3://bucket/x', format => 'csv')", "UNSUPPORTED_FEATURE"),
        (
            "SELECT * FROM read_files('/Volumes/main/default/files/In', format => 'xml')",
            "UNSUPPORTED_FEATURE",
        ),
        (
            "SELECT * FROM read_files('/Volumes/main/default/files/In', schema => 'a NONSENSE')",
            "INVALID_SCHEMA",
        ),
        ("SELECT * FROM parquet.`/Volumes/main/default/files/j.json`", "FAILED_READ_FILE"),
        ("SELECT * FROM csv.`/Volumes/main/default/files/../../../../etc/passwd`", "PATH_NOT_FOUND"),
    ] {
        let refused = lab.try_statement(text, json!({})).await;
        assert!(
            refused["status"]["error"]["message"].as_str().unwrap_or_default().contains(said),
            "{text}: {refused}"
        );
    }
}

#[tokio::test]
async fn files_are_copied_once() {
    let lab = Lab::start().await;
    put(&lab, "in/a.csv", "id,name\n1,ann\n").await;
    put(&lab, "in/b.csv", "id,name\n2,bob\n").await;
    lab.succeed("CREATE TABLE taken (id BIGINT, name STRING)").await;
    let copy = "COPY INTO taken FROM '/Volumes/main/default/files/in' FILEFORMAT = CSV FORMAT_OPTIONS ('header' = 'true', 'inferSchema' = 'true')";
    let one = format!(
        "{} FILES = ('a.csv') {}",
        &copy[..copy.find(" FORMAT_OPTIONS").unwrap()],
        &copy[copy.find("FORMAT_OPTIONS").unwrap()..]
    );
    check(
        &lab,
        &[
            (one.as_str(), json!([["1", "1", "0"]])),
            (copy, json!([["1", "1", "0"]])),
            (copy, json!([["0", "0", "0"]])),
            ("SELECT * FROM taken ORDER BY id", json!([["1", "ann"], ["2", "bob"]])),
            (&format!("{copy} COPY_OPTIONS ('force' = 'true')"), json!([["2", "2", "0"]])),
        ],
    )
    .await;
    put(&lab, "in/c.csv", "id,name,more\n3,cyd,x\n").await;
    let refused = lab.try_statement(copy, json!({})).await;
    assert!(
        refused["status"]["error"]["message"].as_str().unwrap().contains("UNRESOLVED_COLUMN"),
        "{refused}"
    );
    check(
        &lab,
        &[
            (&format!("{copy} COPY_OPTIONS ('mergeSchema' = 'true')"), json!([["1", "1", "0"]])),
            ("SELECT * FROM taken WHERE id = 3", json!([["3", "cyd", "x"]])),
        ],
    )
    .await;
    lab.succeed("CREATE TABLE loud (id INT, name STRING)").await;
    let chosen = "COPY INTO loud FROM (SELECT CAST(id AS INT) AS id, upper(name) AS name FROM '/Volumes/main/default/files/in/a.csv') FILEFORMAT = CSV FORMAT_OPTIONS ('header' = 'true')";
    check(&lab, &[(chosen, json!([["1", "1", "0"]])), ("SELECT * FROM loud", json!([["1", "ANN"]]))]).await;
}
