//! The SQL engine, without HTTP around it.

use databricks_sandbox::sql::{Engine, Session};

/// An engine in a temporary folder.
pub(crate) struct Bench {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) engine: Engine,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { engine: Engine::open(dir.path()).unwrap(), dir }
    }

    /// A bench on which these statements have been run.
    pub(crate) async fn with(statements: &[&str]) -> Self {
        let bench = Self::new();
        for statement in statements {
            bench.rows(statement).await;
        }
        bench
    }

    /// The rows as text, cells separated by `|`.
    pub(crate) async fn rows(&self, statement: &str) -> Vec<String> {
        let output = self.engine.execute(statement, &Session::default()).await;
        let output = output.unwrap_or_else(|error| panic!("{statement}: {error}"));
        let show = |row: Vec<Option<String>>| {
            row.into_iter().map(|cell| cell.unwrap_or("NULL".into())).collect::<Vec<_>>().join("|")
        };
        output.rows().into_iter().map(show).collect()
    }

    /// The rows in their own order, for queries that have none.
    pub(crate) async fn sorted(&self, statement: &str) -> Vec<String> {
        let mut rows = self.rows(statement).await;
        rows.sort();
        rows
    }

    /// `name TYPE` of each column.
    pub(crate) async fn columns(&self, statement: &str) -> Vec<String> {
        let output = self.engine.execute(statement, &Session::default()).await.unwrap();
        output
            .columns_info()
            .into_iter()
            .map(|column| format!("{} {}", column.name, column.type_text))
            .collect()
    }

    pub(crate) async fn error(&self, statement: &str) -> String {
        match self.engine.execute(statement, &Session::default()).await {
            Ok(output) => panic!("{statement} yielded {:?}", output.rows()),
            Err(error) => error.message().to_owned(),
        }
    }
}
