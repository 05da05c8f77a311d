//! `VERSION AS OF` and `TIMESTAMP AS OF`: a table has the rows of its latest version only, so a query may ask for that one.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, Query, TableFactor, TableVersion, Value, VisitMut, VisitorMut,
};

use crate::sql::catalog::Table;
use crate::sql::error::SqlError;
use crate::sql::{Engine, Session, types};

/// Takes away what asks for the latest version; an earlier one, or one to come, is an error.
pub(super) fn to_present(query: &mut Query, engine: &Engine, session: &Session) -> Result<(), SqlError> {
    match query.visit(&mut Traveller { engine, session }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

struct Traveller<'a> {
    engine: &'a Engine,
    session: &'a Session,
}

impl VisitorMut for Traveller<'_> {
    type Break = SqlError;

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<SqlError> {
        let TableFactor::Table { name, version, .. } = factor else { return ControlFlow::Continue(()) };
        let Some(asked) = version.take() else { return ControlFlow::Continue(()) };
        let parts: Vec<Ident> = name.0.iter().filter_map(|part| part.as_ident().cloned()).collect();
        match self.check(&parts, &asked) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }
}

impl Traveller<'_> {
    fn check(&self, name: &Vec<Ident>, asked: &TableVersion) -> Result<(), SqlError> {
        let full = self.session.table(name);
        let table = self.engine.table(&full)?;
        match asked {
            TableVersion::VersionAsOf(number) => {
                let number = text(number).and_then(|text| text.parse::<i64>().ok()).ok_or_else(|| {
                    SqlError::new("INVALID_TIME_TRAVEL_SPEC", format!("'{number}' is no version of a table"))
                })?;
                latest(&table, number)
            }
            TableVersion::TimestampAsOf(time) => since(&table, time),
            other => Err(SqlError::unsupported(format!("{other}"))),
        }
    }
}

/// Whether a version is the latest one of a table.
pub(crate) fn latest(table: &Table, asked: i64) -> Result<(), SqlError> {
    let latest = i64::try_from(table.history.len().saturating_sub(1)).unwrap_or(i64::MAX);
    match asked {
        asked if asked == latest => Ok(()),
        asked if asked < 0 || asked > latest => Err(SqlError::new(
            "DELTA_VERSION_NOT_FOUND",
            format!("Cannot time travel Delta table to version {asked}. Available versions: [0, {latest}]."),
        )),
        asked => Err(SqlError::unsupported(format!(
            "time travel to version {asked}: the sandbox keeps the rows of the latest version, {latest}"
        ))),
    }
}

/// Whether nothing has changed since a time.
fn since(table: &Table, time: &Expr) -> Result<(), SqlError> {
    let changed = table.history.last().map_or(table.common.updated_at, |version| version.timestamp);
    let now = matches!(time, Expr::Function(function) if matches!(function.name.to_string().as_str(), "current_timestamp" | "now"));
    if now {
        return Ok(());
    }
    let time = text(time).and_then(|text| types::millis(&text)).ok_or_else(|| {
        SqlError::unsupported(format!(
            "TIMESTAMP AS OF {time}: a literal or current_timestamp() was expected"
        ))
    })?;
    if time >= changed {
        return Ok(());
    }
    Err(SqlError::unsupported(
        "time travel to an earlier time: the sandbox keeps the rows of the latest version",
    ))
}

fn text(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(text, _) => Some(text.clone()),
            other => other.clone().into_string(),
        },
        Expr::TypedString(typed) => typed.value.value.clone().into_string(),
        Expr::Cast { expr, .. } | Expr::Nested(expr) => text(expr),
        _ => None,
    }
}
