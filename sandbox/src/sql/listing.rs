//! What drivers ask for the trees of their tools: `SHOW TABLES IN CATALOG c SCHEMA LIKE 's' LIKE 't'` and its like.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray, Int32Array, StringArray};
use datafusion::sql::sqlparser::ast::Ident;

use super::catalog::{INFORMATION_SCHEMA, SchemaName, Table, TableKind, TableName};
use super::error::SqlError;
use super::parse::{Listed, Listing};
use super::{Output, Run, types};

impl Run<'_> {
    pub(super) fn listing(&self, listing: &Listing) -> Result<Output, SqlError> {
        let schemas = self.schemas_listed(listing)?;
        match listing.what {
            Listed::Schemas => Ok(Output::columns(vec![
                ("databaseName", texts(schemas.iter().map(|schema| schema.schema.clone()))),
                ("catalogName", texts(schemas.iter().map(|schema| schema.catalog.clone()))),
            ])),
            Listed::Tables => Ok(tables(&self.tables_listed(&schemas, listing.name.as_deref())?)),
            Listed::Columns => {
                let tables = self.tables_listed(&schemas, listing.table.as_deref())?;
                Ok(columns(&tables, listing.name.as_deref()))
            }
            Listed::Functions => {
                let mut rows = Vec::new();
                for schema in &schemas {
                    let outside = self.session.outside.iter();
                    let routines = outside.flat_map(|it| it.routines(&schema.catalog, &schema.schema));
                    for routine in routines.filter(|it| like(listing.name.as_deref(), &it.name.table)) {
                        rows.push(vec![
                            Some(routine.name.table.clone()),
                            Some(schema.catalog.clone()),
                            Some(schema.schema.clone()),
                            routine.comment,
                            Some(routine.name.to_string()),
                        ]);
                    }
                }
                Ok(Output::strings(
                    &["functionName", "catalogName", "namespace", "remarks", "specificName"],
                    rows,
                ))
            }
        }
    }

    /// The columns of the primary key, or those of the foreign keys and the columns that they are for.
    pub(super) fn keys(&self, table: &Table, name: &TableName, foreign: bool) -> Output {
        let (mut key, mut sequence, mut of, mut parent) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (constraint, text) in &table.constraints {
            let kind = if foreign { "foreign key" } else { "primary key" };
            if !text.to_lowercase().starts_with(kind) {
                continue;
            }
            let (columns, rest) = in_parentheses(text);
            let mut words = rest.split_whitespace();
            let referenced = words.find(|word| word.eq_ignore_ascii_case("references")).and(words.next());
            let target =
                referenced.and_then(|word| word.split('(').next()).unwrap_or_default().replace('`', "");
            let target = self.session.table(&target.split('.').map(Ident::new).collect());
            // without columns it is for those of the other table's primary key
            let mut others = in_parentheses(rest).0;
            if foreign && others.is_empty() {
                let other = self.engine.table(&target).ok();
                let primary = other.as_ref().and_then(|it| {
                    it.constraints.values().find(|text| text.to_lowercase().starts_with("primary key"))
                });
                others = primary.map(|text| in_parentheses(text).0).unwrap_or_default();
            }
            let others = others.into_iter().chain(std::iter::repeat(String::new()));
            for ((place, column), other) in (1_i32..).zip(columns).zip(others) {
                key.push(column);
                sequence.push(place);
                of.push(constraint.clone());
                parent.push((target.clone(), other));
            }
        }
        let here = |part: &String| texts(key.iter().map(|_| part.clone()));
        let mut all = vec![
            ("catalogName", here(&name.catalog)),
            ("namespace", here(&name.schema)),
            ("tableName", here(&name.table)),
            ("col_name", texts(key.iter().cloned())),
            ("keySeq", Arc::new(Int32Array::from(sequence)) as ArrayRef),
            ("constraintName", texts(of.into_iter())),
        ];
        if foreign {
            all.push(("parentCatalogName", texts(parent.iter().map(|(it, _)| it.catalog.clone()))));
            all.push(("parentNamespace", texts(parent.iter().map(|(it, _)| it.schema.clone()))));
            all.push(("parentTableName", texts(parent.iter().map(|(it, _)| it.table.clone()))));
            all.push(("parentColName", texts(parent.iter().map(|(_, column)| column.clone()))));
        }
        Output::columns(all)
    }

    /// The schemas whose name fits, in order.
    fn schemas_listed(&self, listing: &Listing) -> Result<Vec<SchemaName>, SqlError> {
        let catalogs = match &listing.catalog {
            Some(name) => vec![self.catalogs().catalog(&name.value)?],
            None => self.catalogs().catalogs()?,
        };
        let pattern = if listing.what == Listed::Schemas { &listing.name } else { &listing.schema };
        let mut found = Vec::new();
        for catalog in catalogs {
            let catalog = catalog.common.name;
            let names = self.catalogs().schemas(&catalog)?.into_iter().map(|schema| schema.common.name);
            let mut names: Vec<String> = names.chain([INFORMATION_SCHEMA.to_owned()]).collect();
            names.sort();
            names.retain(|name| like(pattern.as_deref(), name));
            found.extend(names.iter().map(|name| SchemaName::new(&catalog, name)));
        }
        Ok(found)
    }

    fn tables_listed(
        &self,
        schemas: &[SchemaName],
        pattern: Option<&str>,
    ) -> Result<Vec<(SchemaName, Arc<Table>)>, SqlError> {
        let mut found = Vec::new();
        for schema in schemas {
            let tables = self.engine.tables(schema)?.into_iter();
            let fitting = tables.filter(|table| like(pattern, &table.common.name));
            found.extend(fitting.map(|table| (schema.clone(), table)));
        }
        Ok(found)
    }
}

/// The names in the first parentheses of a text, and what follows them.
fn in_parentheses(text: &str) -> (Vec<String>, &str) {
    let Some((inside, rest)) = text.split_once('(').and_then(|(_, after)| after.split_once(')')) else {
        return (Vec::new(), "");
    };
    let names = inside.split(',').filter_map(|name| name.split_whitespace().next());
    (names.map(|name| name.replace('`', "")).collect(), rest)
}

fn tables(tables: &[(SchemaName, Arc<Table>)]) -> Output {
    let text = |value: fn(&(SchemaName, Arc<Table>)) -> String| texts(tables.iter().map(value));
    let kind = |table: &Table| if table.kind == TableKind::View { "VIEW" } else { "TABLE" };
    Output::columns(vec![
        ("namespace", text(|(schema, _)| schema.schema.clone())),
        ("tableName", text(|(_, table)| table.common.name.clone())),
        ("isTemporary", Arc::new(BooleanArray::from(vec![false; tables.len()]))),
        ("information", Arc::new(StringArray::from_iter(tables.iter().map(|_| None::<&str>)))),
        ("catalogName", text(|(schema, _)| schema.catalog.clone())),
        ("tableType", texts(tables.iter().map(|(_, table)| kind(table).to_owned()))),
        (
            "remarks",
            Arc::new(StringArray::from_iter(tables.iter().map(|(_, it)| it.common.comment.as_deref()))),
        ),
    ])
}

fn columns(tables: &[(SchemaName, Arc<Table>)], pattern: Option<&str>) -> Output {
    let all = tables.iter().flat_map(|(schema, table)| {
        (0_i32..).zip(&table.columns).map(move |(place, column)| (schema, table, place, column))
    });
    let all: Vec<_> = all.filter(|(.., column)| like(pattern, &column.name)).collect();
    let digits: Vec<Option<(u8, i8)>> = all
        .iter()
        .map(|(.., column)| types::parse(&column.kind).and_then(|kind| types::precision(&kind)))
        .collect();
    let numbers = |numbers: Vec<Option<i32>>| Arc::new(Int32Array::from(numbers)) as ArrayRef;
    Output::columns(vec![
        ("col_name", texts(all.iter().map(|(.., column)| column.name.clone()))),
        ("catalogName", texts(all.iter().map(|(schema, ..)| schema.catalog.clone()))),
        ("namespace", texts(all.iter().map(|(schema, ..)| schema.schema.clone()))),
        ("tableName", texts(all.iter().map(|(_, table, ..)| table.common.name.clone()))),
        ("columnType", texts(all.iter().map(|(.., column)| column.kind.to_uppercase()))),
        ("columnSize", numbers(digits.iter().map(|it| it.map(|(size, _)| size.into())).collect())),
        ("decimalDigits", numbers(digits.iter().map(|it| it.map(|(_, scale)| scale.into())).collect())),
        ("radix", numbers(digits.iter().map(|it| it.map(|_| 10)).collect())),
        ("isNullable", texts(all.iter().map(|(.., column)| column.nullable.to_string()))),
        (
            "remarks",
            Arc::new(StringArray::from_iter(all.iter().map(|(.., column)| column.comment.as_deref()))),
        ),
        ("ordinalPosition", numbers(all.iter().map(|(_, _, place, _)| Some(*place)).collect())),
        ("isAutoIncrement", texts(all.iter().map(|_| "NO".to_owned()))),
        ("isGenerated", texts(all.iter().map(|_| "NO".to_owned()))),
    ])
}

fn texts(values: impl Iterator<Item = String>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

/// Whether a name fits a pattern of a driver: `%` or `*` is any text, `_` any character, and a backslash takes that away.
fn like(pattern: Option<&str>, name: &str) -> bool {
    let chars = |text: &str| text.to_lowercase().chars().collect::<Vec<_>>();
    pattern.is_none_or(|pattern| fits(&chars(pattern), &chars(name)))
}

fn fits(pattern: &[char], name: &[char]) -> bool {
    match pattern {
        [] => name.is_empty(),
        ['%' | '*', rest @ ..] => (0..=name.len()).any(|skipped| fits(rest, &name[skipped..])),
        ['_', rest @ ..] => !name.is_empty() && fits(rest, &name[1..]),
        ['\\', exact, rest @ ..] | [exact, rest @ ..] => {
            name.first() == Some(exact) && fits(rest, &name[1..])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_drivers() {
        for (pattern, name, expected) in [
            ("%", "region", true),
            ("", "region", false),
            ("REG%", "region", true),
            ("_egion", "region", true),
            ("_region", "region", false),
            ("part\\_supp", "part_supp", true),
            ("part\\_supp", "partxsupp", false),
            ("*o*", "region", true),
        ] {
            assert_eq!(like(Some(pattern), name), expected, "{pattern} {name}");
        }
        assert!(like(None, "region"));
    }
}
