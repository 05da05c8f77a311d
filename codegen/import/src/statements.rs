//! One statement of a method → what it does to the request. The SDK's generator writes about thirty forms and no
//! others, so each is known by name and a new one is an error rather than a fact lost.

use rustpython_ast::{Constant, Expr, ExprDict, Stmt, StmtIf};

use crate::error::Problem;
use crate::python::{self, Scope};

/// Which part of the request a value goes into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Query,
    Body,
}

impl Part {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Part::Query => "query",
            Part::Body => "body",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Part::Query, Part::Body].into_iter().find(|part| part.as_str() == name)
    }
}

/// What a statement does.
pub(crate) enum Step<'a> {
    /// Nothing that the service sees.
    Nothing,
    /// `headers = {"Accept": …}`: what is accepted
    Headers(Option<&'a str>),
    /// `body = {}`
    EmptyBody,
    /// `body = argument.as_dict()`
    WholeBody(&'a str),
    /// `if argument is not None: query["key"] = argument`
    Put { part: Part, key: &'a str, argument: &'a str },
    /// `query["key"] = 1`, for the first page
    Default { key: &'a str, value: i64 },
    /// `if cfg.workspace_id: headers["header"] = cfg.workspace_id`
    WorkspaceHeader(&'a str),
    /// `if argument is None or argument == "": argument = str(uuid.uuid4())`
    Idempotency(&'a str),
    /// `response_headers = ["name"]`
    ResponseHeaders(Vec<&'a str>),
    /// `self._api.do(…)`, whatever its answer is kept as
    Request(Request<'a>),
    /// `parsed = Class.from_dict(json).field`
    Unwrap { class: &'a Expr, field: &'a str },
    /// `operation = Class.from_dict(res)`
    Operation(&'a Expr),
    /// `while True:`, which walks through pages
    Pages(&'a [Stmt]),
    /// `return value`
    Return(&'a Expr),
}

/// The call that sends the request.
pub(crate) struct Request<'a> {
    pub(crate) verb: &'a str,
    pub(crate) path: &'a Expr,
    /// `body=argument`, where the argument is the body as it is.
    pub(crate) body: Option<&'a str>,
    /// `query=query`, `body=body`
    pub(crate) parts: Vec<Part>,
    /// `data=argument`: bytes.
    pub(crate) binary: bool,
    /// `raw=True`: the answer is bytes.
    pub(crate) raw: bool,
}

/// Statements that the service sees nothing of.
const SILENT: &[&str] = &["cfg = self._api._cfg", "seen = set()", "query = {}"];

/// How an argument is put into the query or the body; `{}` is the argument.
const PUT: &[&str] = &[
    "{}",
    "{}.value",
    "{}.as_dict()",
    "{}.ToJsonString()",
    "[v for v in {}]",
    "[v.value for v in {}]",
    "[v.as_dict() for v in {}]",
];

/// The names that a request's answer is kept under.
const ANSWERS: &[&str] = &["res", "json", "op_response"];

/// Reads one statement.
pub(crate) fn read<'a>(stmt: &'a Stmt, scope: Scope<'_>) -> Result<Step<'a>, Problem> {
    let step = match stmt {
        Stmt::Expr(expr) if python::string(&expr.value).is_some() => Some(Step::Nothing),
        Stmt::Expr(expr) => request(&expr.value),
        Stmt::Assign(_) => python::assignment(stmt).and_then(|(target, value)| assign(target, value)),
        Stmt::If(test) if test.orelse.is_empty() => conditional(test),
        Stmt::While(pages) if python::text(&pages.test) == "True" && pages.orelse.is_empty() => {
            Some(Step::Pages(&pages.body))
        }
        Stmt::Return(answer) => answer.value.as_deref().map(Step::Return),
        _ => None,
    };
    step.ok_or_else(|| scope.problem(stmt, format!("a statement of no known form: {}", excerpt(stmt))))
}

fn assign<'a>(target: &'a Expr, value: &'a Expr) -> Option<Step<'a>> {
    if let Some((part, key)) = python::item(target) {
        let value = python::integer(value)?;
        return (part == "query").then_some(Step::Default { key, value });
    }
    let target = python::name(target)?;
    let text = python::text(value);
    if SILENT.contains(&format!("{target} = {text}").as_str()) {
        return Some(Step::Nothing);
    }
    match (target, value) {
        ("headers", Expr::Dict(headers)) => accept(headers).map(Step::Headers),
        ("body", Expr::Dict(body)) if body.keys.is_empty() => Some(Step::EmptyBody),
        ("body", _) => whole(value).map(Step::WholeBody),
        ("response_headers", Expr::List(names)) => {
            names.elts.iter().map(python::string).collect::<Option<_>>().map(Step::ResponseHeaders)
        }
        ("parsed", Expr::Attribute(field)) => match python::from_dict(&field.value)? {
            (class, answer) if python::name(answer) == Some("json") => {
                Some(Step::Unwrap { class, field: field.attr.as_str() })
            }
            _ => None,
        },
        ("operation", _) => match python::from_dict(value)? {
            (class, answer) if python::name(answer) == Some("res") => Some(Step::Operation(class)),
            _ => None,
        },
        (name, _) if ANSWERS.contains(&name) => request(value),
        _ => None,
    }
}

/// The header `Accept`. The type of what is sent follows from the body, and no other header is known.
fn accept(headers: &ExprDict) -> Option<Option<&str>> {
    let mut accept = None;
    for (name, value) in headers.keys.iter().zip(&headers.values) {
        match (python::string(name.as_ref()?)?, python::string(value)?) {
            ("Accept", value) => accept = Some(value),
            ("Content-Type", "application/json" | "application/octet-stream") => {}
            _ => return None,
        }
    }
    Some(accept)
}

/// `argument.as_dict()`
fn whole(value: &Expr) -> Option<&str> {
    let call = python::call(value)?;
    match &*call.func {
        Expr::Attribute(method) if method.attr.as_str() == "as_dict" && call.args.is_empty() => {
            python::name(&method.value)
        }
        _ => None,
    }
}

fn conditional(test: &StmtIf) -> Option<Step<'_>> {
    let [only] = test.body.as_slice() else { return None };
    let (target, value) = python::assignment(only)?;
    let condition = python::text(&test.test);
    let text = python::text(value);
    if condition == "cfg.workspace_id" {
        return match python::item(target)? {
            ("headers", header) if text == condition => Some(Step::WorkspaceHeader(header)),
            _ => None,
        };
    }
    if let Some(argument) = python::name(target) {
        let empty = condition == format!("{argument} is None or {argument} == ''");
        return (empty && text == "str(uuid.uuid4())").then_some(Step::Idempotency(argument));
    }
    let (part, key) = python::item(target)?;
    let part = Part::named(part)?;
    if condition == format!("'{key}' not in query") {
        let value = python::integer(value)?;
        return (part == Part::Query).then_some(Step::Default { key, value });
    }
    let Expr::Compare(compare) = &*test.test else { return None };
    let argument = python::name(&compare.left)?;
    let known = condition == format!("{argument} is not None")
        && PUT.iter().any(|form| form.replace("{}", argument) == text);
    known.then_some(Step::Put { part, key, argument })
}

/// `self._api.do("GET", path, …)`; a request whose address is no positional argument is not of this form.
fn request(value: &Expr) -> Option<Step<'_>> {
    let call = python::call(value)?;
    let [verb, path] = call.args.as_slice() else { return None };
    if python::text(&call.func) != "self._api.do" {
        return None;
    }
    let mut request = Request {
        verb: python::string(verb)?,
        path,
        body: None,
        parts: Vec::new(),
        binary: false,
        raw: false,
    };
    for keyword in &call.keywords {
        let value = &keyword.value;
        match (keyword.arg.as_ref()?.as_str(), python::name(value)) {
            ("query", Some("query")) => request.parts.push(Part::Query),
            ("body", Some("body")) => request.parts.push(Part::Body),
            ("headers", Some("headers")) => {}
            ("response_headers", Some("response_headers")) => {}
            ("body", Some(argument)) => request.body = Some(argument),
            ("data", Some(_)) => request.binary = true,
            ("raw", None) if is_true(value) => request.raw = true,
            _ => return None,
        }
    }
    Some(Step::Request(request))
}

fn is_true(value: &Expr) -> bool {
    matches!(value, Expr::Constant(constant) if constant.value == Constant::Bool(true))
}

/// The beginning of a statement, for messages.
fn excerpt(stmt: &Stmt) -> String {
    let text = match stmt {
        Stmt::Expr(expr) => python::text(&expr.value),
        Stmt::Assign(assign) => {
            let targets: Vec<String> = assign.targets.iter().map(python::text).collect();
            format!("{} = {}", targets.join(" = "), python::text(&assign.value))
        }
        Stmt::If(test) => format!("if {}: …", python::text(&test.test)),
        Stmt::While(test) => format!("while {}: …", python::text(&test.test)),
        Stmt::For(each) => format!("for {} in {}: …", python::text(&each.target), python::text(&each.iter)),
        Stmt::Return(answer) => match &answer.value {
            Some(value) => format!("return {}", python::text(value)),
            None => "return".to_owned(),
        },
        other => {
            let shown = format!("{other:?}");
            shown.split(['(', '{']).next().unwrap_or_default().to_owned()
        }
    };
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
