//! Tokens are fetched once for all, made new ahead of time, and kept while they live.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use databricks_toolkit::auth::{AccessToken, CachedTokens, TokenFuture, TokenSource};
use databricks_toolkit::error::AuthError;

/// A token and the seconds of its life, or a failure.
type Answer = Option<(&'static str, u64)>;

#[derive(Debug, Clone, Default)]
struct Script {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    fetches: Arc<AtomicUsize>,
}

impl Script {
    /// These answers; each takes a second.
    fn of(answers: impl IntoIterator<Item = Answer>) -> (CachedTokens, Self) {
        let answers = Arc::new(Mutex::new(answers.into_iter().collect()));
        let script = Self { answers, fetches: Arc::default() };
        (CachedTokens::new(script.clone()), script)
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }
}

impl TokenSource for Script {
    fn auth_type(&self) -> &'static str {
        "script"
    }

    fn fetch(&self) -> TokenFuture<'_> {
        Box::pin(async {
            self.fetches.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_secs(1)).await;
            match self.answers.lock().unwrap().pop_front().flatten() {
                Some((token, life)) => Ok(AccessToken::new(token, Some(Duration::from_secs(life)))),
                None => Err(AuthError::new("script", "out of order")),
            }
        })
    }
}

async fn bearer(tokens: &CachedTokens) -> String {
    let value = tokens.bearer().await.unwrap();
    assert!(value.is_sensitive());
    value.to_str().unwrap().replace("Bearer ", "")
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

async fn burst(tokens: &CachedTokens) -> Vec<Result<String, String>> {
    let calls = (0..100).map(|_| {
        let tokens = tokens.clone();
        tokio::spawn(async move {
            let value = tokens.bearer().await.map_err(|error| error.to_string())?;
            Ok(value.to_str().unwrap().to_owned())
        })
    });
    let mut results = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        results.push(call.await.unwrap());
    }
    results
}

#[tokio::test(start_paused = true)]
pub(crate) async fn a_hundred_callers_wait_for_one_fetch() {
    let (tokens, script) = Script::of([Some(("one", 3600)), Some(("two", 3600))]);
    assert!(burst(&tokens).await.iter().all(|result| result.as_deref() == Ok("Bearer one")));
    assert_eq!(script.fetches(), 1);
    pass(3600).await;
    assert!(burst(&tokens).await.iter().all(|result| result.as_deref() == Ok("Bearer two")));
    assert_eq!(script.fetches(), 2);
}

#[tokio::test(start_paused = true)]
pub(crate) async fn a_hundred_callers_are_told_of_one_failure_and_the_next_tries_again() {
    let (tokens, script) = Script::of([None, Some(("one", 3600))]);
    let failures = burst(&tokens).await;
    assert!(failures.iter().all(|result| result.as_ref().unwrap_err() == "script: out of order"));
    assert_eq!(script.fetches(), 1);
    assert_eq!(bearer(&tokens).await, "one");
}

#[tokio::test(start_paused = true)]
pub(crate) async fn a_new_token_is_fetched_ahead_and_nobody_waits_for_it() {
    // Of an hour 20 minutes are left then, of ten minutes the half.
    for (life, fresh) in [(3600, 2390), (600, 290)] {
        let (tokens, script) = Script::of([Some(("one", life)), Some(("two", life))]);
        assert_eq!(bearer(&tokens).await, "one");
        pass(fresh).await;
        assert_eq!((bearer(&tokens).await.as_str(), script.fetches()), ("one", 1));
        pass(20).await;
        let before = tokio::time::Instant::now();
        assert_eq!(bearer(&tokens).await, "one");
        assert_eq!(before.elapsed(), Duration::ZERO);
        pass(2).await;
        assert_eq!((bearer(&tokens).await.as_str(), script.fetches()), ("two", 2));
    }
}

#[tokio::test(start_paused = true)]
pub(crate) async fn a_failure_ahead_of_time_keeps_the_token_and_waits_a_minute() {
    let (tokens, script) = Script::of([Some(("one", 3600)), None, None, Some(("two", 3600))]);
    assert_eq!(bearer(&tokens).await, "one");
    pass(2500).await;
    for _ in 0..50 {
        assert_eq!(bearer(&tokens).await, "one");
        pass(1).await;
    }
    assert_eq!(script.fetches(), 2);
    pass(30).await;
    assert_eq!(bearer(&tokens).await, "one");
    pass(2).await;
    assert_eq!(script.fetches(), 3);
    // Expired: now the caller waits.
    pass(1200).await;
    assert_eq!(bearer(&tokens).await, "two");
}

#[tokio::test(start_paused = true)]
pub(crate) async fn the_last_seconds_of_a_life_are_not_used() {
    let (tokens, _) = Script::of([Some(("one", 3600)), None, Some(("two", 3600))]);
    assert_eq!(bearer(&tokens).await, "one");
    pass(3570).await;
    assert_eq!(tokens.bearer().await.unwrap_err().to_string(), "script: out of order");
    assert_eq!(bearer(&tokens).await, "two");
}

#[tokio::test(start_paused = true)]
pub(crate) async fn a_source_that_gives_the_same_token_again_is_asked_once_a_minute() {
    let (tokens, script) = Script::of([Some(("one", 3600)), Some(("one", 1000)), Some(("two", 3600))]);
    bearer(&tokens).await;
    pass(2500).await;
    for _ in 0..50 {
        bearer(&tokens).await;
        pass(1).await;
    }
    assert_eq!(script.fetches(), 2);
    pass(30).await;
    bearer(&tokens).await;
    pass(2).await;
    assert_eq!(bearer(&tokens).await, "two");
}

#[tokio::test(start_paused = true)]
pub(crate) async fn a_refused_token_is_replaced_once_however_many_say_so() {
    let (tokens, script) = Script::of([Some(("one", 3600)), Some(("two", 3600)), Some(("three", 3600))]);
    let one = tokens.bearer().await.unwrap();
    for _ in 0..100 {
        assert!(tokens.refuse(&one));
    }
    let two = tokens.bearer().await.unwrap();
    assert!(two != one && tokens.refuse(&one));
    assert_eq!((tokens.bearer().await.unwrap(), script.fetches()), (two.clone(), 2));
    // A service that refuses every token does not have one made for each call.
    assert!(!tokens.refuse(&two));
    assert_eq!((tokens.bearer().await.unwrap(), script.fetches()), (two.clone(), 2));
    pass(61).await;
    assert!(tokens.refuse(&two));
    assert_eq!(bearer(&tokens).await, "three");
}

#[tokio::test(start_paused = true)]
pub(crate) async fn a_fetch_goes_on_when_its_caller_gives_up() {
    let (tokens, script) = Script::of([Some(("one", 3600))]);
    let hasty = tokio::time::timeout(Duration::from_millis(10), tokens.bearer()).await;
    assert!(hasty.is_err());
    pass(1).await;
    assert_eq!((bearer(&tokens).await.as_str(), script.fetches()), ("one", 1));
}

#[tokio::test(start_paused = true)]
pub(crate) async fn no_token_is_shown() {
    let (tokens, _) = Script::of([Some(("s3cret", 3600)), Some(("line\nbreak-s3cret", 3600))]);
    let bearer = tokens.bearer().await.unwrap();
    assert!(!format!("{tokens:?} {bearer:?} {:?}", AccessToken::new("s3cret", None)).contains("s3cret"));
    pass(3600).await;
    let error = tokens.bearer().await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("s3cret"));
}
