//! Delta Sharing and clean rooms.

use serde_json::{Map, Value, json};

use super::super::Call;
use super::super::resource::{Form, Key, Resource, Verb};
use crate::ids;
use crate::server::{ApiError, Reply};
use crate::store::Change;

pub(super) const TABLE: &[Resource] = &[
    Resource::new(
        "share",
        "Share",
        Key::Named("name"),
        &[
            ("shares_create", Verb::Create),
            ("shares_get", Verb::Get),
            ("shares_list_shares", Verb::List),
            ("shares_update", Verb::Merge),
            ("shares_delete", Verb::Delete),
        ],
    )
    .codes("SHARE_DOES_NOT_EXIST", 400, "SHARE_ALREADY_EXISTS")
    .prepare(share)
    .lacks("nothing is served to recipients"),
    Resource::new(
        "recipient",
        "Recipient",
        Key::Named("name"),
        &[
            ("recipients_create", Verb::Create),
            ("recipients_get", Verb::Get),
            ("recipients_list", Verb::List),
            ("recipients_update", Verb::Merge),
            ("recipients_delete", Verb::Delete),
        ],
    )
    .codes("RECIPIENT_DOES_NOT_EXIST", 400, "RECIPIENT_ALREADY_EXISTS")
    .state(r#"{"activated":false}"#)
    .prepare(recipient)
    .lacks("nothing is served to recipients"),
    Resource::new(
        "recipient_policy",
        "Federation policy",
        Key::Named("name"),
        &[
            ("recipient_federation_policies_create", Verb::Create),
            ("recipient_federation_policies_get_federation_policy", Verb::Get),
            ("recipient_federation_policies_list", Verb::List),
            ("recipient_federation_policies_delete", Verb::Delete),
        ],
    )
    .below("recipient")
    .modern(),
    Resource::new(
        "provider",
        "Provider",
        Key::Named("name"),
        &[
            ("providers_create", Verb::Create),
            ("providers_get", Verb::Get),
            ("providers_list", Verb::List),
            ("providers_update", Verb::Merge),
            ("providers_delete", Verb::Delete),
        ],
    )
    .codes("PROVIDER_DOES_NOT_EXIST", 400, "PROVIDER_ALREADY_EXISTS")
    .prepare(provider)
    .lacks("the provider is not asked: none of its shares is ever seen"),
    // a provider that nobody asks has told of no shares, and there is no way to put one here
    Resource::new("provider_share", "Share", Key::Named("name"), &[("providers_list_shares", Verb::List)])
        .below("provider")
        .lacks("the provider is not asked: none of its shares is ever seen"),
    Resource::new(
        "clean_room",
        "Clean room",
        Key::Named("name"),
        &[
            ("clean_rooms_create", Verb::Create),
            ("clean_rooms_get", Verb::Get),
            ("clean_rooms_list", Verb::List),
            ("clean_rooms_update", Verb::Merge),
            ("clean_rooms_delete", Verb::Delete),
        ],
    )
    .modern()
    .state(r#"{"status":"ACTIVE","access_restricted":"NO_RESTRICTION","enable_shared_output":false}"#)
    .wrapped("clean_room")
    .lacks("nothing runs in it and nobody else takes part"),
    Resource::new(
        "clean_room_rule",
        "Auto-approval rule",
        Key::Made("rule_id", Form::Uuid),
        &[
            ("clean_room_auto_approval_rules_create", Verb::Create),
            ("clean_room_auto_approval_rules_get", Verb::Get),
            ("clean_room_auto_approval_rules_list", Verb::List),
            ("clean_room_auto_approval_rules_update", Verb::Merge),
            ("clean_room_auto_approval_rules_delete", Verb::Delete),
        ],
    )
    .below("clean_room")
    .wrapped("auto_approval_rule")
    .modern(),
];

fn share(
    call: &Call,
    _: &mut Change,
    given: &mut Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Reply<()> {
    let updates = given.shift_remove("updates");
    let objects = out.entry("objects").or_insert_with(|| json!([]));
    let Some(objects) = objects.as_array_mut() else { return Ok(()) };
    for update in updates.as_ref().and_then(Value::as_array).into_iter().flatten() {
        let object = &update["data_object"];
        let name = object["name"].as_str().unwrap_or_default();
        let at = objects.iter().position(|known| known["name"] == name);
        let stamped = || {
            let mut object = object.clone();
            object["added_at"] = json!(call.now);
            object["added_by"] = json!(call.caller.name);
            object["status"] = json!("ACTIVE");
            if object["data_object_type"].is_null() {
                object["data_object_type"] = json!("TABLE");
            }
            object
        };
        match (update["action"].as_str(), at) {
            (Some("ADD"), None) => objects.push(stamped()),
            (Some("ADD"), Some(_)) => {
                return Err(ApiError::already_exists(format!("'{name}' is in the share already")));
            }
            (Some("REMOVE"), Some(at)) => drop(objects.remove(at)),
            (Some("UPDATE"), Some(at)) => objects[at] = stamped(),
            _ => return Err(ApiError::not_found(format!("'{name}' is not in the share"))),
        }
    }
    Ok(())
}

fn recipient(
    call: &Call,
    _: &mut Change,
    given: &mut Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Reply<()> {
    let token = given.get("authentication_type").is_some_and(|kind| kind == "TOKEN");
    if token && !out.contains_key("tokens") {
        let url = format!("{}/delta_sharing/retrieve_config.html?{}", call.state.url, ids::hex32());
        out.insert("activation_url".into(), json!(url));
        let expires = given.get("expiration_time").cloned();
        let mut one = json!({
            "id": ids::uuid(), "created_at": call.now, "created_by": call.caller.name, "activation_url": url,
            "updated_at": call.now, "updated_by": call.caller.name,
        });
        if let Some(expires) = expires {
            one["expiration_time"] = expires;
        }
        out.insert("tokens".into(), json!([one]));
    }
    given.shift_remove("sharing_code");
    Ok(())
}

fn provider(
    _: &Call,
    _: &mut Change,
    given: &mut Map<String, Value>,
    _: &mut Map<String, Value>,
) -> Reply<()> {
    let Some(profile) = given.shift_remove("recipient_profile_str") else { return Ok(()) };
    let text = profile.as_str().unwrap_or_default();
    let profile: Value = serde_json::from_str(text)
        .map_err(|cause| ApiError::invalid(format!("recipient_profile_str is no JSON: {cause}")))?;
    // the bearer token inside is never shown
    let version = profile["shareCredentialsVersion"].as_i64().unwrap_or(1);
    let shown = json!({ "endpoint": profile["endpoint"].as_str().unwrap_or_default(), "share_credentials_version": version });
    given.insert("recipient_profile".into(), shown);
    Ok(())
}
