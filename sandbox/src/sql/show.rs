//! `SHOW`.

use std::fmt::Write as _;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray, StringArray};

use super::catalog::{INFORMATION_SCHEMA, SchemaName, Table};
use super::error::SqlError;
use super::parse::{Name, Show, Source, place};
use super::{Output, Run};

impl Run<'_> {
    pub(super) async fn show(&self, show: Show) -> Result<Output, SqlError> {
        let catalogs = self.catalogs();
        match show {
            Show::Catalogs { pattern } => {
                let names = catalogs.catalogs()?.into_iter().map(|catalog| catalog.common.name);
                Ok(Output::text("catalog", names.filter(|name| matches(pattern.as_deref(), name))))
            }
            Show::Schemas { within, pattern } => {
                let catalog = match within.as_deref() {
                    None => self.session.catalog(),
                    Some([catalog]) => &catalog.value,
                    Some(_) => {
                        return Err(SqlError::new(
                            "INVALID_IDENTIFIER",
                            "The name of a catalog has one part",
                        ));
                    }
                };
                let mut names: Vec<String> =
                    catalogs.schemas(catalog)?.into_iter().map(|schema| schema.common.name).collect();
                names.push(INFORMATION_SCHEMA.to_owned());
                names.sort();
                Ok(Output::text(
                    "databaseName",
                    names.into_iter().filter(|name| matches(pattern.as_deref(), name)),
                ))
            }
            Show::Tables { within, pattern } => Ok(self.listed(within, pattern, "tableName", |_| true)?),
            Show::Views { within, pattern } => {
                Ok(self.listed(within, pattern, "viewName", |table| table.view.is_some())?)
            }
            Show::Volumes { within, pattern } => {
                let schema = self.within(within)?;
                let names = catalogs.volumes(&schema)?.into_iter().map(|volume| volume.common.name);
                let rows = names
                    .filter(|name| matches(pattern.as_deref(), name))
                    .map(|name| vec![Some(schema.schema.clone()), Some(name)]);
                Ok(Output::strings(&["database", "volume_name"], rows.collect()))
            }
            Show::Columns { name } => {
                let table = self.shown(&name)?;
                Ok(Output::text("col_name", table.columns.iter().map(|column| column.name.clone())))
            }
            Show::CreateTable { name } => Ok(Output::text(
                "createtab_stmt",
                [create_statement(&self.session.table(&name).to_string(), &*self.shown(&name)?)],
            )),
            Show::Properties { name, key } => {
                let table = self.shown(&name)?;
                let rows = table
                    .common
                    .properties
                    .iter()
                    .filter(|(known, _)| key.as_ref().is_none_or(|key| key == *known))
                    .map(|(key, value)| vec![Some(key.clone()), Some(value.clone())])
                    .collect();
                Ok(Output::strings(&["key", "value"], rows))
            }
            Show::Functions { system, user, within, pattern } => {
                let mut names = if system { self.engine.function_names() } else { Vec::new() };
                if user && let Some(outside) = &self.session.outside {
                    let schema = self.within(within)?;
                    names.extend(
                        outside
                            .routines(&schema.catalog, &schema.schema)
                            .iter()
                            .map(|it| it.name.to_string()),
                    );
                }
                Ok(Output::text(
                    "function",
                    names.into_iter().filter(|name| matches(pattern.as_deref(), name)),
                ))
            }
            Show::Listing(listing) => self.listing(&listing),
            Show::Keys { name, foreign } => {
                Ok(self.keys(&*self.shown(&name)?, &self.session.table(&name), foreign))
            }
            Show::Grants { principal, on } => self.show_grants(principal, on.as_ref()),
            Show::Principals { groups, pattern } => {
                let names = self.principals(groups)?;
                Ok(Output::text("name", names.into_iter().filter(|name| matches(pattern.as_deref(), name))))
            }
            Show::TableExtended { within, pattern } => {
                let schema = self.within(within)?;
                let tables = catalogs.tables(&schema)?;
                let rows =
                    tables.iter().filter(|table| matches(Some(&pattern), &table.common.name)).map(|table| {
                        let information = format!(
                            "Catalog: {}\nDatabase: {}\nTable: {}\nOwner: {}\nType: {}\nProvider: {}\n",
                            schema.catalog,
                            schema.schema,
                            table.common.name,
                            table.common.owner,
                            table.kind.text(),
                            table.format.to_lowercase()
                        );
                        [schema.schema.clone(), table.common.name.clone(), "false".to_owned(), information]
                            .map(Some)
                            .into()
                    });
                Ok(Output::strings(&["database", "tableName", "isTemporary", "information"], rows.collect()))
            }
            Show::Partitions { name } => {
                let table = self.shown(&name)?;
                let columns = &table.layout.partitions;
                if columns.is_empty() {
                    return Err(SqlError::new(
                        "INVALID_PARTITION_OPERATION.PARTITION_SCHEMA_IS_EMPTY",
                        format!(
                            "The partition command is invalid: table {} is not partitioned",
                            self.session.table(&name).quoted()
                        ),
                    ));
                }
                let list = columns.iter().map(|column| format!("`{column}`")).collect::<Vec<_>>().join(", ");
                let text = format!(
                    "SELECT DISTINCT {list} FROM {} ORDER BY {list}",
                    self.session.table(&name).quoted()
                );
                let source = Source::read(&text)?;
                self.planner().query(*super::parse::parse_query(&source)?, &source).await
            }
        }
    }

    fn within(&self, name: Option<Name>) -> Result<SchemaName, SqlError> {
        name.map_or_else(|| Ok(self.session.current()), |name| self.session.schema_name(&name))
    }

    fn shown(&self, name: &Name) -> Result<Arc<Table>, SqlError> {
        self.catalogs()
            .table(&self.session.table(name))
            .map_err(|error| SqlError::from(error).at(name.last().and_then(place)))
    }

    fn listed(
        &self,
        within: Option<Name>,
        pattern: Option<String>,
        title: &str,
        wanted: impl Fn(&Table) -> bool,
    ) -> Result<Output, SqlError> {
        let schema = self.within(within)?;
        let tables = self.catalogs().tables(&schema)?;
        let names: Vec<String> = tables
            .iter()
            .filter(|table| wanted(table))
            .map(|table| table.common.name.clone())
            .filter(|name| matches(pattern.as_deref(), name))
            .collect();
        let database = StringArray::from_iter_values(names.iter().map(|_| &schema.schema));
        // a temporary object would live in a session, and statements here have none
        let temporary = BooleanArray::from(vec![false; names.len()]);
        Ok(Output::columns(vec![
            (if title == "viewName" { "namespace" } else { "database" }, Arc::new(database) as ArrayRef),
            (title, Arc::new(StringArray::from_iter_values(names))),
            ("isTemporary", Arc::new(temporary)),
        ]))
    }
}

/// Whether a name fits a pattern of `SHOW`: `*` and `%` stand for any text, `|` separates alternatives.
fn matches(pattern: Option<&str>, name: &str) -> bool {
    pattern.is_none_or(|pattern| pattern.to_lowercase().split('|').any(|one| fits(one.trim(), name)))
}

fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split(['*', '%']);
    let Some(rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    let mut rest = rest;
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// The statement that makes such a table again.
fn create_statement(full_name: &str, table: &Table) -> String {
    let quote = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
    let mut text = String::new();
    let what = if table.view.is_some() { "VIEW" } else { "TABLE" };
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|column| {
            let mut line = format!("  {}", column.name);
            if table.view.is_none() {
                let _ = write!(line, " {}", column.kind.to_uppercase());
            }
            if !column.nullable {
                line.push_str(" NOT NULL");
            }
            if let Some(default) = &column.default {
                let _ = write!(line, " DEFAULT {default}");
            }
            if let Some(comment) = &column.comment {
                let _ = write!(line, " COMMENT {}", quote(comment));
            }
            line
        })
        .collect();
    let _ = write!(text, "CREATE {what} {full_name} (\n{})\n", columns.join(",\n"));
    if table.view.is_none() {
        let _ = writeln!(text, "USING {}", table.format.to_lowercase());
    }
    if let Some(comment) = &table.common.comment {
        let _ = writeln!(text, "COMMENT {}", quote(comment));
    }
    if let Some(location) = &table.storage_location {
        let _ = writeln!(text, "LOCATION {}", quote(location));
    }
    if !table.common.properties.is_empty() {
        let all: Vec<String> = table
            .common
            .properties
            .iter()
            .map(|(key, value)| format!("  {} = {}", quote(key), quote(value)))
            .collect();
        let _ = writeln!(text, "TBLPROPERTIES (\n{})", all.join(",\n"));
    }
    if let Some(view) = &table.view {
        let _ = writeln!(text, "AS {}", view.text);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn patterns_are_those_of_show() {
        for (pattern, text, expected) in [
            ("*", "abc", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*c", "abc", true),
            ("b*", "abc", false),
            ("abc", "abc", true),
            ("ab", "abc", false),
            ("a*b*c", "axxbyyc", true),
            ("a*b*d", "axxbyyc", false),
            ("", "", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }
}
