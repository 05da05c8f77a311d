//! What the code of the traps does: what is read and written again, and what a call would send.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use reqwest::Request;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::generated::*;
use crate::transport::Transport;
use crate::{Error, Result};

mod face;

/// What comes of a call, which ends without waiting as nothing is sent.
fn outcome<T>(call: impl Future<Output = Result<T>>) -> Result<Request, String> {
    match pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Err(Error::Sent(request))) => Ok(*request),
        Poll::Ready(Err(Error::Invalid(message))) => Err(message),
        Poll::Ready(_) | Poll::Pending => panic!("the transport never answers and never waits"),
    }
}

fn sent<T>(call: impl Future<Output = Result<T>>) -> Request {
    outcome(call).unwrap()
}

fn url(request: &Request) -> &str {
    request.url().as_str().strip_prefix("http://localhost").unwrap()
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(request.body().unwrap().as_bytes().unwrap()).unwrap()
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers().get(name).map(|value| value.to_str().unwrap())
}

fn transport() -> Transport {
    Transport::default()
}

/// Reads what the service sends; what is written again must be the same.
#[track_caller]
fn keeps<T: DeserializeOwned + Serialize>(sent: Value) -> T {
    let read: T = serde_json::from_value(sent.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), sent);
    read
}

mod reading {
    use super::*;

    #[test]
    fn unknown_fields_and_values_are_kept() {
        let cluster: open_enum::types::Cluster = keeps(json!({
            "state": "HIBERNATING",
            "history": ["RUNNING", "DREAMING", "UNKNOWN"],
            "by_state": { "a": "RUNNING", "b": "" },
            "new_field": { "deep": [1, null, "x"] },
        }));
        assert_eq!(cluster.state.unwrap().to_string(), "HIBERNATING");
        keeps::<closed_objects::types::Job>(json!({
            "id": "1", "added": true, "open": { "added": 1 }, "empty": { "x": 1 }, "nothing": { "y": 2 },
        }));
        keeps::<typed_additional_properties::types::Job>(json!({ "id": "1", "one": { "value": "v" } }));
    }

    #[test]
    fn every_value_of_an_enum_is_its_own() {
        use enum_values::types::*;
        macro_rules! check {
            ($($name:ident)*) => {$(
                for value in $name::VALUES {
                    let read = $name::from(*value);
                    assert!(!matches!(read, $name::Unrecognized(_)), "{value} of {}", stringify!($name));
                    assert_eq!(read.as_str(), *value);
                    keeps::<$name>(json!(value));
                }
                assert!(matches!($name::from("no such value"), $name::Unrecognized(_)));
            )*};
        }
        check!(OddKeyword OddNone OddNumber OddOperator OddQuoted OddSame OddSpelled OddUnknown);
    }

    #[test]
    fn names_that_rust_cannot_have_are_those_of_the_document() {
        keeps::<keywords::types::Type>(json!({
            "type": "t", "format": "f", "async": true, "self": "s", "crate": "c", "unsafe": false, "gen": 1, "true": true,
        }));
        keeps::<property_called_ref::types::Member>(json!({
            "$ref": "/Users/1", "properties": { "a": "b" }, "enum": ["x"], "default": "d", "x-note": "n",
        }));
        keeps::<names_with_digits::types::X2fa>(json!({ "2fa_code": "1", "a1B": "2" }));
    }

    #[test]
    fn a_property_called_extra_is_apart_from_unknown_ones() {
        let note: property_called_extra::types::Note = keeps(json!({ "extra": "more", "unknown": 1 }));
        assert_eq!(note.extra_property.as_deref(), Some("more"));
        assert_eq!(note.extra["unknown"], 1);
        let client = property_called_extra::ApiApi::new(&transport());
        assert_eq!(body(&sent(client.notes_put().extra_property("more").send())), json!({ "extra": "more" }));
    }

    #[test]
    fn an_answer_may_lack_anything_and_a_request_nothing_required() {
        keeps::<required::types::Job>(json!({}));
        keeps::<required::types::Job>(json!({ "settings": {} }));
        // What a request lacks is said when it is sent, and not when somebody else's is read.
        keeps::<required::types::CreateJob>(json!({ "name": "n" }));
    }

    #[test]
    fn limits_and_formats_of_the_document_reject_nothing() {
        keeps::<validation::types::Job>(
            json!({ "name": "", "key": "x", "count": 0, "share": 7.5, "tags": ["", "", ""] }),
        );
        keeps::<dates_stay_text::types::Run>(
            json!({ "start": "yesterday", "day": "", "id": "1", "address": "::1" }),
        );
    }

    #[test]
    fn numbers_may_be_text() {
        use numbers_as_text::types::{Numbers, Put};
        let read: Numbers =
            serde_json::from_value(json!({ "id": "9007199254740993", "plain": 1.0, "score": "NaN" }))
                .unwrap();
        assert_eq!((read.id, read.plain), (Some(9_007_199_254_740_993), Some(1)));
        assert_eq!(
            serde_json::to_value(&read).unwrap(),
            json!({ "id": 9_007_199_254_740_993_i64, "plain": 1, "score": "NaN" })
        );
        let put: Put = serde_json::from_value(json!({ "id": "7", "score": "-Infinity", "ids": ["8", 9] })).unwrap();
        assert_eq!((put.id, put.score, put.ids), (Some(7), Some(f64::NEG_INFINITY), Some(vec![8, 9])));
        assert!(serde_json::from_value::<Numbers>(json!({ "id": "seven" })).is_err());
    }

    #[test]
    fn numbers_in_lists_and_maps_may_be_text() {
        use numbers_as_text::types::{Ids, Numbers};
        let read: Numbers = serde_json::from_value(json!({
            "ids": ["9007199254740993", 2], "scores": { "a": "NaN", "b": 0.5 }, "vectors": [["Infinity"], []],
            "named": ["3"],
        }))
        .unwrap();
        assert_eq!(
            serde_json::to_value(&read).unwrap(),
            json!({
                "ids": [9_007_199_254_740_993_i64, 2], "scores": { "a": "NaN", "b": 0.5 },
                "vectors": [["Infinity"], []], "named": [3],
            })
        );
        assert!(serde_json::from_value::<Ids>(json!(["three"])).is_err());
        keeps::<Numbers>(json!({ "ids": [] }));
        let nothing: Numbers = serde_json::from_value(json!({ "ids": null })).unwrap();
        assert!(nothing.ids.is_none());
    }

    #[test]
    fn null_is_any_json_and_a_key_of_a_map_that_is_not_there() {
        use nulls_of_any_json_and_in_maps::types::{Put, Settings};
        keeps::<Settings>(json!({ "value": null, "values": { "a": null } }));
        keeps::<Settings>(json!({ "tags": {} }));
        let read: Settings =
            serde_json::from_value(json!({ "tags": { "a": null, "b": "" }, "labels": { "c": null } })).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), json!({ "tags": { "b": "" }, "labels": {} }));
        let nothing: Settings = serde_json::from_value(json!({ "tags": null })).unwrap();
        assert!(nothing.tags.is_none());
        let put: Put = serde_json::from_value(json!({ "tags": { "a": null }, "value": null })).unwrap();
        assert_eq!(serde_json::to_value(&put).unwrap(), json!({ "tags": {}, "value": null }));
    }

    #[test]
    fn a_table_may_hold_nulls() {
        keeps::<nulls_in_a_table::types::Table>(json!({ "rows": [["a", null], []], "more": [[1, null]] }));
    }

    #[test]
    fn types_may_hold_themselves() {
        keeps::<recursive_types::types::Job>(json!({ "task": {
            "key": "a",
            "then": { "key": "b" },
            "each": { "task": { "key": "c" } },
            "tasks": [{ "tasks": [] }],
            "by_key": { "d": { "key": "d" } },
        } }));
    }

    #[test]
    fn components_that_are_no_objects_are_what_they_hold() {
        keeps::<plain_components::types::All>(json!({
            "text": "t", "number": 1, "list": ["a"], "map": { "k": "v" }, "same": "s", "anything": [1, { "x": null }],
        }));
    }

    #[test]
    fn components_called_as_the_prelude_are_types_like_any_other() {
        keeps::<components_called_as_the_prelude::types::Result>(json!({
            "option_it": "None", "box_it": { "inner": { "inner": {} } }, "ok_it": ["a"], "self_it": { "id": "1" },
            "default_it": { "text": "t" }, "from_it": "f", "map_it": { "k": "v" }, "value_it": { "any": [null] },
        }));
    }
}

mod sending {
    use super::*;

    #[test]
    fn an_empty_list_is_sent_and_an_absent_one_is_not() {
        let client = optional_list_and_map::ApiApi::new(&transport());
        let clear = client.jobs_update().fields(["tags"]).tags(Vec::new()).labels(BTreeMap::new());
        assert_eq!(body(&sent(clear.send())), json!({ "fields": ["tags"], "tags": [], "labels": {} }));
        let touch = client.jobs_update().fields(Vec::new());
        assert_eq!(body(&sent(touch.send())), json!({ "fields": [] }));
    }

    #[test]
    fn what_is_required_is_asked_for_by_name() {
        let client = optional_list_and_map::ApiApi::new(&transport());
        let error = outcome(client.jobs_update().send()).unwrap_err();
        assert!(error.contains("fields"), "{error}");
        let client = multi_segment_path::ApiApi::new(&transport());
        let error = outcome(client.files_download().volume("v").send()).unwrap_err();
        assert!(error.contains("file_path"), "{error}");
    }

    #[test]
    fn no_default_of_the_document_is_sent() {
        let request = sent(schema_default::ApiApi::new(&transport()).jobs_update().send());
        assert_eq!((url(&request), body(&request)), ("/jobs", json!({})));
    }

    #[test]
    fn slashes_are_kept_where_the_document_says_so() {
        let client = multi_segment_path::ApiApi::new(&transport());
        let request = sent(client.files_download().volume("a/b").file_path("/x y/ü?.txt").send());
        assert_eq!(url(&request), "/fs/a%2Fb/files/x%20y/%C3%BC%3F.txt");
        let request = sent(names_with_digits::ApiApi::new(&transport()).s3_a_get()._2fa_code("1/2").send());
        assert_eq!(url(&request), "/s3/1/2");
    }

    #[test]
    fn a_path_is_made_of_text_and_numbers() {
        let client = path_parameter_by_reference::ApiApi::new(&transport());
        let request = sent(client.owners_change().object("o 1").kind("NEW_KIND").number(7).send());
        assert_eq!(url(&request), "/owners/o%201/NEW_KIND/7");
    }

    #[test]
    fn the_query_has_the_names_of_the_document_and_repeats_lists() {
        let client = query_parameters::ApiApi::new(&transport());
        let call = client
            .queries_list()
            .active(true)
            .filter_by_user_ids(vec![1, 2])
            .filter_by_range_start(-1)
            .share(0.5);
        assert_eq!(
            url(&sent(call.send())),
            "/queries?filter_by.user_ids=1&filter_by.user_ids=2&filter_by.range.start=-1&active=true&share=0.5"
        );
        assert_eq!(url(&sent(client.queries_list().active(false).send())), "/queries?active=false");
    }

    #[test]
    fn an_enum_in_path_and_query_may_have_any_value() {
        let client = open_enum::ApiApi::new(&transport());
        let states = vec![open_enum::types::State::Running, "DREAMING".into()];
        let request = sent(client.clusters_list().kind("HIBERNATING").state("NEW").not_states(states).send());
        assert_eq!(url(&request), "/clusters/HIBERNATING?state=NEW&not_states=RUNNING&not_states=DREAMING");
    }

    #[test]
    fn parameters_may_be_called_as_keywords_and_as_the_code_within() {
        let client = keywords::ApiApi::new(&transport());
        let request = sent(client.move_().type_("t").format("f").self_("s").where_("w").send());
        assert_eq!(url(&request), "/types/t?format=f&self=s&where=w");
        let client = parameters_called_as_the_code_within::ApiApi::new(&transport());
        let call = client.runs_list().client("c").body("b").info("i").request("r").response("a").result("x");
        let request = sent(call.transport("t").url("u").value("v").send());
        assert_eq!(
            url(&request),
            "/runs/c?body=b&info=i&request=r&response=a&result=x&transport=t&url=u&value=v"
        );
    }

    #[test]
    fn headers_are_sent_or_refused_by_name() {
        let client = header_parameters::ApiApi::new(&transport());
        let request = sent(client.files_download().x_request_key("k").count(3).send());
        assert_eq!(header(&request, "x-request-key"), Some("k"));
        assert_eq!(header(&request, "count"), Some("3"));
        assert_eq!(header(&request, "if-unmodified-since"), None);
        assert_eq!(header(&request, "api-version"), None);
        let error = outcome(client.files_download().x_request_key("secret\n").send()).unwrap_err();
        assert!(error.contains("X-Request-Key") && !error.contains("secret"), "{error}");
    }

    #[test]
    fn bodies_say_what_they_are() {
        let client = scim_json::ApiApi::new(&transport());
        let request =
            sent(client.users_create().user_name("me").send());
        assert_eq!(header(&request, "content-type"), Some("application/json"));
        assert_eq!(header(&request, "accept"), Some("application/json"));
        assert_eq!(body(&request), json!({ "userName": "me" }));
        let client = bytes_up_and_down::ApiApi::new(&transport());
        let request = sent(client.files_upload().body("bytes").send());
        assert_eq!(header(&request, "content-type"), Some("application/octet-stream"));
        assert_eq!(request.body().unwrap().as_bytes(), Some(&b"bytes"[..]));
    }

    #[test]
    fn inline_types_are_filled_like_any_other() {
        use inline_types::types::*;
        let client = inline_types::ApiApi::new(&transport());
        let call = client.jobs_create().expand(vec![JobsCreateExpandItem::Tasks]).body(JobsCreateRequest {
            schedule: Some(Box::new(JobsCreateRequestSchedule {
                state: Some(JobsCreateRequestScheduleState::On),
                ..Default::default()
            })),
            tasks: Some(vec![JobsCreateRequestTasksItem::default()]),
            ..Default::default()
        });
        let request = sent(call.send());
        assert_eq!(url(&request), "/jobs?expand=TASKS");
        assert_eq!(body(&request), json!({ "schedule": { "state": "ON" }, "tasks": [{}] }));
    }
}
