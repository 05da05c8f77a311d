//! What a call of an operation does to the workspace, by its method and the words of its name.

use super::operations::{self, Listed};
use crate::mcp::Effect;

/// Words of a name that take something away, stop it, or can do anything.
const DESTROYS: [&str; 30] = [
    "abort",
    "cancel",
    "clear",
    "delete",
    "destroy",
    "disable",
    "discard",
    "drop",
    "erase",
    "execute",
    "failover",
    "kill",
    "permanent",
    "pop",
    "purge",
    "remove",
    "reset",
    "restart",
    "revert",
    "revoke",
    "rotate",
    "stop",
    "terminate",
    "trash",
    "truncate",
    "unassign",
    "uninstall",
    "unpublish",
    "wipe",
    "overwrite",
];

/// First words of a name that only read, though the call is a POST.
const READS: [&str; 10] =
    ["events", "find", "get", "list", "lookup", "query", "retrieve", "scan", "search", "validate"];

/// Where method and name would say something else.
const EXCEPTIONS: [(&str, Effect); 6] = [
    // A link that works once.
    ("recipient_activation_retrieve_token", Effect::Write),
    // Whatever stands behind the endpoint or the connection.
    ("serving_endpoints_query", Effect::Write),
    ("serving_endpoints_http_request", Effect::Destroy),
    // Queries that Genie wrote, which read.
    ("genie_execute_message_query", Effect::Write),
    ("genie_execute_message_attachment_query", Effect::Write),
    // Settings of a job go back to what the call says, as with every PUT.
    ("jobs_reset", Effect::Write),
];

/// What a call of the operation with this id does to the workspace; `None` where there is no such
/// operation. The one place that decides it: read-only mode and confirmation ask here.
pub fn effect_of(operation: &str) -> Option<Effect> {
    operations::find(operation).ok().map(of)
}

/// What a call of an operation does.
pub(super) fn of(listed: &Listed) -> Effect {
    if let Some((_, effect)) = EXCEPTIONS.iter().find(|(id, _)| *id == listed.id()) {
        return *effect;
    }
    let mut words = listed.name().split('_');
    match listed.operation.method {
        "GET" | "HEAD" | "OPTIONS" => Effect::Read,
        "DELETE" => Effect::Destroy,
        "POST" if words.clone().next().is_some_and(|first| READS.contains(&first)) => Effect::Read,
        _ if words.any(|word| DESTROYS.contains(&word)) => Effect::Destroy,
        _ => Effect::Write,
    }
}

/// The word for it that the command line uses too.
pub(super) fn word(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "reads",
        Effect::Write => "writes",
        Effect::Destroy => "destroys",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_and_names_tell_effects() {
        for (id, effect) in [
            ("clusters_list", Effect::Read),
            ("clusters_events", Effect::Read),
            ("experiments_search_runs", Effect::Read),
            ("vector_search_indexes_query_index", Effect::Read),
            ("files_get_metadata", Effect::Read),
            ("clusters_create", Effect::Write),
            ("jobs_run_now", Effect::Write),
            ("permissions_set", Effect::Write),
            ("workspace_iam_v2_resolve_user_proxy", Effect::Write),
            ("model_registry_test_registry_webhook", Effect::Write),
            ("postgres_undelete_branch", Effect::Write),
            ("experiments_restore_runs", Effect::Write),
            ("clusters_delete", Effect::Destroy),
            ("clusters_permanent_delete", Effect::Destroy),
            ("clusters_restart", Effect::Destroy),
            ("tables_delete", Effect::Destroy),
            ("lakeview_trash", Effect::Destroy),
            ("jobs_cancel_all_runs", Effect::Destroy),
            ("libraries_uninstall", Effect::Destroy),
            ("statement_execution_execute_statement", Effect::Destroy),
            ("command_execution_execute", Effect::Destroy),
            ("recipients_rotate_token", Effect::Destroy),
        ] {
            assert_eq!(effect_of(id), Some(effect), "{id}");
        }
        assert_eq!(effect_of("no_such_operation"), None);
    }

    /// A name that a new document brings must not make a write pass for a read unseen.
    #[test]
    fn the_posts_that_read_are_these() {
        let mut reads: Vec<_> = operations::all()
            .unwrap()
            .iter()
            .filter(|listed| listed.operation.method != "GET" && of(listed) == Effect::Read)
            .map(Listed::id)
            .collect();
        reads.sort_unstable();
        assert_eq!(
            reads,
            [
                "agent_kit_search_memories",
                "ai_search_query_index",
                "ai_search_scan_index",
                "clusters_events",
                "credentials_validate_credential",
                "experiments_search_experiments",
                "experiments_search_issues",
                "experiments_search_logged_models",
                "experiments_search_runs",
                "files_get_directory_metadata",
                "files_get_metadata",
                "model_registry_get_latest_versions",
                "storage_credentials_validate",
                "vector_search_endpoints_retrieve_user_visible_metrics",
                "vector_search_indexes_query_index",
                "vector_search_indexes_query_next_page",
                "vector_search_indexes_scan_index",
            ]
        );
    }

    #[test]
    fn exceptions_exist() {
        for (id, _) in EXCEPTIONS {
            assert_eq!(operations::find(id).unwrap().id(), id);
        }
    }
}
