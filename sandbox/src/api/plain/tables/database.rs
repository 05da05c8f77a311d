//! Database instances, and what is in them.

use serde_json::{Map, Value, json};

use super::super::Call;
use super::super::resource::{Key, Resource, Verb};
use crate::ids;
use crate::server::Reply;
use crate::store::Change;

pub(super) const TABLE: &[Resource] = &[
    Resource::new(
        "database_instance",
        "Database instance",
        Key::Named("name"),
        &[
            ("database_create_database_instance", Verb::Create),
            ("database_get_database_instance", Verb::Get),
            ("database_list_database_instances", Verb::List),
            ("database_update_database_instance", Verb::Merge),
            ("database_delete_database_instance", Verb::Delete),
        ],
    )
    .modern()
    .state(r#"{"state":"AVAILABLE"}"#)
    .prepare(instance)
    .lacks("no server runs"),
    Resource::new(
        "database_role",
        "Role",
        Key::Named("name"),
        &[
            ("database_create_database_instance_role", Verb::Create),
            ("database_get_database_instance_role", Verb::Get),
            ("database_list_database_instance_roles", Verb::List),
            ("database_delete_database_instance_role", Verb::Delete),
        ],
    )
    .below("database_instance")
    .modern()
    .lacks("no server runs"),
    Resource::new(
        "database_catalog",
        "Database catalog",
        Key::Named("name"),
        &[
            ("database_create_database_catalog", Verb::Create),
            ("database_get_database_catalog", Verb::Get),
            ("database_update_database_catalog", Verb::Merge),
            ("database_delete_database_catalog", Verb::Delete),
        ],
    )
    .modern()
    .prepare(identified)
    .lacks("SQL does not see it"),
    Resource::new(
        "synced_table",
        "Synced table",
        Key::Named("name"),
        &[
            ("database_create_synced_database_table", Verb::Create),
            ("database_get_synced_database_table", Verb::Get),
            ("database_update_synced_database_table", Verb::Merge),
            ("database_delete_synced_database_table", Verb::Delete),
        ],
    )
    .modern()
    .state(r#"{"unity_catalog_provisioning_state":"ACTIVE"}"#)
    .lacks("no rows are copied"),
    Resource::new(
        "database_table",
        "Database table",
        Key::Named("name"),
        &[
            ("database_create_database_table", Verb::Create),
            ("database_get_database_table", Verb::Get),
            ("database_delete_database_table", Verb::Delete),
        ],
    )
    .modern()
    .lacks("SQL does not see it"),
];

fn identified(
    _: &Call,
    _: &mut Change,
    _: &mut Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Reply<()> {
    out.entry("uid").or_insert_with(|| json!(ids::uuid()));
    Ok(())
}

/// An instance is what was asked for, at an address where nobody answers.
fn instance(
    call: &Call,
    _: &mut Change,
    given: &mut Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Reply<()> {
    let uid = out.entry("uid").or_insert_with(|| json!(ids::uuid())).clone();
    let address = |prefix: &str| {
        json!(format!("{prefix}{}.database.sandbox.invalid", uid.as_str().unwrap_or_default()))
    };
    out.insert("read_write_dns".into(), address("instance-"));
    if call.path.is_empty() {
        given.entry("capacity").or_insert_with(|| json!("CU_1"));
        out.insert("pg_version".into(), json!("PG_VERSION_16"));
    }
    let stopped = given.get("stopped").and_then(Value::as_bool).unwrap_or(false);
    out.insert("state".into(), json!(if stopped { "STOPPED" } else { "AVAILABLE" }));
    for (field, or) in [("capacity", json!("CU_1")), ("node_count", json!(1)), ("stopped", json!(false))] {
        if let Some(value) = given.get(field) {
            out.insert(format!("effective_{field}"), value.clone());
        } else {
            out.entry(format!("effective_{field}")).or_insert(or);
        }
    }
    Ok(())
}
