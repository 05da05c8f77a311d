//! The SQL engine: Databricks SQL over DataFusion, with a catalog that lives in a folder.
//!
//! ```text
//! text ─ parse ─→ Command ─┬─ query ──→ plan ──→ DataFusion ──→ Output
//!                          ├─ DDL, SHOW ──────→ catalog  ──────→ Output
//!                          └─ DML ─→ plan ─→ new Parquet files ─→ catalog
//! ```
//!
//! [`Engine::open`] touches nothing; the catalog is read and DataFusion's session built when the first statement comes.
//! Statements that write wait for each other; those that read see the files that the catalog named when they began.

mod alter;
pub(crate) mod catalog;
mod ddl;
mod describe;
mod dml;
mod error;
mod files;
mod functions;
mod information_schema;
mod insert;
mod listing;
mod merge;
mod output;
pub(crate) mod outside;
mod parse;
mod plan;
mod rights;
mod routines;
mod samples;
mod show;
mod storage;
mod text;
pub(crate) mod types;
mod upkeep;
mod variables;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use datafusion::arrow::array::RecordBatch;
use datafusion::common::TableReference;
use datafusion::execution::session_state::SessionState;
use parking_lot::Mutex;

use catalog::Catalogs;
use catalog::{CatalogError, SchemaName, Table, TableName};
pub use error::SqlError;
pub(crate) use output::batch_rows;
pub use output::{ColumnInfo, Output};
use parse::{Command, Name, Source};
use plan::Planner;
pub use variables::Variables;

/// Who runs statements and owns what they make.
pub(crate) const USER: &str = crate::api::USER;

/// What a statement runs in.
#[derive(Debug, Clone, Default)]
pub struct Session {
    /// The current catalog; `main` if there is none.
    pub catalog: Option<String>,
    /// The current schema; `default` if there is none.
    pub schema: Option<String>,
    /// The values of `:name` markers.
    pub parameters: Vec<Parameter>,
    /// What `DECLARE` and `SET VAR` leave for the statements that follow.
    pub variables: Variables,
    /// A query stops one row after so many.
    pub row_limit: Option<usize>,
    /// The workspace that the statement runs in; without one there are no grants and no functions of users.
    pub(crate) outside: Option<Arc<dyn outside::Outside>>,
    /// Whether grants are not asked for: within a view, whose owner has them.
    trusted: bool,
    /// How many views are being resolved around this one.
    depth: usize,
}

/// The value of a `:name` marker.
#[derive(Debug, Clone, Default)]
pub struct Parameter {
    /// The name, without its colon.
    pub name: String,
    /// The value's text; none is NULL.
    pub value: Option<String>,
    /// The type that the text is of; `STRING` if there is none.
    pub type_name: Option<String>,
}

impl Session {
    fn catalog(&self) -> &str {
        self.catalog.as_deref().unwrap_or("main")
    }

    fn schema(&self) -> &str {
        self.schema.as_deref().unwrap_or("default")
    }

    fn user(&self) -> &str {
        self.outside.as_ref().map_or(USER, |outside| outside.user())
    }

    /// The full name that a reference in a query stands for.
    fn table_of(&self, reference: &TableReference) -> TableName {
        TableName::new(
            reference.catalog().unwrap_or(self.catalog()),
            reference.schema().unwrap_or(self.schema()),
            reference.table(),
        )
    }

    /// The full name of a table or a volume in a command.
    fn table(&self, name: &Name) -> TableName {
        let part = |from_end: usize, or| {
            name.len()
                .checked_sub(from_end)
                .and_then(|at| name.get(at))
                .map_or(or, |part| part.value.as_str())
        };
        TableName::new(part(3, self.catalog()), part(2, self.schema()), part(1, ""))
    }

    /// The full name of a schema in a command.
    fn schema_name(&self, name: &Name) -> Result<SchemaName, SqlError> {
        match name.as_slice() {
            [schema] => Ok(SchemaName::new(self.catalog(), &schema.value)),
            [catalog, schema] => Ok(SchemaName::new(&catalog.value, &schema.value)),
            _ => Err(SqlError::new("INVALID_IDENTIFIER", "The name of a schema has one or two parts")),
        }
    }

    /// The text that a parameter has, for a name that is made of it.
    fn text(&self, marker: &str) -> Result<String, SqlError> {
        let name = marker.trim_start_matches(':').to_lowercase();
        let found = self.parameters.iter().find(|parameter| parameter.name.to_lowercase() == name);
        let value = found.and_then(|parameter| parameter.value.clone());
        value.or_else(|| self.variables.text(&name)).ok_or_else(|| {
            SqlError::new(
                "UNBOUND_SQL_PARAMETER",
                format!("IDENTIFIER needs the parameter: {name}. Give the statement a value for it"),
            )
        })
    }

    /// The schema that a command without a name is about.
    fn current(&self) -> SchemaName {
        SchemaName::new(self.catalog(), self.schema())
    }
}

/// The engine. One per folder.
#[derive(Debug)]
pub struct Engine {
    catalogs: Catalogs,
    state: OnceLock<SessionState>,
    samples: Mutex<HashMap<String, Vec<RecordBatch>>>,
    files: storage::Files,
}

impl Engine {
    /// An engine that keeps its catalog below `dir`. Nothing is read or written yet.
    pub fn open(dir: &Path) -> Result<Self, SqlError> {
        Ok(Self {
            catalogs: Catalogs::open(dir),
            state: OnceLock::new(),
            samples: Mutex::new(HashMap::new()),
            files: storage::Files::default(),
        })
    }

    /// The catalog, for the REST API.
    pub(crate) fn catalogs(&self) -> &Catalogs {
        &self.catalogs
    }

    /// The tables of a schema, also those of `information_schema`.
    pub(crate) fn tables(&self, name: &SchemaName) -> Result<Vec<Arc<Table>>, CatalogError> {
        if name.schema == catalog::INFORMATION_SCHEMA {
            information_schema::describe(&self.catalogs, name)
        } else {
            self.catalogs.tables(name)
        }
    }

    /// A table, also one of `information_schema`.
    pub(crate) fn table(&self, name: &TableName) -> Result<Arc<Table>, CatalogError> {
        if name.schema != catalog::INFORMATION_SCHEMA {
            return self.catalogs.table(name);
        }
        let found = information_schema::describe(&self.catalogs, &name.schema_name())?
            .into_iter()
            .find(|table| table.common.name == name.table);
        found.ok_or_else(|| CatalogError::NotFound { kind: catalog::Kind::Table, name: name.to_string() })
    }

    /// Whether there is a volume of this name.
    pub fn volume_exists(&self, catalog: &str, schema: &str, volume: &str) -> bool {
        self.catalogs.volume(&TableName::new(catalog, schema, volume)).is_ok()
    }

    /// The names of all functions that statements can call.
    fn function_names(&self) -> Vec<String> {
        let state = self.state();
        let mut names: Vec<String> = state
            .scalar_functions()
            .keys()
            .chain(state.aggregate_functions().keys())
            .chain(state.window_functions().keys())
            .cloned()
            .chain(functions::RENAMED.iter().map(|(spark, _)| (*spark).to_owned()))
            .chain(functions::macros::names().map(str::to_owned))
            // the helpers behind the macros are nobody's to call
            .filter(|name| {
                !functions::FOREIGN.contains(&name.as_str())
                    && !name.starts_with("spark_")
                    && !name.starts_with("timestampadd_")
                    && !name.starts_with("timestampdiff_")
            })
            .collect();
        names.sort();
        names.dedup();
        names
    }

    fn state(&self) -> &SessionState {
        self.state.get_or_init(plan::state)
    }

    /// The rows of a sample table, generated once.
    fn sample(&self, table: &str) -> Result<Vec<RecordBatch>, SqlError> {
        let mut samples = self.samples.lock();
        if let Some(rows) = samples.get(table) {
            return Ok(rows.clone());
        }
        let rows = samples::generate(table).map_err(SqlError::internal)?;
        samples.insert(table.to_owned(), rows.clone());
        Ok(rows)
    }

    /// Runs one statement. Dropping the future stops it.
    ///
    /// # Errors
    /// As the service words them: see [`SqlError`].
    pub async fn execute(&self, statement: &str, session: &Session) -> Result<Output, SqlError> {
        let source = Source::read(statement)?.identified(|marker| session.text(marker))?;
        let command = parse::parse(&source)?;
        let run = Run { engine: self, session, source: &source };
        let _reading = self.files.reading().await;
        match command {
            Command::Query(query) => run.planner().query(*query, &source).await,
            Command::Explain { query, extended } => {
                Ok(Output::text("plan", [run.planner().explain(*query, extended, &source).await?]))
            }
            Command::Insert(insert) => run.insert(*insert).await,
            Command::Copy(copy) => run.copy(*copy).await,
            Command::Update(update) => run.update(*update).await,
            Command::Delete(delete) => run.delete(*delete).await,
            Command::Merge(merge) => run.merge(*merge).await,
            Command::Truncate { name } => run.truncate(&name).await,
            Command::Show(show) => run.show(show).await,
            Command::DescribeTable { name, extended, column: None } => run.describe_table(&name, extended),
            Command::DescribeTable { name, column: Some(column), .. } => run.describe_column(&name, &column),
            Command::DescribeDetail { name } => run.describe_detail(&name),
            Command::DescribeHistory { name, limit } => run.describe_history(&name, limit),
            Command::DescribeFunction { name, extended } => run.describe_function(&name, extended),
            Command::CacheQuery(query) => {
                run.planner().query(*query, &source).await?;
                Ok(Output::empty())
            }
            Command::CreateFunction(create) => run.create_function(*create).await,
            Command::DropFunction { name, if_exists } => run.drop_function(&name, if_exists),
            Command::Grant { privileges, on, principal, revoke } => {
                run.grant(privileges, &on, principal, revoke)
            }
            Command::Variable(statement) => run.variable(statement).await,
            Command::List { path, limit } => run.list(&path, limit),
            Command::Upkeep(upkeep) => run.upkeep(upkeep).await,
            Command::Set(setting) => run.setting(setting),
            Command::ExecuteImmediate { text, values } => run.execute_immediate(&text, values).await,
            Command::DescribeQuery(query) => run.describe_query(*query).await,
            Command::DescribeCatalog { name } => run.describe_catalog(&name),
            Command::DescribeSchema { name, extended } => run.describe_schema(&name, extended),
            Command::DescribeVolume { name } => run.describe_volume(&name),
            other => run.define(other).await,
        }
    }
}

/// One statement on its way.
struct Run<'a> {
    engine: &'a Engine,
    session: &'a Session,
    source: &'a Source,
}

impl<'a> Run<'a> {
    fn planner(&self) -> Planner<'a> {
        Planner::new(self.engine, self.session)
    }

    fn catalogs(&self) -> &'a Catalogs {
        &self.engine.catalogs
    }

    /// A table that rows can be written to.
    fn writable(&self, name: &TableName) -> Result<Arc<Table>, SqlError> {
        let table = self.catalogs().table(name)?;
        self.owned("MODIFY", name)?;
        if table.view.is_some() {
            return Err(SqlError::new(
                "EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE",
                format!("The operation expects a table, but {} is a view", name.quoted()),
            ));
        }
        if table.sample {
            return Err(CatalogError::ReadOnly { catalog: name.catalog.clone() }.into());
        }
        if table.kind != catalog::TableKind::Managed {
            return Err(SqlError::unsupported(format!(
                "changes of the external table {}: its data is not in the sandbox",
                name.quoted()
            )));
        }
        Ok(table)
    }
}
