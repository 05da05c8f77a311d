//! The tables of `docs/` that the code knows better.

use databricks_toolkit::Workspace;
use databricks_toolkit::mcp::{App, Context, Effect, Registry, Selection};
use serde_json::{Value, json};

use crate::{run, said};

/// `GET /api/2.2/jobs/list` for `jobs_list`.
async fn request_of(registry: &Registry, context: &Context, operation: &str) -> String {
    let Value::Object(arguments) = json!({ "operation": operation }) else { panic!("an object") };
    let described = registry.call("api_describe", arguments, context).await.unwrap().fitted().structured;
    described["request"].as_str().unwrap().to_owned()
}

async fn tools() -> String {
    let (all, usual) = (Registry::select(&Selection::all()).unwrap(), Registry::default());
    let workspace = Workspace::builder().host("http://127.0.0.1:9").token("-").build().unwrap();
    let context = Context::new(App::new(workspace), Default::default(), None);
    let mut table = "| toolset | tool | effect | request |\n|---|---|---|---|\n".to_owned();
    for spec in all.tools() {
        let request = match spec.operation {
            Some(operation) => format!("`{}`", request_of(&all, &context, operation).await),
            None => "*several*".to_owned(),
        };
        let effect = match spec.effect {
            Effect::Read => "reads",
            Effect::Write => "writes",
            Effect::Destroy => "destroys",
        };
        let star = if usual.get(spec.name).is_some() { " \\*" } else { "" };
        let row = format!("| `{}` | `{}`{star} | {effect} | {request} |\n", spec.toolset, spec.name);
        table.push_str(&row);
    }
    table
}

/// Compares what is between two marks of a page; `UPDATE_DOCS=1` writes it.
fn is_written(page: &str, mark: &str, table: &str) {
    let file = format!("{}/docs/{page}", env!("CARGO_MANIFEST_DIR"));
    let written = std::fs::read_to_string(&file).unwrap();
    let (begin, end) = (format!("<!-- {mark} -->\n"), format!("<!-- /{mark} -->"));
    let (head, rest) = written.split_once(&begin).unwrap();
    let (_, tail) = rest.split_once(&end).unwrap();
    let expected = format!("{head}{begin}{table}{end}{tail}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(file, &expected).unwrap();
    } else {
        assert!(written == expected, "docs/{page} is not what the code says: cargo xtask snapshots");
    }
}

#[tokio::test]
async fn the_table_of_tools_is_that_of_the_code() {
    is_written("tools.md", "tools", &tools().await);
}

#[test]
fn the_table_of_settings_is_that_of_the_code() {
    let home = tempfile::tempdir().unwrap();
    let list = said(&run(home.path(), &["config", "list", "--output", "json"]));
    let settings: Vec<Value> = serde_json::from_str(&list).unwrap();
    let mut table =
        "| flag | variable | key of the file | while running | what it says |\n|---|---|---|---|---|\n"
            .to_owned();
    for setting in &settings {
        let code = |name: &str| setting[name].as_str().map(|text| format!(" `{text}`")).unwrap_or_default();
        let mark = if setting["while running"] == "yes" { " yes" } else { "" };
        let says = setting["what it says"].as_str().unwrap().replace('|', "\\|");
        let row = format!("|{} |{} |{} |{mark} | {says} |\n", code("flag"), code("variable"), code("key"));
        table.push_str(&row);
    }
    is_written("configuration.md", "settings", &table);
}

/// A page that the book does not list is one that nobody finds, and mdBook stops at one that is not there.
#[test]
fn the_book_lists_its_pages() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/docs");
    let summary = std::fs::read_to_string(format!("{folder}/SUMMARY.md")).unwrap();
    let mut listed: Vec<&str> =
        summary.split('(').skip(1).filter_map(|rest| rest.split(')').next()).collect();
    let names = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap());
    let mut pages: Vec<String> = names.filter(|name| name.ends_with(".md") && name != "SUMMARY.md").collect();
    listed.sort_unstable();
    pages.sort_unstable();
    assert_eq!(listed, pages);
    for page in &pages {
        let text = std::fs::read_to_string(format!("{folder}/{page}")).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or_default();
            let elsewhere = target.is_empty() || target.contains("://");
            assert!(elsewhere || std::path::Path::new(folder).join(target).exists(), "{page}: {link}");
        }
    }
}
