//! Functions of users: made, described and dropped. Their calls are the planner's.

use datafusion::arrow::datatypes::FieldRef;

use super::error::SqlError;
use super::outside::{Parameter, Routine};
use super::parse::{CreateFunction, Name};
use super::{Output, Run, types};

impl Run<'_> {
    pub(super) async fn create_function(&self, create: CreateFunction) -> Result<Output, SqlError> {
        let name = self.session.table(&create.name);
        self.catalogs().schema(&name.schema_name())?;
        self.permitted(&["CREATE_FUNCTION"], "schema", &format!("{}.{}", name.catalog, name.schema))?;
        let outside = self.outside()?;
        if create.if_not_exists && outside.routine(&name).is_some() {
            return Ok(Output::empty());
        }
        // the body is planned once with NULLs for its parameters: what cannot be, is refused now, and its type is known
        let text = match create.table {
            Some(_) => create.body.clone(),
            None => format!("SELECT {}", body_of(&create.body)),
        };
        let source = super::parse::Source::read(&text)?;
        let query = super::parse::parse_query(&source)?;
        let query = super::plan::with_arguments(*query, &create.parameters, None)?;
        let planned = self.planner().plan(query, &source).await?;
        let schema = planned.schema();
        let yields = |field: &FieldRef| Parameter {
            name: field.name().clone(),
            kind: types::catalog_text(field.data_type()),
            comment: None,
            default: None,
        };
        let table = match create.table {
            Some(columns) if columns.is_empty() => schema.fields().iter().map(yields).collect(),
            Some(columns) if columns.len() != schema.fields().len() => {
                return Err(SqlError::new(
                    "USER_DEFINED_FUNCTIONS.RETURN_COLUMN_COUNT_MISMATCH",
                    format!(
                        "The number of columns produced by the RETURN clause ({}) does not match the number of column names specified by the RETURNS clause ({}) of {name}",
                        schema.fields().len(),
                        columns.len()
                    ),
                ));
            }
            Some(columns) => columns,
            None => Vec::new(),
        };
        let kind = schema.fields().first().map(|field| types::catalog_text(field.data_type()));
        let routine = Routine {
            name,
            parameters: create.parameters,
            returns: create.returns.or(kind).unwrap_or_else(|| "string".to_owned()),
            table,
            body: create.body,
            comment: create.comment,
        };
        outside.define(routine, create.replace)?;
        Ok(Output::empty())
    }

    pub(super) fn drop_function(&self, name: &Name, if_exists: bool) -> Result<Output, SqlError> {
        let full = self.session.table(name);
        self.permitted(&["MANAGE"], "function", &full.to_string())?;
        if self.outside()?.undefine(&full)? || if_exists {
            return Ok(Output::empty());
        }
        Err(SqlError::new(
            "ROUTINE_NOT_FOUND",
            format!(
                "The routine {} cannot be found. Verify the spelling and correctness of the schema and catalog",
                full.quoted()
            ),
        ))
    }

    pub(super) fn describe_function(&self, name: &Name, extended: bool) -> Result<Output, SqlError> {
        let full = self.session.table(name);
        if let Some(routine) = self.session.outside.as_ref().and_then(|outside| outside.routine(&full)) {
            let list = |all: &[Parameter]| {
                all.iter()
                    .map(|one| format!("{} {}", one.name, one.kind.to_uppercase()))
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            let (kind, returns) = match routine.table.as_slice() {
                [] => ("SCALAR", routine.returns.to_uppercase()),
                columns => ("TABLE", list(columns)),
            };
            let mut lines = vec![
                format!("Function:      {}", routine.name),
                format!("Type:          {kind}"),
                format!("Input:         {}", list(&routine.parameters)),
                format!("Returns:       {returns}"),
            ];
            if let Some(comment) = &routine.comment {
                lines.push(format!("Comment:       {comment}"));
            }
            if extended {
                lines.push(format!("Body:          {}", routine.body));
            }
            return Ok(Output::text("function_desc", lines));
        }
        let [word] = name.as_slice() else { return Err(no_routine(&full.quoted())) };
        if !self.engine.function_names().contains(&word.value) {
            return Err(no_routine(&format!("`{}`", word.value)));
        }
        let mut lines = vec![format!("Function: {}", word.value), format!("Usage: {}(…)", word.value)];
        if extended {
            lines.push("Extended Usage: see the SQL language reference".to_owned());
        }
        Ok(Output::text("function_desc", lines))
    }
}

/// A function's body as an expression.
pub(super) fn body_of(body: &str) -> String {
    let query = ["select", "with", "values"]
        .iter()
        .any(|word| body.split_whitespace().next().is_some_and(|first| first.eq_ignore_ascii_case(word)));
    if query { format!("({body})") } else { body.to_owned() }
}

fn no_routine(name: &str) -> SqlError {
    SqlError::new(
        "ROUTINE_NOT_FOUND",
        format!(
            "The routine {name} cannot be found. Verify the spelling and correctness of the schema and catalog"
        ),
    )
}
