//! Which operations of the documents the sandbox answers: the plain ones, and those that have routes of their own.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::plain;

/// The operations with routes of their own, and what they do not do (nothing, if empty).
const OWN: &[(&str, &str, &[&str])] = &[
    (
        "clusters_",
        "no Spark runs on them",
        &[
            "create",
            "change_owner",
            "get",
            "list",
            "start",
            "restart",
            "delete",
            "permanent_delete",
            "edit",
            "update",
            "resize",
            "pin",
            "unpin",
            "events",
            "list_node_types",
            "spark_versions",
            "list_zones",
        ],
    ),
    (
        "command_execution_",
        "Python and SQL; no Scala, no R",
        &["create", "destroy", "context_status", "execute", "command_status", "cancel"],
    ),
    ("warehouses_", "", &["create", "get", "list", "edit", "start", "stop", "delete"]),
    (
        "workspace_",
        "notebooks as SOURCE, JUPYTER, AUTO and RAW; no HTML, no DBC, no whole folders",
        &["delete", "export", "get_status", "import_", "list", "mkdirs"],
    ),
    (
        "dbfs_",
        "",
        &["add_block", "close", "create", "delete", "get_status", "list", "mkdirs", "move", "put", "read"],
    ),
    (
        "files_",
        "",
        &[
            "list_directory_contents",
            "create_directory",
            "delete_directory",
            "get_directory_metadata",
            "download",
            "upload",
            "delete",
            "get_metadata",
        ],
    ),
    (
        "jobs_",
        "notebook, Python file, Python wheel, SQL file, condition, run-job and for-each tasks; of the triggers, schedules and periodic ones fire",
        &[
            "create",
            "get",
            "list",
            "reset",
            "update",
            "delete",
            "run_now",
            "submit",
            "get_run",
            "list_runs",
            "get_run_output",
            "cancel_run",
            "cancel_all_runs",
            "delete_run",
            "export_run",
            "repair_run",
        ],
    ),
];

/// Those that need the SQL engine.
#[cfg(feature = "sql")]
const SQL: &[(&str, &str, &[&str])] = &[
    (
        "statement_execution_",
        "",
        &["execute_statement", "get_statement", "cancel_execution", "get_statement_result_chunk_n"],
    ),
    ("catalogs_", "", &["create", "get", "list", "update", "delete"]),
    ("schemas_", "", &["create", "get", "list", "update", "delete"]),
    (
        "tables_",
        "over REST external tables only, as on the service; managed ones are made by SQL",
        &["create", "get", "list", "update", "delete", "exists", "list_summaries"],
    ),
    ("volumes_", "", &["create", "read", "list", "update", "delete"]),
];

#[cfg(not(feature = "sql"))]
const SQL: &[(&str, &str, &[&str])] = &[];

static ROUTED: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let all = OWN.iter().chain(SQL);
    all.flat_map(|(service, lacks, names)| names.iter().map(move |name| (format!("{service}{name}"), *lacks)))
        .collect()
});

/// Whether the sandbox answers an operation.
pub(crate) fn served(operation: &str) -> bool {
    lacks(operation).is_some()
}

/// What an operation does not do; none if it is not answered at all.
pub(crate) fn lacks(operation: &str) -> Option<&'static str> {
    ROUTED.get(operation).copied().or_else(|| plain::lacks(operation))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec;

    /// The table of the docs, from the documents and the tables of this crate.
    fn table() -> String {
        let mut rows: Vec<(&str, &str, Vec<&'static spec::Operation>)> = Vec::new();
        for operation in spec::OPERATIONS {
            match rows
                .iter_mut()
                .find(|(service, api, _)| (*service, *api) == (operation.service(), operation.api))
            {
                Some((.., operations)) => operations.push(operation),
                None => rows.push((operation.service(), operation.api, vec![operation])),
            }
        }
        let mut text = String::from(
            "| document | API | full | partial | 501 | what is missing |\n|---|---|---:|---:|---:|---|\n",
        );
        let mut sums = [0; 3];
        let mut unserved = Vec::new();
        for (service, api, operations) in rows {
            let mut counts = [0; 3];
            let mut notes: Vec<String> = Vec::new();
            let mut missing: Vec<&str> = Vec::new();
            for operation in operations {
                let name = operation.id.strip_prefix(&format!("{api}_")).unwrap_or(operation.id);
                let at = match lacks(operation.id) {
                    Some("") => 0,
                    Some(note) => {
                        if !notes.iter().any(|it| it == note) {
                            notes.push(note.to_owned());
                        }
                        1
                    }
                    None => {
                        missing.push(name);
                        2
                    }
                };
                counts[at] += 1;
                sums[at] += 1;
            }
            if counts[0] + counts[1] == 0 {
                unserved.push(format!("{api} ({service})"));
                continue;
            }
            if !missing.is_empty() {
                notes.push(format!(
                    "501: {}",
                    missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
                ));
            }
            let [full, partial, none] = counts;
            text += &format!("| {service} | {api} | {full} | {partial} | {none} | {} |\n", notes.join("; "));
        }
        let [full, partial, none] = sums;
        let all = full + partial + none;
        text += &format!(
            "\nOf {all} operations {full} are emulated in full, {partial} in part, and {none} answer 501. \
             APIs of which nothing is emulated: {}.\n",
            unserved.join(", ")
        );
        text
    }

    #[test]
    fn the_docs_say_what_is_emulated() {
        const BEGIN: &str = "<!-- generated: what is emulated -->\n";
        const END: &str = "<!-- end -->";
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/sandbox.md");
        let docs = std::fs::read_to_string(&path).unwrap();
        let (before, rest) = docs.split_once(BEGIN).expect("the place of the table");
        let (_, after) = rest.split_once(END).expect("the end of the table");
        let fresh = format!("{before}{BEGIN}{}{END}{after}", table());
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, &fresh).unwrap();
        }
        assert!(
            docs == fresh || std::env::var_os("UPDATE_DOCS").is_some(),
            "run this test with UPDATE_DOCS=1 to renew docs/sandbox.md"
        );
    }

    #[test]
    fn what_is_said_to_be_served_is_in_the_documents() {
        for operation in ROUTED.keys() {
            assert!(spec::operation(operation).is_some(), "no operation {operation}");
            assert!(plain::lacks(operation).is_none(), "{operation} is served twice");
        }
    }
}
