//! Changes of whole selects: names of columns, aliases used beside each other, `LATERAL VIEW`.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    self, Expr, Ident, ObjectName, Query, Select, SelectItem, SetExpr, TableAlias, TableAliasColumnDef,
    TableFactor, TableWithJoins,
};

use super::calls::call_with;
use super::{generators, naming};
use crate::sql::dml::template;
use crate::sql::error::SqlError;
use crate::sql::parse::Source;

/// A query that begins with FROM and has no SELECT, as pipes have it, is about all columns.
pub(super) fn all_columns(select: &mut Select) {
    if select.projection.is_empty() && select.flavor == ast::SelectFlavor::FromFirstNoSelect {
        select.projection = vec![SelectItem::Wildcard(ast::WildcardAdditionalOptions::default())];
        select.flavor = ast::SelectFlavor::Standard;
    }
}

/// Gives every computed column its Spark name, so that queries around this one can refer to it, and makes equal names
/// different, which the engine demands; the names that users see are worked out apart from this.
pub(super) fn name_columns(select: &mut Select, source: &Source) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for item in &mut select.projection {
        let (name, expr) = match item {
            SelectItem::UnnamedExpr(expr) if qualified(expr) => continue,
            SelectItem::UnnamedExpr(expr) => (naming::name(expr, source).to_lowercase(), expr.clone()),
            SelectItem::ExprWithAlias { expr, alias } => (alias.value.clone(), expr.clone()),
            _ => continue,
        };
        let times = seen.entry(name.clone()).and_modify(|n| *n += 1).or_insert(0);
        let alias = match *times {
            0 if matches!(expr, Expr::Identifier(_)) => continue,
            0 => name,
            n => format!("{name}#{n}"),
        };
        *item = SelectItem::ExprWithAlias { expr, alias: Ident::with_quote('`', alias) };
    }
}

/// Whether it is a plain column with its table's name, which stays as it is: two tables may have a column of one name.
fn qualified(expr: &Expr) -> bool {
    matches!(expr, Expr::CompoundIdentifier(_))
}

/// The columns of a nameless list of rows are `col1`, `col2`, …
pub(super) fn name_values(subquery: &Query, alias: &mut Option<TableAlias>) {
    let SetExpr::Values(values) = subquery.body.as_ref() else { return };
    let width = values.rows.first().map_or(0, |row| row.content.len());
    let columns = || {
        (1..=width)
            .map(|n| TableAliasColumnDef { name: Ident::new(format!("col{n}")), data_type: None })
            .collect()
    };
    match alias {
        Some(alias) if alias.columns.is_empty() => alias.columns = columns(),
        Some(_) => {}
        None => {
            *alias = Some(TableAlias {
                explicit: true,
                name: Ident::new("__values"),
                columns: columns(),
                at: None,
            })
        }
    }
}

/// Puts the expressions of earlier columns in the place of their aliases: `SELECT a + 1 AS b, b * 2`.
pub(super) fn resolve_aliases(select: &mut Select, lateral: &HashSet<String>) {
    let mut known: HashMap<String, Expr> = HashMap::new();
    for item in &mut select.projection {
        let (SelectItem::ExprWithAlias { expr, .. } | SelectItem::UnnamedExpr(expr)) = item else { continue };
        let _ = ast::visit_expressions_mut(expr, |expr| {
            if let Expr::Identifier(name) = expr
                && let Some(meant) = known.get(&name.value)
            {
                *expr = Expr::Nested(Box::new(meant.clone()));
            }
            ControlFlow::<()>::Continue(())
        });
        if let SelectItem::ExprWithAlias { expr, alias } = item
            && lateral.contains(&alias.value)
        {
            known.insert(alias.value.clone(), expr.clone());
        }
    }
}

/// `FROM t, LATERAL explode(a) AS v (c)`, or with JOIN, is `FROM t LATERAL VIEW explode(a) v AS c`.
pub(super) fn lateral_functions(select: &mut Select) {
    let mut views = Vec::new();
    let mut take = |relation: &mut TableFactor, outer: bool| {
        let TableFactor::Function { lateral: true, name, args, alias, .. } = relation else { return false };
        if !generators::is_generator(name) {
            return false;
        }
        let call = call_with(name, args);
        let columns = alias.iter().flat_map(|alias| alias.columns.iter().map(|column| column.name.clone()));
        let columns = columns.collect();
        let name = alias.as_ref().map_or_else(|| Ident::new("__lateral"), |alias| alias.name.clone());
        views.push(ast::LateralView {
            lateral_view: call,
            lateral_view_name: ObjectName::from(vec![name]),
            lateral_col_alias: columns,
            outer,
        });
        true
    };
    for table in &mut select.from {
        // what is joined after it may need its columns, so only the last ones go
        while let Some(join) = table.joins.last_mut() {
            let (taken, outer) = match &join.join_operator {
                ast::JoinOperator::CrossJoin(_)
                | ast::JoinOperator::Join(ast::JoinConstraint::None)
                | ast::JoinOperator::Inner(ast::JoinConstraint::None) => (true, false),
                ast::JoinOperator::Left(ast::JoinConstraint::None)
                | ast::JoinOperator::LeftOuter(ast::JoinConstraint::None) => (true, true),
                _ => (false, false),
            };
            if !taken || !take(&mut join.relation, outer) {
                break;
            }
            table.joins.pop();
        }
    }
    let mut first = true;
    select.from.retain_mut(|table| {
        std::mem::take(&mut first) || !table.joins.is_empty() || !take(&mut table.relation, false)
    });
    select.lateral_views.splice(0..0, views);
}

/// `FROM t LATERAL VIEW explode(a) v AS c` is `FROM (SELECT *, explode(a) AS c FROM t) AS t`, where `v.c` is `c`.
pub(super) fn lateral_views(select: &mut Select) -> Result<(), SqlError> {
    for view in std::mem::take(&mut select.lateral_views) {
        let mut aliases = view.lateral_col_alias;
        if aliases.is_empty() && generators::yields_col(&view.lateral_view) {
            aliases.push(Ident::new("col"));
        }
        let generated = match &view.lateral_view {
            Expr::Function(function) => generators::generate(function, &aliases, view.outer)?,
            _ => None,
        };
        let Some(generated) = generated else {
            return Err(SqlError::unsupported(format!("LATERAL VIEW {}", view.lateral_view)));
        };
        let relation = match select.from.as_mut_slice() {
            [TableWithJoins { relation, joins }] if joins.is_empty() => relation,
            _ => return Err(SqlError::unsupported("LATERAL VIEW over more than one table")),
        };
        let name = match &*relation {
            TableFactor::Table { alias: Some(alias), .. }
            | TableFactor::Derived { alias: Some(alias), .. } => alias.name.clone(),
            TableFactor::Table { name, .. } => name
                .0
                .last()
                .and_then(|part| part.as_ident())
                .cloned()
                .unwrap_or_else(|| Ident::new("__table")),
            _ => Ident::new("__table"),
        };
        let mut query = template("SELECT * FROM `inner`")?;
        if let SetExpr::Select(inner) = query.body.as_mut() {
            inner.projection.extend(generated);
            std::mem::swap(&mut inner.from[0].relation, relation);
        }
        let alias = Some(TableAlias { explicit: true, name, columns: Vec::new(), at: None });
        *relation = TableFactor::Derived { lateral: false, subquery: Box::new(query), alias, sample: None };
        let of_view = view.lateral_view_name.to_string();
        let _ = ast::visit_expressions_mut(select, |expr| {
            if let Expr::CompoundIdentifier(parts) = expr
                && parts.len() == 2
                && parts[0].value == of_view
            {
                *expr = Expr::Identifier(parts[1].clone());
            }
            ControlFlow::<()>::Continue(())
        });
    }
    Ok(())
}

/// Puts the columns of `posexplode(a)`, `stack(…)` and their like in their place in the list.
pub(super) fn expand_generators(select: &mut Select) -> Result<(), SqlError> {
    let mut items = Vec::with_capacity(select.projection.len());
    for item in std::mem::take(&mut select.projection) {
        let generated = match &item {
            SelectItem::UnnamedExpr(Expr::Function(function)) => generators::generate(function, &[], false)?,
            SelectItem::ExprWithAlias { expr: Expr::Function(function), alias } => {
                generators::generate(function, std::slice::from_ref(alias), false)?
            }
            SelectItem::ExprWithAliases { expr: Expr::Function(function), aliases } => {
                generators::generate(function, aliases, false)?
            }
            _ => None,
        };
        match generated {
            Some(generated) => items.extend(generated),
            None => items.push(item),
        }
    }
    select.projection = items;
    Ok(())
}
