//! Paged lists: how the loop of a list method finds the next page, and what it takes from each.

use rustpython_ast::{Expr, Stmt};
use serde_json::{Map, Value, json};

use crate::error::Problem;
use crate::python::{self, Scope};
use crate::statements::{self, Part, Request, Step};

/// How a list is paged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pagination {
    pub(crate) style: Style,
    /// The field of the answer that holds the items.
    pub(crate) items: String,
    /// What the query says when the caller does not.
    pub(crate) defaults: Vec<(String, i64)>,
}

/// Where the next page comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Style {
    /// There is one page only.
    Single,
    /// A field of the answer goes into a parameter.
    Token { field: String, parameter: String, part: Part },
    /// A parameter counts items.
    Offset { parameter: String, part: Part },
    /// A parameter counts pages.
    Page { parameter: String, part: Part },
    /// A field of the answer is the next request's body.
    NextBody { field: String },
}

impl Pagination {
    /// The field of the answer that says whether there is more.
    pub(crate) fn token_field(&self) -> Option<&str> {
        match &self.style {
            Style::Token { field, .. } | Style::NextBody { field } => Some(field),
            _ => None,
        }
    }

    /// Whether there can be a second page.
    pub(crate) fn is_paged(&self) -> bool {
        self.style != Style::Single
    }

    /// The value of `x-databricks-pagination`.
    pub(crate) fn extension(&self) -> Value {
        let (style, field, parameter) = match &self.style {
            Style::Single => ("none", None, None),
            Style::Token { field, parameter, part } => ("token", Some(field), Some((parameter, part))),
            Style::Offset { parameter, part } => ("offset", None, Some((parameter, part))),
            Style::Page { parameter, part } => ("page", None, Some((parameter, part))),
            Style::NextBody { field } => ("next-body", Some(field), None),
        };
        let mut out = Map::new();
        out.insert("style".to_owned(), json!(style));
        if let Some(field) = field {
            out.insert("token_field".to_owned(), json!(field));
        }
        if let Some((parameter, part)) = parameter {
            out.insert("token_param".to_owned(), json!(parameter));
            out.insert("token_in".to_owned(), json!(part.as_str()));
        }
        out.insert("items".to_owned(), json!(self.items));
        if !self.defaults.is_empty() {
            let defaults = self.defaults.iter().map(|(key, value)| (key.clone(), json!(value)));
            out.insert("defaults".to_owned(), Value::Object(defaults.collect()));
        }
        Value::Object(out)
    }
}

/// A loop over pages.
pub(crate) struct Loop<'a> {
    pub(crate) request: (&'a Stmt, Request<'a>),
    pub(crate) pagination: Pagination,
    /// The class of an item.
    pub(crate) item: &'a Expr,
}

/// Reads `while True:` of a list method.
pub(crate) fn read<'a>(body: &'a [Stmt], at: &Stmt, scope: Scope<'_>) -> Result<Loop<'a>, Problem> {
    let (mut request, mut items, mut style) = (None, None, None);
    for stmt in body {
        let unknown = || scope.problem(stmt, "a statement of no known form in a loop over pages");
        match stmt {
            Stmt::If(test) if test.orelse.is_empty() => match test.body.as_slice() {
                // if "token" not in json or not json["token"]: return
                [Stmt::Return(end)] if end.value.is_none() && is_last(&test.test) => {}
                // if "items" in json: for v in json["items"]: yield Item.from_dict(v)
                [Stmt::For(each)] => {
                    let (source, field) = python::item(&each.iter).ok_or_else(unknown)?;
                    let known = source == "json" && python::text(&test.test) == format!("'{field}' in json");
                    let item = each.body.iter().find_map(item_class).filter(|_| known).ok_or_else(unknown)?;
                    if !each.body.iter().all(|stmt| item_class(stmt).is_some() || is_deduplication(stmt)) {
                        return Err(unknown());
                    }
                    items = Some((field.to_owned(), item));
                }
                _ => return Err(unknown()),
            },
            Stmt::AugAssign(_) => style = Some(counter(stmt).ok_or_else(unknown)?),
            Stmt::Assign(_) => match next(stmt) {
                Some(found) => style = Some(found),
                None => match statements::read(stmt, scope)? {
                    Step::Request(sent) => request = Some((stmt, sent)),
                    _ => return Err(unknown()),
                },
            },
            _ => return Err(unknown()),
        }
    }
    match (request, items, style) {
        (Some(request), Some((items, item)), Some(style)) => {
            Ok(Loop { request, pagination: Pagination { style, items, defaults: Vec::new() }, item })
        }
        _ => Err(scope.problem(at, "a loop over pages without a request, items, or a way to the next page")),
    }
}

/// `"token" not in json or not json["token"]`
fn is_last(test: &Expr) -> bool {
    let text = python::text(test);
    let field = text.split('\'').nth(1).unwrap_or_default();
    text == format!("'{field}' not in json or not json['{field}']")
}

/// `yield Item.from_dict(v)` → `Item`
fn item_class(stmt: &Stmt) -> Option<&Expr> {
    let Stmt::Expr(expr) = stmt else { return None };
    let Expr::Yield(item) = &*expr.value else { return None };
    let (class, value) = python::from_dict(item.value.as_deref()?)?;
    (python::name(value) == Some("v")).then_some(class)
}

/// SCIM repeats items between pages, so its loops remember the ids that they have seen.
fn is_deduplication(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Assign(_) => python::assignment(stmt).is_some_and(|(id, value)| {
            python::name(id) == Some("i") && python::item(value) == Some(("v", "id"))
        }),
        Stmt::If(test) => {
            python::text(&test.test) == "i in seen" && matches!(test.body.as_slice(), [Stmt::Continue(_)])
        }
        Stmt::Expr(expr) => python::text(&expr.value) == "seen.add(i)",
        _ => false,
    }
}

/// `query["parameter"] = json["field"]`, or `body = json["field"]`
fn next(stmt: &Stmt) -> Option<Style> {
    let (target, value) = python::assignment(stmt)?;
    let ("json", field) = python::item(value)? else { return None };
    let field = field.to_owned();
    match python::item(target) {
        Some((part, parameter)) => {
            Some(Style::Token { field, parameter: parameter.to_owned(), part: Part::named(part)? })
        }
        None => (python::name(target) == Some("body")).then_some(Style::NextBody { field }),
    }
}

/// `query["parameter"] += len(json["items"])`, or `+= 1`
fn counter(stmt: &Stmt) -> Option<Style> {
    let Stmt::AugAssign(step) = stmt else { return None };
    let (part, parameter) = python::item(&step.target)?;
    let (part, parameter) = (Part::named(part)?, parameter.to_owned());
    if python::integer(&step.value) == Some(1) {
        return Some(Style::Page { parameter, part });
    }
    let counted = python::call(&step.value)?;
    let ("json", _) = python::item(counted.args.first()?)? else { return None };
    (python::name(&counted.func) == Some("len")).then_some(Style::Offset { parameter, part })
}
