//! `ALTER` and `COMMENT ON`.

use std::sync::Arc;

use datafusion::arrow::array::{Array, RecordBatch};
use datafusion::sql::sqlparser::ast::Ident;

use super::catalog::{Column, Common, Kind, Table, TableName, View};
use super::ddl::{check_columns, mapped, one_part};
use super::dml::convert;
use super::error::SqlError;
use super::parse::{Change, Name, Place, place};
use super::plan::tables::arrow_schema;
use super::{Output, Run, types};

impl Run<'_> {
    pub(super) async fn alter(
        &self,
        kind: Kind,
        view: bool,
        name: &Name,
        change: Change,
    ) -> Result<Output, SqlError> {
        let _turn = self.engine.files.writing().await;
        self.managed(kind, name)?;
        let catalogs = self.catalogs();
        match kind {
            Kind::Catalog => catalogs.update_common(one_part(name)?, None, common_change(change)?)?,
            Kind::Schema => {
                let full = self.session.schema_name(name)?;
                catalogs.update_common(&full.catalog, Some(&full.schema), common_change(change)?)?;
            }
            Kind::Volume => {
                let change = common_change(change)?;
                catalogs.update_volume(&self.session.table(name), |volume| change(&mut volume.common))?;
            }
            Kind::Table => self.alter_table(name, view, change).await?,
        }
        Ok(Output::empty())
    }

    async fn alter_table(&self, name: &Name, view: bool, change: Change) -> Result<(), SqlError> {
        let full = self.session.table(name);
        let catalogs = self.catalogs();
        let table =
            catalogs.table(&full).map_err(|error| SqlError::from(error).at(name.last().and_then(place)))?;
        if view && table.view.is_none() {
            return Err(SqlError::new(
                "EXPECT_VIEW_NOT_TABLE.NO_ALTERNATIVE",
                format!("ALTER VIEW expects a view, but {} is a table", full.quoted()),
            ));
        }
        let operation = match &change {
            Change::AddColumns(_) => "ADD COLUMNS",
            Change::DropColumns { .. } => "DROP COLUMNS",
            Change::RenameColumn { .. } => "RENAME COLUMN",
            Change::CommentColumn { .. }
            | Change::SetNullable { .. }
            | Change::SetDefault { .. }
            | Change::SetType { .. }
            | Change::MoveColumn { .. } => "CHANGE COLUMN",
            Change::SetProperties(_) => "SET TBLPROPERTIES",
            Change::UnsetProperties(_) => "UNSET TBLPROPERTIES",
            Change::AddConstraint { .. } => "ADD CONSTRAINT",
            Change::DropConstraint { .. } | Change::DropKey { .. } => "DROP CONSTRAINT",
            Change::ClusterBy(_) => "CLUSTER BY",
            // tags, owners and names are the catalog's and not the table's
            _ => "",
        };
        match change {
            Change::RenameTo(to) => {
                let to = match to.as_slice() {
                    [table] => full.schema_name().table(&table.value),
                    _ => self.session.table(&to),
                };
                if to.catalog != full.catalog {
                    return Err(SqlError::unsupported("renaming a table into another catalog"));
                }
                catalogs.rename_table(&full, &to)?;
            }
            Change::AddColumns(added) => {
                self.writable(&full)?;
                if added.iter().any(|(column, _)| !column.nullable) {
                    return Err(SqlError::unsupported("adding a NOT NULL column to a table"));
                }
                let mut columns = table.columns.clone();
                for (column, place) in added {
                    let at = match &place {
                        None => columns.len(),
                        Some(Place::First) => 0,
                        Some(Place::After(other)) => {
                            let found =
                                columns.iter().position(|known| known.name.to_lowercase() == other.value);
                            1 + found.ok_or_else(|| no_column(&table, self.source.spelling(other)))?
                        }
                    };
                    columns.insert(at, column);
                }
                check_columns(&columns, mapped(&table))?;
                catalogs.update_table(&full, |table| table.columns = columns)?;
            }
            Change::DropColumns { names, if_exists } => {
                let mut keep: Vec<usize> = (0..table.columns.len()).collect();
                for name in names {
                    match position(&table, &name) {
                        Some(at) => keep.retain(|kept| *kept != at),
                        None if if_exists => {}
                        None => return Err(no_column(&table, self.source.spelling(&name))),
                    }
                }
                if keep.is_empty() {
                    return Err(SqlError::unsupported("dropping all columns of a table"));
                }
                self.reshape(&full, &keep, |_, column| column).await?;
            }
            Change::RenameColumn { from, to } => {
                let Some(place) = position(&table, &from) else {
                    return Err(no_column(&table, self.source.spelling(&from)));
                };
                let keep: Vec<usize> = (0..table.columns.len()).collect();
                self.reshape(&full, &keep, |at, column| {
                    if at == place { Column { name: to.clone(), ..column } } else { column }
                })
                .await?;
            }
            Change::CommentColumn { name, comment } => {
                self.change_column(&full, &table, &name, |column| column.comment = comment)?
            }
            Change::SetDefault { name, default } => {
                if let Some(default) = &default {
                    self.constant(default).await?;
                }
                self.change_column(&full, &table, &name, |column| column.default = default)?;
            }
            Change::SetTags { column: Some(name), tags } => {
                self.change_column(&full, &table, &name, |column| column.tags.extend(tags))?;
            }
            Change::UnsetTags { column: Some(name), keys } => {
                self.change_column(&full, &table, &name, |column| {
                    column.tags.retain(|key, _| !keys.contains(key))
                })?;
            }
            Change::ClusterBy(columns) => {
                catalogs.update_table(&full, |table| table.layout.clustering = columns)?;
            }
            Change::AddConstraint { name, text } => {
                if table.constraints.contains_key(&name) {
                    return Err(SqlError::new(
                        "DELTA_CONSTRAINT_ALREADY_EXISTS",
                        format!("Constraint '{name}' already exists. Please delete the old constraint first"),
                    ));
                }
                let target = self.target(&full).await?;
                self.check(&full, &table, std::slice::from_ref(&target.rows), &name, &text).await.map_err(|_| {
                    SqlError::new(
                        "DELTA_NEW_CHECK_CONSTRAINT_VIOLATION",
                        format!("Rows in {} violate the new CHECK constraint ({text}), or it cannot be evaluated", full.quoted()),
                    )
                })?;
                catalogs.update_table(&full, |table| drop(table.constraints.insert(name, text)))?;
            }
            Change::DropConstraint { name, if_exists } => {
                if !table.constraints.contains_key(&name) && !if_exists {
                    return Err(SqlError::new(
                        "DELTA_CONSTRAINT_DOES_NOT_EXIST",
                        format!("Cannot drop nonexistent constraint {name} from table {}", full.quoted()),
                    ));
                }
                catalogs.update_table(&full, |table| drop(table.constraints.remove(&name)))?;
            }
            Change::Nothing => {}
            Change::SetNullable { name, nullable } => {
                if !nullable {
                    let target = self.target(&full).await?;
                    let at = target.position(&name, self.source)?;
                    if target.rows.column(at).null_count() > 0 {
                        return Err(SqlError::new(
                            "DELTA_NOT_NULL_CONSTRAINT_VIOLATED",
                            format!(
                                "NOT NULL constraint violated for column: {}",
                                self.source.spelling(&name)
                            ),
                        ));
                    }
                }
                self.change_column(&full, &table, &name, |column| column.nullable = nullable)?;
            }
            Change::SetType { name, kind } => {
                let Some(at) = position(&table, &name) else {
                    return Err(no_column(&table, self.source.spelling(&name)));
                };
                if !widens(&table.columns[at].kind, &kind) {
                    return Err(SqlError::new(
                        "DELTA_UNSUPPORTED_ALTER_TABLE_CHANGE_COL_OP",
                        format!(
                            "ALTER TABLE CHANGE COLUMN is not supported for changing column {} from {} to {}",
                            table.columns[at].name,
                            table.columns[at].kind.to_uppercase(),
                            kind.to_uppercase()
                        ),
                    ));
                }
                let keep: Vec<usize> = (0..table.columns.len()).collect();
                self.reshape(&full, &keep, |place, column| {
                    if place == at { Column { kind: kind.clone(), ..column } } else { column }
                })
                .await?;
            }
            Change::MoveColumn { name, place } => {
                let find = |name: &Ident| {
                    position(&table, name).ok_or_else(|| no_column(&table, self.source.spelling(name)))
                };
                let moved = find(&name)?;
                let mut order: Vec<usize> = (0..table.columns.len()).filter(|at| *at != moved).collect();
                let to = match &place {
                    Place::First => 0,
                    Place::After(other) => {
                        let other = find(other)?;
                        order.iter().position(|at| *at == other).map_or(order.len(), |at| at + 1)
                    }
                };
                order.insert(to, moved);
                self.reshape(&full, &order, |_, column| column).await?;
            }
            Change::DropKey { foreign, if_exists } => {
                let dropped = |text: &str| {
                    let text = text.to_lowercase();
                    match &foreign {
                        None => text.starts_with("primary"),
                        Some(columns) => {
                            let listed = text.split(['(', ')']).nth(1).unwrap_or_default();
                            text.starts_with("foreign")
                                && listed
                                    .split(',')
                                    .map(|name| name.trim().trim_matches('`'))
                                    .eq(columns.iter().map(|name| name.value.as_str()))
                        }
                    }
                };
                if !if_exists && !table.constraints.values().any(|text| dropped(text)) {
                    return Err(SqlError::new(
                        "DELTA_CONSTRAINT_DOES_NOT_EXIST",
                        format!("Table {} has no such key", full.quoted()),
                    ));
                }
                catalogs.update_table(&full, |table| table.constraints.retain(|_, text| !dropped(text)))?;
            }
            Change::SetQuery { query, text } => {
                let columns = self.view_columns(*query).await?;
                let view = View {
                    text,
                    catalog: self.session.catalog().to_owned(),
                    schema: self.session.schema().to_owned(),
                };
                catalogs.update_table(&full, |table| {
                    table.view = Some(view);
                    table.columns = columns;
                })?;
            }
            other => {
                let change = common_change(other)?;
                catalogs.update_table(&full, |table| change(&mut table.common))?;
            }
        }
        if !operation.is_empty() && table.view.is_none() {
            catalogs.update_table(&full, |table| table.note(self.session.user(), operation, &[]))?;
        }
        Ok(())
    }

    fn change_column(
        &self,
        full: &TableName,
        table: &Table,
        name: &Ident,
        change: impl FnOnce(&mut Column),
    ) -> Result<(), SqlError> {
        let Some(at) = position(table, name) else {
            return Err(no_column(table, self.source.spelling(name)));
        };
        Ok(self.catalogs().update_table(full, |table| change(&mut table.columns[at]))?)
    }

    /// Rewrites a table with some of its columns, under other names: the files know columns by their names.
    async fn reshape(
        &self,
        full: &TableName,
        keep: &[usize],
        rename: impl Fn(usize, Column) -> Column,
    ) -> Result<(), SqlError> {
        let target = self.target(full).await?;
        let columns: Vec<Column> =
            keep.iter().map(|at| rename(*at, target.table.columns[*at].clone())).collect();
        check_columns(&columns, mapped(&target.table))?;
        let rows = target.rows.project(keep).map_err(SqlError::internal)?;
        let mut changed = Table { columns, ..Table::clone(&target.table) };
        let schema = arrow_schema(&changed)?;
        let converted =
            rows.columns().iter().zip(schema.fields()).map(|(column, field)| convert(column, field));
        let rows = RecordBatch::try_new(Arc::clone(&schema), converted.collect::<Result<_, _>>()?)
            .map_err(SqlError::internal)?;
        changed.files = self.engine.files.write(self.catalogs(), full, &schema, &[rows])?;
        changed.common.touch();
        self.catalogs().put_table(full, changed, true)?;
        self.engine.files.discard(self.catalogs(), full, &target.table);
        Ok(())
    }

    pub(super) fn comment(
        &self,
        kind: Kind,
        name: &Name,
        column: Option<Ident>,
        comment: Option<String>,
    ) -> Result<Output, SqlError> {
        let catalogs = self.catalogs();
        match (kind, column) {
            (Kind::Catalog, _) => {
                catalogs.update_common(one_part(name)?, None, |common| common.comment = comment)?
            }
            (Kind::Schema, _) => {
                let full = self.session.schema_name(name)?;
                catalogs
                    .update_common(&full.catalog, Some(&full.schema), |common| common.comment = comment)?;
            }
            (Kind::Volume, _) => {
                catalogs.update_volume(&self.session.table(name), |volume| volume.common.comment = comment)?
            }
            (Kind::Table, None) => {
                catalogs.update_table(&self.session.table(name), |table| table.common.comment = comment)?
            }
            (Kind::Table, Some(column)) => {
                let full = self.session.table(name);
                let table = catalogs.table(&full)?;
                self.change_column(&full, &table, &column, |column| column.comment = comment)?;
            }
        }
        Ok(Output::empty())
    }
}

type CommonChange = Box<dyn FnOnce(&mut Common) + Send>;

/// A change that all kinds of objects know.
fn common_change(change: Change) -> Result<CommonChange, SqlError> {
    Ok(match change {
        Change::SetProperties(properties) => {
            Box::new(|common: &mut Common| common.properties.extend(properties))
        }
        Change::UnsetProperties(keys) => Box::new(move |common: &mut Common| {
            keys.iter().for_each(|key| drop(common.properties.remove(key)))
        }),
        Change::SetTags { column: None, tags } => Box::new(|common: &mut Common| common.tags.extend(tags)),
        Change::UnsetTags { column: None, keys } => {
            Box::new(move |common: &mut Common| common.tags.retain(|key, _| !keys.contains(key)))
        }
        Change::Nothing => Box::new(|_: &mut Common| {}),
        Change::SetOwner(owner) => Box::new(|common: &mut Common| common.owner = owner),
        _ => return Err(SqlError::unsupported("this form of ALTER")),
    })
}

/// Whether every value of one type is one of another, so that a column may change from this to that.
fn widens(from: &str, to: &str) -> bool {
    use datafusion::arrow::datatypes::DataType::{
        Date32, Decimal128, Float32, Float64, Int8, Int16, Int32, Int64, Timestamp,
    };
    let (Some(from), Some(to)) = (types::parse(from), types::parse(to)) else { return false };
    let digits = |kind: &_| match kind {
        Int8 => Some(3),
        Int16 => Some(5),
        Int32 => Some(10),
        Int64 => Some(20),
        _ => None,
    };
    match (&from, &to) {
        (from, to) if from == to => true,
        (Int8 | Int16 | Int32, Float64) | (Float32, Float64) | (Date32, Timestamp(_, None)) => true,
        (Decimal128(p1, s1), Decimal128(p2, s2)) => {
            s2 >= s1 && i16::from(*p2) - i16::from(*s2) >= i16::from(*p1) - i16::from(*s1)
        }
        (from, Decimal128(p, s)) => {
            digits(from).is_some_and(|digits| i16::from(*p) - i16::from(*s) >= digits.min(20))
        }
        (from, to) => matches!((digits(from), digits(to)), (Some(from), Some(to)) if from < to),
    }
}

fn position(table: &Table, name: &Ident) -> Option<usize> {
    table.columns.iter().position(|column| column.name.to_lowercase() == name.value.to_lowercase())
}

fn no_column(table: &Table, name: &str) -> SqlError {
    let known: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    SqlError::new(
        "COLUMN_NOT_FOUND",
        format!(
            "The column {name} cannot be found. Verify the spelling. The table has the columns {}",
            known.join(", ")
        ),
    )
}
