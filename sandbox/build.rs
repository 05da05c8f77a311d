//! Packs the vendored OpenAPI documents: of each operation its method, path, query, body and answer, and the schemas that
//! these name. An index is Rust, so that finding an operation costs nothing at start-up; the rest is inflated one document
//! at a time, when the first request of its service comes.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

const METHODS: [&str; 6] = ["get", "head", "post", "put", "patch", "delete"];

fn main() -> Result<(), Box<dyn Error>> {
    let source = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("../openapi");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed={}", source.display());
    let mut names: Vec<PathBuf> =
        fs::read_dir(&source)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    names.retain(|path| {
        path.extension().is_some_and(|it| it == "json") && path.file_stem().is_some_and(|it| it != "lock")
    });
    names.sort();

    let mut operations = String::new();
    let mut documents = String::new();
    for (at, path) in names.iter().enumerate() {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(path).map_err(|cause| format!("{}: {cause}", path.display()))?;
        let document: Value =
            serde_json::from_str(&text).map_err(|cause| format!("{}: {cause}", path.display()))?;
        let (packed, found) = pack(&document);
        for [id, api, method, path] in found {
            writeln!(
                operations,
                "    Operation {{ document: {at}, id: {id:?}, api: {api:?}, method: {method:?}, path: {path:?} }},"
            )?;
        }
        let target = out.join(format!("{name}.bin"));
        fs::write(&target, miniz_oxide::deflate::compress_to_vec(&serde_json::to_vec(&packed)?, 9))?;
        let target = target.display().to_string();
        writeln!(documents, "    Document::new({name:?}, include_bytes!({target:?})),")?;
    }
    let index = format!(
        "/// All operations of the documents.\npub(crate) static OPERATIONS: &[Operation] = &[\n{operations}];\n\n\
         static DOCUMENTS: [Document; {}] = [\n{documents}];\n",
        names.len()
    );
    fs::write(out.join("index.rs"), index)?;
    Ok(())
}

/// The small form of a document, and what its operations are called.
fn pack(document: &Value) -> (Value, Vec<[String; 4]>) {
    let mut operations = Map::new();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
            let shared = item["parameters"].as_array().into_iter().flatten();
            let own = operation["parameters"].as_array().into_iter().flatten();
            let query: Map<String, Value> = shared
                .chain(own)
                .filter(|parameter| parameter["in"] == "query")
                .map(|parameter| {
                    let name = parameter["name"].as_str().unwrap_or_default().to_owned();
                    (name, json!([parameter["required"] == true, slim(&parameter["schema"])]))
                })
                .collect();
            let body = slim(&operation["requestBody"]["content"]["application/json"]["schema"]);
            let answers = operation["responses"].as_object().into_iter().flatten();
            let answer = answers
                .filter(|(status, _)| status.starts_with('2'))
                .map(|(_, answer)| slim(&answer["content"]["application/json"]["schema"]))
                .find(|schema| !schema.is_null());
            let paging = operation.get("x-databricks-pagination").cloned();
            operations.insert(
                id.clone(),
                json!({ "query": query, "body": body, "answer": answer, "paging": paging }),
            );
            let api = operation["tags"][0].as_str().unwrap_or_default().to_owned();
            found.push([id, api, method.to_uppercase(), path.clone()]);
        }
    }
    let schemas = document["components"]["schemas"].as_object();
    let schemas: Map<String, Value> =
        schemas.into_iter().flatten().map(|(name, schema)| (name.clone(), slim(schema))).collect();
    (json!({ "operations": operations, "schemas": schemas }), found)
}

/// A schema without what no check asks for; references are the bare names.
fn slim(schema: &Value) -> Value {
    let Value::Object(fields) = schema else { return schema.clone() };
    let kept = fields.iter().filter_map(|(name, value)| {
        let value = match name.as_str() {
            "$ref" => value.as_str()?.rsplit('/').next()?.into(),
            "items" | "additionalProperties" => slim(value),
            "properties" => {
                Value::Object(value.as_object()?.iter().map(|(name, it)| (name.clone(), slim(it))).collect())
            }
            "type" | "format" | "enum" | "required" => value.clone(),
            "x-databricks-format" => return Some(("format".to_owned(), value.clone())),
            _ => return None,
        };
        Some((name.clone(), value))
    });
    Value::Object(kept.collect())
}
