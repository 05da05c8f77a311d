//! The generated types against exchanges that nobody here wrote: those of other projects' tests.
//!
//! `DATABRICKS_EXCHANGES` names a file of one JSON object a line, with `id`, `method`, `path`, `status`, `request`
//! and `response`. What a success answers is read into the type that our operation answers, and written again;
//! nothing may be lost. The same holds for what it sends. The file itself is no part of the project.

mod compare;
mod matching;
mod rust;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::{Path, PathBuf};

use databricks_toolkit_spec::{Document, normalise::normalise};
use serde::Deserialize;
use serde_json::Value;

use crate::runtime;
use compare::{Difference, differences};
use matching::{Found, Paths};

const FILE: &str = "DATABRICKS_EXCHANGES";
/// Fields that someone recorded in another form than the document has, and why the document is believed.
const NOT_AS_DOCUMENTED: [(&str, &str, &str); 3] = [
    (
        "queries_legacy_get",
        "visualizations[0].id",
        "numbers of old; an exchange of the service itself has text",
    ),
    (
        "pipelines_list_pipeline_events",
        "events[0].sequence.data_plane_id.seq_no",
        "an object without members",
    ),
    ("functions_get", "input_params", "the list without the object around it; all values are placeholders"),
];
/// The share of exchanges that must be of our operations; with fewer, it is the matching that is broken.
const MATCHED_AT_LEAST: f64 = 0.5;

#[derive(Deserialize)]
struct Exchange {
    id: String,
    method: String,
    path: String,
    status: u16,
    request: Value,
    response: Value,
}

/// A body to be read and written again.
struct Sample<'a> {
    exchange: &'a Exchange,
    operation: &'a str,
    document: &'a Document,
    schema: &'a Value,
    side: Side,
    json: &'a Value,
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Answer,
    Request,
}

impl Display for Sample<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {} of {}", self.exchange.id, self.side.name(), self.operation)
    }
}

impl Side {
    fn name(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Request => "request",
        }
    }
}

#[test]
#[ignore = "needs a file of exchanges, which DATABRICKS_EXCHANGES names, and minutes"]
fn what_others_recorded_is_read_and_written_without_loss() {
    let file = std::env::var_os(FILE).map_or_else(|| panic!("{FILE} names no file"), PathBuf::from);
    let text = std::fs::read_to_string(&file).unwrap();
    let exchanges: Vec<Exchange> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let documents = documents();
    let paths = Paths::of(&documents);

    let mut samples = Vec::new();
    let mut unmatched = Tally::default();
    let mut errors = Tally::default();
    let (mut matched, mut of_other_versions, mut without_json) = (0, 0, Tally::default());
    for exchange in &exchanges {
        if exchange.status >= 400 {
            errors.add(shape(&exchange.response));
        }
        let operation = match paths.find(&exchange.method, &exchange.path) {
            Some(Found { operation, same_version }) => {
                matched += 1;
                of_other_versions += usize::from(!same_version);
                operation
            }
            None => {
                unmatched.add(format!("{} {}", exchange.method, matching::without_query(&exchange.path)));
                continue;
            }
        };
        let sample = |side, schema, json| {
            let (operation, document) = (operation.id(), operation.document());
            Sample { exchange, operation, document, schema, side, json }
        };
        let answer = (200..300).contains(&exchange.status).then_some(&exchange.response);
        let sides = [
            (Side::Answer, operation.json_answer(), answer),
            (Side::Request, operation.json_body(), Some(&exchange.request)),
        ];
        for (side, schema, json) in sides {
            match (schema, json) {
                // No body, or one that was no JSON and stands as its text.
                (_, None | Some(Value::Null | Value::String(_))) => {}
                (Some(schema), Some(json)) => samples.push(sample(side, schema, json)),
                (None, Some(_)) => without_json.add(format!("{} of {}", side.name(), operation.id())),
            }
        }
    }
    assert!(
        matched as f64 >= exchanges.len() as f64 * MATCHED_AT_LEAST,
        "only {matched} of {} exchanges are of our operations",
        exchanges.len()
    );

    let written = written_again(&documents, &samples);
    let (mut nulls, mut invalid, mut otherwise) = (Tally::default(), Tally::default(), Tally::default());
    let mut failures = Vec::new();
    for (sample, written) in samples.iter().zip(&written) {
        let written = match written {
            Ok(text) => serde_json::from_str(text).unwrap(),
            // What the document calls an invalid request is the fault of who wrote it.
            Err(error) if sample.side == Side::Request && lacks_what_is_required(error) => {
                invalid.add(format!("{} {error}", sample.operation));
                continue;
            }
            Err(error) if let Some(why) = not_as_documented(sample.operation, error) => {
                otherwise.add(format!("{} {error} ({why})", sample.operation));
                continue;
            }
            Err(error) => {
                failures.push(format!("{sample}: {error}"));
                continue;
            }
        };
        for difference in differences(sample.document, sample.schema, sample.json, &written) {
            match difference {
                Difference::Null { field } => nulls.add(format!("{} {field}", sample.operation)),
                Difference::Lost { path, before, after } => {
                    failures.push(format!("{sample}: {path}: {before} became {after}"));
                }
            }
        }
    }

    let of = |side| samples.iter().filter(|sample| sample.side == side).count();
    println!(
        "{matched} of {} exchanges are of our operations, {of_other_versions} of them by another version's path",
        exchanges.len()
    );
    println!("{} answers and {} requests read and written again", of(Side::Answer), of(Side::Request));
    unmatched.print("exchanges of no operation of ours");
    without_json.print("bodies where the document has none of JSON");
    nulls.print("nulls of optional fields that are not written again");
    invalid.print("requests that lack what the document requires");
    otherwise.print("bodies in another form than the document's");
    errors.print("errors, by the keys of their bodies");
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

fn lacks_what_is_required(error: &str) -> bool {
    ["missing field", "invalid type: null"].iter().any(|lack| error.contains(lack))
}

fn not_as_documented(operation: &str, error: &str) -> Option<&'static str> {
    let listed = NOT_AS_DOCUMENTED
        .iter()
        .find(|(of, field, _)| *of == operation && error.starts_with(&format!("at {field}: invalid type")));
    listed.map(|(_, _, why)| *why)
}

/// The documents of `openapi/`, each in the form that its code is made from.
fn documents() -> Vec<Document> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi");
    let names = crate::documents::names(&folder).into_iter().filter(|name| name != "lock");
    names.map(|name| normalise(&Document::load(&folder, &name).unwrap()).unwrap().source).collect()
}

/// Each sample as the generated types write it, or why they cannot read it.
fn written_again(documents: &[Document], samples: &[Sample<'_>]) -> Vec<Result<String, String>> {
    let types: Vec<String> =
        samples.iter().map(|sample| rust::type_of(sample.document.name(), sample.schema)).collect();
    let used: BTreeSet<&str> = samples.iter().map(|sample| sample.document.name()).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi");
    let used = documents.iter().map(Document::name).filter(|name| used.contains(name));
    let modules = used.map(|name| (name.to_owned(), rust::types(&Document::load(&folder, name).unwrap())));
    let krate = runtime::put_together("exchanges", modules);
    let types_of_all: BTreeSet<&str> = types.iter().map(String::as_str).collect();
    runtime::write(&krate.join("src/bin/exchanges/table.rs"), &rust::table(&types_of_all));
    let program = include_str!("../runtime/exchanges.rs");
    runtime::write(&krate.join("src/bin/exchanges/main.rs"), program);
    let lines = types.iter().zip(samples).map(|(ty, sample)| format!("{ty}\t{}\n", sample.json));
    runtime::write(&krate.join("samples.txt"), &lines.collect::<String>());

    let output = runtime::run(&krate, &["run", "--bin", "exchanges"]);
    let results: Vec<_> = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(results.len(), samples.len(), "a line each");
    results
}

/// The keys of an error, which tell how it is to be read.
fn shape(body: &Value) -> String {
    match body {
        Value::Object(members) => members.keys().cloned().collect::<Vec<_>>().join(", "),
        Value::Null => "no body".to_owned(),
        Value::String(_) => "text".to_owned(),
        other => other.to_string(),
    }
}

/// How often something was seen.
#[derive(Default)]
struct Tally(BTreeMap<String, usize>);

impl Tally {
    fn add(&mut self, what: String) {
        *self.0.entry(what).or_default() += 1;
    }

    fn print(&self, title: &str) {
        println!("\n{} {title}", self.0.values().sum::<usize>());
        let mut lines: Vec<_> = self.0.iter().collect();
        lines.sort_by(|a, b| b.1.cmp(a.1));
        for (what, count) in lines {
            println!("{count:6} {what}");
        }
    }
}
