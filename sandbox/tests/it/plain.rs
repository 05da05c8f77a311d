//! Plain objects, principals, faults and archives over HTTP.

use std::time::{Duration, Instant};

use databricks_sandbox::{Builder, Clock, Error, Sandbox};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::support::Lab;

#[tokio::test]
async fn a_request_is_held_to_its_document() {
    let lab = Lab::start().await;
    let path = "2.0/secrets/scopes/create";
    for (body, expected) in [
        (json!({}), "400 INVALID_PARAMETER_VALUE: Missing required field: scope"),
        (
            json!({ "scope": ["a"] }),
            "400 INVALID_PARAMETER_VALUE: Invalid value for field 'scope': expected a string, not a list",
        ),
    ] {
        assert_eq!(lab.refused(Method::POST, path, Some(body)).await, expected);
    }
    let request = lab.request(Method::POST, path).header("content-type", "application/json").body("{");
    let (status, answer) = lab.send(request).await;
    assert_eq!((status, &answer["error_code"]), (400, &json!("MALFORMED_REQUEST")));
    let refused = lab.refused(Method::GET, "2.0/instance-pools/get", None).await;
    assert_eq!(refused, "400 INVALID_PARAMETER_VALUE: Missing required field: instance_pool_id");
    // what the document does not know passes, as on the service
    lab.post(path, json!({ "scope": "a", "of_tomorrow": { "x": 1 } })).await;
}

#[tokio::test]
async fn what_is_not_emulated_names_its_operation() {
    let lab = Lab::start().await;
    let refused = lab.refused(Method::GET, "2.0/lakewatch/no", None).await;
    assert!(refused.starts_with("501 NOT_IMPLEMENTED"), "{refused}");
    let refused = lab.refused(Method::POST, "2.0/ai-functions/ai-classify", Some(json!({}))).await;
    assert_eq!(
        refused,
        "501 NOT_IMPLEMENTED: the sandbox does not emulate ai_functions_ai_classify (POST /api/2.0/ai-functions/ai-classify)"
    );
}

#[tokio::test]
async fn objects_are_paged_masked_renamed_and_outlive_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let lab = Lab::with(Sandbox::builder().dir(dir.path()).token("t")).await;
    for at in 0..5 {
        lab.post("2.1/unity-catalog/shares", json!({ "name": format!("s{at}") })).await;
    }
    let refused = lab.refused(Method::POST, "2.1/unity-catalog/shares", Some(json!({ "name": "s1" }))).await;
    assert_eq!(refused, "400 SHARE_ALREADY_EXISTS: Share 's1' already exists");
    let (mut names, mut token) = (Vec::new(), String::new());
    loop {
        let page = lab.get(&format!("2.1/unity-catalog/shares?max_results=2&page_token={token}")).await;
        let shares = page["shares"].as_array().unwrap();
        assert!(shares.len() <= 2);
        names.extend(shares.iter().map(|share| share["name"].as_str().unwrap().to_owned()));
        match page["next_page_token"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(names, ["s0", "s1", "s2", "s3", "s4"]);
    let renamed =
        lab.request(Method::PATCH, "2.1/unity-catalog/shares/s1").json(&json!({ "new_name": "t1" }));
    assert_eq!(lab.send(renamed).await.1["name"], "t1");
    assert!(
        lab.refused(Method::GET, "2.1/unity-catalog/shares/s1", None)
            .await
            .starts_with("404 SHARE_DOES_NOT_EXIST")
    );

    let query = json!({ "query": { "display_name": "a", "query_text": "SELECT 1" } });
    let query = lab.post("2.0/sql/queries", query).await;
    let id = query["id"].as_str().unwrap().to_owned();
    let change =
        json!({ "update_mask": "display_name", "query": { "display_name": "b", "query_text": "no" } });
    let changed =
        lab.send(lab.request(Method::PATCH, &format!("2.0/sql/queries/{id}")).json(&change)).await.1;
    assert_eq!((&changed["display_name"], &changed["query_text"]), (&json!("b"), &json!("SELECT 1")));

    lab.sandbox.shutdown().await;
    let lab = Lab::with(Sandbox::builder().dir(dir.path()).token("t")).await;
    assert_eq!(lab.get("2.1/unity-catalog/shares/t1").await["name"], "t1");
    assert_eq!(lab.get(&format!("2.0/sql/queries/{id}")).await["display_name"], "b");
}

/// A service principal with a token of its own.
async fn principal(lab: &Lab, name: &str) -> (String, Them) {
    let made = lab.post("2.0/preview/scim/v2/ServicePrincipals", json!({ "displayName": name })).await;
    let application = made["applicationId"].as_str().unwrap().to_owned();
    let body = json!({ "application_id": application, "lifetime_seconds": 60 });
    let token = lab.post("2.0/token-management/on-behalf-of/tokens", body).await;
    let them = Them { url: lab.sandbox.url().into(), token: token["token_value"].as_str().unwrap().into() };
    (application, them)
}

struct Them {
    url: String,
    token: String,
}

impl Them {
    async fn ask(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = Client::new()
            .request(method.clone(), format!("{}/api/{path}", self.url))
            .bearer_auth(&self.token);
        let request = if method == Method::GET { request } else { request.json(&body) };
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }
}

#[tokio::test]
async fn permissions_bite() {
    let lab = Lab::start().await;
    let (name, them) = principal(&lab, "robot").await;
    let me = them.ask(Method::GET, "2.0/preview/scim/v2/Me", Value::Null).await.1;
    assert_eq!(me["userName"], json!(name));

    // clusters
    let cluster =
        lab.get("2.1/clusters/list").await["clusters"][0]["cluster_id"].as_str().unwrap().to_owned();
    let get = format!("2.1/clusters/get?cluster_id={cluster}");
    let (status, refused) = them.ask(Method::GET, &get, Value::Null).await;
    assert_eq!((status, &refused["error_code"]), (403, &json!("PERMISSION_DENIED")));
    let entry = |level: &str| json!({ "access_control_list": [{ "service_principal_name": name, "permission_level": level }] });
    let acl = format!("2.0/permissions/clusters/{cluster}");
    lab.send(lab.request(Method::PATCH, &acl).json(&entry("CAN_ATTACH_TO"))).await;
    assert_eq!(them.ask(Method::GET, &get, Value::Null).await.0, 200);
    assert_eq!(them.ask(Method::POST, "2.1/clusters/delete", json!({ "cluster_id": cluster })).await.0, 403);
    let refused = lab.send(lab.request(Method::PUT, &acl).json(&entry("CAN_VIEW"))).await.1;
    assert_eq!(refused["error_code"], "INVALID_PARAMETER_VALUE");

    // jobs: who makes one owns it
    let job = lab.post("2.2/jobs/create", json!({ "name": "mine" })).await["job_id"].clone();
    assert_eq!(them.ask(Method::GET, &format!("2.2/jobs/get?job_id={job}"), Value::Null).await.0, 403);
    let own =
        them.ask(Method::POST, "2.2/jobs/create", json!({ "name": "theirs" })).await.1["job_id"].clone();
    assert_eq!(them.ask(Method::GET, &format!("2.2/jobs/get?job_id={own}"), Value::Null).await.0, 200);

    // secrets
    lab.post("2.0/secrets/scopes/create", json!({ "scope": "s" })).await;
    lab.post("2.0/secrets/put", json!({ "scope": "s", "key": "k", "string_value": "v" })).await;
    assert_eq!(them.ask(Method::GET, "2.0/secrets/get?scope=s&key=k", Value::Null).await.0, 403);
    lab.post("2.0/secrets/acls/put", json!({ "scope": "s", "principal": name, "permission": "READ" })).await;
    assert_eq!(them.ask(Method::GET, "2.0/secrets/get?scope=s&key=k", Value::Null).await.0, 200);
    let put = json!({ "scope": "s", "key": "k", "string_value": "w" });
    assert_eq!(them.ask(Method::POST, "2.0/secrets/put", put).await.0, 403);

    // administration
    let user = json!({ "userName": "a@example.com" });
    assert_eq!(them.ask(Method::POST, "2.0/preview/scim/v2/Users", user).await.0, 403);
}

#[cfg(feature = "sql")]
#[tokio::test]
async fn grants_bite_and_are_inherited() {
    let lab = Lab::start().await;
    let (name, them) = principal(&lab, "robot").await;
    let schema = json!({ "name": "s", "catalog_name": "main" });
    let (status, refused) = them.ask(Method::POST, "2.1/unity-catalog/schemas", schema.clone()).await;
    assert_eq!(status, 403, "{refused}");
    let grant = json!({ "changes": [{ "principal": name, "add": ["CREATE_SCHEMA", "USE_CATALOG"] }] });
    let request = lab.request(Method::PATCH, "2.1/unity-catalog/permissions/catalog/main").json(&grant);
    assert_eq!(lab.send(request).await.0, 200);
    assert_eq!(them.ask(Method::POST, "2.1/unity-catalog/schemas", schema).await.0, 200);
    let effective = lab.get("2.1/unity-catalog/effective-permissions/schema/main.s").await;
    let held = &effective["privilege_assignments"][0]["privileges"][0];
    assert_eq!((&held["privilege"], &held["inherited_from_name"]), (&json!("CREATE_SCHEMA"), &json!("main")));
    let unknown = json!({ "changes": [{ "principal": "nobody", "add": ["SELECT"] }] });
    let request = lab.request(Method::PATCH, "2.1/unity-catalog/permissions/catalog/main").json(&unknown);
    assert_eq!(lab.send(request).await.1["error_code"], "PRINCIPAL_DOES_NOT_EXIST");
}

#[tokio::test]
async fn machines_sign_in_and_tokens_end() {
    let clock = Clock::manual();
    let lab = Lab::on(Sandbox::builder(), clock.clone()).await;
    let made = lab.post("2.0/preview/scim/v2/ServicePrincipals", json!({ "displayName": "robot" })).await;
    let (id, client) = (made["id"].as_str().unwrap(), made["applicationId"].as_str().unwrap());
    let secret =
        lab.post(&format!("2.0/accounts/servicePrincipals/{id}/credentials/secrets"), json!({})).await;
    let secret = secret["secret"].as_str().unwrap();
    let known =
        Client::new().get(format!("{}/oidc/.well-known/oauth-authorization-server", lab.sandbox.url()));
    let (_, known) = lab.send(known).await;
    let endpoint = known["token_endpoint"].as_str().unwrap();
    let ask = |secret: &str| {
        let form = "grant_type=client_credentials&scope=all-apis";
        let request =
            Client::new().post(endpoint).header("content-type", "application/x-www-form-urlencoded");
        lab.send(request.basic_auth(client, Some(secret)).body(form))
    };
    assert_eq!(ask("wrong").await.1["error"], "invalid_client");
    let (_, answer) = ask(secret).await;
    let them = Them { url: lab.sandbox.url().into(), token: answer["access_token"].as_str().unwrap().into() };
    assert_eq!(them.ask(Method::GET, "2.0/preview/scim/v2/Me", Value::Null).await.0, 200);
    clock.advance(Duration::from_secs(3_601));
    let (status, refused) = them.ask(Method::GET, "2.0/preview/scim/v2/Me", Value::Null).await;
    assert_eq!((status, &refused["message"]), (401, &json!("Access token has expired.")));
}

#[tokio::test]
async fn faults_come_on_demand() {
    let lab = Lab::start().await;
    let me = "2.0/preview/scim/v2/Me";
    let with = |fault: &str| lab.request(Method::GET, me).header("x-sandbox-fault", fault);
    let response = with("status=429,retry-after=7").send().await.unwrap();
    assert_eq!(
        (response.status(), &response.headers()["retry-after"]),
        (StatusCode::TOO_MANY_REQUESTS, &"7".parse().unwrap())
    );
    assert_eq!(lab.send(with("status=503")).await.1["error_code"], "TEMPORARILY_UNAVAILABLE");
    assert_eq!(lab.send(with("expired")).await.0, 401);
    let began = Instant::now();
    assert_eq!(lab.send(with("latency=80ms")).await.0, 200);
    assert!(began.elapsed() >= Duration::from_millis(80));
    let error = with("reset").send().await.unwrap_err();
    assert!(error.is_request(), "{error:?}");
    assert_eq!(lab.send(with("slow")).await.0, 400);

    // rules count down
    let admin = format!("{}/_sandbox/faults", lab.sandbox.url());
    let rules = || Client::new().post(&admin).bearer_auth(lab.sandbox.token());
    let rule = json!({ "path": "/api/2.0/preview", "method": "get", "times": 2, "fault": "status=500" });
    assert_eq!(lab.send(rules().json(&rule)).await.1["id"], 1);
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(lab.send(lab.request(Method::GET, me)).await.0);
    }
    assert_eq!(statuses, [500, 500, 200]);
    assert_eq!(lab.send(Client::new().get(&admin)).await.0, 403);

    // a stale read is the last one before
    let list = || lab.request(Method::GET, "2.0/secrets/scopes/list").header("x-sandbox-fault", "stale");
    assert_eq!(lab.send(list()).await.1["scopes"], json!([]));
    lab.post("2.0/secrets/scopes/create", json!({ "scope": "new" })).await;
    assert_eq!(lab.send(list()).await.1["scopes"], json!([]));
    assert_eq!(lab.get("2.0/secrets/scopes/list").await["scopes"][0]["name"], "new");
}

#[tokio::test]
async fn a_workspace_goes_into_an_archive_and_back() {
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (dir.path().join("first"), dir.path().join("second"));
    let start = |path: &std::path::Path| -> Builder { Sandbox::builder().dir(path) };
    let lab = Lab::with(start(&first)).await;
    lab.post("2.0/secrets/scopes/create", json!({ "scope": "kept" })).await;
    let file = "2.0/fs/files/Volumes/main/default/files/kept.txt";
    assert!(lab.request(Method::PUT, file).body("bytes").send().await.unwrap().status().is_success());
    let mut archive = Vec::new();
    assert!(matches!(databricks_sandbox::export(&first, &mut archive), Err(Error::Locked { .. })));
    lab.sandbox.shutdown().await;
    archive.clear();
    databricks_sandbox::export(&first, &mut archive).unwrap();
    databricks_sandbox::import(archive.as_slice(), &second).unwrap();
    assert!(matches!(databricks_sandbox::import(archive.as_slice(), &second), Err(Error::NotEmpty { .. })));
    assert!(matches!(databricks_sandbox::export(dir.path(), Vec::new()), Err(Error::NoSandbox { .. })));
    assert!(databricks_sandbox::import(&b"no archive"[..], dir.path().join("third")).is_err());
    assert!(!dir.path().join("third").exists());
    let lab = Lab::with(start(&second)).await;
    assert_eq!(lab.get("2.0/secrets/scopes/list").await["scopes"][0]["name"], "kept");
    assert_eq!(lab.request(Method::GET, file).send().await.unwrap().text().await.unwrap(), "bytes");
}
