//! Pictures for people, by the extension MCP Apps: a page that clients show beside the answers of some tools.
//!
//! The page is one for all: it knows rows of a query, which it shows as a table to sort and as a chart where there is one
//! in them, and tasks of a run, which it shows as a graph with their states. Clients without the extension get the answer
//! alone, as they did, and are told nothing of a page.

use rmcp::model::{ClientCapabilities, JsonObject, MetaObject, ResourceContents, Tool};
use serde_json::{Value, json};

/// The extension's name.
pub(crate) const EXTENSION: &str = "io.modelcontextprotocol/ui";
/// The address of the page.
const URI: &str = "ui://databricks/view";
/// The type of such pages.
const MIME: &str = "text/html;profile=mcp-app";
/// The tools whose answers it can show.
const TOOLS: [&str; 3] = ["execute_sql", "get_statement", "get_run"];
const PAGE: &str = include_str!("view.html");

/// What the extension says of a side: the types of pages that it knows.
pub(crate) fn settings() -> JsonObject {
    JsonObject::from_iter([("mimeTypes".to_owned(), json!([MIME]))])
}

/// Whether a client shows such pages.
pub(crate) fn is_shown_by(client: Option<&ClientCapabilities>) -> bool {
    let extension = client.and_then(|client| client.extensions.as_ref()?.get(EXTENSION));
    extension.is_some_and(|settings| match settings.get("mimeTypes").and_then(Value::as_array) {
        Some(types) => types.iter().any(|mime| mime == MIME),
        None => true,
    })
}

/// The tool, with the page where there is one for it.
pub(crate) fn with_page(tool: Tool) -> Tool {
    if !TOOLS.contains(&tool.name.as_ref()) {
        return tool;
    }
    let mut meta = MetaObject::default();
    meta.0.insert("ui".to_owned(), json!({ "resourceUri": URI }));
    tool.with_meta(meta)
}

/// The page, where that is what an address means. It loads nothing from anywhere, which is what hosts allow by default.
pub(crate) fn page(uri: &str) -> Option<ResourceContents> {
    (uri == URI).then(|| ResourceContents::text(PAGE, URI).with_mime_type(MIME))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::toolsets;

    #[test]
    fn the_page_is_for_tools_that_there_are_and_loads_nothing() {
        for name in TOOLS {
            assert!(toolsets::all().iter().any(|spec| spec.name == name), "{name}");
        }
        assert!(page(URI).is_some() && page("ui://databricks/other").is_none());
        for loads in ["src=", "href=", "@import", "fetch(", "innerHTML"] {
            assert!(!PAGE.contains(loads), "the page has {loads}");
        }
    }

    #[test]
    fn a_client_is_shown_a_page_only_when_it_says_so() {
        let client = |value: Value| serde_json::from_value::<ClientCapabilities>(value).unwrap();
        let of = |settings: Value| client(json!({ "extensions": { EXTENSION: settings } }));
        assert!(is_shown_by(Some(&of(json!({ "mimeTypes": [MIME] })))));
        assert!(is_shown_by(Some(&of(json!({})))));
        assert!(!is_shown_by(Some(&of(json!({ "mimeTypes": ["text/plain"] })))));
        assert!(!is_shown_by(Some(&client(json!({})))) && !is_shown_by(None));
    }
}
