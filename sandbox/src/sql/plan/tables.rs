//! The tables that a statement reads: looked up in the catalog and turned into something that can be scanned.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::default_table_source::provider_as_source;
use datafusion::catalog::view::ViewTable;
use datafusion::catalog::{MemTable, TableProvider};
use datafusion::common::TableReference;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::logical_expr::TableSource;
use datafusion::sql::sqlparser::ast::{Ident, Query, SetExpr, TableAlias, TableFactor};

use super::Planner;
use crate::sql::catalog::{Column, INFORMATION_SCHEMA, Table, TableKind, TableName, View};
use crate::sql::error::SqlError;
use crate::sql::files::Files;
use crate::sql::parse::{Source, parse_query};
use crate::sql::{Engine, Run, Session, information_schema, types};

/// How deep views may stand on views.
const VIEW_DEPTH: usize = 20;

/// The tables of one statement.
#[derive(Clone, Default)]
pub(crate) struct Tables {
    sources: HashMap<TableName, Arc<dyn TableSource>>,
    /// Columns' names as their tables spell them, by their lower case.
    spellings: HashMap<String, String>,
}

impl Tables {
    /// A relation of rows in memory.
    pub(crate) fn add_rows(
        &mut self,
        name: TableName,
        batches: Vec<RecordBatch>,
        schema: SchemaRef,
    ) -> Result<(), SqlError> {
        let table = MemTable::try_new(schema, vec![batches]).map_err(SqlError::internal)?;
        self.sources.insert(name, provider_as_source(Arc::new(table)));
        Ok(())
    }

    /// Rows of files, whose columns keep their spelling.
    fn add_files(&mut self, name: TableName, rows: RecordBatch) -> Result<(), SqlError> {
        let schema = rows.schema();
        for field in schema.fields() {
            self.spellings.entry(field.name().to_lowercase()).or_insert_with(|| field.name().clone());
        }
        let lower =
            schema.fields().iter().map(|field| field.as_ref().clone().with_name(field.name().to_lowercase()));
        let lower = Arc::new(Schema::new(lower.collect::<Vec<_>>()));
        let rows =
            RecordBatch::try_new(Arc::clone(&lower), rows.columns().to_vec()).map_err(SqlError::internal)?;
        self.add_rows(name, vec![rows], lower)
    }

    pub(super) fn source(&self, name: &TableName) -> Option<Arc<dyn TableSource>> {
        self.sources.get(name).cloned()
    }

    pub(super) fn spelling(&self, name: &str) -> Option<&str> {
        self.spellings.get(name).map(String::as_str)
    }

    /// Looks a table up, unless it is known.
    pub(super) async fn resolve(
        &mut self,
        engine: &Engine,
        session: &Session,
        reference: &TableReference,
    ) -> Result<(), SqlError> {
        let name = session.table_of(reference);
        if self.sources.contains_key(&name) {
            return Ok(());
        }
        if let Some(files) = Files::from_name(reference.table()) {
            let rows = files.rows(session)?;
            return self.add_files(name, rows);
        }
        // a bare name may be a function of the FROM clause, which is written like a table here
        let function = matches!(reference, TableReference::Bare { table } if engine.state().table_functions().contains_key(table.as_ref()));
        if function && engine.catalogs().table(&name).is_err() {
            return Ok(());
        }
        let found = open(engine, session, &name).await?;
        for column in found.1 {
            self.spellings.entry(column.to_lowercase()).or_insert(column);
        }
        self.sources.insert(name, found.0);
        Ok(())
    }
}

/// Puts files in the place of the one table of a query.
pub(crate) fn put_files(query: &mut Query, files: &Files) -> Result<(), SqlError> {
    if let SetExpr::Select(select) = query.body.as_mut()
        && let Some(TableFactor::Table { name, alias, .. }) =
            select.from.first_mut().map(|table| &mut table.relation)
    {
        alias.get_or_insert_with(|| TableAlias {
            explicit: true,
            name: Ident::new("files"),
            columns: Vec::new(),
            at: None,
        });
        *name = files.as_name()?;
    }
    Ok(())
}

/// A table's source and its columns' names.
async fn open(
    engine: &Engine,
    session: &Session,
    name: &TableName,
) -> Result<(Arc<dyn TableSource>, Vec<String>), SqlError> {
    if name.schema == INFORMATION_SCHEMA {
        let batch = information_schema::table(engine.catalogs(), session.outside.as_deref(), name)?;
        let columns = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
        let table = MemTable::try_new(batch.schema(), vec![vec![batch]]).map_err(SqlError::internal)?;
        return Ok((provider_as_source(Arc::new(table)), columns));
    }
    let (name, table) = match engine.catalogs().table(name) {
        Ok(table) => (name.clone(), table),
        Err(error) => super::travel::past(engine, name).ok_or(error)??,
    };
    let name = &name;
    Run { engine, session, source: &Source::default() }.owned("SELECT", name)?;
    if let Some(view) = &table.view {
        let columns = table.columns.iter().map(|column| column.name.clone()).collect();
        let opened = Deep(Box::pin(open_view(engine, session, name, view, &table.columns)));
        return Ok((opened.await?, columns));
    }
    let provider = scan(engine, name, &table)?;
    Ok((provider_as_source(provider), table.columns.iter().map(|column| column.name.clone()).collect()))
}

/// Work that is done within work of its own kind, on another stack where little is left of this one.
struct Deep<F>(Pin<Box<F>>);

impl<F: Future> Future for Deep<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        stacker::maybe_grow(512 << 10, 4 << 20, || self.0.as_mut().poll(context))
    }
}

async fn open_view(
    engine: &Engine,
    session: &Session,
    name: &TableName,
    view: &View,
    columns: &[Column],
) -> Result<Arc<dyn TableSource>, SqlError> {
    let inner = Session {
        catalog: Some(view.catalog.clone()),
        schema: Some(view.schema.clone()),
        outside: session.outside.clone(),
        trusted: true,
        depth: session.depth + 1,
        ..Session::default()
    };
    if inner.depth > VIEW_DEPTH {
        return Err(SqlError::new(
            "VIEW_EXCEED_MAX_NESTED_DEPTH",
            format!(
                "The depth of view {} exceeds the maximum view resolution depth ({VIEW_DEPTH})",
                name.quoted()
            ),
        ));
    }
    let source = Source::read(&view.text)?;
    let query = parse_query(&source)?;
    let planned = Planner::new(engine, &inner).plan(*query, &source).await?;
    let plan = planned.with_names(columns.iter().map(|column| column.name.clone()).collect())?.into_view()?.0;
    Ok(provider_as_source(Arc::new(ViewTable::new(plan, None))))
}

/// The Arrow schema of a table's rows. Names are in lower case, as everywhere below the parser.
pub(crate) fn arrow_schema(table: &Table) -> Result<SchemaRef, SqlError> {
    let fields = table.columns.iter().map(|column| match types::parse(&column.kind) {
        // a NOT NULL column is checked when rows are written; the engine need not rely on it
        Some(kind) => Ok(Field::new(column.name.to_lowercase(), kind, true)),
        None => {
            Err(SqlError::unsupported(format!("reading a column of the type {}", column.kind.to_uppercase())))
        }
    });
    Ok(Arc::new(Schema::new(fields.collect::<Result<Vec<_>, _>>()?)))
}

/// Something that can be scanned for a table's rows.
pub(crate) fn scan(
    engine: &Engine,
    name: &TableName,
    table: &Table,
) -> Result<Arc<dyn TableProvider>, SqlError> {
    let schema = arrow_schema(table)?;
    if table.sample {
        return Ok(Arc::new(
            MemTable::try_new(schema, vec![engine.sample(&name.table)?]).map_err(SqlError::internal)?,
        ));
    }
    if table.kind != TableKind::Managed {
        return Err(SqlError::unsupported(format!(
            "queries on the external table {}: its data is not in the sandbox",
            name.quoted()
        )));
    }
    if table.files.is_empty() {
        return Ok(Arc::new(MemTable::try_new(schema, vec![Vec::new()]).map_err(SqlError::internal)?));
    }
    let dir = engine.catalogs().table_dir(name);
    let paths = table.files.iter().map(|file| {
        let path = dir.join(file);
        let text =
            path.to_str().ok_or_else(|| SqlError::internal(format!("{} is not UTF-8", path.display())))?;
        ListingTableUrl::parse(text).map_err(SqlError::internal)
    });
    let options = ListingOptions::new(Arc::new(ParquetFormat::default())).with_file_extension(".parquet");
    let config = ListingTableConfig::new_with_multi_paths(paths.collect::<Result<_, _>>()?)
        .with_listing_options(options)
        .with_schema(schema);
    Ok(Arc::new(ListingTable::try_new(config).map_err(SqlError::internal)?))
}
