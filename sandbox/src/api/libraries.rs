//! Libraries of clusters: what was asked for, and that it is there while the cluster runs. Nothing is installed.

use serde_json::{Value, json};

use super::plain::{Call, Route};
use crate::server::{ApiError, Reply};
use crate::store::Change;

const KIND: &str = "libraries";
const LACKS: &str = "nothing is installed: Python sees the packages of its own interpreter";

pub(super) const ROUTES: &[Route] = &[
    Route::new("libraries_install", install).lacks(LACKS),
    Route::new("libraries_uninstall", uninstall).lacks(LACKS),
    Route::new("libraries_cluster_status", status).lacks(LACKS),
    Route::new("libraries_all_cluster_statuses", all).lacks(LACKS),
];

fn cluster(call: &Call) -> Reply<String> {
    let id = call.must("cluster_id")?;
    if call.state.clusters.has(&id) {
        return Ok(id);
    }
    Err(ApiError::invalid(format!("Cluster {id} does not exist")))
}

fn wanted(call: &Call) -> Reply<Vec<Value>> {
    let libraries = call.body.get("libraries").and_then(Value::as_array).cloned().unwrap_or_default();
    for library in &libraries {
        let kinds =
            library.as_object().map_or(0, |fields| fields.values().filter(|it| !it.is_null()).count());
        if kinds != 1 {
            return Err(ApiError::invalid(
                "A library is exactly one of jar, egg, whl, requirements, pypi, maven and cran",
            ));
        }
    }
    Ok(libraries)
}

fn entries(change: &Change, id: &str) -> Vec<Value> {
    change.get(KIND, id).and_then(Value::as_array).cloned().unwrap_or_default()
}

/// The states as the cluster is now: what waits comes in when it runs, what goes stays until it starts anew.
fn statuses(call: &Call, id: &str, entries: &[Value]) -> Vec<Value> {
    let epoch = call.state.clusters.epoch(id, call.now);
    entries
        .iter()
        .filter(|entry| entry["gone"].is_null() || epoch.is_none() || entry["gone"].as_i64() == epoch)
        .map(|entry| {
            let status = match (epoch, entry["gone"].is_null()) {
                (_, false) => "UNINSTALL_ON_RESTART",
                (Some(_), true) => "INSTALLED",
                (None, true) => "PENDING",
            };
            json!({ "library": entry["library"], "status": status, "is_library_for_all_clusters": false })
        })
        .collect()
}

fn install(call: &Call, change: &mut Change) -> Reply<Value> {
    let (id, libraries) = (cluster(call)?, wanted(call)?);
    let mut entries = entries(change, &id);
    for library in libraries {
        entries.retain(|entry| entry["library"] != library);
        entries.push(json!({ "library": library }));
    }
    change.put(KIND, &id, json!(entries));
    Ok(json!({}))
}

fn uninstall(call: &Call, change: &mut Change) -> Reply<Value> {
    let (id, libraries) = (cluster(call)?, wanted(call)?);
    let epoch = call.state.clusters.epoch(&id, call.now);
    let mut entries = entries(change, &id);
    match epoch {
        Some(epoch) => {
            for entry in entries.iter_mut().filter(|entry| libraries.contains(&entry["library"])) {
                entry["gone"] = json!(epoch);
            }
        }
        None => entries.retain(|entry| !libraries.contains(&entry["library"])),
    }
    change.put(KIND, &id, json!(entries));
    Ok(json!({}))
}

fn status(call: &Call, change: &mut Change) -> Reply<Value> {
    let id = cluster(call)?;
    Ok(json!({ "cluster_id": id, "library_statuses": statuses(call, &id, &entries(change, &id)) }))
}

fn all(call: &Call, change: &mut Change) -> Reply<Value> {
    let all = change.all(KIND, "").into_iter().filter(|(id, _)| call.state.clusters.has(id));
    let all: Vec<Value> = all
        .map(|(id, entries)| {
            let entries = entries.as_array().cloned().unwrap_or_default();
            json!({ "cluster_id": id, "library_statuses": statuses(call, &id, &entries) })
        })
        .collect();
    Ok(json!({ "statuses": all }))
}
