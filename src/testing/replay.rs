//! A workspace that answers what was recorded.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::json;

use super::server::Server;
use super::{Answer, Exchange, Request, TestingError};
use crate::transport::RetryPolicy;
use crate::{Result, Workspace};

/// A workspace on loopback that answers what was recorded, as long as it is held.
///
/// Exchanges of the same request are answered one after the other, and the last one again and again: so
/// a cluster that starts is `PENDING` as often as it was recorded, then `RUNNING` for good. What has no
/// recording is answered by an error that says so and what comes nearest, and kept for
/// [`verify`](Self::verify).
#[derive(Debug)]
pub struct Replay {
    server: Server,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    exchanges: Vec<(Exchange, usize)>,
    unmatched: Vec<Unmatched>,
}

#[derive(Debug, Clone, PartialEq)]
struct Unmatched {
    request: Request,
    message: String,
}

/// What was asked without a recording, and what was recorded and never asked.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Mismatch {
    /// What was asked that has no recording, in the order in which it was asked.
    pub unmatched: Vec<Request>,
    /// What was recorded and never asked.
    pub unused: Vec<Request>,
    messages: Vec<String>,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unused = self.unused.iter().map(|request| format!("never asked: {request}"));
        let lines: Vec<_> = self.messages.iter().cloned().chain(unused).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Mismatch {}

/// Most recordings that are listed where none comes near.
const MOST_LISTED: usize = 5;

impl Replay {
    /// Answers these exchanges from now on.
    ///
    /// # Errors
    /// [`TestingError::Server`] where nobody can listen on loopback.
    pub async fn start(exchanges: impl IntoIterator<Item = Exchange>) -> Result<Self, TestingError> {
        let exchanges = exchanges.into_iter().map(|exchange| (exchange, 0)).collect();
        let state = Arc::new(Mutex::new(State { exchanges, unmatched: Vec::new() }));
        let shared = state.clone();
        let answer = move |sent: super::server::Received| {
            Box::pin(std::future::ready(lock(&shared).answer(sent.request))) as super::server::Answering
        };
        Ok(Self { server: Server::start(Arc::new(answer)).await?, state })
    }

    /// The address, for a program that makes its own client; any token will do.
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// A client of it, which tries nothing again and is not limited.
    ///
    /// # Errors
    /// As [`Builder::build`](crate::Builder::build).
    pub fn workspace(&self) -> Result<Workspace> {
        client(self.url())
    }

    /// Whether all was asked that was recorded, and nothing else.
    ///
    /// # Errors
    /// [`Mismatch`] says what was not.
    pub fn verify(&self) -> Result<(), Mismatch> {
        let state = lock(&self.state);
        let unused = state.exchanges.iter().filter(|(_, times)| *times == 0);
        let mismatch = Mismatch {
            unmatched: state.unmatched.iter().map(|asked| asked.request.clone()).collect(),
            unused: unused.map(|(exchange, _)| exchange.request.clone()).collect(),
            messages: state.unmatched.iter().map(|asked| asked.message.clone()).collect(),
        };
        match mismatch.unmatched.is_empty() && mismatch.unused.is_empty() {
            true => Ok(()),
            false => Err(mismatch),
        }
    }
}

/// A client of a server of this module.
pub(super) fn client(url: &str) -> Result<Workspace> {
    Workspace::builder().host(url).token("replayed").rate_limit(0).retry(RetryPolicy::none()).build()
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn answer(&mut self, sent: Request) -> Answer {
        let matching = |exchange: &&mut (Exchange, usize)| exchange.0.request.difference(&sent).is_none();
        let mut found: Vec<_> = self.exchanges.iter_mut().filter(matching).collect();
        let next = found.iter().position(|(_, times)| *times == 0).or_else(|| found.len().checked_sub(1));
        if let Some((exchange, times)) = next.map(|next| found.swap_remove(next)) {
            *times += 1;
            return exchange.response.clone();
        }
        let message = format!("no recording of {sent}; {}", self.nearest(&sent));
        self.unmatched.push(Unmatched { request: sent, message: message.clone() });
        Answer::json(json!({"error_code": "NO_RECORDING", "message": message})).status(501)
    }

    /// What comes nearest to a request.
    fn nearest(&self, sent: &Request) -> String {
        let requests = || self.exchanges.iter().map(|(exchange, _)| &exchange.request);
        let near = requests().find(|request| request.method == sent.method && request.path == sent.path);
        if let Some((near, difference)) = near.and_then(|near| Some((near, near.difference(sent)?))) {
            return format!("there is one of {near}, which differs in {difference}");
        }
        let mut listed: Vec<_> = requests().map(ToString::to_string).collect();
        listed.dedup();
        let more = listed.len().saturating_sub(MOST_LISTED);
        listed.truncate(MOST_LISTED);
        match (listed.is_empty(), more) {
            (true, _) => "nothing was recorded".to_owned(),
            (false, 0) => format!("there are: {}", listed.join(", ")),
            (false, more) => format!("there are: {} and {more} more", listed.join(", ")),
        }
    }
}
