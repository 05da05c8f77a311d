//! `VERSION AS OF` and `TIMESTAMP AS OF`: the rows that a table had.
//!
//! A table in the past is a table of its own to the planner: `t@v3`. Its name is put in the place of the table's, whose
//! own name stays as the alias.

use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, ObjectName, ObjectNamePart, Query, TableAlias, TableFactor, TableVersion, Value, VisitMut,
    VisitorMut,
};

use crate::sql::catalog::{Snapshot, Table, TableName};
use crate::sql::error::SqlError;
use crate::sql::{Engine, Session, types};

/// What separates a table's name from its version.
const MARK: &str = "@v";

/// Names the versions that a query asks for; one that the table does not have is an error.
pub(super) fn to_versions(query: &mut Query, engine: &Engine, session: &Session) -> Result<(), SqlError> {
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
        let TableFactor::Table { name, version, alias, .. } = factor else {
            return ControlFlow::Continue(());
        };
        let Some(asked) = version.take() else { return ControlFlow::Continue(()) };
        let mut parts: Vec<Ident> = name.0.iter().filter_map(|part| part.as_ident().cloned()).collect();
        match self.version(&parts, &asked) {
            Ok(number) => {
                if let Some(last) = parts.last_mut() {
                    alias.get_or_insert_with(|| TableAlias {
                        explicit: true,
                        name: last.clone(),
                        columns: Vec::new(),
                        at: None,
                    });
                    last.value = format!("{}{MARK}{number}", last.value);
                    last.quote_style = Some('`');
                }
                *name = ObjectName(parts.into_iter().map(ObjectNamePart::Identifier).collect());
                ControlFlow::Continue(())
            }
            Err(error) => ControlFlow::Break(error),
        }
    }
}

impl Traveller<'_> {
    fn version(&self, name: &Vec<Ident>, asked: &TableVersion) -> Result<usize, SqlError> {
        let table = self.engine.table(&self.session.table(name))?;
        match asked {
            TableVersion::VersionAsOf(number) => {
                let number = text(number).and_then(|text| text.parse::<i64>().ok()).ok_or_else(|| {
                    SqlError::new("INVALID_TIME_TRAVEL_SPEC", format!("'{number}' is no version of a table"))
                })?;
                at_version(&table, number).map(|(number, _)| number)
            }
            TableVersion::TimestampAsOf(Expr::Function(function))
                if matches!(function.name.to_string().as_str(), "current_timestamp" | "now") =>
            {
                Ok(table.history.len().saturating_sub(1))
            }
            TableVersion::TimestampAsOf(time) => {
                let time = text(time).and_then(|text| types::millis(&text)).ok_or_else(|| {
                    SqlError::unsupported(format!(
                        "TIMESTAMP AS OF {time}: a literal or current_timestamp() was expected"
                    ))
                })?;
                at_time(&table, time)
            }
            other => Err(SqlError::unsupported(format!("{other}"))),
        }
    }
}

/// The version that a table had at a time, in milliseconds.
pub(crate) fn at_time(table: &Table, time: i64) -> Result<usize, SqlError> {
    let found = table.history.iter().rposition(|version| version.timestamp <= time);
    let number = found.ok_or_else(|| {
        SqlError::new(
            "DELTA_TIMESTAMP_EARLIER_THAN_COMMIT_RETENTION",
            "The provided timestamp is before the earliest version available to this table",
        )
    })?;
    at_version(table, i64::try_from(number).unwrap_or(i64::MAX)).map(|(number, _)| number)
}

/// A version of a table, if its rows are still there.
pub(crate) fn at_version(table: &Table, asked: i64) -> Result<(usize, &Snapshot), SqlError> {
    let latest = table.history.len().saturating_sub(1);
    let kept = table.history.iter().position(|version| version.snapshot.is_some()).unwrap_or(latest);
    let found = usize::try_from(asked)
        .ok()
        .and_then(|number| Some((number, table.history.get(number)?.snapshot.as_ref()?)));
    found.ok_or_else(|| {
        SqlError::new(
            "DELTA_VERSION_NOT_FOUND",
            format!(
                "Cannot time travel Delta table to version {asked}. Available versions: [{kept}, {latest}]."
            ),
        )
    })
}

/// The table that a name such as `t@v3` stands for.
pub(super) fn past(engine: &Engine, name: &TableName) -> Option<Result<(TableName, Arc<Table>), SqlError>> {
    let (table, number) = name.table.rsplit_once(MARK)?;
    let number = number.parse().ok()?;
    let name = TableName::new(&name.catalog, &name.schema, table);
    let now = engine.table(&name).ok()?;
    Some(at_version(&now, number).map(|(_, snapshot)| {
        let then =
            Table { files: snapshot.files.clone(), columns: snapshot.columns.clone(), ..Table::clone(&now) };
        (name, Arc::new(then))
    }))
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
