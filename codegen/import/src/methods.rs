//! One method of the SDK → one operation: its steps folded into method, path, query, body and answer.

use std::collections::BTreeMap;

use rustpython_ast::{ArgWithDefault, Constant, ConversionFlag, Expr, StmtClassDef, StmtFunctionDef};

use crate::answers::{self, Answer};
use crate::clients::{Level, Wiring};
use crate::docstrings;
use crate::error::{Place, Problem};
use crate::model::Classes;
use crate::names;
use crate::paging::Pagination;
use crate::python::{self, Scope};
use crate::statements::{self, Part, Request, Step};
use crate::types::Type;
use crate::waiters::{Operation as LongRunning, Waiter};

/// An operation: one method and path.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) place: Place,
    /// The service, which is the document.
    pub(crate) module: String,
    /// The class in the SDK.
    pub(crate) api: String,
    /// The method in the SDK.
    pub(crate) method: String,
    pub(crate) id: String,
    /// The HTTP method in lower case.
    pub(crate) verb: String,
    pub(crate) path: Vec<Segment>,
    pub(crate) query: BTreeMap<String, Argument>,
    pub(crate) body: Option<Body>,
    pub(crate) accept: String,
    pub(crate) workspace_header: Option<String>,
    pub(crate) raw: bool,
    pub(crate) response: Option<Type>,
    pub(crate) response_headers: Vec<String>,
    pub(crate) deprecated: bool,
    pub(crate) idempotency: Option<String>,
    pub(crate) pagination: Option<Pagination>,
    pub(crate) waiter: Option<Waiter>,
    pub(crate) long_running: Option<LongRunning>,
    pub(crate) wiring: Wiring,
}

/// A piece of a path.
#[derive(Debug)]
pub(crate) enum Segment {
    Text(String),
    Parameter(Parameter),
}

/// A parameter in a path.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) ty: Type,
    /// Whether its value keeps its slashes.
    pub(crate) multi: bool,
    /// What the SDK says about it, asked only for the pattern of a resource name.
    pub(crate) doc: String,
}

/// A parameter of a method.
#[derive(Debug, Clone)]
pub(crate) struct Argument {
    pub(crate) ty: Type,
    pub(crate) required: bool,
}

/// What a request carries.
#[derive(Debug)]
pub(crate) enum Body {
    Binary,
    /// One value, as it is.
    Whole(Type),
    /// An object of the method's arguments.
    Fields(BTreeMap<String, Argument>),
}

impl Operation {
    /// `jobs.JobsAPI.run_now`
    pub(crate) fn name(&self) -> String {
        format!("{}.{}.{}", self.module, self.api, self.method)
    }

    pub(crate) fn account_only(&self) -> bool {
        self.wiring.levels.iter().eq([&Level::Account])
    }
}

/// Segments with `{}` for each parameter.
pub(crate) fn shape(path: &[Segment]) -> String {
    path.iter()
        .map(|segment| match segment {
            Segment::Text(text) => text.as_str(),
            Segment::Parameter(_) => "{}",
        })
        .collect()
}

/// Reads one method of an API.
pub(crate) fn read(
    classes: &Classes<'_>,
    module: &str,
    class: &StmtClassDef,
    function: &StmtFunctionDef,
    wiring: Wiring,
    scope: Scope<'_>,
) -> Result<Operation, Problem> {
    let arguments = arguments(classes, module, function, scope)?;
    let doc = python::docstring(&function.body);
    let argument = |name: &str, at: &dyn Fn(String) -> Problem| {
        arguments.get(name).cloned().ok_or_else(|| at(format!("{name} is not an argument of the method")))
    };

    let mut facts = Facts::default();
    let mut request = None;
    let mut answer = Answer::default();
    for stmt in &function.body {
        let at = |message: String| scope.problem(stmt, message);
        match statements::read(stmt, scope)? {
            Step::Nothing => {}
            Step::Headers(accept) => facts.accept = accept,
            Step::EmptyBody => facts.body = Some(Body::Fields(BTreeMap::new())),
            Step::WholeBody(name) => facts.body = Some(Body::Whole(argument(name, &at)?.ty)),
            Step::Put { part, key, argument: name } => {
                let value = argument(name, &at)?;
                let fields = match (part, &mut facts.body) {
                    (Part::Query, _) => &mut facts.query,
                    (Part::Body, Some(Body::Fields(fields))) => fields,
                    (Part::Body, _) => return Err(at("a field of a body that is not an object".to_owned())),
                };
                if fields.insert(key.to_owned(), value).is_some() {
                    return Err(at(format!("{key} is set twice")));
                }
            }
            Step::Default { key, value } => facts.defaults.push((key.to_owned(), value)),
            Step::WorkspaceHeader(header) => facts.workspace_header = Some(header.to_owned()),
            Step::Idempotency(name) => facts.idempotency = Some(name.to_owned()),
            Step::ResponseHeaders(names) => {
                facts.response_headers = names.into_iter().map(str::to_owned).collect();
            }
            Step::Request(sent) => {
                if request.replace((stmt, sent)).is_some() {
                    return Err(at("a second request".to_owned()));
                }
            }
            Step::Unwrap { class, field } => answer.unwrap(classes, module, class, field, scope)?,
            Step::Operation(class) => answer.operation(classes, module, class, scope)?,
            Step::Pages(pages) => {
                let (page, sent) = answers::pages(classes, module, class, function, pages, scope)?;
                if request.replace(sent).is_some() {
                    return Err(at("a second request".to_owned()));
                }
                answer = page;
            }
            Step::Return(value) => answer.returned(classes, module, class, value, scope)?,
        }
    }
    let (stmt, request) = request.ok_or_else(|| {
        scope.problem(function, "a method without a request that is none of the known helpers")
    })?;
    let lost = |part: Part, filled: bool| filled && !request.parts.contains(&part);
    if lost(Part::Query, !facts.query.is_empty()) || lost(Part::Body, facts.body.is_some()) {
        return Err(scope.problem(stmt, "a query or a body that is filled but not sent"));
    }
    if let Some(name) = request.body {
        facts.body = Some(Body::Whole(argument(name, &|message| scope.problem(stmt, message))?.ty));
    }
    if request.binary {
        facts.body = Some(Body::Binary);
    }
    match &mut answer.pagination {
        Some(pagination) => pagination.defaults = facts.defaults,
        None if facts.defaults.is_empty() => {}
        None => return Err(scope.problem(stmt, "a default of the query outside a paged list")),
    }
    Ok(Operation {
        place: scope.place(function),
        id: format!("{}_{}", names::api(&class.name), function.name),
        module: module.to_owned(),
        api: class.name.to_string(),
        method: function.name.to_string(),
        verb: request.verb.to_ascii_lowercase(),
        path: path(&request, &arguments, &doc, scope)?,
        query: facts.query,
        body: facts.body,
        accept: facts.accept.unwrap_or("application/json").to_owned(),
        workspace_header: facts.workspace_header,
        raw: request.raw,
        response: answer.response,
        response_headers: facts.response_headers,
        deprecated: docstrings::is_deprecated(&doc),
        idempotency: facts.idempotency,
        pagination: answer.pagination,
        waiter: answer.waiter,
        long_running: answer.long_running,
        wiring,
    })
}

/// What the steps before the request have said.
#[derive(Default)]
struct Facts<'a> {
    query: BTreeMap<String, Argument>,
    body: Option<Body>,
    accept: Option<&'a str>,
    workspace_header: Option<String>,
    response_headers: Vec<String>,
    idempotency: Option<String>,
    defaults: Vec<(String, i64)>,
}

/// The arguments of a method without `self`; one without a default is required.
fn arguments<'a>(
    classes: &Classes<'_>,
    module: &str,
    function: &'a StmtFunctionDef,
    scope: Scope<'_>,
) -> Result<BTreeMap<&'a str, Argument>, Problem> {
    let all = &function.args;
    if all.vararg.is_some() || all.kwarg.is_some() || !all.posonlyargs.is_empty() {
        return Err(scope.problem(function, "arguments that have no names"));
    }
    let read = |argument: &'a ArgWithDefault| {
        let Some(annotation) = &argument.def.annotation else {
            return Err(scope.problem(&argument.def, "an argument without a type"));
        };
        let ty = Type::read(annotation, scope, module, classes.kinds, false)?;
        Ok((argument.def.arg.as_str(), Argument { ty, required: argument.default.is_none() }))
    };
    all.args.iter().skip(1).chain(&all.kwonlyargs).map(read).collect()
}

/// The path of a request: a string, or an f-string of arguments.
fn path(
    request: &Request<'_>,
    arguments: &BTreeMap<&str, Argument>,
    doc: &str,
    scope: Scope<'_>,
) -> Result<Vec<Segment>, Problem> {
    let docs = docstrings::parameters(doc);
    let parts = match request.path {
        Expr::JoinedStr(parts) => parts.values.as_slice(),
        other => std::slice::from_ref(other),
    };
    let segment = |part: &Expr| {
        if let Some(text) = python::string(part) {
            return Some(Segment::Text(text.to_owned()));
        }
        let Expr::FormattedValue(value) = part else { return None };
        if value.conversion != ConversionFlag::None || value.format_spec.is_some() {
            return None;
        }
        if python::text(&value.value) == "self._api.account_id" {
            let (name, doc) = ("account_id".to_owned(), String::new());
            return Some(Segment::Parameter(Parameter { name, ty: Type::String, multi: false, doc }));
        }
        let (name, multi) = match &*value.value {
            Expr::Name(name) => (name.id.as_str(), false),
            Expr::Attribute(member) if member.attr.as_str() == "value" => {
                (python::name(&member.value)?, false)
            }
            Expr::Call(call) if python::name(&call.func) == Some("_escape_multi_segment_path_parameter") => {
                (python::name(call.args.first()?)?, true)
            }
            _ => return None,
        };
        let ty = arguments.get(name)?.ty.clone();
        let doc = docs.get(name).cloned().unwrap_or_default();
        Some(Segment::Parameter(Parameter { name: name.to_owned(), ty, multi, doc }))
    };
    parts
        .iter()
        .map(|part| {
            let unknown =
                || scope.problem(part, format!("a part of a path of no known form: {}", shown(part)));
            segment(part).ok_or_else(unknown)
        })
        .collect()
}

fn shown(part: &Expr) -> String {
    match part {
        Expr::FormattedValue(value) => format!("{{{}}}", python::text(&value.value)),
        Expr::Constant(constant) if constant.value == Constant::None => "None".to_owned(),
        other => python::text(other),
    }
}
