//! What takes time: waiters, which poll until a resource is in a state, and long-running operations, which poll an
//! operation that the service keeps.

use std::collections::BTreeMap;

use rustpython_ast::{Expr, ExprCall, Stmt, StmtClassDef, StmtFunctionDef};
use serde_json::{Map, Value, json};

use crate::error::Problem;
use crate::model::Classes;
use crate::python::{self, Scope};
use crate::types::{Name, Type};

/// A waiter of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiter {
    /// The method that is polled.
    poll: String,
    /// Where the state is in its answer.
    status: String,
    /// The states that end the waiting, as they are on the wire.
    success: Vec<String>,
    /// The states from which success cannot come any more.
    failure: Vec<String>,
    timeout_minutes: i64,
    /// What each parameter of the polled method is: an argument, or a field of the first answer.
    bind: Vec<(String, String)>,
}

impl Waiter {
    /// The value of `x-databricks-wait`.
    pub(crate) fn extension(&self) -> Value {
        let mut out = Map::new();
        out.insert("poll".to_owned(), json!(self.poll));
        out.insert("status".to_owned(), json!(self.status));
        for (key, states) in [("success", &self.success), ("failure", &self.failure)] {
            if !states.is_empty() {
                out.insert(key.to_owned(), json!(states));
            }
        }
        out.insert("timeout_minutes".to_owned(), json!(self.timeout_minutes));
        if !self.bind.is_empty() {
            let bind = self.bind.iter().map(|(name, value)| (name.clone(), json!(value)));
            out.insert("bind".to_owned(), Value::Object(bind.collect()));
        }
        Value::Object(out)
    }

    /// Reads `Wait(self.wait_…, response=…, id=…)` together with the method that it names.
    pub(crate) fn read(
        classes: &Classes<'_>,
        module: &str,
        class: &StmtClassDef,
        call: &ExprCall,
        scope: Scope<'_>,
    ) -> Result<Self, Problem> {
        let unknown = |what: &str| scope.problem(call, format!("a waiter {what}"));
        let waiter = match call.args.as_slice() {
            [Expr::Attribute(method)] if python::name(&method.value) == Some("self") => &method.attr,
            _ => return Err(unknown("of no known form")),
        };
        let function = python::functions(&class.body)
            .find(|function| function.name == *waiter)
            .ok_or_else(|| unknown("that is not a method"))?;
        let mut bind = Vec::new();
        for keyword in &call.keywords {
            match keyword.arg.as_ref().map(|name| name.as_str()) {
                Some("response") => {}
                Some(name) => bind.push((name.to_owned(), python::text(&keyword.value))),
                None => return Err(unknown("with arguments that have no names")),
            }
        }
        Self::polling(classes, module, class, function, bind, scope.method(&function.name))
    }

    /// Reads the method that polls.
    fn polling(
        classes: &Classes<'_>,
        module: &str,
        class: &StmtClassDef,
        function: &StmtFunctionDef,
        bind: Vec<(String, String)>,
        scope: Scope<'_>,
    ) -> Result<Self, Problem> {
        let mut assigned: BTreeMap<&str, &Expr> = BTreeMap::new();
        let nested = |stmt: &'_ Stmt| matches!(stmt, Stmt::While(_));
        let inside = function.body.iter().filter(|stmt| nested(stmt)).flat_map(|stmt| match stmt {
            Stmt::While(polls) => polls.body.as_slice(),
            _ => &[],
        });
        for (target, value) in function.body.iter().chain(inside).filter_map(python::assignment) {
            if let Some(name) = python::name(target) {
                assigned.insert(name, value);
            }
        }
        let missing =
            |what: &str| scope.problem(function, format!("a waiter without {what} of a known form"));
        let states = |name: &str| match assigned.get(name) {
            None => Ok(Vec::new()),
            Some(Expr::Tuple(states)) => states
                .elts
                .iter()
                .map(|state| state_value(classes, module, state).ok_or_else(|| missing(name)))
                .collect(),
            Some(_) => Err(missing(name)),
        };
        let poll = assigned
            .get("poll")
            .and_then(|poll| python::own_attribute(&python::call(poll)?.func))
            .filter(|poll| python::functions(&class.body).any(|function| function.name.as_str() == *poll))
            .ok_or_else(|| missing("a method to poll"))?;
        let status = assigned.get("status").map(|status| python::text(status));
        let status = status
            .as_deref()
            .and_then(|status| status.strip_prefix("poll."))
            .ok_or_else(|| missing("a status"))?;
        let waiter = Waiter {
            poll: poll.to_owned(),
            status: status.to_owned(),
            success: states("target_states")?,
            failure: states("failure_states")?,
            timeout_minutes: minutes(function).ok_or_else(|| missing("a timeout in minutes"))?,
            bind,
        };
        if waiter.success.is_empty() { Err(missing("target_states")) } else { Ok(waiter) }
    }
}

/// `State.RUNNING` → the value of that member, which is what the service sends.
fn state_value(classes: &Classes<'_>, module: &str, state: &Expr) -> Option<String> {
    let text = python::text(state);
    let mut parts = text.rsplit('.');
    let (member, class) = (parts.next()?, parts.next()?);
    let enumeration = classes.enums.get(&Name::new(parts.next().unwrap_or(module), class))?;
    enumeration.value(member).map(str::to_owned)
}

/// `timeout=timedelta(minutes=20)` → 20
fn minutes(function: &StmtFunctionDef) -> Option<i64> {
    let timeout = function.args.args.iter().find(|argument| argument.def.arg.as_str() == "timeout")?;
    let call = python::call(timeout.default.as_deref()?)?;
    let minutes = call
        .keywords
        .iter()
        .find(|keyword| keyword.arg.as_ref().is_some_and(|arg| arg.as_str() == "minutes"))?;
    python::integer(&minutes.value)
}

/// A long-running operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Operation {
    /// What is there when it is done.
    result: Option<Name>,
    metadata: Option<Name>,
    /// The method that asks after it.
    pub(crate) poll: String,
    /// The method that cancels it.
    pub(crate) cancel: Option<String>,
}

/// The methods of the SDK's class for a long-running operation.
const METHODS: &[&str] = &["__init__", "wait", "cancel", "name", "metadata", "done"];

impl Operation {
    /// Whether a class is one: it can be waited for.
    pub(crate) fn is_one(class: &StmtClassDef) -> bool {
        python::functions(&class.body).any(|function| function.name.as_str() == "wait")
    }

    /// Reads the class of a long-running operation.
    pub(crate) fn read(
        classes: &Classes<'_>,
        module: &str,
        class: &StmtClassDef,
        scope: Scope<'_>,
    ) -> Result<Self, Problem> {
        let mut returned = BTreeMap::new();
        for function in python::functions(&class.body) {
            let scope = scope.method(&function.name);
            if !METHODS.contains(&function.name.as_str()) {
                return Err(scope.problem(function, "not a method that a long-running operation has"));
            }
            let annotation = function.returns.as_deref().filter(|ty| python::text(ty) != "None");
            let class = match (function.name.as_str(), annotation) {
                ("wait" | "metadata", Some(annotation)) => {
                    Type::read(annotation, scope, module, classes.kinds, false)?.class().cloned()
                }
                _ => None,
            };
            returned.insert(function.name.as_str(), class);
        }
        let (mut poll, mut cancel) = (None, None);
        for call in python::called(&class.body) {
            let Some(method) = call.strip_prefix("self._impl.") else { continue };
            let slot = match method {
                _ if method.starts_with("get_") => &mut poll,
                _ if method.starts_with("cancel") => &mut cancel,
                _ => return Err(scope.problem(class, format!("{method} is neither a poll nor a cancel"))),
            };
            if slot.replace(method.to_owned()).is_some_and(|before| before != method) {
                return Err(scope.problem(class, "two methods to poll or to cancel"));
            }
        }
        Ok(Operation {
            result: returned.remove("wait").flatten(),
            metadata: returned.remove("metadata").flatten(),
            poll: poll.ok_or_else(|| scope.problem(class, "nothing to poll"))?,
            cancel,
        })
    }

    /// The value of `x-databricks-lro`.
    pub(crate) fn extension(&self) -> Value {
        let class = |name: &Option<Name>| name.as_ref().map(Name::to_string);
        let entries = [
            ("result", class(&self.result)),
            ("metadata", class(&self.metadata)),
            ("poll", Some(self.poll.clone())),
            ("cancel", self.cancel.clone()),
        ];
        let known = entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), json!(value?))));
        Value::Object(known.collect())
    }
}
