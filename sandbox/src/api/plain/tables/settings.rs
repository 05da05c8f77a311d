//! Address lists, notification destinations.

use serde_json::{Map, Value, json};

use super::super::Call;
use super::super::resource::{Form, Key, Resource, Verb};
use crate::server::{ApiError, Reply};
use crate::store::Change;

pub(super) const TABLE: &[Resource] = &[
    Resource::new(
        "ip_access_list",
        "IP access list",
        Key::Made("list_id", Form::Uuid),
        &[
            ("ip_access_lists_create", Verb::Create),
            ("ip_access_lists_get", Verb::Get),
            ("ip_access_lists_list", Verb::List),
            ("ip_access_lists_replace", Verb::Replace),
            ("ip_access_lists_update", Verb::Merge),
            ("ip_access_lists_delete", Verb::Delete),
        ],
    )
    .defaults(r#"{"enabled":true}"#)
    .prepare(addresses)
    .lacks("all callers are on this machine; nobody is kept out"),
    Resource::new(
        "account_ip_access_list",
        "IP access list",
        Key::Made("list_id", Form::Uuid),
        &[
            ("account_ip_access_lists_create", Verb::Create),
            ("account_ip_access_lists_get", Verb::Get),
            ("account_ip_access_lists_list", Verb::List),
            ("account_ip_access_lists_replace", Verb::Replace),
            ("account_ip_access_lists_update", Verb::Merge),
            ("account_ip_access_lists_delete", Verb::Delete),
        ],
    )
    .defaults(r#"{"enabled":true}"#)
    .prepare(addresses)
    .lacks("all callers are on this machine; nobody is kept out"),
    Resource::new(
        "notification_destination",
        "Notification destination",
        Key::Made("id", Form::Uuid),
        &[
            ("notification_destinations_create", Verb::Create),
            ("notification_destinations_get", Verb::Get),
            ("notification_destinations_list", Verb::List),
            ("notification_destinations_update", Verb::Merge),
            ("notification_destinations_delete", Verb::Delete),
        ],
    )
    .prepare(destination)
    .lacks("nothing is sent there"),
];

fn addresses(
    _: &Call,
    _: &mut Change,
    given: &mut Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Reply<()> {
    let Some(list) = given.get("ip_addresses").and_then(Value::as_array) else { return Ok(()) };
    for address in list {
        let text = address.as_str().unwrap_or_default();
        let (host, bits) = text.split_once('/').unwrap_or((text, "32"));
        if host.parse::<std::net::IpAddr>().is_err() || bits.parse::<u8>().is_err() {
            return Err(ApiError::invalid(format!("'{text}' is no IP address or CIDR block")));
        }
    }
    out.insert("address_count".into(), json!(list.len()));
    Ok(())
}

fn destination(
    _: &Call,
    _: &mut Change,
    given: &mut Map<String, Value>,
    out: &mut Map<String, Value>,
) -> Reply<()> {
    const KINDS: &[(&str, &str)] = &[
        ("email", "EMAIL"),
        ("generic_webhook", "WEBHOOK"),
        ("microsoft_teams", "MICROSOFT_TEAMS"),
        ("pagerduty", "PAGERDUTY"),
        ("slack", "SLACK"),
    ];
    let Some(Value::Object(config)) = given.get_mut("config") else { return Ok(()) };
    let kind = KINDS.iter().find(|(field, _)| config.get(*field).is_some_and(|it| !it.is_null()));
    let Some((field, kind)) = kind else {
        return Err(ApiError::invalid(
            "config must hold one of email, generic_webhook, microsoft_teams, pagerduty, slack",
        ));
    };
    out.insert("destination_type".into(), json!(kind));
    // addresses and keys of other services are secrets: only that they are set is shown
    if let Some(Value::Object(inner)) = config.get_mut(*field) {
        for secret in
            ["url", "username", "password", "integration_key", "oauth_token", "app_id", "auth_secret"]
        {
            if inner.shift_remove(secret).is_some() {
                inner.insert(format!("{secret}_set"), json!(true));
            }
        }
    }
    Ok(())
}
