//! Objects that are plain records: made, read, listed in pages, changed and deleted as the documents say, from tables.
//!
//! A row of a table (a [`Resource`]) names the operations of a kind of object and what the documents leave open: where its
//! key comes from, what it lives below, its first state, its errors. The shapes of requests and answers, the pages of
//! lists, and who-made-it-when come from the documents. What needs more than that has a [`Handler`] of its own over the
//! same store.

mod resource;
#[cfg(all(test, feature = "sql"))]
mod rounds;
mod stamps;
mod tables;
mod update;
mod verbs;

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};

#[cfg(test)]
pub(crate) use resource::Key;
pub(crate) use resource::{Resource, Verb};
pub(crate) use stamps::rfc3339;
pub(crate) use tables::of_kind;
pub(crate) use verbs::{Object, make, missing, paged, part_of_key, shaped, text};

use crate::server::{ApiError, Reply};
use crate::spec::{Operation, PathParams};
use crate::state::AppState;
use crate::store::Change;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The id in SCIM.
    pub(crate) id: String,
    /// The e-mail address of a user, the application id of a service principal.
    pub(crate) name: String,
    /// Whether the group `admins` holds them.
    pub(crate) admin: bool,
    /// The names of all their groups.
    pub(crate) groups: Vec<String>,
}

/// A request, after it was found to agree with its document.
pub(crate) struct Call<'a> {
    pub(crate) state: &'a AppState,
    pub(crate) operation: &'static Operation,
    pub(crate) path: &'a PathParams,
    pub(crate) query: &'a [(String, String)],
    pub(crate) body: Map<String, Value>,
    pub(crate) caller: &'a Caller,
    pub(crate) now: i64,
}

impl Call<'_> {
    /// A parameter by name, from the path, the query or the body.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let path = self.path.iter().find(|(key, _)| *key == name).map(|(_, value)| value);
        let query = || self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        path.or_else(query)
            .cloned()
            .or_else(|| self.body.get(name).filter(|value| !value.is_null()).map(text))
    }

    /// A parameter that must be there.
    pub(crate) fn must(&self, name: &str) -> Reply<String> {
        self.text(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| ApiError::invalid(format!("Missing required field: {name}")))
    }

    /// A flag of the query or the body; absent is false.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }
}

/// What answers an operation that no table covers. It runs inside the change, so that it does all or nothing.
pub(crate) type Handler = fn(&Call, &mut Change) -> Reply<Value>;

/// An operation's handler, and what it does not do (nothing, if empty).
pub(crate) struct Route {
    pub(crate) operation: &'static str,
    pub(crate) handler: Handler,
    pub(crate) lacks: &'static str,
}

impl Route {
    pub(crate) const fn new(operation: &'static str, handler: Handler) -> Self {
        Self { operation, handler, lacks: "" }
    }

    pub(crate) const fn lacks(mut self, what: &'static str) -> Self {
        self.lacks = what;
        self
    }
}

#[derive(Clone, Copy)]
enum Action {
    Verb(&'static Resource, Verb),
    Handler(&'static Route),
}

static ACTIONS: LazyLock<HashMap<&'static str, Action>> = LazyLock::new(|| {
    let verbs = tables::all()
        .flat_map(|row| row.operations.iter().map(move |(id, verb)| (*id, Action::Verb(row, *verb))));
    let handlers =
        super::HANDLERS.iter().copied().flatten().map(|route| (route.operation, Action::Handler(route)));
    verbs.chain(handlers).collect()
});

/// What a plain operation does not do; none if it is no plain operation.
pub(crate) fn lacks(operation: &str) -> Option<&'static str> {
    ACTIONS.get(operation).map(|action| match action {
        Action::Verb(resource, _) => resource.lacks,
        Action::Handler(route) => route.lacks,
    })
}

/// Answers a request for a plain operation.
pub(crate) fn answer(call: &Call) -> Reply<Value> {
    match ACTIONS.get(call.operation.id) {
        Some(Action::Verb(resource, verb)) => {
            call.state.store.records.with(|change| verbs::run(resource, *verb, call, change))
        }
        Some(Action::Handler(route)) => call.state.store.records.with(|change| (route.handler)(call, change)),
        None => Err(ApiError::not_implemented(format!(
            "the sandbox does not emulate {} ({} {})",
            call.operation.id, call.operation.method, call.operation.path
        ))),
    }
}
