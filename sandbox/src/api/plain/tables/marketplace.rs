//! The marketplace as its providers see it: exchanges, listings, providers and their files.

use serde_json::{Map, Value, json};

use super::super::Call;
use super::super::resource::{Form, Key, Resource, Verb};
use crate::ids;
use crate::server::Reply;
use crate::store::Change;

pub(super) const TABLE: &[Resource] = &[
    Resource::new(
        "exchange",
        "Exchange",
        Key::Made("id", Form::Uuid),
        &[
            ("provider_exchanges_create", Verb::Create),
            ("provider_exchanges_get", Verb::Get),
            ("provider_exchanges_list", Verb::List),
            ("provider_exchanges_update", Verb::Merge),
            ("provider_exchanges_delete", Verb::Delete),
        ],
    )
    .wrapped("exchange")
    .prepare(named("exchange_id"))
    .lacks("nobody reads it"),
    Resource::new(
        "exchange_filter",
        "Exchange filter",
        Key::Made("id", Form::Uuid),
        &[
            ("provider_exchange_filters_create", Verb::Create),
            ("provider_exchange_filters_list", Verb::List),
            ("provider_exchange_filters_update", Verb::Merge),
            ("provider_exchange_filters_delete", Verb::Delete),
        ],
    )
    .wrapped("filter")
    .prepare(named("filter_id"))
    .lacks("nobody is let in or kept out"),
    Resource::new(
        "listing",
        "Listing",
        Key::Made("id", Form::Uuid),
        &[
            ("provider_listings_create", Verb::Create),
            ("provider_listings_get", Verb::Get),
            ("provider_listings_list", Verb::List),
            ("provider_listings_update", Verb::Merge),
            ("provider_listings_delete", Verb::Delete),
        ],
    )
    .wrapped("listing")
    .prepare(named("listing_id"))
    .lacks("no consumer sees it"),
    Resource::new(
        "marketplace_provider",
        "Provider",
        Key::Made("id", Form::Uuid),
        &[
            ("provider_providers_create", Verb::Create),
            ("provider_providers_get", Verb::Get),
            ("provider_providers_list", Verb::List),
            ("provider_providers_update", Verb::Merge),
            ("provider_providers_delete", Verb::Delete),
        ],
    )
    .wrapped("provider")
    .prepare(named("id"))
    .lacks("no consumer sees it"),
    Resource::new(
        "marketplace_file",
        "File",
        Key::Made("id", Form::Uuid),
        &[
            ("provider_files_create", Verb::Create),
            ("provider_files_get", Verb::Get),
            ("provider_files_list", Verb::List),
            ("provider_files_delete", Verb::Delete),
        ],
    )
    .state(r#"{"status":"FILE_STATUS_PUBLISHED"}"#)
    .lacks("its content is not kept"),
];

/// Answers to a creation name the new object in a field of its own.
const fn named(field: &'static str) -> super::super::resource::Prepare {
    match field.as_bytes() {
        b"exchange_id" => |_, _, _, out| with_id(out, "exchange_id"),
        b"filter_id" => |_, _, _, out| with_id(out, "filter_id"),
        b"listing_id" => |_, _, _, out| with_id(out, "listing_id"),
        _ => |_: &Call, _: &mut Change, _: &mut Map<String, Value>, out: &mut Map<String, Value>| {
            with_id(out, "id")
        },
    }
}

fn with_id(out: &mut Map<String, Value>, field: &str) -> Reply<()> {
    let id = out.get("id").cloned().unwrap_or_else(|| json!(ids::uuid()));
    out.insert("id".into(), id.clone());
    out.insert(field.to_owned(), id);
    Ok(())
}
