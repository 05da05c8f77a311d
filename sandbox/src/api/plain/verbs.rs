//! Creates, reads, lists, changes and deletes plain objects.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::resource::{Form, Key, Resource, Verb};
use super::update::update;
use super::{Call, stamps, tables};
use crate::api::paging::Page;
use crate::ids;
use crate::server::{ApiError, Reply};
use crate::spec::{Paging, Schema};
use crate::store::Change;

/// The size of a page when the caller does not say, and the most that one may be.
const PAGE: usize = 100;
const MOST: usize = 1_000;

/// Fields of a request that say how to read it and are no part of the object.
const DIRECTIONS: &[&str] =
    &["update_mask", "field_mask", "allow_missing", "request_id", "idempotency_token", "new_name"];

/// Does what an operation says with an object of a kind.
pub(super) fn run(resource: &'static Resource, verb: Verb, call: &Call, change: &mut Change) -> Reply<Value> {
    match verb {
        Verb::Create => create(resource, call, change),
        Verb::Get => {
            let (_, object) = existing(resource, call, change)?;
            answer(resource, call, &object)
        }
        Verb::List => list(resource, call, change),
        Verb::Replace | Verb::Merge => update(resource, verb, call, change),
        Verb::Delete => delete(resource, call, change),
        Verb::Set(patch) => set(resource, patch, call, change),
        Verb::Part(field) => part(resource, field, call, change),
    }
}

/// A stored object: what the caller gave and what the service says.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) given: Map<String, Value>,
    pub(crate) out: Map<String, Value>,
}

impl Object {
    pub(crate) fn read(stored: &Value) -> Self {
        let part = |name: &str| stored[name].as_object().cloned().unwrap_or_default();
        Self { given: part("given"), out: part("out") }
    }

    pub(crate) fn stored(&self) -> Value {
        json!({ "given": self.given, "out": self.out })
    }

    /// The whole: what the service says wins over what the caller gave, and that over what is usual.
    pub(crate) fn view(&self, resource: &Resource) -> Map<String, Value> {
        let mut view = literal(resource.defaults);
        view.extend(self.given.iter().filter(|(_, value)| !value.is_null()).map(copy));
        view.extend(self.out.iter().map(copy));
        view
    }
}

pub(super) fn copy((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

/// JSON from a table. That all of it parses is tested.
pub(super) fn literal(json: &str) -> Map<String, Value> {
    serde_json::from_str(json).unwrap_or_default()
}

/// One part of a key: a slash inside it must not look like the next part.
pub(crate) fn part_of_key(text: &str) -> String {
    text.replace('%', "%25").replace('/', "%2F")
}

fn join(parts: &[String]) -> String {
    parts.iter().map(|part| part_of_key(part)).collect::<Vec<_>>().join("/")
}

/// The parameters of the path without the account, which is always the sandbox's own.
fn places(call: &Call) -> Vec<String> {
    call.path.iter().filter(|(name, _)| *name != "account_id").map(|(_, value)| value.clone()).collect()
}

/// The key that a request names.
fn key(resource: &Resource, call: &Call) -> Reply<String> {
    let places = places(call);
    if resource.key == Key::Single || !places.is_empty() {
        return Ok(join(&places));
    }
    let field = resource.key_field();
    let text = call.text(field).or_else(|| match resource.key {
        Key::Joined(_) => call.text("name"),
        _ => None,
    });
    text.map(|text| part_of_key(&text))
        .ok_or_else(|| ApiError::invalid(format!("Missing required field: {field}")))
}

pub(super) fn plain(key: &str) -> String {
    key.rsplit('/').next().unwrap_or_default().replace("%2F", "/").replace("%25", "%")
}

/// The answer to a key that no object has.
pub(crate) fn missing(resource: &Resource, key: &str) -> ApiError {
    let message = format!("{} '{}' does not exist.", resource.noun, plain(key));
    ApiError::new(StatusCode::NOT_FOUND, resource.missing, message)
}

pub(super) fn existing(resource: &Resource, call: &Call, change: &Change) -> Reply<(String, Object)> {
    let key = key(resource, call)?;
    match change.get(resource.kind, &key) {
        Some(stored) => Ok((key, Object::read(stored))),
        None => Err(missing(resource, &key)),
    }
}

fn parent_exists(resource: &Resource, scope: &str, change: &Change) -> Reply<()> {
    let Some(parent) = resource.parent else { return Ok(()) };
    if change.has(parent, scope) {
        return Ok(());
    }
    Err(tables::of_kind(parent).map_or_else(
        || ApiError::not_found(format!("'{}' does not exist.", plain(scope))),
        |parent| missing(parent, scope),
    ))
}

/// The part of a body that is the object.
pub(super) fn body(resource: &Resource, call: &Call) -> Map<String, Value> {
    let inner = resource.wrapped.and_then(|field| call.body.get(field)?.as_object());
    let mut body = inner.unwrap_or(&call.body).clone();
    body.retain(|name, value| !value.is_null() && !DIRECTIONS.contains(&name.as_str()));
    body
}

fn create(resource: &'static Resource, call: &Call, change: &mut Change) -> Reply<Value> {
    let mut given = body(resource, call);
    let mut out = literal(resource.state);
    let places = places(call);
    parent_exists(resource, &join(&places), change)?;
    if let Some(prepare) = resource.prepare {
        prepare(call, change, &mut given, &mut out)?;
    }
    let object = make(resource, call, change, &places, given, out)?;
    answer(resource, call, &object)
}

/// Stores a new object below its parents.
pub(crate) fn make(
    resource: &'static Resource,
    call: &Call,
    change: &mut Change,
    places: &[String],
    given: Map<String, Value>,
    mut out: Map<String, Value>,
) -> Reply<Object> {
    let mut own_parts = Vec::new();
    let own = match resource.key {
        Key::Made(field, form) => {
            let id = out.get(field).cloned().unwrap_or_else(|| new_id(resource, form, places, change));
            let number = resource
                .shapes()
                .iter()
                .any(|shape| shape.property(field).and_then(|it| it.kind()) == Some("integer"));
            let text = text(&id);
            out.insert(field.to_owned(), if number { id } else { json!(text) });
            Some(text)
        }
        Key::Named(field) => {
            let name =
                given.get(field).map(text).filter(|name| !name.is_empty()).or_else(|| call.text(field));
            let name = name.ok_or_else(|| ApiError::invalid(format!("Missing required field: {field}")))?;
            if !given.contains_key(field) {
                out.insert(field.to_owned(), json!(name));
            }
            Some(name)
        }
        Key::Joined(fields) => {
            let parts: Vec<String> = fields
                .iter()
                .map(|field| {
                    given
                        .get(*field)
                        .map(text)
                        .ok_or_else(|| ApiError::invalid(format!("Missing required field: {field}")))
                })
                .collect::<Reply<_>>()?;
            let full = parts.join(".");
            out.insert("full_name".into(), json!(full));
            Some(full)
        }
        Key::Parts(fields) => {
            let parts = fields.iter().map(|field| {
                given
                    .get(*field)
                    .map(text)
                    .ok_or_else(|| ApiError::invalid(format!("Missing required field: {field}")))
            });
            own_parts = parts.collect::<Reply<Vec<String>>>()?;
            None
        }
        Key::Single => None,
    };
    let key = join(&places.iter().cloned().chain(own_parts).chain(own).collect::<Vec<_>>());
    if change.has(resource.kind, &key) {
        let (status, code) = resource.exists;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        return Err(ApiError::new(
            status,
            code,
            format!("{} '{}' already exists", resource.noun, plain(&key)),
        ));
    }
    let shapes = resource.shapes();
    for (name, value) in call.path {
        if shapes.iter().any(|shape| shape.property(name).is_some_and(|it| it.kind() == Some("string"))) {
            out.entry((*name).to_owned()).or_insert_with(|| json!(value));
        }
    }
    stamps::create(&shapes, &given, &mut out, call.caller, call.now);
    let object = Object { given, out };
    change.put(resource.kind, &key, object.stored());
    Ok(object)
}

fn new_id(resource: &Resource, form: Form, places: &[String], change: &Change) -> Value {
    match form {
        Form::Uuid => json!(ids::uuid()),
        Form::Hex => json!(ids::hex32()),
        Form::Short => json!(ids::hex16().to_uppercase()),
        Form::Number => json!(ids::number()),
        Form::Count => {
            let field = resource.key_field();
            let prefix = if places.is_empty() { String::new() } else { join(places) + "/" };
            let used = change.all(resource.kind, &prefix);
            let last =
                used.iter().filter_map(|(_, stored)| text(&stored["out"][field]).parse::<i64>().ok()).max();
            json!(last.unwrap_or(0) + 1)
        }
    }
}

/// A scalar as text.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The object in the form that the operation answers in.
pub(super) fn answer(resource: &Resource, call: &Call, object: &Object) -> Reply<Value> {
    let Some(schema) = call.operation.answer() else { return Ok(json!({})) };
    let view = object.view(resource);
    if schema.property("done").is_some() && schema.property("response").is_some() {
        let name = format!("operations/{}", ids::uuid());
        return Ok(json!({ "name": name, "done": true, "response": view, "metadata": {} }));
    }
    let known = |schema: Schema| view.keys().filter(|name| schema.property(name).is_some()).count();
    if known(schema) == 0 {
        let inner = schema
            .properties()
            .filter(|(_, inner)| inner.kind() == Some("object"))
            .max_by_key(|(_, inner)| known(*inner));
        if let Some((name, inner)) = inner.filter(|(_, inner)| known(*inner) > 0) {
            return Ok(json!({ name: shaped(inner, &view) }));
        }
    }
    Ok(shaped(schema, &view))
}

/// The fields that a schema knows, all the way down.
pub(crate) fn shaped(schema: Schema, view: &Map<String, Value>) -> Value {
    let known = view.iter().filter_map(|(name, value)| {
        let value = match schema.property(name).or_else(|| schema.values_of_map()) {
            Some(field) => trimmed(field, value),
            None if schema.is_open() => value.clone(),
            None => return None,
        };
        Some((name.clone(), value))
    });
    Value::Object(known.collect())
}

fn trimmed(schema: Schema, value: &Value) -> Value {
    match (value, schema.items()) {
        (Value::Object(fields), _) if schema.kind() == Some("object") => shaped(schema, fields),
        (Value::Array(items), Some(item)) => items.iter().map(|value| trimmed(item, value)).collect(),
        _ => value.clone(),
    }
}

fn list(resource: &'static Resource, call: &Call, change: &mut Change) -> Reply<Value> {
    let places = places(call);
    let scope = join(&places);
    if !places.is_empty() {
        parent_exists(resource, &scope, change)?;
    }
    let prefix = if places.is_empty() { String::new() } else { scope + "/" };
    let views = change
        .all(resource.kind, &prefix)
        .into_iter()
        .map(|(_, stored)| Object::read(&stored).view(resource));
    let kept = views.filter(|view| {
        let trashed =
            resource.trash.is_some_and(|(field, value)| view.get(field).is_some_and(|it| text(it) == value));
        !trashed && matches(call, view)
    });
    paged(call, kept.collect())
}

/// Whether an object is among those that the query asks for: a parameter of the name of a field must equal it.
fn matches(call: &Call, view: &Map<String, Value>) -> bool {
    call.query.iter().filter(|(_, value)| !value.is_empty()).all(|(name, wanted)| match view.get(name) {
        Some(value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) => text(value) == *wanted,
        _ => true,
    })
}

/// One page of a list, in the form that the operation answers in.
pub(crate) fn paged(call: &Call, all: Vec<Map<String, Value>>) -> Reply<Value> {
    let Some((field, item)) = call.operation.items() else { return Ok(json!({})) };
    let total = all.len();
    let size = ["page_size", "max_results", "limit", "count"].iter().find_map(|name| call.text(name));
    let size = match size {
        None => None,
        Some(size) => Some(size.parse::<usize>().map_err(|_| {
            ApiError::invalid(format!("The page size must be a number from 0 to {MOST}, not '{size}'."))
        })?),
    };
    let size = size.filter(|size| *size > 0).unwrap_or(PAGE).min(MOST);
    let number = |name: &str| call.text(name).and_then(|text| text.parse::<usize>().ok()).unwrap_or(1).max(1);
    let page = match call.operation.paging() {
        Paging::None => Page { items: all, next: None, prev: None },
        Paging::Token => Page::cut(all, call.text("page_token").as_deref(), size)?,
        Paging::Offset => Page::at(all, number("startIndex") - 1, size),
        Paging::Page => Page::at(all, (number("page") - 1) * size, size),
    };
    let items: Vec<Value> = page.items.iter().map(|view| shaped(item, view)).collect();
    let Some(field) = field else { return Ok(Value::Array(items)) };
    let mut answer = json!({ field: items });
    let schema = call.operation.answer();
    let has = |name: &str| schema.is_some_and(|schema| schema.property(name).is_some());
    if let Some(next) = page.next.filter(|_| has("next_page_token")) {
        answer["next_page_token"] = json!(next);
    }
    if let Some(prev) = page.prev.filter(|_| has("prev_page_token")) {
        answer["prev_page_token"] = json!(prev);
    }
    if call.operation.paging() == Paging::Page {
        answer["count"] = json!(total);
        answer["page"] = json!(number("page"));
        answer["page_size"] = json!(size);
    }
    Ok(answer)
}

fn delete(resource: &'static Resource, call: &Call, change: &mut Change) -> Reply<Value> {
    let (key, mut object) = existing(resource, call, change)?;
    match resource.trash {
        Some((field, value)) => {
            object.out.insert(field.to_owned(), if value == "true" { json!(true) } else { json!(value) });
            change.put(resource.kind, &key, object.stored());
        }
        None => {
            change.remove(resource.kind, &key);
            remove_below(resource.kind, &key, change);
        }
    }
    answer(resource, call, &object)
}

/// Removes what lives below an object.
pub(crate) fn remove_below(kind: &str, key: &str, change: &mut Change) {
    for child in tables::below(kind) {
        let single = (child.key == Key::Single).then(|| key.to_owned());
        let below = change.all(child.kind, &format!("{key}/")).into_iter().map(|(key, _)| key);
        for key in below.chain(single).collect::<Vec<_>>() {
            change.remove(child.kind, &key);
        }
        remove_below(child.kind, key, change);
    }
}

fn set(resource: &'static Resource, patch: &str, call: &Call, change: &mut Change) -> Reply<Value> {
    let (key, mut object) = existing(resource, call, change)?;
    object.out.extend(literal(patch));
    stamps::update(&resource.shapes(), &mut object.out, call.caller, call.now);
    change.put(resource.kind, &key, object.stored());
    answer(resource, call, &object)
}

fn part(resource: &'static Resource, field: &str, call: &Call, change: &mut Change) -> Reply<Value> {
    let (key, mut object) = existing(resource, call, change)?;
    let mut body = call.body.clone();
    // the name of the object may stand in the body too
    body.retain(|name, value| !value.is_null() && !call.path.iter().any(|(param, _)| param == name));
    let body = body.get(field).filter(|_| body.len() == 1).cloned().unwrap_or(Value::Object(body));
    object.given.insert(field.to_owned(), body.clone());
    object.out.shift_remove(field);
    stamps::update(&resource.shapes(), &mut object.out, call.caller, call.now);
    change.put(resource.kind, &key, object.stored());
    // some answer with the part, some with the whole
    match (call.operation.answer(), body) {
        (Some(schema), Value::Object(body)) if schema.property(resource.key_field()).is_none() => {
            let body = if schema.property(field).is_some() {
                Map::from_iter([(field.to_owned(), Value::Object(body))])
            } else {
                body
            };
            Ok(shaped(schema, &body))
        }
        _ => answer(resource, call, &object),
    }
}
