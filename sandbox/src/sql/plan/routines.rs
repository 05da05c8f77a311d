//! Calls of functions that users made: the body with the arguments in it, as an expression or as a table.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    self, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName, ObjectNamePart,
    Query, SelectItem, SetExpr, TableAlias, TableAliasColumnDef, TableFactor, Value, VisitMut,
};

use super::calls::cast;
use super::clauses::Nameless;
use super::rewrite::Rewriter;
use crate::sql::Session;
use crate::sql::catalog::TableName;
use crate::sql::error::SqlError;
use crate::sql::outside::{Parameter, Routine, denied};
use crate::sql::parse::{Source, parse_query};

/// How deep functions of users may call each other.
const DEEPEST: usize = 20;

/// Puts expressions in the place of parameters; NULLs of their types, if there are none.
pub(crate) fn with_arguments(
    mut query: Query,
    parameters: &[Parameter],
    arguments: Option<&[Expr]>,
) -> Result<Query, SqlError> {
    let mut values = HashMap::new();
    for (at, parameter) in parameters.iter().enumerate() {
        let argument = arguments.and_then(|arguments| arguments.get(at)).cloned();
        let argument = argument.unwrap_or_else(|| Expr::Value(Value::Null.into()));
        let value = cast(argument, &parameter.kind)
            .ok_or_else(|| SqlError::unsupported(format!("parameters of the type {}", parameter.kind)))?;
        values.insert(parameter.name.to_lowercase(), Expr::Nested(Box::new(value)));
    }
    let _ = ast::visit_expressions_mut(&mut query, |expr| {
        let name = match &*expr {
            Expr::Identifier(name) => Some(name),
            // a parameter may be written with its function's name
            Expr::CompoundIdentifier(parts) if parts.len() == 2 => parts.last(),
            _ => None,
        };
        if let Some(value) = name.and_then(|name| values.get(&name.value)) {
            *expr = value.clone();
        }
        ControlFlow::<()>::Continue(())
    });
    Ok(query)
}

impl Rewriter<'_> {
    /// A function that a user made and that this principal may call.
    fn routine(&self, name: &ObjectName) -> Result<Option<Routine>, SqlError> {
        let Some(outside) = &self.session.outside else { return Ok(None) };
        let parts: Vec<Ident> = name.0.iter().filter_map(|part| part.as_ident().cloned()).collect();
        if parts.is_empty() || parts.len() > 3 {
            return Ok(None);
        }
        let name = self.session.table(&parts);
        let Some(routine) = outside.routine(&name) else { return Ok(None) };
        let full = name.to_string();
        let schema = format!("{}.{}", name.catalog, name.schema);
        if !outside.may(&["EXECUTE"], "function", &full) && !outside.may(&["EXECUTE"], "schema", &schema) {
            return Err(denied("EXECUTE", "function", &full));
        }
        if self.depth == DEEPEST {
            return Err(SqlError::new(
                "INTERNAL_ERROR",
                format!("The function {full} calls itself without end"),
            ));
        }
        Ok(Some(routine))
    }

    /// The body of a function with these arguments, whose expressions are rewritten already.
    fn body(&self, routine: &Routine, arguments: &[FunctionArg], text: &str) -> Result<Query, SqlError> {
        let arguments = ordered(routine, arguments)?;
        let source = Source::read(text)?;
        let mut query = *parse_query(&source)?;
        qualify(&mut query, &routine.name);
        let none = HashSet::new();
        let session = Session {
            catalog: Some(routine.name.catalog.clone()),
            schema: Some(routine.name.schema.clone()),
            parameters: Vec::new(),
            ..self.session.clone()
        };
        let mut inner = Rewriter {
            source: &source,
            session: &session,
            lateral: &none,
            markers: 0,
            depth: self.depth + 1,
            nameless: Nameless::default(),
        };
        inner.run(&mut query)?;
        with_arguments(query, &routine.parameters, Some(&arguments))
    }

    /// A call in an expression.
    pub(super) fn call_of_routine(&self, function: &Function) -> Result<Option<Expr>, SqlError> {
        let FunctionArguments::List(list) = &function.args else { return Ok(None) };
        let Some(routine) = self.routine(&function.name)? else { return Ok(None) };
        if !routine.table.is_empty() {
            return Err(SqlError::new(
                "NOT_A_SCALAR_FUNCTION",
                format!("{} yields a table: call it in FROM", routine.name.quoted()),
            ));
        }
        let text = format!("SELECT {}", crate::sql::routines::body_of(&routine.body));
        let query = self.body(&routine, &list.args, &text)?;
        let SetExpr::Select(mut select) = *query.body else { return Ok(None) };
        let value = match select.projection.pop() {
            Some(SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) => expr,
            _ => return Ok(None),
        };
        let null = || Expr::Value(Value::Null.into());
        Ok(Some(cast(Expr::Nested(Box::new(value)), &routine.returns).unwrap_or_else(null)))
    }

    /// A call in FROM, of a function that yields a table.
    pub(super) fn table_of_routine(&self, factor: &TableFactor) -> Result<Option<TableFactor>, SqlError> {
        let (name, arguments, alias) = match factor {
            TableFactor::Table { name, args: Some(list), alias, .. } => (name, &list.args, alias),
            TableFactor::Function { name, args, alias, .. } => (name, args, alias),
            _ => return Ok(None),
        };
        let Some(routine) = self.routine(name)? else { return Ok(None) };
        if routine.table.is_empty() {
            return Err(SqlError::new(
                "NOT_A_TABLE_FUNCTION",
                format!("{} yields a value and no table", routine.name.quoted()),
            ));
        }
        let query = self.body(&routine, arguments, &routine.body)?;
        let mut alias = alias.clone().unwrap_or_else(|| TableAlias {
            explicit: true,
            name: Ident::with_quote('`', &routine.name.table),
            columns: Vec::new(),
            at: None,
        });
        if alias.columns.is_empty() {
            let named = routine.table.iter().map(|column| TableAliasColumnDef {
                name: Ident::with_quote('`', column.name.to_lowercase()),
                data_type: None,
            });
            alias.columns = named.collect();
        }
        let subquery = Box::new(query);
        Ok(Some(TableFactor::Derived { lateral: false, subquery, alias: Some(alias), sample: None }))
    }
}

/// The arguments in the order of the parameters, with defaults for those that are missing.
fn ordered(routine: &Routine, arguments: &[FunctionArg]) -> Result<Vec<Expr>, SqlError> {
    let full = routine.name.to_string();
    let wrong = || {
        SqlError::new(
            "WRONG_NUM_ARGS.WITHOUT_SUGGESTION",
            format!(
                "The `{full}` requires {} parameters but the actual number is {}",
                routine.parameters.len(),
                arguments.len()
            ),
        )
    };
    let mut given: Vec<Option<Expr>> = vec![None; routine.parameters.len()];
    for (at, argument) in arguments.iter().enumerate() {
        let (place, expr) = match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => (at, expr),
            FunctionArg::Named { name, arg: FunctionArgExpr::Expr(expr), .. } => {
                let place =
                    routine.parameters.iter().position(|known| known.name.eq_ignore_ascii_case(&name.value));
                let unknown = || {
                    SqlError::new(
                        "UNRECOGNIZED_PARAMETER_NAME",
                        format!("Cannot invoke routine `{full}`: it has no parameter `{}`", name.value),
                    )
                };
                (place.ok_or_else(unknown)?, expr)
            }
            _ => return Err(wrong()),
        };
        *given.get_mut(place).ok_or_else(wrong)? = Some(expr.clone());
    }
    let each = given.into_iter().zip(&routine.parameters);
    each.map(|(given, parameter)| match (given, &parameter.default) {
        (Some(expr), _) => Ok(expr),
        (None, Some(default)) => Ok(Expr::Nested(Box::new(expression(default)?))),
        (None, None) => Err(wrong()),
    })
    .collect()
}

fn expression(sql: &str) -> Result<Expr, SqlError> {
    let query = parse_query(&Source::read(&format!("SELECT {sql}"))?)?;
    let last = match *query.body {
        SetExpr::Select(mut select) => select.projection.pop(),
        _ => None,
    };
    match last {
        Some(SelectItem::UnnamedExpr(expr)) => Ok(expr),
        _ => Err(SqlError::internal("a default value has no value")),
    }
}

/// Gives the tables of a body the catalog and schema of their function, wherever it is called.
fn qualify(query: &mut Query, name: &TableName) {
    let mut own = HashSet::new();
    let _ = query.visit(&mut Named(&mut own));
    let _ = ast::visit_relations_mut(query, |relation| {
        let parts = relation.0.len();
        let bare = relation.0.first().and_then(|part| part.as_ident()).map(|part| part.value.clone());
        if parts == 1 && bare.is_some_and(|bare| own.contains(&bare)) {
            return ControlFlow::<()>::Continue(());
        }
        let part = |text: &str| ObjectNamePart::Identifier(Ident::with_quote('`', text));
        if parts == 1 {
            relation.0.insert(0, part(&name.schema));
        }
        if parts <= 2 {
            relation.0.insert(0, part(&name.catalog));
        }
        ControlFlow::Continue(())
    });
}

/// Collects the names of common table expressions, and of functions of FROM that are the engine's own.
struct Named<'a>(&'a mut HashSet<String>);

impl ast::VisitorMut for Named<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        let tables = query.with.iter().flat_map(|with| &with.cte_tables);
        self.0.extend(tables.map(|table| table.alias.name.value.clone()));
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, args: Some(_), .. } = factor {
            self.0.insert(name.to_string());
        }
        ControlFlow::Continue(())
    }
}
