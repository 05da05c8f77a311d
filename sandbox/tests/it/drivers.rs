//! What drivers and MLflow's client send that no document has.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Lab;

impl Lab {
    /// Runs a statement that must succeed; its answer.
    pub(crate) async fn succeed(&self, text: &str) -> Value {
        let answer = self.try_statement(text, json!({})).await;
        assert_eq!(answer["status"]["state"], "SUCCEEDED", "{text}: {answer}");
        answer
    }

    /// Runs a statement with further fields of the request.
    pub(crate) async fn try_statement(&self, text: &str, fields: Value) -> Value {
        let warehouses = self.get("2.0/sql/warehouses").await;
        let mut body = json!({ "statement": text, "warehouse_id": warehouses["warehouses"][0]["id"], "wait_timeout": "50s" });
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.post("2.0/sql/statements", body).await
    }

    /// A request that may be refused: its status and its answer.
    async fn asked(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let request = self.request(method, path);
        self.send(if let Some(body) = body { request.json(&body) } else { request }).await
    }

    /// The cells of a statement that must succeed.
    pub(crate) async fn cells(&self, text: &str) -> Value {
        self.succeed(text).await["result"]["data_array"].clone()
    }
}

/// The values of a column of an answer, by its name.
fn column(answer: &Value, name: &str) -> Vec<Value> {
    let columns = answer["manifest"]["schema"]["columns"].as_array().unwrap();
    let at = columns.iter().position(|column| column["name"] == name).unwrap();
    let rows = answer["result"]["data_array"].as_array().unwrap();
    rows.iter().map(|row| row[at].clone()).collect()
}

#[tokio::test]
async fn drivers_list_catalogs_by_patterns() {
    let lab = Lab::start().await;
    let tables = lab.succeed("SHOW TABLES IN CATALOG `samples` SCHEMA LIKE 'tp%' LIKE '_ation'").await;
    assert_eq!(column(&tables, "tableName"), ["nation"]);
    assert_eq!(
        (&column(&tables, "catalogName")[0], &column(&tables, "namespace")[0]),
        (&json!("samples"), &json!("tpch"))
    );
    assert_eq!(tables["manifest"]["schema"]["columns"][5]["name"], "tableType");
    let everywhere = lab.succeed("SHOW TABLES IN ALL CATALOGS SCHEMA LIKE 'nyctaxi'").await;
    assert_eq!(column(&everywhere, "tableName"), ["trips"]);
    let columns = lab
        .succeed("SHOW COLUMNS IN CATALOG samples SCHEMA LIKE 'tpch' TABLE LIKE 'nation' LIKE 'n\\\\_%key'")
        .await;
    assert_eq!(column(&columns, "col_name"), ["n_nationkey", "n_regionkey"]);
    assert_eq!(column(&columns, "ordinalPosition"), ["0", "2"]);
    let schemas = lab.succeed("SHOW SCHEMAS IN ALL CATALOGS LIKE 'tpch'").await;
    assert_eq!(column(&schemas, "catalogName"), ["samples"]);
    lab.succeed("CREATE FUNCTION main.default.twice(x INT) RETURNS INT RETURN x * 2").await;
    let functions = lab.succeed("SHOW FUNCTIONS IN CATALOG main SCHEMA LIKE 'default' LIKE 'tw%'").await;
    assert_eq!(column(&functions, "functionName"), ["twice"]);
    let unknown = lab.try_statement("SHOW TABLES IN CATALOG nowhere", json!({})).await;
    assert!(unknown["status"]["error"]["message"].as_str().unwrap().contains("nowhere"), "{unknown}");
    // a schema may have the name of the word
    lab.succeed("CREATE SCHEMA main.catalog").await;
    lab.succeed("SHOW TABLES IN catalog").await;
}

#[tokio::test]
async fn drivers_ask_for_keys_and_flags() {
    let lab = Lab::start().await;
    lab.succeed(
        "CREATE TABLE main.default.p (a INT NOT NULL, b INT NOT NULL, CONSTRAINT p_pk PRIMARY KEY (a, b))",
    )
    .await;
    lab.succeed(
        "CREATE TABLE main.default.c (x INT, y INT, CONSTRAINT c_fk FOREIGN KEY (x, y) REFERENCES main.default.p (a, b))",
    )
    .await;
    let keys = lab.succeed("SHOW KEYS IN CATALOG `main` IN SCHEMA `default` IN TABLE `p`").await;
    assert_eq!(
        (column(&keys, "col_name"), column(&keys, "keySeq")),
        (vec![json!("a"), json!("b")], vec![json!("1"), json!("2")])
    );
    assert_eq!(column(&keys, "constraintName")[0], "p_pk");
    let foreign = lab.succeed("SHOW FOREIGN KEYS IN CATALOG main IN SCHEMA default IN TABLE c").await;
    assert_eq!(column(&foreign, "col_name"), ["x", "y"]);
    assert_eq!(column(&foreign, "parentTableName"), ["p", "p"]);
    assert_eq!(column(&foreign, "parentColName"), ["a", "b"]);
    assert_eq!(lab.cells("SHOW KEYS IN CATALOG samples IN SCHEMA tpch IN TABLE nation").await, json!([]));
    let flags = lab.get("2.0/connector-service/feature-flags/PYTHON/4.8.0").await;
    assert_eq!(flags["flags"], json!([]));
}

#[tokio::test]
async fn one_answer_has_the_links_to_many_chunks() {
    let lab = Lab::start().await;
    let fields = json!({ "disposition": "EXTERNAL_LINKS", "format": "JSON_ARRAY" });
    let answer = lab.try_statement("SELECT id FROM range(100000)", fields).await;
    let links = answer["result"]["external_links"].as_array().unwrap();
    assert_eq!(links.len(), answer["manifest"]["total_chunk_count"].as_u64().unwrap() as usize);
    let mut seen = 0;
    for (at, link) in links.iter().enumerate() {
        assert_eq!(
            (link["chunk_index"].as_u64(), link["row_offset"].as_u64()),
            (Some(at as u64), Some(seen))
        );
        assert_eq!(link["next_chunk_index"].as_u64(), (at + 1 < links.len()).then_some(at as u64 + 1));
        let file = reqwest::get(link["external_link"].as_str().unwrap()).await.unwrap();
        seen += file.json::<Vec<Value>>().await.unwrap().len() as u64;
    }
    assert_eq!(seen, 100_000);
}

#[tokio::test]
async fn mlflow_moves_versions_and_deletes_with_a_body() {
    let lab = Lab::start().await;
    lab.post("2.0/mlflow/registered-models/create", json!({ "name": "m" })).await;
    lab.post("2.0/mlflow/model-versions/create", json!({ "name": "m", "source": "dbfs:/m" })).await;
    let moved = lab
        .post(
            "2.0/mlflow/model-versions/transition-stage",
            json!({ "name": "m", "version": "1", "stage": "staging" }),
        )
        .await;
    assert_eq!(moved["model_version"]["current_stage"], "Staging");
    let (status, refusal) = lab
        .asked(
            Method::POST,
            "2.0/mlflow/model-versions/transition-stage",
            Some(json!({ "name": "m", "version": "1", "stage": "x" })),
        )
        .await;
    assert_eq!(status, 400, "{refusal}");
    lab.post(
        "2.0/mlflow/model-versions/transition-stage",
        json!({ "name": "m", "version": "1", "stage": "None" }),
    )
    .await;
    for (path, body) in [
        ("2.0/mlflow/model-versions/delete", json!({ "name": "m", "version": "1" })),
        ("2.0/mlflow/registered-models/delete", json!({ "name": "m" })),
    ] {
        let (status, answer) = lab.asked(Method::DELETE, path, Some(body)).await;
        assert_eq!(status, 200, "{path}: {answer}");
    }
    let (status, _) = lab.asked(Method::GET, "2.0/mlflow/registered-models/get?name=m", None).await;
    assert_eq!(status, 404);
}
