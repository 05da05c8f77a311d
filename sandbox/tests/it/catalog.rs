//! Unity Catalog over HTTP, beside SQL.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Lab;

const UC: &str = "2.1/unity-catalog";

impl Lab {
    async fn sql(&self, statement: &str) -> Value {
        let warehouse = self.get("2.0/sql/warehouses").await["warehouses"][0]["id"].clone();
        let answer = self
            .post(
                "2.0/sql/statements",
                json!({ "statement": statement, "warehouse_id": warehouse, "wait_timeout": "50s" }),
            )
            .await;
        assert_eq!(answer["status"]["state"], "SUCCEEDED", "{statement}: {answer}");
        answer["result"]["data_array"].clone()
    }

    async fn change(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, answer) = self.send(self.request(method, &format!("{UC}/{path}")).json(&body)).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    async fn names(&self, path: &str, list: &str) -> Vec<String> {
        let answer = self.get(&format!("{UC}/{path}")).await;
        let items = answer[list].as_array().cloned().unwrap_or_default();
        items.iter().map(|item| item["full_name"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn what_sql_makes_rest_shows() {
    let lab = Lab::start().await;
    lab.sql("CREATE TABLE t (Id BIGINT NOT NULL COMMENT 'key', tags ARRAY<STRING>, price DECIMAL(8,2)) COMMENT 'things' TBLPROPERTIES ('a' = 'b')").await;
    lab.sql("CREATE VIEW v AS SELECT id FROM t").await;
    let table = lab.get(&format!("{UC}/tables/Main.default.T")).await;
    assert_eq!(
        (table["full_name"].as_str(), table["table_type"].as_str(), table["data_source_format"].as_str()),
        (Some("main.default.t"), Some("MANAGED"), Some("DELTA"))
    );
    assert_eq!((table["comment"].as_str(), table["properties"]["a"].as_str()), (Some("things"), Some("b")));
    let column = &table["columns"][0];
    assert_eq!(
        (
            column["name"].as_str(),
            column["type_text"].as_str(),
            column["type_name"].as_str(),
            column["nullable"].as_bool()
        ),
        (Some("Id"), Some("bigint"), Some("LONG"), Some(false))
    );
    let typed: Value = serde_json::from_str(column["type_json"].as_str().unwrap()).unwrap();
    assert_eq!(
        typed,
        json!({ "name": "Id", "type": "long", "nullable": false, "metadata": { "comment": "key" } })
    );
    assert_eq!(
        (table["columns"][2]["type_precision"].as_i64(), table["columns"][1]["type_text"].as_str()),
        (Some(8), Some("array<string>"))
    );
    let view = lab.get(&format!("{UC}/tables/main.default.v")).await;
    assert_eq!(
        (view["table_type"].as_str(), view["view_definition"].as_str()),
        (Some("VIEW"), Some("SELECT id FROM t"))
    );
    assert_eq!(
        lab.names("tables?catalog_name=main&schema_name=default", "tables").await,
        ["main.default.t", "main.default.v"]
    );
    let bare = lab
        .get(&format!(
            "{UC}/tables?catalog_name=main&schema_name=default&omit_columns=true&omit_properties=true"
        ))
        .await;
    assert!(bare["tables"][0].get("columns").is_none() && bare["tables"][0].get("properties").is_none());
    assert_eq!(lab.get(&format!("{UC}/tables/main.default.t/exists")).await, json!({ "table_exists": true }));
    assert_eq!(
        lab.get(&format!("{UC}/tables/main.default.zz/exists")).await,
        json!({ "table_exists": false })
    );
    let summaries = lab.get(&format!("{UC}/table-summaries?catalog_name=main&table_name_pattern=t%25")).await;
    assert_eq!(summaries["tables"], json!([{ "full_name": "main.default.t", "table_type": "MANAGED" }]));
    let (status, _) = lab.send(lab.request(Method::DELETE, &format!("{UC}/tables/main.default.t"))).await;
    assert_eq!(status, 200);
    assert_eq!(lab.sql("SHOW TABLES").await, json!([["default", "v", "false"]]));
}

#[tokio::test]
async fn what_rest_makes_sql_shows() {
    let lab = Lab::start().await;
    lab.change(
        Method::POST,
        "catalogs",
        json!({ "name": "C1", "comment": "mine", "properties": { "k": "v" } }),
    )
    .await;
    lab.change(Method::POST, "schemas", json!({ "catalog_name": "c1", "name": "s1", "comment": "x" })).await;
    let volume = lab
        .change(
            Method::POST,
            "volumes",
            json!({ "catalog_name": "c1", "schema_name": "s1", "name": "vol", "volume_type": "MANAGED" }),
        )
        .await;
    assert_eq!(
        (volume["full_name"].as_str(), volume["volume_type"].as_str()),
        (Some("c1.s1.vol"), Some("MANAGED"))
    );
    assert_eq!(lab.sql("SHOW VOLUMES IN c1.s1").await, json!([["s1", "vol"]]));
    let external = json!({ "catalog_name": "c1", "schema_name": "s1", "name": "ext", "table_type": "EXTERNAL", "data_source_format": "CSV", "storage_location": "s3://b/p",
        "columns": [{ "name": "a", "type_text": "int", "type_name": "INT", "position": 0 }] });
    lab.change(Method::POST, "tables", external).await;
    assert_eq!(lab.sql("DESCRIBE c1.s1.ext").await, json!([["a", "int", null]]));
    let renamed = lab
        .change(
            Method::PATCH,
            "schemas/c1.s1",
            json!({ "new_name": "s2", "comment": "y", "owner": "someone" }),
        )
        .await;
    assert_eq!((renamed["full_name"].as_str(), renamed["owner"].as_str()), (Some("c1.s2"), Some("someone")));
    let renamed = lab.change(Method::PATCH, "catalogs/c1", json!({ "new_name": "c2" })).await;
    assert_eq!((renamed["name"].as_str(), renamed["comment"].as_str()), (Some("c2"), Some("mine")));
    assert_eq!(
        lab.change(Method::PATCH, "volumes/c2.s2.vol", json!({ "new_name": "vol2", "comment": "z" })).await["full_name"],
        "c2.s2.vol2"
    );
    assert_eq!(lab.change(Method::PATCH, "tables/c2.s2.ext", json!({ "owner": "other" })).await, json!({}));
    assert_eq!(lab.get(&format!("{UC}/tables/c2.s2.ext")).await["owner"], "other");
    assert_eq!(
        lab.names("schemas?catalog_name=c2", "schemas").await,
        ["c2.default", "c2.information_schema", "c2.s2"]
    );
}

#[tokio::test]
async fn refusals_have_the_codes_of_the_service() {
    let lab = Lab::start().await;
    lab.sql("CREATE SCHEMA full").await;
    lab.sql("CREATE TABLE full.t (a INT)").await;
    for (method, path, body, expected) in [
        (Method::GET, "catalogs/none", None, "404 CATALOG_DOES_NOT_EXIST: Catalog 'none' does not exist."),
        (
            Method::GET,
            "schemas/main.none",
            None,
            "404 SCHEMA_DOES_NOT_EXIST: Schema 'main.none' does not exist.",
        ),
        (
            Method::GET,
            "tables/main.default.none",
            None,
            "404 TABLE_DOES_NOT_EXIST: Table 'main.default.none' does not exist.",
        ),
        (
            Method::GET,
            "tables/main.none.t",
            None,
            "404 SCHEMA_DOES_NOT_EXIST: Schema 'main.none' does not exist.",
        ),
        (
            Method::GET,
            "volumes/main.default.none",
            None,
            "404 VOLUME_DOES_NOT_EXIST: Volume 'main.default.none' does not exist.",
        ),
        (Method::GET, "tables/t", None, "400 INVALID_PARAMETER_VALUE: 't' is not a full name"),
        (
            Method::GET,
            "tables?catalog_name=main",
            None,
            "400 INVALID_PARAMETER_VALUE: Missing required field: schema_name",
        ),
        (
            Method::DELETE,
            "schemas/main.full",
            None,
            "400 INVALID_STATE: Cannot delete schema 'main.full': it is not empty.",
        ),
        (
            Method::POST,
            "catalogs",
            Some(json!({ "name": "main" })),
            "400 CATALOG_ALREADY_EXISTS: Catalog 'main' already exists",
        ),
        (
            Method::POST,
            "schemas",
            Some(json!({ "name": "full", "catalog_name": "main" })),
            "400 SCHEMA_ALREADY_EXISTS: Schema 'main.full' already exists",
        ),
        (
            Method::POST,
            "schemas",
            Some(json!({ "name": "a.b", "catalog_name": "main" })),
            "400 INVALID_PARAMETER_VALUE: 'a.b' is not a valid name",
        ),
        (
            Method::POST,
            "schemas",
            Some(json!({ "name": "s", "catalog_name": "samples" })),
            "403 PERMISSION_DENIED",
        ),
        (
            Method::POST,
            "catalogs",
            Some(json!({ "name": "x", "connection_name": "pg" })),
            "501 NOT_IMPLEMENTED",
        ),
        (Method::DELETE, "tables/samples.tpch.nation", None, "403 PERMISSION_DENIED"),
    ] {
        let refused = lab.refused(method, &format!("{UC}/{path}"), body).await;
        assert!(refused.starts_with(expected), "{path}: {refused}");
    }
    let (status, _) =
        lab.send(lab.request(Method::DELETE, &format!("{UC}/schemas/main.full?force=true"))).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn lists_come_in_pages() {
    let lab = Lab::start().await;
    let first = lab.get(&format!("{UC}/tables?catalog_name=samples&schema_name=tpch&max_results=5")).await;
    let token = first["next_page_token"].as_str().unwrap();
    let second = lab
        .get(&format!("{UC}/tables?catalog_name=samples&schema_name=tpch&max_results=5&page_token={token}"))
        .await;
    let count = |page: &Value| page["tables"].as_array().unwrap().len();
    assert_eq!((count(&first), count(&second), second.get("next_page_token")), (5, 3, None));
    assert_eq!(lab.names("catalogs", "catalogs").await, ["main", "samples", "system"]);
    assert_eq!(
        lab.names("volumes?catalog_name=main&schema_name=default", "volumes").await,
        ["main.default.files"]
    );
    let info = lab.names("tables?catalog_name=main&schema_name=information_schema", "tables").await;
    assert!(info.contains(&"main.information_schema.columns".to_owned()), "{info:?}");
}

#[tokio::test]
async fn a_dropped_volume_takes_its_files_along() {
    let dir = tempfile::tempdir().unwrap();
    let lab = Lab::with(databricks_sandbox::Sandbox::builder().dir(dir.path())).await;
    lab.sql("CREATE VOLUME gone").await;
    let (status, _) =
        lab.send(lab.request(Method::PUT, "2.0/fs/files/Volumes/main/default/gone/a.txt").body("text")).await;
    assert!(status < 300, "{status}");
    let folder = dir.path().join("volumes/main/default/gone");
    assert!(folder.join("a.txt").exists());
    lab.sql("DROP VOLUME gone").await;
    assert!(!folder.exists());
}
