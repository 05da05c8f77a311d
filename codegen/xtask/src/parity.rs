//! The parity table: what of the API the SDK has, counted and listed from the documents.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use databricks_toolkit_import::Documents;
use databricks_toolkit_spec::names::feature_name;
use databricks_toolkit_spec::{Document, Level, Operation};

use crate::Failure;

/// Where the table is.
pub(crate) const FILE: &str = "docs/parity.md";

/// What is counted of a document's operations: the title of the column, the mark that an operation of the kind has in
/// its own row, and the kind.
const COUNTS: [(&str, Option<&str>, Kind); 8] = [
    ("operations", None, |_| true),
    ("workspace", None, |operation| operation.level() == Level::Workspace),
    ("account", None, |operation| operation.level() == Level::Account),
    ("paged lists", Some("paged"), is_paged),
    ("waiters", Some("waiter"), |operation| operation.extension("x-databricks-wait").is_some()),
    ("long-running", Some("long-running"), |operation| operation.extension("x-databricks-lro").is_some()),
    ("preview", Some("preview"), |operation| has_flag(operation, "x-databricks-preview-path")),
    ("deprecated", Some("deprecated"), |operation| has_flag(operation, "deprecated")),
];

type Kind = fn(&Operation<'_>) -> bool;

const INTRODUCTION: &str = "\
Every operation of the API, by the document that it is in. Each document is a Cargo feature. Names are those of the \
SDK: `ws` is a `Workspace`, `account` an `Account`.

- paged lists: answered in pages, which `.stream()` follows
- waiters: start something that `.and_wait()` waits for
- long-running: answer with an operation, which `.and_wait()` polls
- preview: under a path that Databricks marks as preview
- types: schemas of the document, those that it shares with others included
";

/// The table in Markdown, the same for the same documents.
pub(crate) fn text(documents: &Documents) -> String {
    let documents: Vec<Document> =
        documents.iter().map(|(name, root)| Document::from_value(name, root.clone())).collect();
    let version = documents.first().and_then(|document| document.root()["info"]["version"].as_str());
    let mut out = format!(
        "<!-- Written by `cargo xtask docs` from openapi/. Do not edit. -->\n\n# Parity with databricks-sdk {}\n\n{INTRODUCTION}\n",
        version.unwrap_or_default()
    );
    let titles: Vec<&str> =
        ["APIs"].into_iter().chain(COUNTS.map(|(title, ..)| title)).chain(["types"]).collect();
    // to write into a string cannot fail
    let _ = writeln!(out, "| service | {} |\n|---|{}", titles.join(" | "), "--:|".repeat(titles.len()));
    let mut total = vec![0; titles.len()];
    for document in &documents {
        let row = row(document);
        total.iter_mut().zip(&row).for_each(|(total, count)| *total += count);
        let _ = writeln!(out, "| [{0}](#{0}) | {1} |", document.name(), cells(&row, ""));
    }
    let _ = writeln!(out, "| **{} services** | {} |", documents.len(), cells(&total, "**"));
    for document in &documents {
        section(document, &mut out);
    }
    out
}

/// Says what is wrong with the file, if it is not the text.
pub(crate) fn fault(documents: &Documents) -> Option<String> {
    let current = fs::read_to_string(FILE).is_ok_and(|found| found == text(documents));
    (!current).then(|| format!("{FILE}: not what the documents give; `cargo xtask docs` writes it anew"))
}

/// Writes the file, whole or not at all.
pub(crate) fn write(text: &str) -> Result<(), Failure> {
    let file = Path::new(FILE);
    let new = file.with_extension("md.new");
    let failed = |error| format!("cannot write {FILE}: {error}");
    fs::create_dir_all(file.parent().unwrap_or(file)).map_err(failed)?;
    let written = fs::write(&new, text).and_then(|()| fs::rename(&new, file));
    if written.is_err() {
        // what is left of it, if it was made at all
        let _ = fs::remove_file(&new);
    }
    Ok(written.map_err(failed)?)
}

fn row(document: &Document) -> Vec<usize> {
    let count = |kind: Kind| document.operations().filter(kind).count();
    let counts = COUNTS.map(|(_, _, kind)| count(kind));
    [document.apis().len()].into_iter().chain(counts).chain([document.schemas().len()]).collect()
}

fn cells(counts: &[usize], mark: &str) -> String {
    let cell = |count: &usize| if *count == 0 { String::new() } else { format!("{mark}{count}{mark}") };
    counts.iter().map(cell).collect::<Vec<_>>().join(" | ")
}

/// The section of one document: its APIs, those of the workspace first, with their operations.
fn section(document: &Document, out: &mut String) {
    let name = document.name();
    let feature = feature_name(name);
    let _ = write!(out, "\n## {name}\n\n<details>\n<summary>feature <code>{feature}</code></summary>\n");
    let mut apis = document.apis();
    apis.sort_by(|one, other| (one.level, &one.accessor).cmp(&(other.level, &other.accessor)));
    for api in apis {
        let client = if api.level == Level::Account { "account" } else { "ws" };
        let _ = writeln!(out, "\n**`{client}.{}()`**\n\n| method | call | |\n|---|---|---|", api.accessor);
        for operation in document.operations().filter(|operation| operation.tag() == api.tag) {
            let (name, method, path) = (operation.method_name(), operation.method(), operation.path());
            let _ = writeln!(out, "| `{name}` | `{method} {path}` | {} |", notes(&operation));
        }
    }
    let _ = writeln!(out, "\n</details>");
}

fn notes(operation: &Operation<'_>) -> String {
    let notes = COUNTS.iter().filter(|(_, _, kind)| kind(operation)).filter_map(|(_, note, _)| *note);
    notes.collect::<Vec<_>>().join(", ")
}

/// Style `none` is a list that is answered at once.
fn is_paged(operation: &Operation<'_>) -> bool {
    operation.extension("x-databricks-pagination").is_some_and(|paging| paging["style"] != "none")
}

fn has_flag(operation: &Operation<'_>, name: &str) -> bool {
    operation.extension(name).is_some_and(|value| value == true)
}

#[cfg(test)]
mod tests {
    use databricks_toolkit_import::Documents;
    use serde_json::json;

    use super::text;

    #[test]
    fn a_small_table() {
        let operation = |id: &str, tag: &str, level: &str| json!({"operationId": id, "tags": [tag], "x-databricks-level": level, "x-databricks-client-attr": tag});
        let mut list = operation("desks_list", "desks", "workspace");
        list["x-databricks-pagination"] = json!({"style": "token"});
        let mut once = operation("desks_all", "desks", "workspace");
        once["x-databricks-pagination"] = json!({"style": "none"});
        let mut make = operation("rooms_make", "rooms", "account");
        make["x-databricks-client-attr"] = json!("house.rooms");
        make["x-databricks-wait"] = json!({});
        make["deprecated"] = json!(true);
        let sandbox = json!({
            "info": {"version": "1.2.3"},
            "paths": {"/desks": {"get": list}, "/all": {"get": once}, "/rooms": {"post": make}},
            "components": {"schemas": {"Desk": {}}},
        });
        let text = text(&Documents::from([("sandbox".to_owned(), sandbox)]));
        for line in [
            "# Parity with databricks-sdk 1.2.3",
            "| service | APIs | operations | workspace | account | paged lists | waiters | long-running | preview | deprecated | types |",
            "| [sandbox](#sandbox) | 2 | 3 | 2 | 1 | 1 | 1 |  |  | 1 | 1 |",
            "<summary>feature <code>sandbox_api</code></summary>",
            "**`ws.desks()`**",
            "| `list` | `GET /desks` | paged |",
            "| `all` | `GET /all` |  |",
            "**`account.house_rooms()`**",
            "| `make` | `POST /rooms` | waiter, deprecated |",
        ] {
            assert!(text.lines().any(|found| found == line), "{text}\nhas not: {line}");
        }
    }
}
