//! A test of every row of the tables: made, read, listed, changed and deleted, with bodies made up from the documents, and
//! every answer held to them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may; clippy sees it for test functions alone")]

use reqwest::{Client, Method};
use serde_json::{Map, Value, json};

use super::resource::{Key, Resource, Verb};
use super::tables;
use crate::Sandbox;
use crate::api::identity::ACCOUNT_ID;
use crate::spec::{self, Operation, Schema};

/// What a made-up value would not pass for: fields by name.
fn special(name: &str) -> Option<Value> {
    Some(match name {
        "script" => json!("ZWNobyAx"),
        "instance_profile_arn" => json!("arn:aws:iam::000000000000:instance-profile/a"),
        "git_provider" | "provider" => json!("gitHub"),
        "ip_addresses" => json!(["10.0.0.1"]),
        "serialized_dashboard" | "definition" => json!("{}"),
        "config" => json!({ "email": { "addresses": ["a@example.com"] } }),
        "catalog_name" => json!("main"),
        "schema_name" => json!("default"),
        "output_schema_name" => json!("main.default"),
        "recipient_profile_str" => json!("{}"),
        "credential_name" => json!("parent"),
        "url" => json!("s3://bucket/a"),
        "query_id" => json!("parent"),
        "endpoint_name" => json!("parent"),
        "name" | "network_policy_id" | "full_name" => json!("sample"),
        "etag" | "update_mask" => return None,
        _ => return None,
    })
}

/// A value that a schema allows: all required fields, and the plain ones at the top.
fn sample(schema: Schema, depth: usize) -> Value {
    if let Some(known) = schema.values() {
        return known.first().cloned().unwrap_or_default();
    }
    match schema.kind() {
        Some("object") => {
            let required: Vec<&str> = schema.required().collect();
            let wanted = schema.properties().filter(|(name, field)| {
                let plain = matches!(field.kind(), Some("string" | "boolean")) && depth == 0;
                required.contains(name) || (plain && special(name).is_some())
            });
            let fields: Map<String, Value> = wanted
                .map(|(name, field)| {
                    // a name that means something else in this place
                    let fits = |value: &Value| match field.kind() {
                        Some("string") => value.is_string() && field.values().is_none(),
                        Some("array") => value.is_array(),
                        Some("object") => value.is_object(),
                        _ => false,
                    };
                    let value = special(name).filter(fits).unwrap_or_else(|| sample(field, depth + 1));
                    (name.to_owned(), value)
                })
                .collect();
            Value::Object(fields)
        }
        Some("array") => {
            Value::Array(schema.items().map(|item| vec![sample(item, depth + 1)]).unwrap_or_default())
        }
        Some("integer") => json!(1),
        Some("number") => json!(1.0),
        Some("boolean") => json!(true),
        _ if schema.format() == Some("date-time") => json!("2026-01-01T00:00:00Z"),
        _ => json!("sample"),
    }
}

struct Round<'a> {
    sandbox: &'a Sandbox,
    client: &'a Client,
}

impl Round<'_> {
    /// Calls an operation: `ids` fill the path, and the body or the query where the path has no place.
    async fn call(
        &self,
        row: &Resource,
        operation: &Operation,
        ids: &[String],
        mut body: Value,
    ) -> (u16, Value) {
        let mut left = ids.iter();
        let mut path = String::new();
        for segment in operation.path.split('/').skip(1) {
            path.push('/');
            match segment.find('{') {
                Some(_) if segment == "{account_id}" => path.push_str(ACCOUNT_ID),
                Some(at) => {
                    let value = left.next().map_or("sample", String::as_str).replace('/', "%2F");
                    let end = segment.find('}').unwrap();
                    path.push_str(&format!("{}{value}{}", &segment[..at], &segment[end + 1..]));
                }
                None => path.push_str(segment),
            }
        }
        let mut query: Vec<(String, String)> = operation
            .query()
            .filter(|(_, required, _)| *required)
            .map(|(name, _, schema)| {
                let value = special(name).unwrap_or_else(|| sample(schema, 0));
                (name.to_owned(), if name == "update_mask" { "*".into() } else { super::text(&value) })
            })
            .collect();
        let field = row.key_field();
        if let Some(id) = left.next() {
            if operation.body().is_some() {
                body[field] = json!(id);
            } else {
                query.retain(|(name, _)| name != field);
                query.push((field.to_owned(), id.clone()));
            }
        }
        let method = Method::from_bytes(operation.method.as_bytes()).unwrap();
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.sandbox.url()))
            .bearer_auth(self.sandbox.token())
            .query(&query);
        if operation.body().is_some() {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    async fn good(&self, row: &Resource, operation: &Operation, ids: &[String], body: Value) -> Value {
        let (status, answer) = self.call(row, operation, ids, body.clone()).await;
        assert_eq!(status, 200, "{} with {ids:?} and {body}: {answer}", operation.id);
        answer
    }

    fn operation(row: &Resource, wanted: Verb) -> Option<&'static Operation> {
        let found = row.operations.iter().find(|(_, verb)| *verb == wanted)?;
        spec::operation(found.0)
    }

    fn body(row: &Resource, operation: &Operation) -> Value {
        let schema = operation.body().unwrap();
        let mut body = sample(schema, 0);
        if let Some(field) = row.wrapped
            && let Some(inner) = schema.property(field)
        {
            body[field] = sample(inner, 0);
        }
        if let Value::Object(fields) = &mut body {
            for name in ["update_mask", "field_mask"] {
                if fields.contains_key(name) {
                    fields.insert(name.into(), json!("*"));
                }
            }
        }
        body
    }

    /// Makes an object below its parents, which are made first; gives back the ids of all.
    async fn make(&self, row: &'static Resource) -> Option<Vec<String>> {
        let create = Self::operation(row, Verb::Create)?;
        let mut ids = match row.parent.and_then(tables::of_kind) {
            Some(parent) => Box::pin(self.make(parent)).await?,
            None if row.kind == "quality_monitor" => vec!["samples.nyctaxi.trips".to_owned()],
            None => Vec::new(),
        };
        let body = Self::body(row, create);
        let answer = self.good(row, create, &ids, body.clone()).await;
        let field = row.key_field();
        let find = |value: &Value| {
            let inner = value.as_object().into_iter().flatten().map(|(_, inner)| &inner[field]);
            std::iter::once(&value[field]).chain(inner).find(|it| !it.is_null()).map(super::text)
        };
        match row.key {
            Key::Single => {}
            Key::Parts(fields) => ids.extend(fields.iter().map(|field| super::text(&body[*field]))),
            Key::Made(..) => {
                // some answer with the new id alone, under a longer name
                let alone = || {
                    let (name, id) = answer.as_object().filter(|it| it.len() == 1)?.iter().next()?;
                    name.ends_with("_id").then(|| super::text(id))
                };
                ids.push(
                    find(&answer)
                        .or_else(alone)
                        .unwrap_or_else(|| panic!("{} shows no {field}: {answer}", create.id)),
                )
            }
            Key::Joined(_) => ids.push(find(&answer).unwrap()),
            Key::Named(_) => {
                ids.push(find(&body).or_else(|| find(&answer)).unwrap_or_else(|| "sample".into()))
            }
        }
        Some(ids)
    }

    async fn run(&self, row: &'static Resource) -> bool {
        let Some(ids) = self.make(row).await else { return false };
        if let Some(get) = Self::operation(row, Verb::Get) {
            self.good(row, get, &ids, json!({})).await;
        }
        if let Some(list) = Self::operation(row, Verb::List) {
            let own = match row.key {
                Key::Single => 0,
                // a list names all parts but the last
                _ => 1,
            };
            let above = &ids[..ids.len().saturating_sub(own)];
            let listed = self.good(row, list, above, json!({})).await;
            let (field, _) = list.items().unwrap();
            let items = field.map_or(&listed, |field| &listed[field]);
            assert!(items.as_array().is_some_and(|items| !items.is_empty()), "{}: {listed}", list.id);
        }
        for verb in [Verb::Merge, Verb::Replace] {
            if let Some(update) = Self::operation(row, verb) {
                self.good(row, update, &ids, Self::body(row, update)).await;
            }
        }
        if let Some(delete) = Self::operation(row, Verb::Delete) {
            self.good(row, delete, &ids, json!({})).await;
            if let Some(get) = Self::operation(row, Verb::Get)
                && row.trash.is_none()
            {
                let (status, answer) = self.call(row, get, &ids, json!({})).await;
                assert_eq!((status, answer["error_code"].as_str()), (404, Some(row.missing)), "{}", get.id);
            }
        }
        true
    }
}

async fn round(row: &'static Resource) -> bool {
    let sandbox = Sandbox::builder().strict(true).start().await.unwrap();
    // what samples refer to
    let records = &sandbox.state().unwrap().store.records;
    records
        .with(|change| {
            for kind in ["query", "storage_credential", "vector_endpoint"] {
                change.put(
                    kind,
                    "parent",
                    json!({ "given": { "name": "parent" }, "out": { "id": "parent" } }),
                );
            }
            Ok(())
        })
        .unwrap();
    Round { sandbox: &sandbox, client: &Client::new() }.run(row).await
}

#[tokio::test]
async fn every_row_goes_its_round_and_answers_as_its_document_says() {
    let (mut done, mut failed) = (0, Vec::new());
    for row in tables::all() {
        // each in a workspace of its own, so that none depends on what another left, and all that fail are named
        match tokio::spawn(round(row)).await {
            Ok(whole) => done += usize::from(whole),
            Err(_) => failed.push(row.kind),
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
    assert!(done > 60, "{done}");
}
