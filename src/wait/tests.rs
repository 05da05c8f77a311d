use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};

use super::*;
use crate::Error;

static WAITER: Waiter =
    Waiter { operation: "clusters_start", success: &["RUNNING"], failure: &["ERROR"], timeout_minutes: 20 };

fn clusters(states: &'static [&'static str]) -> Wait<&'static str> {
    static POLLS: AtomicU32 = AtomicU32::new(0);
    POLLS.store(0, Ordering::SeqCst);
    state(
        &WAITER,
        Box::pin(async move { Ok(states) }),
        |states| {
            let poll = POLLS.fetch_add(1, Ordering::SeqCst) as usize;
            Box::pin(async move { Ok(states[poll.min(states.len() - 1)]) })
        },
        |state| (Some(state), Some("as it is")),
    )
    .interval(Duration::from_millis(1))
}

/// The polls of `clusters` are counted in one place.
static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[tokio::test]
async fn it_polls_until_the_state_is_a_final_one() {
    let _guard = ONE_AT_A_TIME.lock().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = seen.clone();
    let wait = clusters(&["PENDING", "PENDING", "RUNNING"])
        .on_progress(move |progress| told.lock().unwrap().push(progress.state.unwrap().to_owned()));
    assert_eq!(wait.await.unwrap(), "RUNNING");
    assert_eq!(*seen.lock().unwrap(), ["PENDING", "PENDING", "RUNNING"]);
}

#[tokio::test]
async fn a_state_without_a_way_back_is_an_error_with_the_services_words() {
    let _guard = ONE_AT_A_TIME.lock().await;
    let error = clusters(&["PENDING", "ERROR"]).await.unwrap_err();
    assert_eq!(error.to_string(), "clusters_start: failed: as it is (state ERROR)");
}

#[tokio::test]
async fn it_ends_in_time_and_when_it_is_cancelled() {
    let _guard = ONE_AT_A_TIME.lock().await;
    let short = Duration::from_millis(20);
    let wait = clusters(&["PENDING"]).timeout(short);
    let error = wait.await.unwrap_err();
    assert!(matches!(&error, Error::Wait(wait) if wait.reason == WaitReason::Timeout(short)), "{error:?}");
    assert_eq!(error.to_string(), "clusters_start: not over after 0 s (state PENDING)");
    let wait = clusters(&["PENDING"]).until(async {});
    let error = wait.await.unwrap_err();
    assert!(matches!(&error, Error::Wait(wait) if wait.reason == WaitReason::Cancelled), "{error:?}");
}

#[derive(Clone)]
struct Lro {
    done: bool,
    error: Option<Value>,
    response: Option<Map<String, Value>>,
}

fn lro(last: Lro) -> Wait<Vec<String>, Lro> {
    operation(
        &WAITER,
        Box::pin(async move { Ok((last, Lro { done: false, error: None, response: None })) }),
        |last| Box::pin(async move { Ok(last) }),
        |lro| lro.done,
        |lro| match lro.error {
            Some(error) => Err(failed("apps_create_space", &error)),
            None => finished::<Map<String, Value>>("apps_create_space", lro.response)
                .map(|map| map.keys().cloned().collect()),
        },
    )
    .interval(Duration::from_millis(1))
}

#[tokio::test]
async fn an_operation_ends_with_its_result_or_its_error() {
    let response = json!({ "name": "s" }).as_object().cloned();
    let done = lro(Lro { done: true, error: None, response }).await.unwrap();
    assert_eq!(done, ["name"]);
    let error = json!({ "error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no room" });
    let error = lro(Lro { done: true, error: Some(error), response: None }).await.unwrap_err();
    assert!(error.to_string().contains("no room"), "{error}");
    assert_eq!(error.kind(), Some(crate::ErrorKind::NotFound));
}
