//! SQL text in cells, tasks and contexts: one or several statements, of which the last one's rows are the answer.

#[cfg(feature = "sql")]
mod split;

use serde_json::{Map, Value, json};

use crate::python::Table;
use crate::state::AppState;

/// The most rows that a cell shows, as on the service.
#[cfg(feature = "sql")]
const MAX_ROWS: usize = 10_000;

/// What the last statement yields.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    /// Names and types, as SQL writes them.
    pub(crate) columns: Vec<(String, String)>,
    /// Cells as text; none is NULL.
    pub(crate) rows: Vec<Vec<Option<String>>>,
    /// Whether there were more.
    pub(crate) truncated: bool,
}

/// The catalog and schema that names without them belong to; `USE` changes it for the statements that follow.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) catalog: Option<String>,
    pub(crate) schema: Option<String>,
    #[cfg(feature = "sql")]
    pub(crate) variables: crate::sql::Variables,
}

/// Runs statements in turn, with values for `:name` markers. An error is the service's text.
#[cfg(feature = "sql")]
pub(crate) async fn run(
    state: &AppState,
    text: &str,
    parameters: &Map<String, Value>,
    scope: &mut Scope,
) -> Result<Rows, String> {
    let mut session = crate::sql::Session::default();
    session.row_limit = Some(MAX_ROWS);
    session.outside = crate::api::outside::owner(state);
    session.variables = scope.variables.clone();
    for (name, value) in parameters {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let mut parameter = crate::sql::Parameter::default();
        (parameter.name, parameter.value) = (name.clone(), Some(value));
        session.parameters.push(parameter);
    }
    let mut rows = Rows::default();
    for statement in split::statements(text) {
        (session.catalog, session.schema) = (scope.catalog.clone(), scope.schema.clone());
        let output = state.sql.execute(&statement, &session).await.map_err(|error| error.to_string())?;
        scope.follow(&statement);
        let columns = output.columns_info().into_iter().map(|column| (column.name, column.type_text));
        rows = Rows { columns: columns.collect(), rows: output.rows(), truncated: false };
        rows.truncated = rows.rows.len() > MAX_ROWS;
        rows.rows.truncate(MAX_ROWS);
    }
    Ok(rows)
}

/// Without the engine there is nothing to run them.
#[cfg(not(feature = "sql"))]
#[expect(clippy::unused_async, reason = "the same signature as with the engine")]
pub(crate) async fn run(
    _: &AppState,
    _: &str,
    _: &Map<String, Value>,
    _: &mut Scope,
) -> Result<Rows, String> {
    Err("this sandbox was built without SQL".into())
}

#[cfg(feature = "sql")]
impl Scope {
    /// Follows a `USE` that the engine has found to be valid; any other statement leaves the scope alone.
    pub(crate) fn follow(&mut self, statement: &str) {
        let code = statement
            .lines()
            .filter(|line| !line.trim_start().starts_with("--"))
            .collect::<Vec<_>>()
            .join(" ");
        let words: Vec<&str> = code.split_whitespace().collect();
        let (kind, name) = match words.as_slice() {
            [word, name] if word.eq_ignore_ascii_case("use") => ("", *name),
            [word, kind, name] if word.eq_ignore_ascii_case("use") => (*kind, *name),
            _ => return,
        };
        let part = |name: &str| Some(name.trim_matches('`').to_owned());
        (self.catalog, self.schema) = match name.split_once('.') {
            Some((catalog, schema)) => (part(catalog), part(schema)),
            None if kind.eq_ignore_ascii_case("catalog") => (part(name), None),
            None => (self.catalog.take(), part(name)),
        };
    }
}

impl Rows {
    /// The rows as a notebook's result: values typed, and the schema in Spark's names.
    pub(crate) fn table(&self) -> Table {
        let kinds: Vec<&str> = self.columns.iter().map(|(_, kind)| kind.as_str()).collect();
        let typed = |row: &Vec<Option<String>>| {
            row.iter().zip(&kinds).map(|(cell, kind)| value(cell.as_deref(), kind)).collect()
        };
        let schema = self.columns.iter().map(|(name, kind)| {
            json!({ "name": name, "type": json!(spark_name(kind)).to_string(), "metadata": "{}" })
        });
        Table {
            data: self.rows.iter().map(typed).collect(),
            schema: schema.collect(),
            truncated: self.truncated,
        }
    }
}

/// Types whose values are JSON's own: the name in SQL, Spark's name.
const PLAIN: &[(&str, &str)] = &[
    ("BIGINT", "long"),
    ("INT", "integer"),
    ("SMALLINT", "short"),
    ("TINYINT", "byte"),
    ("DOUBLE", "double"),
    ("FLOAT", "float"),
    ("BOOLEAN", "boolean"),
];

fn spark_name(kind: &str) -> String {
    let plain = PLAIN.iter().find(|(sql, _)| *sql == kind);
    plain.map_or_else(|| kind.to_lowercase(), |(_, spark)| (*spark).to_owned())
}

fn value(cell: Option<&str>, kind: &str) -> Value {
    let Some(text) = cell else { return Value::Null };
    let plain = PLAIN.iter().any(|(sql, _)| *sql == kind);
    // NaN and Infinity are no JSON: they stay text
    if plain { serde_json::from_str(text).unwrap_or_else(|_| json!(text)) } else { json!(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "sql")]
    #[test]
    fn use_changes_the_scope() {
        let mut scope = Scope::default();
        let mut after = |statement: &str| {
            scope.follow(statement);
            (scope.catalog.clone().unwrap_or_default(), scope.schema.clone().unwrap_or_default())
        };
        assert_eq!(after("USE CATALOG c1"), ("c1".into(), String::new()));
        assert_eq!(after("-- next\nuse `s1`"), ("c1".into(), "s1".into()));
        assert_eq!(after("use schema c2.s2"), ("c2".into(), "s2".into()));
        assert_eq!(after("select 1"), ("c2".into(), "s2".into()));
    }

    #[test]
    fn a_table_has_typed_values_and_sparks_names() {
        let rows = Rows {
            columns: vec![
                ("n".into(), "BIGINT".into()),
                ("x".into(), "DOUBLE".into()),
                ("d".into(), "DECIMAL(3,1)".into()),
            ],
            rows: vec![
                vec![Some("9007199254740993".into()), Some("NaN".into()), Some("1.5".into())],
                vec![None, None, None],
            ],
            truncated: false,
        };
        let table = rows.table();
        assert_eq!(table.data, [json!([9_007_199_254_740_993_i64, "NaN", "1.5"]), json!([null, null, null])]);
        assert_eq!(table.schema[0]["type"], "\"long\"");
        assert_eq!(table.schema[2]["type"], "\"decimal(3,1)\"");
    }
}
