//! Variables of a session: `DECLARE`, `SET VAR`, `DROP TEMPORARY VARIABLE`, and their values in queries.

use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{Expr, Query, visit_expressions_mut};
use parking_lot::Mutex;

use super::error::SqlError;
use super::parse::VariableStatement;
use super::{Output, Run, text, types};

/// The variables of a session. A clone is the same ones.
#[derive(Debug, Clone, Default)]
pub struct Variables(Arc<Mutex<BTreeMap<String, Variable>>>);

/// Sessions are the same if their variables are.
impl PartialEq for Variables {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || *self.0.lock() == *other.0.lock()
    }
}

impl Eq for Variables {}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Variable {
    /// Its type, as SQL writes it.
    kind: String,
    /// The text of its value; none is NULL.
    value: Option<String>,
    /// What `DEFAULT` sets it to.
    default: String,
}

/// The most variables of one session.
const MOST: usize = 1_000;

impl Variables {
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.lock().contains_key(name)
    }

    /// The text of a variable, for a name that is made of it.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.0.lock().get(name).and_then(|variable| variable.value.clone())
    }

    /// Puts values in the place of variables: of those that no column hides, and of those with their session's name.
    pub(crate) fn bind(&self, query: &mut Query, names: &HashSet<String>) {
        let all = self.0.lock();
        if all.is_empty() {
            return;
        }
        let _ = visit_expressions_mut(query, |expr| {
            let name = match &*expr {
                Expr::Identifier(name) if names.contains(&name.value) => Some(&name.value),
                Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                    [session, name] if session.value == "session" => Some(&name.value),
                    [system, session, name] if system.value == "system" && session.value == "session" => {
                        Some(&name.value)
                    }
                    _ => None,
                },
                _ => None,
            };
            let value = name
                .and_then(|name| all.get(name))
                .and_then(|variable| super::plan::literal(variable.value.as_deref(), &variable.kind));
            if let Some(value) = value {
                *expr = value;
            }
            ControlFlow::<()>::Continue(())
        });
    }
}

impl Run<'_> {
    pub(super) async fn variable(&self, statement: VariableStatement) -> Result<Output, SqlError> {
        let all = &self.session.variables;
        let unknown = |name: &str| {
            SqlError::new(
                "UNRESOLVED_VARIABLE",
                format!(
                    "Cannot resolve variable `{name}` on search path `system`.`session`. DECLARE it first"
                ),
            )
        };
        match statement {
            VariableStatement::Declare { name, replace, kind, default } => {
                let default = default.unwrap_or_else(|| "NULL".to_owned());
                let value = self.value(&default, kind.as_deref()).await?;
                let mut all = all.0.lock();
                if !replace && all.contains_key(&name) {
                    return Err(SqlError::new(
                        "VARIABLE_ALREADY_EXISTS",
                        format!(
                            "Cannot create the variable `system`.`session`.`{name}` because it already exists. Choose a different name, or use DECLARE OR REPLACE"
                        ),
                    ));
                }
                if all.len() >= MOST && !all.contains_key(&name) {
                    return Err(SqlError::unsupported(format!("more than {MOST} variables in a session")));
                }
                all.insert(name, Variable { kind: value.0, value: value.1, default });
            }
            VariableStatement::Set { name, value } => {
                let known = all.0.lock().get(&name).cloned().ok_or_else(|| unknown(&name))?;
                let sql = value.unwrap_or(known.default);
                let (_, value) = self.value(&sql, Some(&known.kind)).await?;
                if let Some(variable) = all.0.lock().get_mut(&name) {
                    variable.value = value;
                }
            }
            VariableStatement::Drop { name, if_exists } => {
                if all.0.lock().remove(&name).is_none() && !if_exists {
                    return Err(unknown(&name));
                }
            }
        }
        Ok(Output::empty())
    }

    /// The type and the text of an expression's value.
    async fn value(&self, sql: &str, kind: Option<&str>) -> Result<(String, Option<String>), SqlError> {
        let value = match kind {
            Some(kind) => self.constant(&format!("CAST({sql} AS {kind})")).await?,
            None => self.constant(sql).await?,
        };
        if value.data_type().is_nested() {
            return Err(SqlError::unsupported(format!(
                "variables of the type {}",
                types::text(value.data_type())
            )));
        }
        if value.len() > 1 {
            return Err(SqlError::new(
                "SCALAR_SUBQUERY_TOO_MANY_ROWS",
                "More than one row returned by a subquery used as an expression",
            ));
        }
        Ok((types::text(value.data_type()), text::service(&value, 0)))
    }
}
