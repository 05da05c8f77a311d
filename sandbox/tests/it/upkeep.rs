//! Statements around tables: grants that bite, functions, history, upkeep, settings.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Lab;

/// Someone who runs statements.
struct Who<'a> {
    lab: &'a Lab,
    token: String,
    warehouse: String,
}

impl Who<'_> {
    async fn try_run(&self, statement: &str) -> Result<Vec<Vec<Value>>, String> {
        let request = self.lab.request(Method::POST, "2.0/sql/statements").bearer_auth_instead(&self.token);
        let body = json!({"warehouse_id": self.warehouse, "statement": statement, "wait_timeout": "30s"});
        let (_, answer) = self.lab.send(request.json(&body)).await;
        if answer["status"]["state"] != "SUCCEEDED" {
            return Err(answer["status"]["error"]["message"]
                .as_str()
                .map_or_else(|| answer.to_string(), str::to_owned));
        }
        let rows = answer["result"]["data_array"].as_array().cloned().unwrap_or_default();
        Ok(rows.into_iter().map(|row| row.as_array().cloned().unwrap_or_default()).collect())
    }

    async fn run(&self, statement: &str) -> Vec<Vec<Value>> {
        self.try_run(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"))
    }

    async fn refused(&self, statement: &str) -> String {
        match self.try_run(statement).await {
            Ok(rows) => panic!("{statement} yielded {rows:?}"),
            Err(error) => error,
        }
    }
}

trait Instead {
    fn bearer_auth_instead(self, token: &str) -> Self;
}

impl Instead for reqwest::RequestBuilder {
    fn bearer_auth_instead(self, token: &str) -> Self {
        let mut headers = reqwest::header::HeaderMap::new();
        headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
        self.headers(headers)
    }
}

async fn admin(lab: &Lab) -> Who<'_> {
    let warehouse = lab.get("2.0/sql/warehouses").await["warehouses"][0]["id"].as_str().unwrap().to_owned();
    Who { lab, token: lab.sandbox.token().to_owned(), warehouse }
}

/// A service principal that may use the warehouse.
async fn other<'a>(lab: &'a Lab, admin: &Who<'a>) -> (Who<'a>, String) {
    let principal = lab.post("2.0/preview/scim/v2/ServicePrincipals", json!({"displayName": "other"})).await;
    let name = principal["applicationId"].as_str().unwrap().to_owned();
    let token = lab
        .post(
            "2.0/token-management/on-behalf-of/tokens",
            json!({"application_id": name, "lifetime_seconds": 600}),
        )
        .await["token_value"]
        .as_str()
        .unwrap()
        .to_owned();
    let entry =
        json!({"access_control_list": [{"service_principal_name": name, "permission_level": "CAN_USE"}]});
    let path = format!("2.0/permissions/warehouses/{}", admin.warehouse);
    let (status, answer) = lab.send(lab.request(Method::PATCH, &path).json(&entry)).await;
    assert_eq!(status, 200, "{answer}");
    (Who { lab, token, warehouse: admin.warehouse.clone() }, name)
}

#[tokio::test]
async fn grants_in_sql_are_those_of_rest_and_bite() {
    let lab = Lab::start().await;
    let admin = admin(&lab).await;
    let (other, name) = other(&lab, &admin).await;
    admin.run("CREATE TABLE main.default.t AS SELECT 1 AS a").await;
    let refused = other.refused("SELECT * FROM main.default.t").await;
    assert!(
        refused.contains("[INSUFFICIENT_PERMISSIONS]") && refused.contains("USE CATALOG on Catalog 'main'"),
        "{refused}"
    );
    admin.run(&format!("GRANT USE CATALOG ON CATALOG main TO `{name}`")).await;
    admin.run(&format!("GRANT USE SCHEMA, SELECT ON SCHEMA main.default TO `{name}`")).await;
    assert_eq!(other.run("SELECT * FROM main.default.t").await, [[json!("1")]]);
    for (statement, privilege) in [
        ("INSERT INTO main.default.t VALUES (2)", "MODIFY on Table 'main.default.t'"),
        ("UPDATE main.default.t SET a = 2", "MODIFY"),
        ("DROP TABLE main.default.t", "MANAGE"),
        ("ALTER TABLE main.default.t SET TBLPROPERTIES ('a' = 'b')", "MANAGE"),
        ("CREATE TABLE main.default.u (a INT)", "CREATE TABLE on Schema 'main.default'"),
        ("CREATE SCHEMA main.theirs", "CREATE SCHEMA on Catalog 'main'"),
        ("GRANT SELECT ON TABLE main.default.t TO users", "MANAGE"),
    ] {
        let refused = other.refused(statement).await;
        assert!(refused.contains(privilege) && refused.contains("SQLSTATE: 42501"), "{statement}: {refused}");
    }
    // REST shows what SQL granted, and the other way round
    let shown = lab.get("2.1/unity-catalog/permissions/schema/main.default").await;
    assert!(shown.to_string().contains("USE_SCHEMA"), "{shown}");
    let change = json!({"changes": [{"principal": name, "add": ["MODIFY"]}]});
    let (status, _) = lab
        .send(lab.request(Method::PATCH, "2.1/unity-catalog/permissions/table/main.default.t").json(&change))
        .await;
    assert_eq!(status, 200);
    other.run("INSERT INTO main.default.t VALUES (2)").await;
    let grants = admin.run("SHOW GRANTS ON TABLE main.default.t").await;
    assert!(
        grants.contains(&vec![json!(name), json!("MODIFY"), json!("TABLE"), json!("main.default.t")]),
        "{grants:?}"
    );
    assert!(
        grants.contains(&vec![json!(name), json!("SELECT"), json!("SCHEMA"), json!("main.default")]),
        "{grants:?}"
    );
    admin.run(&format!("REVOKE MODIFY ON TABLE main.default.t FROM `{name}`")).await;
    other.refused("INSERT INTO main.default.t VALUES (3)").await;
    // who makes a table owns it
    admin.run(&format!("GRANT CREATE TABLE ON SCHEMA main.default TO `{name}`")).await;
    other.run("CREATE TABLE main.default.own AS SELECT current_user() AS who").await;
    assert_eq!(other.run("SELECT who FROM main.default.own").await, [[json!(name)]]);
    other.run("DROP TABLE main.default.own").await;
    let refused = admin.refused("GRANT SELECT ON TABLE main.default.t TO `nobody@example.com`").await;
    assert!(refused.contains("[PRINCIPAL_DOES_NOT_EXIST]"), "{refused}");
    assert_eq!(other.run("SELECT count(*) FROM samples.tpch.region").await, [[json!("5")]]);
}

#[tokio::test]
async fn functions_of_users_are_called_and_shown_in_rest() {
    let lab = Lab::start().await;
    let admin = admin(&lab).await;
    admin.run("CREATE FUNCTION main.default.plus(x INT COMMENT 'a number', y INT) RETURNS BIGINT COMMENT 'adds' RETURN x + y").await;
    admin
        .run(
            "CREATE OR REPLACE FUNCTION main.default.twice(x INT) RETURNS INT RETURN main.default.plus(x, x)",
        )
        .await;
    assert_eq!(
        admin.run("SELECT main.default.plus(a, 1), main.default.twice(a) FROM VALUES (20) AS t(a)").await,
        [[json!("21"), json!("40")]]
    );
    let shown = lab.get("2.1/unity-catalog/functions/main.default.plus").await;
    assert_eq!(
        (&shown["routine_definition"], &shown["full_data_type"], &shown["comment"]),
        (&json!("x + y"), &json!("bigint"), &json!("adds"))
    );
    let refused = admin.refused("SELECT main.default.plus(1)").await;
    assert!(
        refused.contains("[WRONG_NUM_ARGS")
            && refused.contains("requires 2 parameters but the actual number is 1"),
        "{refused}"
    );
    let refused = admin.refused("CREATE FUNCTION main.default.plus() RETURNS INT RETURN 1").await;
    assert!(refused.contains("[ROUTINE_ALREADY_EXISTS]"), "{refused}");
    let refused = admin.refused("CREATE FUNCTION main.default.bad() RETURNS INT RETURN nothing").await;
    assert!(refused.contains("[UNRESOLVED_COLUMN"), "{refused}");
    assert_eq!(admin.run("SHOW USER FUNCTIONS IN main.default").await.len(), 2);
    admin.run("DROP FUNCTION main.default.twice").await;
    let refused = admin.refused("DROP FUNCTION main.default.twice").await;
    assert!(refused.contains("[ROUTINE_NOT_FOUND]"), "{refused}");
}

#[tokio::test]
async fn a_table_tells_its_history_and_keeps_its_rules() {
    let lab = Lab::start().await;
    let admin = admin(&lab).await;
    for statement in [
        "CREATE TABLE main.default.t (id BIGINT GENERATED ALWAYS AS IDENTITY, n INT DEFAULT 7, region STRING) PARTITIONED BY (region)",
        "INSERT INTO main.default.t (region) VALUES ('eu'), ('us')",
        "INSERT INTO main.default.t VALUES (1, 'eu')",
        "UPDATE main.default.t SET n = 2 WHERE region = 'us'",
        "ALTER TABLE main.default.t ADD CONSTRAINT small CHECK (n < 10)",
        "ALTER TABLE main.default.t SET TAGS ('pii' = 'no')",
        "ALTER TABLE main.default.t ADD COLUMN note STRING AFTER id",
        "OPTIMIZE main.default.t ZORDER BY (id)",
        "ANALYZE TABLE main.default.t COMPUTE STATISTICS FOR ALL COLUMNS",
        "VACUUM main.default.t",
    ] {
        admin.run(statement).await;
    }
    let rows = admin.run("SELECT id, n, region FROM main.default.t ORDER BY id").await;
    assert_eq!(json!(rows), json!([["1", "7", "eu"], ["2", "2", "us"], ["3", "1", "eu"]]));
    let history = admin.run("DESCRIBE HISTORY main.default.t").await;
    let operations: Vec<&str> = history.iter().rev().map(|row| row[4].as_str().unwrap()).collect();
    assert_eq!(
        operations,
        ["CREATE TABLE", "WRITE", "WRITE", "UPDATE", "ADD CONSTRAINT", "ADD COLUMNS", "OPTIMIZE"]
    );
    let refused = admin.refused("INSERT INTO main.default.t (n, region) VALUES (10, 'eu')").await;
    assert!(refused.contains("[DELTA_VIOLATE_CONSTRAINT_WITH_VALUES] CHECK constraint small"), "{refused}");
    let refused = admin.refused("INSERT INTO main.default.t (id) VALUES (10)").await;
    assert!(refused.contains("[DELTA_IDENTITY_COLUMNS_EXPLICIT_INSERT_NOT_SUPPORTED]"), "{refused}");
    assert_eq!(json!(admin.run("SHOW PARTITIONS main.default.t").await), json!([["eu"], ["us"]]));
    let detail = admin.run("DESCRIBE DETAIL main.default.t").await;
    assert_eq!((&detail[0][2], &detail[0][7]), (&json!("main.default.t"), &json!("[\"region\"]")));
    let tags = admin.run("SELECT tag_name, tag_value FROM main.information_schema.table_tags").await;
    assert_eq!(json!(tags), json!([["pii", "no"]]));
    admin.run("CREATE TABLE main.default.empty LIKE main.default.t").await;
    admin.run("CREATE TABLE main.default.full DEEP CLONE main.default.t").await;
    assert_eq!(
        json!(
            admin
                .run("SELECT (SELECT count(*) FROM main.default.empty), count(*) FROM main.default.full")
                .await
        ),
        json!([["0", "3"]])
    );
    assert_eq!(json!(admin.run("SET ANSI_MODE").await), json!([["ANSI_MODE", "true"]]));
    assert!(admin.refused("SET spark.x = 1").await.contains("[CONFIG_NOT_AVAILABLE]"));
    assert_eq!(json!(admin.run("EXECUTE IMMEDIATE 'SELECT ? + :b' USING 1, 2 AS b").await), json!([["3"]]));
}
