//! Feature store and webhooks of the model registry; experiments and models have modules of their own.

use super::super::resource::{Form, Key, Resource, Verb};

pub(super) const TABLE: &[Resource] = &[
    Resource::new(
        "registry_webhook",
        "Webhook",
        Key::Made("id", Form::Hex),
        &[
            ("model_registry_create_webhook", Verb::Create),
            ("model_registry_list_webhooks", Verb::List),
            ("model_registry_update_webhook", Verb::Merge),
            ("model_registry_delete_webhook", Verb::Delete),
        ],
    )
    .defaults(r#"{"status":"ACTIVE"}"#)
    .lacks("nothing is sent to them"),
    Resource::new(
        "online_store",
        "Online store",
        Key::Named("name"),
        &[
            ("feature_store_create_online_store", Verb::Create),
            ("feature_store_get_online_store", Verb::Get),
            ("feature_store_list_online_stores", Verb::List),
            ("feature_store_update_online_store", Verb::Merge),
            ("feature_store_delete_online_store", Verb::Delete),
        ],
    )
    .modern()
    .state(r#"{"state":"AVAILABLE"}"#)
    .lacks("it stores no features"),
    Resource::new(
        "feature",
        "Feature",
        Key::Named("full_name"),
        &[
            ("feature_engineering_create_feature", Verb::Create),
            ("feature_engineering_get_feature", Verb::Get),
            ("feature_engineering_list_features", Verb::List),
            ("feature_engineering_update_feature", Verb::Merge),
            ("feature_engineering_delete_feature", Verb::Delete),
        ],
    )
    .modern()
    .lacks("no feature is computed"),
];
