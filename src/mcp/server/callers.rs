//! Who makes the calls: the server itself, or each person whose own token comes with the request.
//!
//! What one caller has another never sees: the workspace under their token, the contexts that they
//! opened, their tasks, the names that were looked up for them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rmcp::ErrorData;
use rmcp::model::Extensions;
use rmcp::task_manager::TaskManager;
use serde_json::{Map, Value};
use tokio::sync::Semaphore;

use crate::mcp::names::Names;
use crate::mcp::{App, Decision, Registry, ToolError};

/// Calls of one caller that run at once; further ones wait their turn.
const AT_ONCE: usize = 16;
/// Callers that are kept. One beyond takes the place of the one who was silent longest.
#[cfg(feature = "http")]
const MOST: usize = 256;
/// Silence after which a caller is forgotten, unless a task of theirs still runs.
#[cfg(feature = "http")]
const SILENCE: std::time::Duration = std::time::Duration::from_secs(3600);

/// One who makes calls.
pub(crate) struct Caller {
    pub(crate) app: App,
    pub(crate) tasks: TaskManager,
    pub(crate) names: Names,
    pub(super) slots: Semaphore,
    /// By what a caller is told from others; empty for the server itself. No token can be had from it.
    pub(crate) mark: Vec<u8>,
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Caller").field("app", &self.app).finish_non_exhaustive()
    }
}

impl Caller {
    /// Whether this may be read without asking anybody: a tool that the server has, and whose call the policy allows.
    /// For what is read beside a tool's call.
    ///
    /// # Errors
    /// Why it may not.
    pub(crate) fn may_read(
        &self,
        registry: &Registry,
        tool: &str,
        arguments: &Map<String, Value>,
    ) -> Result<(), ToolError> {
        let call = registry.judge(tool, arguments.clone())?;
        match self.app.terms().policy.decide_all(&call)? {
            Decision::Allow => Ok(()),
            _ => Err(ToolError::Failed(format!("a person has to be asked, as only a call of {tool} can"))),
        }
    }

    fn new(app: App, mark: Vec<u8>) -> Arc<Self> {
        let slots = Semaphore::new(AT_ONCE);
        let names = Names::new(app.observers().clone());
        Arc::new(Self { app, tasks: TaskManager::new(), names, slots, mark })
    }
}

/// Those whose calls a server makes.
#[derive(Debug)]
pub(crate) struct Callers {
    own: Arc<Caller>,
    others: Mutex<HashMap<Vec<u8>, Seat>>,
    /// Whether requests must say whose they are: then none is ever made as the server itself.
    named: AtomicBool,
    #[cfg(feature = "http")]
    key: ring::hmac::Key,
}

#[derive(Debug)]
struct Seat {
    caller: Arc<Caller>,
    #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "without HTTP there is one caller"))]
    seen: Instant,
}

impl Callers {
    pub(super) fn new(app: App) -> Self {
        Self {
            own: Caller::new(app, Vec::new()),
            others: Mutex::default(),
            named: false.into(),
            #[cfg(feature = "http")]
            key: process_key(),
        }
    }

    /// The server itself.
    pub(crate) fn own(&self) -> &Arc<Caller> {
        &self.own
    }

    /// Who made the request with these extensions.
    pub(super) fn of_request(&self, extensions: &Extensions) -> Result<Arc<Caller>, ErrorData> {
        #[cfg(feature = "http")]
        if let Some(parts) = extensions.get::<axum::http::request::Parts>()
            && let Some(caller) = parts.extensions.get::<Arc<Caller>>()
        {
            return Ok(Arc::clone(caller));
        }
        let _ = extensions;
        match self.named.load(Ordering::Relaxed) {
            false => Ok(Arc::clone(&self.own)),
            true => Err(ErrorData::invalid_request("the request does not say whose it is", None)),
        }
    }

    /// The callers that requests named: what they opened is tidied up when they are forgotten.
    fn seats(&self) -> std::sync::MutexGuard<'_, HashMap<Vec<u8>, Seat>> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All of them.
    fn all(&self) -> Vec<Arc<Caller>> {
        let others = self.seats();
        std::iter::once(&self.own).chain(others.values().map(|seat| &seat.caller)).cloned().collect()
    }

    /// Takes no more calls.
    #[cfg(feature = "http")]
    pub(crate) fn refuse_new(&self) {
        self.all().iter().for_each(|caller| caller.slots.close());
    }

    /// Calls that have not ended, whether anybody still waits for them or not.
    #[cfg(feature = "http")]
    pub(crate) fn running_calls(&self) -> usize {
        self.all().iter().map(|caller| AT_ONCE - caller.slots.available_permits()).sum()
    }

    /// Tasks that have not ended.
    #[cfg(feature = "http")]
    pub(crate) fn running_tasks(&self) -> usize {
        self.all().iter().map(|caller| caller.tasks.running_task_count()).sum()
    }

    /// Ends what they left open.
    pub(super) async fn close(&self) {
        let all = self.all();
        for caller in &all {
            caller.slots.close();
            caller.tasks.shutdown();
        }
        futures_util::future::join_all(all.iter().map(|caller| caller.app.close())).await;
    }
}

#[cfg(feature = "http")]
impl Callers {
    /// From here on requests must say whose they are.
    pub(crate) fn must_be_named(&self) {
        self.named.store(true, Ordering::Relaxed);
    }

    /// The caller with this token of Databricks, in the place of the server itself.
    ///
    /// # Errors
    /// A token that no header can hold.
    pub(crate) fn of_token(&self, token: &secrecy::SecretString) -> crate::Result<Arc<Caller>> {
        use secrecy::ExposeSecret;

        let mark = ring::hmac::sign(&self.key, token.expose_secret().as_bytes()).as_ref().to_vec();
        let mut seats = self.seats();
        if let Some(seat) = seats.get_mut(&mark) {
            seat.seen = Instant::now();
            return Ok(Arc::clone(&seat.caller));
        }
        forget_the_silent(&mut seats);
        let caller = Caller::new(self.own.app.of_caller(token.clone())?, mark.clone());
        // A server that drains takes no one new.
        if self.own.slots.is_closed() {
            caller.slots.close();
        }
        seats.insert(mark, Seat { caller: Arc::clone(&caller), seen: Instant::now() });
        Ok(caller)
    }
}

/// A key of this process alone: what it signs is of no use elsewhere.
#[cfg(feature = "http")]
pub(crate) fn process_key() -> ring::hmac::Key {
    let secret: Vec<u8> = (0..2).flat_map(|_| uuid::Uuid::new_v4().into_bytes()).collect();
    ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &secret)
}

/// Makes room for one more.
#[cfg(feature = "http")]
fn forget_the_silent(seats: &mut HashMap<Vec<u8>, Seat>) {
    let idle = |seat: &Seat| seat.caller.tasks.running_task_count() == 0;
    let mut gone: Vec<Vec<u8>> = seats
        .iter()
        .filter(|(_, seat)| seat.seen.elapsed() > SILENCE && idle(seat))
        .map(|(mark, _)| mark.clone())
        .collect();
    if gone.is_empty() && seats.len() >= MOST {
        let longest = seats.iter().filter(|(_, seat)| idle(seat)).min_by_key(|(_, seat)| seat.seen);
        gone.extend(longest.map(|(mark, _)| mark.clone()));
    }
    for seat in gone.iter().filter_map(|mark| seats.remove(mark)) {
        // Not awaited: whoever comes has no part in what others left open.
        tokio::spawn(async move { seat.caller.app.close().await });
    }
}

#[cfg(feature = "http")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::Workspace;

    fn callers() -> Callers {
        let workspace =
            Workspace::builder().host("https://a.example").token("dapi-of-the-server").build().unwrap();
        Callers::new(App::new(workspace))
    }

    #[tokio::test]
    async fn each_token_is_another_caller_and_the_same_one_is_the_same() {
        let callers = callers();
        let (a, b) = (callers.of_token(&"a".into()).unwrap(), callers.of_token(&"b".into()).unwrap());
        assert_ne!(a.mark, b.mark);
        assert!(Arc::ptr_eq(&a, &callers.of_token(&"a".into()).unwrap()));
        assert_eq!(a.app.workspace().host(), "https://a.example");
        assert!(!format!("{callers:?}").contains("dapi-of-the-server"), "{callers:?}");
        assert!(callers.of_token(&"two\nlines".into()).is_err());
    }

    #[tokio::test]
    async fn the_one_who_was_silent_longest_makes_room_unless_a_task_runs() {
        let callers = callers();
        let busy = callers.of_token(&"busy".into()).unwrap();
        busy.tasks.spawn(rmcp::task_manager::TaskOptions::new(), |_| Box::pin(std::future::pending()));
        let first = callers.of_token(&"0".into()).unwrap();
        for n in 1..MOST {
            callers.of_token(&n.to_string().into()).unwrap();
        }
        assert_eq!(callers.seats().len(), MOST);
        assert!(Arc::ptr_eq(&busy, &callers.of_token(&"busy".into()).unwrap()));
        assert!(!Arc::ptr_eq(&first, &callers.of_token(&"0".into()).unwrap()));
        assert_eq!(callers.running_tasks(), 1);
    }

    #[tokio::test]
    async fn who_must_be_named_is_never_the_server_itself() {
        let callers = callers();
        assert!(callers.of_request(&Extensions::default()).is_ok());
        callers.must_be_named();
        assert!(callers.of_request(&Extensions::default()).is_err());
    }
}
