//! What the service writes into objects by itself: who made them and when. The fields have many names in the documents;
//! the schema says which of them an object has.

use chrono::SecondsFormat;
use serde_json::{Map, Value, json};

use super::Caller;
use crate::api::WORKSPACE_ID;
use crate::api::identity::METASTORE;
use crate::ids;
use crate::spec::Schema;

const CREATED: &[&str] = &[
    "created_at",
    "create_time",
    "creation_time",
    "creation_timestamp",
    "created_timestamp",
    "created_time",
    "created_at_millis",
    "create_timestamp",
];
const UPDATED: &[&str] = &[
    "updated_at",
    "update_time",
    "last_updated_timestamp",
    "last_modified",
    "updated_time",
    "updated_timestamp",
    "last_modified_at",
    "modified_at",
    "last_updated_time",
    "last_edited_time",
    "updated_at_millis",
];
const CREATOR: &[&str] = &[
    "created_by",
    "creator",
    "creator_user_name",
    "creator_name",
    "owner",
    "owner_user_name",
    "effective_owner",
];
const UPDATER: &[&str] =
    &["updated_by", "last_modified_by", "last_modifier_user_name", "last_updated_user", "updater"];

/// The stamps of a new object.
pub(super) fn create(
    shapes: &[Schema],
    given: &Map<String, Value>,
    out: &mut Map<String, Value>,
    caller: &Caller,
    now: i64,
) {
    let mut fill = |name: &str, value: Option<Value>| {
        if let Some(value) = value
            && !out.contains_key(name)
        {
            out.insert(name.to_owned(), value);
        }
    };
    for (name, schema) in fields(shapes) {
        if CREATED.contains(&name) {
            fill(name, time(schema, now));
        } else if CREATOR.contains(&name) && given.get(name).is_none_or(Value::is_null) {
            fill(name, person(schema, caller));
        } else if name == "metastore_id" && given.get(name).is_none_or(Value::is_null) {
            fill(name, Some(json!(METASTORE)));
        } else if name == "workspace_id" && schema.kind() == Some("integer") && !given.contains_key(name) {
            fill(name, WORKSPACE_ID.parse::<i64>().ok().map(Value::from));
        }
    }
    update(shapes, out, caller, now);
}

/// The stamps of a change.
pub(super) fn update(shapes: &[Schema], out: &mut Map<String, Value>, caller: &Caller, now: i64) {
    for (name, schema) in fields(shapes) {
        let value = if UPDATED.contains(&name) {
            time(schema, now)
        } else if UPDATER.contains(&name) {
            person(schema, caller)
        } else if name == "etag" && schema.kind() == Some("string") {
            Some(json!(ids::hex16()))
        } else {
            None
        };
        if let Some(value) = value {
            out.insert(name.to_owned(), value);
        }
    }
}

fn fields(shapes: &[Schema]) -> impl Iterator<Item = (&'static str, Schema)> {
    shapes.iter().flat_map(Schema::properties)
}

/// A time as a field's schema wants it.
fn time(schema: Schema, ms: i64) -> Option<Value> {
    match schema.kind()? {
        "integer" => Some(json!(ms)),
        "string" => Some(json!(rfc3339(ms))),
        _ => None,
    }
}

/// A time as text, such as `2026-01-31T12:00:00.000Z`.
pub(crate) fn rfc3339(ms: i64) -> String {
    let time = chrono::DateTime::from_timestamp_millis(ms).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn person(schema: Schema, caller: &Caller) -> Option<Value> {
    match schema.kind()? {
        "integer" => caller.id.parse::<i64>().ok().map(Value::from),
        "string" => Some(json!(caller.name)),
        _ => None,
    }
}
