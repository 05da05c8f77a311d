//! Governed tags, and which things have them.

use super::super::resource::{Key, Resource, Verb};

pub(super) const TABLE: &[Resource] = &[
    Resource::new(
        "tag_policy",
        "Tag policy",
        Key::Named("tag_key"),
        &[
            ("tag_policies_create_tag_policy", Verb::Create),
            ("tag_policies_get_tag_policy", Verb::Get),
            ("tag_policies_list_tag_policies", Verb::List),
            ("tag_policies_update_tag_policy", Verb::Merge),
            ("tag_policies_delete_tag_policy", Verb::Delete),
        ],
    )
    .modern()
    .prepare(super::catalog::identified)
    .lacks("tags are not held to it"),
    Resource::new(
        "entity_tag",
        "Tag assignment",
        Key::Parts(&["entity_type", "entity_name", "tag_key"]),
        &[
            ("entity_tag_assignments_create", Verb::Create),
            ("entity_tag_assignments_get", Verb::Get),
            ("entity_tag_assignments_list", Verb::List),
            ("entity_tag_assignments_update", Verb::Merge),
            ("entity_tag_assignments_delete", Verb::Delete),
        ],
    )
    .modern()
    .lacks("SQL keeps tags of its own"),
    Resource::new(
        "workspace_tag",
        "Tag assignment",
        Key::Parts(&["entity_type", "entity_id", "tag_key"]),
        &[
            ("workspace_entity_tag_assignments_create_tag_assignment", Verb::Create),
            ("workspace_entity_tag_assignments_get_tag_assignment", Verb::Get),
            ("workspace_entity_tag_assignments_list_tag_assignments", Verb::List),
            ("workspace_entity_tag_assignments_update_tag_assignment", Verb::Merge),
            ("workspace_entity_tag_assignments_delete_tag_assignment", Verb::Delete),
        ],
    )
    .modern(),
    Resource::new(
        "quality_monitor_v2",
        "Quality monitor",
        Key::Parts(&["object_type", "object_id"]),
        &[
            ("quality_monitor_v2_create_quality_monitor", Verb::Create),
            ("quality_monitor_v2_get_quality_monitor", Verb::Get),
            ("quality_monitor_v2_update_quality_monitor", Verb::Replace),
            ("quality_monitor_v2_delete_quality_monitor", Verb::Delete),
        ],
    )
    .modern()
    .lacks("nothing is monitored"),
];
