//! Changes of plain objects: fields, masks, and names that are keys.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::resource::{Key, Resource, Verb};
use super::verbs::{Object, answer, body, copy, existing, part_of_key, plain, text};
use super::{Call, stamps, tables};
use crate::server::{ApiError, Reply};
use crate::store::Change;

pub(super) fn update(
    resource: &'static Resource,
    verb: Verb,
    call: &Call,
    change: &mut Change,
) -> Reply<Value> {
    let (old_key, mut object) = existing(resource, call, change)?;
    let mut fields = body(resource, call);
    if let Some(etag) = fields.shift_remove("etag").filter(|etag| etag != "")
        && object.out.get("etag").is_some_and(|current| *current != etag)
    {
        let message = format!(
            "{} '{}' has changed since it was read: the etag is another",
            resource.noun,
            plain(&old_key)
        );
        return Err(ApiError::new(StatusCode::CONFLICT, "ABORTED", message));
    }
    if let Some(prepare) = resource.prepare {
        let mut out = object.out.clone();
        prepare(call, change, &mut fields, &mut out)?;
        object.out = out;
    }
    let mask =
        ["update_mask", "field_mask"].iter().find_map(|name| call.text(name)).filter(|mask| mask != "*");
    let keys: &[&str] = match resource.key {
        Key::Named(ref field) => std::slice::from_ref(field),
        Key::Joined(fields) | Key::Parts(fields) => fields,
        _ => &[],
    };
    match mask {
        Some(mask) => masked(&mut object.given, &fields, &mask),
        None if verb == Verb::Merge => object.given.extend(fields),
        None => {
            let kept = object.given.iter().filter(|(name, _)| keys.contains(&name.as_str())).map(copy);
            let mut next: Map<String, Value> = kept.collect();
            next.extend(fields);
            object.given = next;
        }
    }
    // what the caller sets wins over what the service wrote when the object was made, such as the owner
    for name in ["owner", "owner_user_name"] {
        if object.given.contains_key(name) {
            object.out.shift_remove(name);
        }
    }
    stamps::update(&resource.shapes(), &mut object.out, call.caller, call.now);
    let new_key = renamed(resource, call, &old_key, &mut object);
    if new_key != old_key {
        if change.has(resource.kind, &new_key) {
            let (status, code) = resource.exists;
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
            return Err(ApiError::new(
                status,
                code,
                format!("{} '{}' already exists", resource.noun, plain(&new_key)),
            ));
        }
        change.remove(resource.kind, &old_key);
        move_below(resource.kind, &old_key, &new_key, change);
    }
    change.put(resource.kind, &new_key, object.stored());
    answer(resource, call, &object)
}

/// Takes the fields that a mask names: what the mask names and the body lacks goes.
fn masked(given: &mut Map<String, Value>, fields: &Map<String, Value>, mask: &str) {
    for path in mask.split(',').map(str::trim).filter(|path| !path.is_empty()) {
        let steps: Vec<&str> = path.split('.').collect();
        let mut from = steps.first().and_then(|first| fields.get(*first));
        for step in steps.iter().skip(1) {
            from = from.and_then(|value| value.get(step));
        }
        put_at(given, &steps, from.cloned());
    }
}

fn put_at(target: &mut Map<String, Value>, steps: &[&str], value: Option<Value>) {
    let Some((first, rest)) = steps.split_first() else { return };
    if rest.is_empty() {
        match value {
            Some(value) => target.insert((*first).to_owned(), value),
            None => target.shift_remove(*first),
        };
        return;
    }
    let inner = target.entry((*first).to_owned()).or_insert_with(|| json!({}));
    if !inner.is_object() {
        *inner = json!({});
    }
    if let Value::Object(inner) = inner {
        put_at(inner, rest, value);
    }
}

/// The key after a change, with the name in the object put right.
fn renamed(resource: &Resource, call: &Call, old: &str, object: &mut Object) -> String {
    let Some(name) = call.text("new_name").filter(|name| !name.is_empty()) else { return old.to_owned() };
    let mut parts: Vec<String> = old.split('/').map(str::to_owned).collect();
    match resource.key {
        Key::Named(field) => {
            object.given.insert(field.to_owned(), json!(name));
            parts.pop();
            parts.push(part_of_key(&name));
        }
        Key::Joined(fields) => {
            if let Some(last) = fields.last() {
                object.given.insert((*last).to_owned(), json!(name));
            }
            let names: Vec<String> =
                fields.iter().filter_map(|field| object.given.get(*field)).map(text).collect();
            let full = names.join(".");
            object.out.insert("full_name".into(), json!(full));
            parts.pop();
            parts.push(part_of_key(&full));
        }
        // the key stays; only the name is another
        Key::Made(..) | Key::Parts(_) | Key::Single => {
            object.given.insert("name".into(), json!(name));
        }
    }
    parts.join("/")
}

fn move_below(kind: &str, old: &str, new: &str, change: &mut Change) {
    for child in tables::below(kind) {
        for (key, stored) in change.all(child.kind, &format!("{old}/")) {
            change.remove(child.kind, &key);
            change.put(child.kind, &key.replacen(old, new, 1), stored);
        }
        move_below(child.kind, old, new, change);
    }
}
