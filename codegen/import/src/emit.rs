//! The documents: one OpenAPI 3.0.3 document per service.
//!
//! Status codes are not among the facts, so each operation has one success (`2XX`) and a `default` error. What
//! OpenAPI has no word for is in extensions named `x-databricks-…`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::Documents;
use crate::clients::Level;
use crate::components::{Anonymous, Collector, ERROR};
use crate::error::{Error, Problem, Result};
use crate::methods::{Body, Operation};
use crate::model::World;
use crate::names;
use crate::paths::{self, Template};
use crate::place::{self, Placed};
use crate::query::{self, QueryParameter};
use crate::report::{DocumentReport, Report};
use crate::types::{Components, Type, reference};

/// Makes all documents.
pub(crate) fn documents(world: &World) -> Result<(Documents, Report)> {
    let mut report = Report::of(world);
    let mut services: BTreeMap<&str, Vec<(&Operation, Template)>> = BTreeMap::new();
    for (operation, template) in world.operations.iter().zip(paths::templates(world)?) {
        if operation.wiring.levels.is_empty() {
            report.unwired.push(operation.name());
        } else {
            services.entry(&operation.module).or_default().push((operation, template));
        }
    }
    let (mut documents, mut problems) = (Documents::new(), unique(services.values().flatten()));
    for (service, operations) in services {
        match document(world, service, operations, &mut report) {
            Ok(document) => _ = documents.insert(service.to_owned(), document),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok((documents, report)) } else { Err(Error::NotUnderstood(problems)) }
}

/// Ids are the operations' names everywhere else: none may be given twice.
fn unique<'a>(operations: impl Iterator<Item = &'a (&'a Operation, Template)>) -> Vec<Problem> {
    let mut owners: BTreeMap<&str, &Operation> = BTreeMap::new();
    let clash = |(operation, _): &'a (&'a Operation, Template)| {
        let owner = owners.insert(&operation.id, operation)?;
        let message = format!("the operation id {} is that of {} already", operation.id, owner.name());
        Some(Problem { place: operation.place.clone(), message })
    };
    operations.filter_map(clash).collect()
}

/// What an operation sends, as the document says it.
enum Content<'a> {
    Binary,
    Whole(&'a Type),
    Named(String),
}

/// Makes the document of one service.
fn document<'a>(
    world: &'a World,
    service: &'a str,
    operations: Vec<(&'a Operation, Template)>,
    report: &mut Report,
) -> Result<Value, Problem> {
    let placement = place::place(operations)?;
    let mut collector = Collector::new(world, service);
    let mut parts = Vec::new();
    for placed in &placement.placed {
        let operation = placed.operation;
        let query = query::flatten(world, operation)?;
        let parameters = placed.template.parameters.iter().map(|parameter| &parameter.ty);
        for ty in parameters.chain(query.iter().map(|parameter| &parameter.ty)) {
            collector.reach(ty);
        }
        let content = operation.body.as_ref().map(|body| match body {
            Body::Binary => Content::Binary,
            Body::Whole(ty) => {
                collector.reach(ty);
                Content::Whole(ty)
            }
            Body::Fields(fields) => {
                let fields = fields.iter().map(|(name, field)| (name.as_str(), &field.ty, field.required));
                Content::Named(collector.body(&operation.id, Anonymous { fields: fields.collect() }))
            }
        });
        // a raw answer is bytes, whatever class its headers are read into
        if let Some(ty) = operation.response.as_ref().filter(|_| has_json_answer(operation)) {
            collector.reach(ty);
        }
        parts.push((placed, query, content));
    }
    let schemas = collector.finish();

    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    let mut tags = BTreeSet::new();
    let mut counts = DocumentReport { foreign_schemas: schemas.foreign, ..DocumentReport::default() };
    for (placed, query, content) in &parts {
        let value = operation(placed, query, content.as_ref(), &schemas.components);
        counts.add(placed.operation);
        tags.insert(names::api(&placed.operation.api));
        paths.entry(&placed.template.path).or_default().insert(placed.operation.verb.clone(), value);
    }
    counts.schemas = schemas.schemas.len();
    report.documents.insert(service.to_owned(), counts);
    report.twins.extend(placement.twins);
    let paths: Map<String, Value> =
        paths.into_iter().map(|(path, item)| (path.to_owned(), Value::Object(item))).collect();
    let tags: Vec<Value> = tags.into_iter().map(|tag| json!({"name": tag})).collect();
    Ok(json!({
        "openapi": "3.0.3",
        "info": {
            "title": format!("Databricks {service}"),
            "version": world.version,
            "description": "Derived mechanically from the public interface of databricks-sdk (Python). Unofficial.",
            "x-databricks-sdk-version": world.version,
            "x-databricks-sdk-sha256": world.sha256,
        },
        "servers": [{"url": "https://example.cloud.databricks.com"}],
        "security": [{"bearer": []}],
        "tags": tags,
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas.schemas,
        },
    }))
}

fn has_json_answer(operation: &Operation) -> bool {
    !operation.raw && operation.verb != "head"
}

/// One operation.
fn operation(
    placed: &Placed<'_>,
    query: &[QueryParameter],
    content: Option<&Content<'_>>,
    components: &Components,
) -> Value {
    let op = placed.operation;
    let mut out = json!({"operationId": op.id, "tags": [names::api(&op.api)]});
    if op.deprecated {
        out["deprecated"] = json!(true);
    }
    let parameters = parameters(&placed.template, query, components);
    if !parameters.is_empty() {
        out["parameters"] = json!(parameters);
    }
    let body = content.map(|content| match content {
        Content::Binary => ("application/octet-stream", Type::Binary.schema(components)),
        Content::Whole(ty) => ("application/json", ty.schema(components)),
        Content::Named(name) => ("application/json", reference(name)),
    });
    if let Some((media, schema)) = body {
        out["requestBody"] = json!({"required": true, "content": {media: {"schema": schema}}});
    }
    out["responses"] = json!({"2XX": success(op, components), "default": failure(op)});
    extensions(op, &placed.template, &mut out);
    out
}

/// The parameters of the path in its order, then those of the query.
fn parameters(template: &Template, query: &[QueryParameter], components: &Components) -> Vec<Value> {
    let path = template.parameters.iter().map(|parameter| {
        let schema = parameter.ty.schema(components);
        let mut out = json!({"name": parameter.name, "in": "path", "required": true, "schema": schema});
        if let Some(name) = parameter.sdk_name.as_ref().filter(|name| **name != parameter.name) {
            out["x-databricks-name"] = json!(name);
        }
        if let Some(resource) = &parameter.resource {
            out["x-databricks-resource-name"] = resource.clone();
        }
        if let Some(dotted) = &parameter.dotted {
            out["x-databricks-dotted-name"] = json!(dotted);
        }
        if parameter.multi || parameter.opaque {
            out["x-databricks-multi-segment"] = json!(true);
        }
        if parameter.opaque {
            out["x-databricks-opaque-resource-name"] = json!(true);
        }
        out
    });
    let query = query.iter().map(|parameter| {
        let mut out =
            json!({"name": parameter.name, "in": "query", "schema": parameter.ty.schema(components)});
        if parameter.required {
            out["required"] = json!(true);
        }
        out
    });
    path.chain(query).collect()
}

fn success(op: &Operation, components: &Components) -> Value {
    let mut out = json!({"description": "Success"});
    if op.raw {
        out["content"] = json!({op.accept.as_str(): {"schema": Type::Binary.schema(components)}});
    } else if let Some(ty) = op.response.as_ref().filter(|_| has_json_answer(op)) {
        out["content"] = json!({"application/json": {"schema": ty.schema(components)}});
    }
    if !op.response_headers.is_empty() {
        let header = |name: &String| (name.clone(), json!({"schema": {"type": "string"}}));
        out["headers"] = Value::Object(op.response_headers.iter().map(header).collect());
    }
    out
}

fn failure(op: &Operation) -> Value {
    let mut out = json!({"description": "Error"});
    if op.verb != "head" {
        out["content"] = json!({"application/json": {"schema": reference(ERROR)}});
    }
    out
}

/// What the SDK knows of an operation and OpenAPI has no word for.
fn extensions(op: &Operation, template: &Template, out: &mut Value) {
    let levels: Vec<&str> = op.wiring.levels.iter().copied().map(Level::as_str).collect();
    out["x-databricks-level"] = match levels.as_slice() {
        [only] => json!(only),
        several => json!(several),
    };
    out["x-databricks-sdk"] = json!(op.name());
    let optional = [
        ("x-databricks-client-attr", op.wiring.attribute.as_ref().map(|attribute| json!(attribute))),
        ("x-databricks-workspace-header", op.workspace_header.as_ref().map(|header| json!(header))),
        ("x-databricks-preview-path", template.path.contains("/preview/").then(|| json!(true))),
        ("x-databricks-pagination", op.pagination.as_ref().map(|pagination| pagination.extension())),
        ("x-databricks-idempotency-param", op.idempotency.as_ref().map(|parameter| json!(parameter))),
        ("x-databricks-wait", op.waiter.as_ref().map(|waiter| waiter.extension())),
        ("x-databricks-lro", op.long_running.as_ref().map(|operation| operation.extension())),
    ];
    for (key, value) in optional {
        if let Some(value) = value {
            out[key] = value;
        }
    }
}
