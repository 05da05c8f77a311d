//! Runs of experiments: their state, metrics, parameters and tags; and logged models.

use serde_json::{Value, json};

use super::experiments::{experiment, in_view};
use super::{filter, find, remove_entry, search, set_entry};
use crate::api::plain::{Call, Route};
use crate::ids;
use crate::server::{ApiError, Reply};
use crate::store::Change;

const RUN: &str = "ml_run";
/// All values that a metric had, by run and key.
const HISTORY: &str = "ml_metric";
const MODEL: &str = "logged_model";

pub(super) const ROUTES: &[Route] = &[
    Route::new("experiments_create_run", create),
    Route::new("experiments_get_run", get),
    Route::new("experiments_search_runs", search_runs),
    Route::new("experiments_update_run", update),
    Route::new("experiments_delete_run", delete),
    Route::new("experiments_restore_run", restore),
    Route::new("experiments_delete_runs", delete_many),
    Route::new("experiments_restore_runs", restore_many),
    Route::new("experiments_log_metric", metric),
    Route::new("experiments_log_param", param),
    Route::new("experiments_log_batch", batch),
    Route::new("experiments_log_model", log_model),
    Route::new("experiments_log_inputs", inputs),
    Route::new("experiments_set_tag", tag),
    Route::new("experiments_delete_tag", untag),
    Route::new("experiments_get_history", history),
    Route::new("experiments_list_artifacts", artifacts)
        .lacks("runs keep no artifacts here, so the list is empty"),
    Route::new("experiments_create_logged_model", create_model),
    Route::new("experiments_get_logged_model", get_model),
    Route::new("experiments_finalize_logged_model", finalize_model),
    Route::new("experiments_delete_logged_model", delete_model),
    Route::new("experiments_set_logged_model_tags", tag_model),
    Route::new("experiments_log_logged_model_params", model_params),
];

fn id(call: &Call) -> Reply<String> {
    call.text("run_id")
        .or_else(|| call.text("run_uuid"))
        .ok_or_else(|| ApiError::invalid("Missing required field: run_id"))
}

fn run(call: &Call, change: &Change) -> Reply<(String, Value)> {
    let id = id(call)?;
    let run = find(change, RUN, &id, "Run")?;
    Ok((id, run))
}

fn create(call: &Call, change: &mut Change) -> Reply<Value> {
    let experiment_id = call.must("experiment_id")?;
    let experiment = experiment(change, &experiment_id)?;
    if experiment["lifecycle_stage"] != "active" {
        return Err(ApiError::invalid_state(format!(
            "The experiment {experiment_id} must be in the 'active' lifecycle_stage."
        )));
    }
    let id = ids::hex32();
    let mut tags = call.body.get("tags").cloned().unwrap_or_else(|| json!([]));
    let tagged = tags.as_array().into_iter().flatten().find(|tag| tag["key"] == "mlflow.runName");
    let name =
        call.text("run_name").or_else(|| tagged.and_then(|tag| tag["value"].as_str().map(str::to_owned)));
    let name = name.unwrap_or_else(|| format!("run-{}", &id[..8]));
    set_entry(&mut tags, "mlflow.runName", &json!(name));
    let start = call.text("start_time").and_then(|text| text.parse::<i64>().ok()).unwrap_or(call.now);
    let location = experiment["artifact_location"].as_str().unwrap_or_default();
    let user = call.text("user_id").unwrap_or_else(|| call.caller.name.clone());
    let run = json!({
        "info": {
            "run_id": id, "run_uuid": id, "run_name": name, "experiment_id": experiment_id, "user_id": user,
            "status": "RUNNING", "start_time": start, "lifecycle_stage": "active",
            "artifact_uri": format!("{location}/{id}/artifacts"),
        },
        "data": { "metrics": [], "params": [], "tags": tags },
        "inputs": {},
    });
    change.put(RUN, &id, run.clone());
    Ok(json!({ "run": run }))
}

fn get(call: &Call, change: &mut Change) -> Reply<Value> {
    Ok(json!({ "run": run(call, change)?.1 }))
}

fn search_runs(call: &Call, change: &mut Change) -> Reply<Value> {
    let experiments = call.body.get("experiment_ids").cloned().unwrap_or_default();
    let conditions = filter::parse(&call.text("filter").unwrap_or_default())?;
    let mut kept: Vec<Value> = change
        .all(RUN, "")
        .into_iter()
        .map(|(_, run)| run)
        .filter(|run| {
            experiments.as_array().into_iter().flatten().any(|id| run["info"]["experiment_id"] == *id)
        })
        .filter(|run| in_view(call, "run_view_type", &run["info"]["lifecycle_stage"]))
        .filter(|run| filter::matches(&conditions, run))
        .collect();
    // the latest first, as the service has it
    kept.sort_by_key(|run| std::cmp::Reverse(run["info"]["start_time"].as_i64()));
    search(call, "runs", kept)
}

fn update(call: &Call, change: &mut Change) -> Reply<Value> {
    let (id, mut run) = run(call, change)?;
    for (field, value) in [("status", call.body.get("status")), ("end_time", call.body.get("end_time"))] {
        if let Some(value) = value.filter(|value| !value.is_null()) {
            run["info"][field] = value.clone();
        }
    }
    if let Some(name) = call.text("run_name") {
        run["info"]["run_name"] = json!(name);
        set_entry(&mut run["data"]["tags"], "mlflow.runName", &json!(name));
    }
    change.put(RUN, &id, run.clone());
    Ok(json!({ "run_info": run["info"] }))
}

fn stage(change: &mut Change, id: &str, mut run: Value, stage: &str) {
    run["info"]["lifecycle_stage"] = json!(stage);
    change.put(RUN, id, run);
}

fn delete(call: &Call, change: &mut Change) -> Reply<Value> {
    let (id, run) = run(call, change)?;
    stage(change, &id, run, "deleted");
    Ok(json!({}))
}

fn restore(call: &Call, change: &mut Change) -> Reply<Value> {
    let (id, run) = run(call, change)?;
    stage(change, &id, run, "active");
    Ok(json!({}))
}

fn many(
    call: &Call,
    change: &mut Change,
    from: &str,
    to: &str,
    wanted: impl Fn(i64) -> bool,
) -> Reply<usize> {
    let experiment = call.must("experiment_id")?;
    let most = call.text("max_runs").and_then(|text| text.parse::<usize>().ok()).unwrap_or(10_000);
    let found: Vec<_> = change
        .all(RUN, "")
        .into_iter()
        .filter(|(_, run)| {
            run["info"]["experiment_id"] == json!(experiment) && run["info"]["lifecycle_stage"] == from
        })
        .filter(|(_, run)| wanted(run["info"]["start_time"].as_i64().unwrap_or_default()))
        .take(most)
        .collect();
    let count = found.len();
    for (id, run) in found {
        stage(change, &id, run, to);
    }
    Ok(count)
}

fn delete_many(call: &Call, change: &mut Change) -> Reply<Value> {
    let until = call.must("max_timestamp_millis")?.parse::<i64>().unwrap_or(i64::MAX);
    let count = many(call, change, "active", "deleted", |start| start <= until)?;
    Ok(json!({ "runs_deleted": count }))
}

fn restore_many(call: &Call, change: &mut Change) -> Reply<Value> {
    let since = call.must("min_timestamp_millis")?.parse::<i64>().unwrap_or(0);
    let count = many(call, change, "deleted", "active", |start| start >= since)?;
    Ok(json!({ "runs_restored": count }))
}

/// Notes a value of a metric: the latest step counts, and all values are kept.
fn log_metric(change: &mut Change, id: &str, run: &mut Value, metric: &Value) -> Reply<()> {
    let key = metric["key"].as_str().filter(|key| !key.is_empty());
    let key = key.ok_or_else(|| ApiError::invalid("Missing required field: key"))?;
    let mut entry = json!({ "key": key, "value": metric["value"], "timestamp": metric["timestamp"], "step": metric["step"].as_i64().unwrap_or(0) });
    if let Some(number) = entry["timestamp"].as_str().and_then(|text| text.parse::<i64>().ok()) {
        entry["timestamp"] = json!(number);
    }
    let at = format!("{id}/{key}");
    let mut history = change.get(HISTORY, &at).cloned().unwrap_or_else(|| json!([]));
    if let Some(history) = history.as_array_mut() {
        history.push(entry.clone());
    }
    change.put(HISTORY, &at, history);
    if !run["data"]["metrics"].is_array() {
        run["data"]["metrics"] = json!([]);
    }
    let Some(metrics) = run["data"]["metrics"].as_array_mut() else { return Ok(()) };
    let newest = |it: &Value| (it["step"].as_i64(), it["timestamp"].as_i64());
    match metrics.iter_mut().find(|it| it["key"] == key) {
        Some(known) if newest(known) <= newest(&entry) => *known = entry,
        Some(_) => {}
        None => metrics.push(entry),
    }
    Ok(())
}

fn log_param(run: &mut Value, param: &Value) -> Reply<()> {
    let key = param["key"].as_str().unwrap_or_default();
    let known = run["data"]["params"].as_array().into_iter().flatten().find(|it| it["key"] == key);
    if let Some(known) = known
        && known["value"] != param["value"]
    {
        return Err(ApiError::invalid(format!(
            "Changing param values is not allowed. Param with key='{key}' was already logged with value={} for run ID={}.",
            known["value"], run["info"]["run_id"]
        )));
    }
    set_entry(&mut run["data"]["params"], key, &param["value"]);
    Ok(())
}

fn metric(call: &Call, change: &mut Change) -> Reply<Value> {
    let (id, mut run) = run(call, change)?;
    log_metric(change, &id, &mut run, &Value::Object(call.body.clone()))?;
    change.put(RUN, &id, run);
    Ok(json!({}))
}

fn param(call: &Call, change: &mut Change) -> Reply<Value> {
    let (id, mut run) = run(call, change)?;
    log_param(&mut run, &Value::Object(call.body.clone()))?;
    change.put(RUN, &id, run);
    Ok(json!({}))
}

fn batch(call: &Call, change: &mut Change) -> Reply<Value> {
    let (id, mut run) = run(call, change)?;
    let list = |name: &str| call.body.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let (metrics, params, tags) = (list("metrics"), list("params"), list("tags"));
    if metrics.len() + params.len() + tags.len() > 1_000 || params.len() > 100 || tags.len() > 100 {
        return Err(ApiError::invalid(
            "A batch may hold up to 1000 entries, of which 100 params and 100 tags",
        ));
    }
    for metric in &metrics {
        log_metric(change, &id, &mut run, metric)?;
    }
    for param in &params {
        log_param(&mut run, param)?;
    }
    for tag in &tags {
        set_entry(&mut run["data"]["tags"], tag["key"].as_str().unwrap_or_default(), &tag["value"]);
    }
    change.put(RUN, &id, run);
    Ok(json!({}))
}

fn log_model(call: &Call, change: &mut Change) -> Reply<Value> {
    let (id, mut run) = run(call, change)?;
    let model = call.text("model_json").unwrap_or_default();
    let model: Value = serde_json::from_str(&model)
        .map_err(|cause| ApiError::invalid(format!("model_json is no JSON: {cause}")))?;
    let tags = run["data"]["tags"].as_array().into_iter().flatten();
    let known =
        tags.filter(|tag| tag["key"] == "mlflow.log-model.history").find_map(|tag| tag["value"].as_str());
    let mut all: Vec<Value> = known.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    all.push(model);
    set_entry(&mut run["data"]["tags"], "mlflow.log-model.history", &json!(json!(all).to_string()));
    change.put(RUN, &id, run);
    Ok(json!({}))
}

fn inputs(call: &Call, change: &mut Change) -> Reply<Value> {
    let (id, mut run) = run(call, change)?;
    for (from, to) in [("datasets", "dataset_inputs"), ("models", "model_inputs")] {
        if let Some(more) = call.body.get(from).and_then(Value::as_array) {
            let mut known = run["inputs"][to].as_array().cloned().unwrap_or_default();
            known.extend(more.iter().cloned());
            run["inputs"][to] = json!(known);
        }
    }
    change.put(RUN, &id, run);
    Ok(json!({}))
}

fn tag(call: &Call, change: &mut Change) -> Reply<Value> {
    let (id, mut run) = run(call, change)?;
    let (key, value) = (call.must("key")?, call.text("value").unwrap_or_default());
    set_entry(&mut run["data"]["tags"], &key, &json!(value));
    if key == "mlflow.runName" {
        run["info"]["run_name"] = json!(value);
    }
    change.put(RUN, &id, run);
    Ok(json!({}))
}

fn untag(call: &Call, change: &mut Change) -> Reply<Value> {
    let (id, mut run) = run(call, change)?;
    let key = call.must("key")?;
    if !remove_entry(&mut run["data"]["tags"], &key) {
        return Err(ApiError::not_found(format!("No tag with name: {key} in run with id {id}")));
    }
    change.put(RUN, &id, run);
    Ok(json!({}))
}

fn history(call: &Call, change: &mut Change) -> Reply<Value> {
    let (id, _) = run(call, change)?;
    let all = change.get(HISTORY, &format!("{id}/{}", call.must("metric_key")?));
    let all = all.and_then(Value::as_array).cloned().unwrap_or_default();
    search(call, "metrics", all)
}

fn artifacts(call: &Call, change: &mut Change) -> Reply<Value> {
    let (_, run) = run(call, change)?;
    Ok(json!({ "root_uri": run["info"]["artifact_uri"], "files": [] }))
}

fn create_model(call: &Call, change: &mut Change) -> Reply<Value> {
    let experiment_id = call.must("experiment_id")?;
    let experiment = experiment(change, &experiment_id)?;
    let id = format!("m-{}", ids::hex32());
    let location = experiment["artifact_location"].as_str().unwrap_or_default();
    let mut info = json!({
        "model_id": id, "experiment_id": experiment_id, "status": "LOGGED_MODEL_PENDING",
        "name": call.text("name").unwrap_or_else(|| format!("model-{}", &id[2..10])),
        "creation_timestamp_ms": call.now, "last_updated_timestamp_ms": call.now,
        "artifact_uri": format!("{location}/models/{id}/artifacts"),
        "tags": call.body.get("tags").cloned().unwrap_or_else(|| json!([])),
    });
    for field in ["model_type", "source_run_id"] {
        if let Some(value) = call.text(field) {
            info[field] = json!(value);
        }
    }
    let params = call.body.get("params").cloned().unwrap_or_else(|| json!([]));
    let model = json!({ "info": info, "data": { "metrics": [], "params": params } });
    change.put(MODEL, &id, model.clone());
    Ok(json!({ "model": model }))
}

fn model(call: &Call, change: &Change) -> Reply<(String, Value)> {
    let id = call.must("model_id")?;
    let model = find(change, MODEL, &id, "Logged model")?;
    Ok((id, model))
}

fn get_model(call: &Call, change: &mut Change) -> Reply<Value> {
    Ok(json!({ "model": model(call, change)?.1 }))
}

fn finalize_model(call: &Call, change: &mut Change) -> Reply<Value> {
    let (id, mut model) = model(call, change)?;
    model["info"]["status"] = json!(call.must("status")?);
    model["info"]["last_updated_timestamp_ms"] = json!(call.now);
    change.put(MODEL, &id, model.clone());
    Ok(json!({ "model": model }))
}

fn delete_model(call: &Call, change: &mut Change) -> Reply<Value> {
    let (id, _) = model(call, change)?;
    change.remove(MODEL, &id);
    Ok(json!({}))
}

fn tag_model(call: &Call, change: &mut Change) -> Reply<Value> {
    let (id, mut model) = model(call, change)?;
    for tag in call.body.get("tags").and_then(Value::as_array).into_iter().flatten() {
        set_entry(&mut model["info"]["tags"], tag["key"].as_str().unwrap_or_default(), &tag["value"]);
    }
    change.put(MODEL, &id, model);
    Ok(json!({}))
}

fn model_params(call: &Call, change: &mut Change) -> Reply<Value> {
    let (id, mut model) = model(call, change)?;
    for param in call.body.get("params").and_then(Value::as_array).into_iter().flatten() {
        set_entry(&mut model["data"]["params"], param["key"].as_str().unwrap_or_default(), &param["value"]);
    }
    change.put(MODEL, &id, model);
    Ok(json!({}))
}
