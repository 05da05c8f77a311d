//! Resources, prompts and completions.

use databricks_toolkit::mcp::http::HttpOptions;
use serde_json::{Value, json};

use crate::support::Served;

async fn read(served: &Served, uri: &str) -> (Value, Value) {
    let result = served.ask("resources/read", json!({ "uri": uri })).await.result();
    let content = result["contents"][0].clone();
    assert_eq!(content["uri"], uri);
    (result, content)
}

async fn json_of(served: &Served, uri: &str) -> Value {
    let (_, content) = read(served, uri).await;
    assert_eq!(content["mimeType"], "application/json");
    serde_json::from_str(content["text"].as_str().unwrap()).unwrap()
}

async fn complete(served: &Served, of: Value, argument: &str, typed: &str) -> Value {
    let params = json!({ "ref": of, "argument": { "name": argument, "value": typed } });
    served.ask("completion/complete", params).await.result()["completion"].clone()
}

fn template(uri: &str) -> Value {
    json!({ "type": "ref/resource", "uri": uri })
}

fn prompt(name: &str) -> Value {
    json!({ "type": "ref/prompt", "name": name })
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_of_what_is_listed() {
    let served = Served::start(HttpOptions::default()).await;
    let mut lists = Vec::new();
    for method in ["resources/templates/list", "prompts/list"] {
        let mut result = served.ask(method, json!({})).await.result();
        // Who serves is in every answer, and changes with each release.
        result.as_object_mut().unwrap().remove("_meta");
        lists.push((method.replace('/', "_"), result));
    }
    let arguments = json!({ "run_id": "7" });
    let shown =
        served.ask("prompts/get", json!({ "name": "debug_run", "arguments": arguments })).await.result();
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        for (name, result) in lists {
            insta::assert_json_snapshot!(name, result);
        }
        insta::assert_snapshot!("prompt_debug_run", shown["messages"][0]["content"]["text"].as_str().unwrap());
    });
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_notebooks_jobs_and_runs_are_read_by_their_addresses() {
    let served = Served::start(HttpOptions::default()).await;
    let table = json_of(&served, "databricks://table/samples.nyctaxi.trips").await;
    assert!(table["columns"].to_string().contains("fare_amount"), "{table}");
    let (result, _) = read(&served, "databricks://table/samples.nyctaxi.trips").await;
    assert_eq!((&result["cacheScope"], &result["ttlMs"]), (&json!("private"), &json!(60_000)));

    let me = served.call("who_am_i", json!({})).await.answer();
    let path = format!("/Users/{}/a report", me["userName"].as_str().unwrap());
    let code = "# Databricks notebook source\nraise ValueError('broken')\n";
    served
        .call("write_workspace_file", json!({ "path": path, "language": "PYTHON", "content": code }))
        .await
        .answer();
    let task = json!({ "task_key": "only", "notebook_path": path });
    let job = served.call("create_job", json!({ "name": "nightly report", "tasks": [task] })).await.answer();
    let run = served.call("run_job", json!({ "job_id": job["job_id"] })).await.answer();
    served.call("wait_for_run", json!({ "run_id": run["run_id"], "timeout_seconds": 60 })).await.answer();

    let listed = served.ask("resources/list", json!({})).await.result();
    let find = |kind: &str, title: &str| {
        let all = listed["resources"].as_array().unwrap();
        let found = all.iter().find(|item| {
            let text = |key: &str| item[key].as_str().unwrap();
            text("uri").starts_with(&format!("databricks://{kind}/")) && text("title").contains(title)
        });
        found.unwrap_or_else(|| panic!("no {kind} {title}: {listed}"))["uri"].as_str().unwrap().to_owned()
    };
    let (_, notebook) = read(&served, &find("notebook", "a report")).await;
    assert_eq!(notebook["mimeType"], "text/x-python", "{notebook}");
    assert!(notebook["text"].as_str().unwrap().contains("raise ValueError('broken')"), "{notebook}");
    let by_id = json_of(&served, &find("job", "nightly report")).await;
    assert_eq!(json_of(&served, "databricks://job/nightly%20report").await, by_id);
    let failed = json_of(&served, &find("run", "nightly report")).await;
    assert!(failed.to_string().contains("broken"), "{failed}");
    let clusters = served.call("list_clusters", json!({})).await.answer();
    let (id, name) =
        (&clusters["clusters"][0]["cluster_id"], clusters["clusters"][0]["cluster_name"].as_str().unwrap());
    let name = name.replace(' ', "%20");
    assert_eq!(&json_of(&served, &format!("databricks://cluster/{name}")).await["cluster_id"], id);
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_lead_nowhere_are_explained() {
    let served = Served::start(HttpOptions::default()).await;
    for (uri, says) in [
        ("file:///etc/passwd", "its scheme is not databricks"),
        ("databricks://tables/a.b.c", "no such kind"),
        ("databricks://table/", "full_name is missing"),
        ("databricks://run/abc", "neither a number"),
        ("databricks://job/no such job", "neither a number nor the name of any"),
        ("databricks://table/main.default.nothing", "does not exist"),
    ] {
        let error = served.ask("resources/read", json!({ "uri": uri })).await.last()["error"].clone();
        assert_eq!(error["code"], -32602, "{uri}: {error}");
        assert!(error["message"].as_str().unwrap().contains(says), "{uri}: {error}");
    }
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_completed() {
    let served = Served::start(HttpOptions::default()).await;
    let full_name = template("databricks://table/{full_name}");
    for (typed, completed) in [
        ("sam", "samples."),
        ("samples.NYC", "samples.nyctaxi."),
        ("samples.nyctaxi.", "samples.nyctaxi.trips"),
    ] {
        let found = complete(&served, full_name.clone(), "full_name", typed).await;
        assert!(found["values"].as_array().unwrap().contains(&json!(completed)), "{typed}: {found}");
    }
    let none = complete(&served, full_name.clone(), "full_name", "zzz").await;
    assert_eq!((&none["values"], &none["total"]), (&json!([]), &json!(0)));

    let catalogs = complete(&served, prompt("explore_catalog"), "catalog", "s").await;
    assert!(catalogs["values"].as_array().unwrap().contains(&json!("samples")), "{catalogs}");
    let params = json!({
        "ref": prompt("explore_catalog"), "argument": { "name": "schema", "value": "ny" },
        "context": { "arguments": { "catalog": "samples" } }
    });
    let schemas = served.ask("completion/complete", params).await.result();
    assert_eq!(schemas["completion"]["values"], json!(["nyctaxi"]));

    let clusters = served.call("list_clusters", json!({})).await.answer();
    let cluster = clusters["clusters"][0]["cluster_name"].as_str().unwrap();
    let typed = &cluster[..2];
    let found = complete(&served, template("databricks://cluster/{cluster_id}"), "cluster_id", typed).await;
    assert!(found["values"].as_array().unwrap().contains(&json!(cluster)), "{found}");

    for name in 0..120 {
        let task = json!({ "task_key": "only", "notebook_path": "/x" });
        served
            .call("create_job", json!({ "name": format!("job-{name:03}"), "tasks": [task] }))
            .await
            .answer();
    }
    let jobs = complete(&served, template("databricks://job/{job_id}"), "job_id", "job-").await;
    assert_eq!(
        (jobs["values"].as_array().unwrap().len(), &jobs["total"], &jobs["hasMore"]),
        (100, &json!(120), &json!(true))
    );
    let one = complete(&served, template("databricks://job/{job_id}"), "job_id", "job-11").await;
    assert_eq!(one["values"].as_array().unwrap().len(), 10, "{one}");

    for (of, argument, says) in [
        (prompt("no_such"), "x", "no prompt `no_such`"),
        (prompt("debug_run"), "run", "has no argument `run`; it has: run_id"),
        (template("databricks://tables/{x}"), "x", "no resource template"),
    ] {
        let params = json!({ "ref": of, "argument": { "name": argument, "value": "" } });
        let error = served.ask("completion/complete", params).await.last()["error"].clone();
        assert!(error["message"].as_str().unwrap().contains(says), "{error}");
    }
    served.end().await;
}

/// Pictures are for clients that show them: the others are told nothing of a page.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_comes_with_the_tools_whose_answers_it_shows() {
    let served = Served::start(HttpOptions::default()).await;
    let list = async |client: Value| {
        let request = served.request("tools/list", serde_json::Map::new(), client);
        crate::support::send(request).await.result()["tools"].as_array().unwrap().clone()
    };
    let mime = "text/html;profile=mcp-app";
    let shows = json!({ "extensions": { "io.modelcontextprotocol/ui": { "mimeTypes": [mime] } } });
    let with_page: Vec<Value> =
        list(shows).await.into_iter().filter(|tool| tool.get("_meta").is_some()).collect();
    let names: Vec<&str> = with_page.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["execute_sql", "get_statement", "get_run"]);
    assert!(list(json!({})).await.iter().all(|tool| tool.get("_meta").is_none()));
    let (_, page) = read(&served, with_page[0]["_meta"]["ui"]["resourceUri"].as_str().unwrap()).await;
    assert_eq!(page["mimeType"], mime);
    assert!(page["text"].as_str().unwrap().starts_with("<!doctype html>"));
    let about = served.ask("server/discover", json!({})).await.result();
    let types = &about["capabilities"]["extensions"]["io.modelcontextprotocol/ui"]["mimeTypes"];
    assert_eq!(types, &json!([mime]), "{about}");
    served.end().await;
}
