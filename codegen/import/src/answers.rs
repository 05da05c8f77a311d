//! What a method returns → the type of the answer, and what more is known of it: pages, a waiter, an operation.

use rustpython_ast::{Expr, Stmt, StmtClassDef, StmtFunctionDef};

use crate::error::Problem;
use crate::model::Classes;
use crate::names;
use crate::paging::{self, Pagination, Style};
use crate::python::{self, Scope};
use crate::statements::Request;
use crate::types::{Name, Type};
use crate::waiters::{Operation, Waiter};

/// What is known of a method's answer.
#[derive(Default)]
pub(crate) struct Answer {
    pub(crate) response: Option<Type>,
    pub(crate) pagination: Option<Pagination>,
    pub(crate) waiter: Option<Waiter>,
    pub(crate) long_running: Option<Operation>,
    /// From `operation = Class.from_dict(res)`.
    operation: Option<Type>,
    /// From `parsed = Class.from_dict(json).field`: the class, and the field's name on the wire.
    unwrapped: Option<(Type, String)>,
}

/// The answers of lists, where more than one class has the right fields and none is named after the method.
///
/// A list method says the items' class and the fields that it reads, but not the class of a page. Where the
/// candidates are alike the choice is one of name only. A line here costs nothing when its method is gone.
const LIST_ANSWERS: &[(&str, &str, &str)] = &[
    (
        "agentkit.AgentKitAPI.list_memories",
        "ListManagedMemoryEntriesResponse",
        "the other one is the search's",
    ),
    (
        "catalog.GrantsAPI.list",
        "ListPrivilegeAssignmentsResponse",
        "alike; the other one is the answer of get",
    ),
    ("marketplace.ConsumerInstallationsAPI.list", "ListInstallationsResponse", "alike"),
    ("marketplace.ConsumerInstallationsAPI.list_listing_installations", "ListInstallationsResponse", "alike"),
    (
        "marketplace.ConsumerListingsAPI.list",
        "ListListingsResponse",
        "alike; the others are of get and search",
    ),
    (
        "marketplace.ConsumerListingsAPI.search",
        "SearchListingsResponse",
        "alike; the others are of get and list",
    ),
    (
        "marketplace.ProviderListingsAPI.list",
        "ListListingsResponse",
        "alike; the others are of get and search",
    ),
];

impl Answer {
    /// `parsed = Class.from_dict(json).field`
    pub(crate) fn unwrap(
        &mut self,
        classes: &Classes<'_>,
        module: &str,
        class: &Expr,
        field: &str,
        scope: Scope<'_>,
    ) -> Result<(), Problem> {
        let ty = Type::read(class, scope, module, classes.kinds, false)?;
        let record = ty.class().and_then(|name| classes.records.get(name));
        let json = record.and_then(|record| record.fields.iter().find(|known| known.name == field));
        let json =
            json.ok_or_else(|| scope.problem(class, format!("{field} is not a field of the answer")))?;
        self.unwrapped = Some((ty, json.json.clone()));
        Ok(())
    }

    /// `operation = Class.from_dict(res)`
    pub(crate) fn operation(
        &mut self,
        classes: &Classes<'_>,
        module: &str,
        class: &Expr,
        scope: Scope<'_>,
    ) -> Result<(), Problem> {
        self.operation = Some(Type::read(class, scope, module, classes.kinds, false)?);
        Ok(())
    }

    /// `return value`
    pub(crate) fn returned(
        &mut self,
        classes: &Classes<'_>,
        module: &str,
        class: &StmtClassDef,
        value: &Expr,
        scope: Scope<'_>,
    ) -> Result<(), Problem> {
        let text = python::text(value);
        let ty = |expr: &Expr| Type::read(expr, scope, module, classes.kinds, false);
        let unknown = || scope.problem(value, format!("an answer of no known form: {text}"));
        if self.response.is_some() {
            return Err(scope.problem(value, "a second answer"));
        }
        match value {
            _ if text == "res" => self.response = Some(Type::Object),
            _ if text == "parsed if parsed is not None else []" => {
                let (response, items) = self.unwrapped.take().ok_or_else(unknown)?;
                self.response = Some(response);
                self.pagination = Some(Pagination { style: Style::Single, items, defaults: Vec::new() });
            }
            // [Item.from_dict(v) for v in res]
            Expr::ListComp(list) => {
                let (item, _) = python::from_dict(&list.elt).ok_or_else(unknown)?;
                if text != format!("[{}.from_dict(v) for v in res]", python::text(item)) {
                    return Err(unknown());
                }
                self.response = Some(Type::List(Box::new(ty(item)?)));
            }
            Expr::Call(call) => match (python::from_dict(value), python::name(&call.func)) {
                (Some((answer, source)), _) if python::name(source) == Some("res") => {
                    self.response = Some(ty(answer)?);
                }
                (_, Some("Wait")) => {
                    self.waiter = Some(Waiter::read(classes, module, class, call, scope)?);
                    let given =
                        call.keywords.iter().find(|keyword| keyword.arg.as_deref() == Some("response"));
                    if let Some(given) = given {
                        let (answer, _) = python::from_dict(&given.value).ok_or_else(unknown)?;
                        self.response = Some(ty(answer)?);
                    }
                }
                (_, Some(name)) if text == format!("{name}(self, operation)") => {
                    let operation = classes.long_running.get(&Name::new(module, name)).ok_or_else(unknown)?;
                    self.long_running = Some(operation.clone());
                    self.response = Some(self.operation.take().ok_or_else(unknown)?);
                }
                _ => return Err(unknown()),
            },
            _ => return Err(unknown()),
        }
        Ok(())
    }
}

/// `while True:` → the answer, which is one page, and the request.
pub(crate) fn pages<'a>(
    classes: &Classes<'_>,
    module: &str,
    class: &StmtClassDef,
    function: &'a StmtFunctionDef,
    body: &'a [Stmt],
    scope: Scope<'_>,
) -> Result<(Answer, (&'a Stmt, Request<'a>)), Problem> {
    let at = body.first().ok_or_else(|| scope.problem(function, "an empty loop"))?;
    let pages = paging::read(body, at, scope)?;
    let item = Type::List(Box::new(Type::read(pages.item, scope, module, classes.kinds, false)?));
    let method = format!("{module}.{}.{}", class.name, function.name);
    let page = page(classes, module, &method, &function.name, &item, &pages.pagination)
        .map_err(|message| scope.problem(at, message))?;
    let answer =
        Answer { response: Some(Type::Named(page)), pagination: Some(pages.pagination), ..Answer::default() };
    Ok((answer, pages.request))
}

/// The class of a page: the one that has the items and the token.
fn page(
    classes: &Classes<'_>,
    module: &str,
    method: &str,
    function: &str,
    items: &Type,
    pagination: &Pagination,
) -> Result<Name, String> {
    let fits = |name: &Name| {
        let Some(record) = classes.records.get(name) else { return false };
        let field = |json: &str| record.fields.iter().find(|field| field.json == json);
        name.module == module
            && field(&pagination.items).is_some_and(|field| field.ty == *items)
            && pagination.token_field().is_none_or(|token| field(token).is_some())
    };
    let candidates: Vec<&Name> = classes.records.keys().filter(|name| fits(name)).collect();
    if let [only] = candidates.as_slice() {
        return Ok((*only).clone());
    }
    let expected = format!("{}Response", names::pascal(function));
    let listed = LIST_ANSWERS.iter().find(|(known, ..)| *known == method).map(|(_, class, _)| *class);
    let named = |class: &str| candidates.iter().find(|name| name.class == class);
    if let Some(name) = listed.and_then(named).or_else(|| named(&expected)) {
        return Ok((*name).clone());
    }
    let shown: Vec<&str> = candidates.iter().map(|name| name.class.as_str()).collect();
    Err(match shown.as_slice() {
        [] => format!("no class has the list `{}` that this method walks through", pagination.items),
        _ => format!("more than one class can be the answer: {}", shown.join(", ")),
    })
}
