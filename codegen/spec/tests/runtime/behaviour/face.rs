//! What people see of the calls: handles, setters, streams and waiting.

use super::*;

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(future)
}

mod streams {
    use super::*;
    use crate::generated::paging::ThingsApi;

    #[test]
    fn a_token_leads_from_page_to_page() {
        let transport = Transport::answering([
            json!({ "items": [{ "id": "a" }], "next_page_token": "t1" }),
            json!({ "next_page_token": "t2" }),
            json!({ "items": [{ "id": "b" }], "next_page_token": "" }),
        ]);
        let call = ThingsApi::new(&transport).by_token().page_size(1);
        let all = block_on(call.stream().collect_all()).unwrap();
        assert_eq!(all.iter().filter_map(|thing| thing.id.as_deref()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(
            transport.sent(),
            [
                "GET /token?max_results=0&page_size=1",
                "GET /token?page_token=t1&max_results=0&page_size=1",
                "GET /token?page_token=t2&max_results=0&page_size=1",
            ]
        );
    }

    #[test]
    fn a_token_may_be_in_the_body() {
        let transport = Transport::answering([json!({ "items": [{}], "next_page_token": "t" }), json!({})]);
        let call = ThingsApi::new(&transport).by_body_token().filter("x");
        assert_eq!(block_on(call.stream().collect_all()).unwrap().len(), 1);
        assert_eq!(
            transport.sent(),
            [r#"POST /body-token {"filter":"x"}"#, r#"POST /body-token {"filter":"x","page_token":"t"}"#]
        );
    }

    #[test]
    fn an_offset_counts_items_and_shows_none_twice() {
        let transport = Transport::answering([
            json!({ "Resources": [{ "id": "a" }, { "id": "b" }] }),
            json!({ "Resources": [{ "id": "b" }, { "id": "c" }] }),
            json!({ "Resources": [] }),
        ]);
        let all = block_on(ThingsApi::new(&transport).by_offset().stream().collect_all()).unwrap();
        assert_eq!(all.iter().filter_map(|thing| thing.id.as_deref()).collect::<Vec<_>>(), ["a", "b", "c"]);
        let started: Vec<String> = transport.sent();
        assert_eq!(started[0], "GET /offset?startIndex=1&count=2");
        assert_eq!(started[1..], ["GET /offset?startIndex=3&count=2", "GET /offset?startIndex=5&count=2"]);
    }

    #[test]
    fn a_page_has_a_number_and_a_list_may_have_one_page() {
        let transport = Transport::answering([json!({ "items": ["a"] }), json!({ "items": [] })]);
        let all = block_on(ThingsApi::new(&transport).by_page().stream().collect_all()).unwrap();
        assert_eq!((all, transport.sent().len()), (vec!["a".to_owned()], 2));
        assert_eq!(transport.sent(), ["GET /page?page=1", "GET /page?page=2"]);
        let transport = Transport::answering([json!({ "items": ["a"] })]);
        assert_eq!(block_on(ThingsApi::new(&transport).at_once().stream().collect_all()).unwrap(), ["a"]);
    }

    #[test]
    fn an_answer_may_be_the_next_request() {
        let next = json!({ "cluster_id": "c", "offset": 50, "new": true });
        let transport = Transport::answering([json!({ "items": [{}], "next_page": next }), json!({})]);
        let call = ThingsApi::new(&transport).by_next_body().cluster_id("c");
        assert_eq!(block_on(call.stream().collect_all()).unwrap().len(), 1);
        assert_eq!(
            transport.sent(),
            [r#"POST /next {"cluster_id":"c"}"#, r#"POST /next {"cluster_id":"c","offset":50,"new":true}"#]
        );
    }

    #[test]
    fn what_is_missing_is_the_streams_error() {
        let all = block_on(ThingsApi::new(&transport()).by_next_body().stream().collect_all());
        assert!(matches!(&all, Err(Error::Invalid(message)) if message.contains("cluster_id")), "{all:?}");
    }
}

mod long_calls {
    use super::*;
    use crate::wait::WaitReason;
    use crate::generated::waiting::{ClustersApi, SpacesApi};

    #[test]
    fn what_is_polled_comes_from_the_answer_or_from_the_call() {
        let transport = Transport::answering([
            json!({ "cluster_id": "c1" }),
            json!({ "state": "PENDING" }),
            json!({ "state": "RUNNING", "cluster_id": "c1" }),
        ]);
        let cluster = block_on(async { ClustersApi::new(&transport).create().name("x").and_wait().await }).unwrap();
        assert_eq!(cluster.cluster_id.as_deref(), Some("c1"));
        assert_eq!(transport.sent(), [r#"POST /clusters {"name":"x"}"#, "GET /clusters/c1", "GET /clusters/c1"]);

        let transport = Transport::answering([json!({}), json!({ "state": "RUNNING" })]);
        block_on(async { ClustersApi::new(&transport).start().cluster_id("c2").and_wait().await }).unwrap();
        assert_eq!(transport.sent()[1], "GET /clusters/c2");

        let transport = Transport::answering([json!({}), json!({ "deep": { "state": "RUNNING" } })]);
        block_on(async { ClustersApi::new(&transport).scale().cluster_id("c3").and_wait().await }).unwrap();
        assert_eq!(transport.sent()[1], "GET /clusters/c3");
    }

    #[test]
    fn a_failed_state_says_what_the_service_says() {
        let transport = Transport::answering([json!({}), json!({ "state": "ERROR", "state_message": "no nodes" })]);
        let start = ClustersApi::new(&transport).start().cluster_id("c");
        let error = block_on(async { start.and_wait().await }).unwrap_err();
        let Error::Wait(error) = error else { panic!("{error:?}") };
        assert_eq!(error.reason, WaitReason::Failed(Some("no nodes".to_owned())));
    }

    #[test]
    fn nothing_is_sent_when_the_call_is_wrong() {
        let transport = Transport::answering([json!({})]);
        let error = block_on(async { ClustersApi::new(&transport).start().and_wait().await }).unwrap_err();
        assert!(matches!(&error, Error::Invalid(message) if message.contains("cluster_id")), "{error:?}");
        assert!(transport.sent().is_empty());
    }

    #[test]
    fn an_operation_gives_its_result_or_its_error() {
        let done = json!({ "name": "operations/1", "done": true, "response": { "title": "t", "new": 1 } });
        let transport = Transport::answering([json!({ "name": "operations/1" }), done]);
        let space = block_on(async { SpacesApi::new(&transport).create().title("t").and_wait().await }).unwrap();
        assert_eq!((space.title.as_deref(), &space.extra["new"]), (Some("t"), &json!(1)));
        assert_eq!(transport.sent()[1], "GET /operations/operations/1");

        let transport = Transport::answering([json!({ "done": true, "error": { "message": "in use" } })]);
        let error = block_on(async { SpacesApi::new(&transport).delete().name("s").and_wait().await }).unwrap_err();
        assert!(matches!(&error, Error::Api(error) if error.0["message"] == "in use"), "{error:?}");
    }
}

#[test]
fn an_accounts_calls_carry_its_id() {
    let api = account::WorkspacesApi::new(&Transport::of_account("a-1"));
    let request = sent(api.get().workspace_id(7).send());
    assert_eq!(url(&request), "/accounts/a-1/workspaces/7");
    assert_eq!(url(&sent(api.get().account_id("other").workspace_id(7).send())), "/accounts/other/workspaces/7");
    let nobody = account::WorkspacesApi::new(&transport());
    assert!(outcome(nobody.get().workspace_id(7).send()).unwrap_err().contains("account_id"));
}

#[test]
fn headers_are_fields_of_the_answer() {
    let transport = Transport::answering([json!({}), json!({ "text": "t" })]);
    let api = answer_in_headers::FilesApi::new(&transport);
    let metadata = block_on(api.get_metadata().path("p").send()).unwrap();
    assert_eq!((metadata.content_length, metadata.last_modified.as_deref()), (Some(7), Some("7")));
    let answer = block_on(api.query().path("p").send()).unwrap();
    assert_eq!((answer.text.as_deref(), answer.served_model_name.as_deref()), (Some("t"), Some("7")));
}

#[test]
fn debug_shows_that_there_is_a_secret_and_not_which() {
    let token: secrets::types::Token =
        keeps(json!({ "token_value": "dapi1", "token_id": "id1", "secrets": { "a": "s3cr3t" } }));
    let shown = format!("{token:?}");
    assert!(shown.contains("token_value: ***") && shown.contains("id1"), "{shown}");
    assert!(!shown.contains("dapi1") && !shown.contains("s3cr3t"), "{shown}");
    let create: secrets::types::TokensCreate = keeps(json!({ "password": "p4ss", "next_page_token": "page1" }));
    let shown = format!("{create:?}");
    assert!(shown.contains("password: ***") && shown.contains("page1") && !shown.contains("p4ss"), "{shown}");
}

#[test]
fn a_field_can_be_null_or_unknown() {
    let call = secrets::TokensApi::new(&transport()).create().password("p").comment("c");
    let request = sent(call.with_field("lifetime", 5).with_field("owner", Value::Null).send());
    assert_eq!(body(&request), json!({ "password": "p", "comment": "c", "lifetime": 5, "owner": null }));
}

#[test]
fn a_token_is_filled_in_where_the_caller_gives_none() {
    let api = idempotency::RunsApi::new(&transport());
    assert_eq!(body(&sent(api.submit().name("n").send())), json!({ "name": "n", "idempotency_token": "a token" }));
    assert_eq!(body(&sent(api.submit().idempotency_token("mine").send())), json!({ "idempotency_token": "mine" }));
    assert_eq!(url(&sent(api.delete().send())), "/sets?request_id=a+token");
    assert_eq!(url(&sent(api.delete().request_id("mine").send())), "/sets?request_id=mine");
}

#[test]
fn what_the_path_has_is_not_asked_for_again() {
    let api = required_in_path_and_body::MetastoresApi::new(&transport());
    let request = sent(api.assign().workspace_id(7).metastore_id("m").send());
    assert_eq!((url(&request), body(&request)), ("/workspaces/7", json!({ "metastore_id": "m" })));
    assert!(outcome(api.assign().workspace_id(7).send()).unwrap_err().contains("metastore_id"));
}
