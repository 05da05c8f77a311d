//! A result that is no answer: all rows in a file, and a preview of them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arrow::array::RecordBatch;

use super::statements::{Column, Parameter, StatementAnswer};
use crate::export::{ColumnSummary, FileFormat, Summary};
use crate::mcp::answer::MOST_OF_ONE;
use crate::mcp::{Context, LeftOut, ToolError};
use crate::statements::{self, Delivery, Results, StatementReason, arrow as values};
use crate::{Error, Workspace};

/// Rows of a preview.
const HEAD: usize = 20;

/// Letters of a text in a preview, and of an extreme value.
const LETTERS: usize = 200;

/// A statement whose rows go to a file.
pub(super) struct Spill<'a> {
    pub(super) statement: &'a str,
    pub(super) warehouse: &'a str,
    pub(super) catalog: Option<&'a str>,
    pub(super) schema: Option<&'a str>,
    pub(super) parameters: &'a [Parameter],
    pub(super) row_limit: Option<i64>,
    pub(super) timeout: Duration,
}

/// What is shown of all rows.
struct Preview {
    columns: Arc<[statements::Column]>,
    summary: Summary,
    head: Vec<Vec<Option<String>>>,
    /// What could not be read: the file has it all the same.
    unreadable: Option<String>,
}

impl Spill<'_> {
    /// Runs the statement and writes its rows. It is cancelled when the client cancels, and when its time is up.
    pub(super) async fn to(&self, context: &Context, file: PathBuf) -> Result<StatementAnswer, ToolError> {
        let results = match self.statement(context).execute().await {
            Err(Error::Statement(error)) if matches!(error.reason, StatementReason::Cancelled) => {
                return Err(match context.is_cancelled() {
                    true => ToolError::Cancelled,
                    false => ToolError::Failed(format!("{error}{}", context.terms().sql_limits.remark())),
                });
            }
            results => results?,
        };
        let (id, truncated) = (results.statement_id().to_owned(), results.is_truncated());
        let preview = Arc::new(Mutex::new(Preview::new(&results)));
        let seen = Arc::clone(&preview);
        let export = results.export(&file).on_batch(move |batch| {
            seen.lock().unwrap_or_else(PoisonError::into_inner).add(batch);
        });
        let written = tokio::select! {
            written = export.write() => written?,
            () = context.cancelled() => return Err(ToolError::Cancelled),
        };
        let preview =
            std::mem::replace(&mut *preview.lock().unwrap_or_else(PoisonError::into_inner), Preview::empty());
        let mut answer = StatementAnswer {
            statement_id: id,
            state: Some("SUCCEEDED".to_owned()),
            row_count: Some(written.rows),
            file: Some(file.display().to_string()),
            file_bytes: Some(written.bytes),
            ..StatementAnswer::default()
        };
        if (preview.head.len() as u64) < written.rows {
            let uri = kept(context, &file, written.bytes).await;
            let how = match uri {
                Some(_) => "read_answer, or read the file",
                None => "read the file, or execute_sql with an aggregate or a filter",
            };
            let note = LeftOut::new("rows", how).count(written.rows - preview.head.len() as u64);
            answer.left_out.push(LeftOut { uri, ..note });
        }
        if let Some(why) = &preview.unreadable {
            answer.left_out.push(LeftOut::new(format!("a part of the preview: {why}"), "read the file"));
        }
        if truncated {
            answer
                .left_out
                .push(LeftOut::new("rows beyond the limit", "execute_sql with a larger row_limit"));
        }
        answer.columns = Some(preview.summary.columns().into_iter().map(column).collect());
        answer.rows = Some(preview.head);
        Ok(answer)
    }

    fn statement(&self, context: &Context) -> statements::Statement {
        let workspace: &Workspace = context.workspace();
        let limits = &context.terms().sql_limits;
        let timeout = limits.seconds.map_or(self.timeout, |most| self.timeout.min(Duration::from_secs(most)));
        let mut statement =
            workspace.statement(self.statement).warehouse(self.warehouse).delivery(Delivery::Arrow);
        for parameter in self.parameters {
            let kind = parameter.kind.as_deref().unwrap_or("STRING");
            let value = match &parameter.value {
                Some(value) => statements::Parameter::typed(value, kind),
                None => statements::Parameter::null(kind),
            };
            statement = statement.param(&parameter.name, value);
        }
        if let Some(catalog) = self.catalog {
            statement = statement.catalog(catalog);
        }
        if let Some(schema) = self.schema {
            statement = statement.schema(schema);
        }
        let positive = |limit: i64| u64::try_from(limit).ok();
        if let Some(rows) = self.row_limit.and_then(positive) {
            statement = statement.row_limit(rows);
        }
        if let Some(bytes) = limits.bytes.and_then(positive) {
            statement = statement.byte_limit(bytes);
        }
        let progress = context.clone();
        statement
            .timeout(timeout)
            .until({
                let context = context.clone();
                async move { context.cancelled().await }
            })
            .on_progress(move |told| {
                let total = told.total_rows.map(|rows| rows as f64);
                progress.progress(told.rows as f64, total, format!("{} {} rows", told.state, told.rows));
            })
    }
}

/// Keeps a file of text as an answer, for clients that do not see the disk of this machine, if it is not too long.
async fn kept(context: &Context, file: &Path, bytes: u64) -> Option<String> {
    let is_text = matches!(FileFormat::of(file), Some(FileFormat::Csv | FileFormat::JsonLines));
    if !is_text || bytes > MOST_OF_ONE as u64 {
        return None;
    }
    let text = tokio::fs::read_to_string(file).await.ok()?;
    context.app().shelf().keep(&text)
}

impl Preview {
    fn new(results: &Results) -> Self {
        let summary = Summary::new(results.columns());
        Self { columns: results.columns().into(), summary, head: Vec::new(), unreadable: None }
    }

    fn empty() -> Self {
        Self { columns: Arc::from([]), summary: Summary::new(&[]), head: Vec::new(), unreadable: None }
    }

    fn add(&mut self, batch: &RecordBatch) {
        for at in 0..batch.num_rows().min(HEAD - self.head.len()) {
            match values::row(batch, at, &self.columns) {
                Ok(row) => {
                    self.head.push(row.values().iter().map(|value| value.text().map(short)).collect());
                }
                Err(error) => self.unreadable = Some(error.to_string()),
            }
        }
        if let Err(error) = self.summary.add(batch) {
            self.unreadable = Some(error.to_string());
        }
    }
}

fn column(summary: ColumnSummary) -> Column {
    Column {
        name: Some(summary.name),
        kind: Some(summary.sql_type.to_string()),
        nulls: Some(summary.nulls),
        distinct: summary.distinct,
        min: summary.min.map(short),
        max: summary.max.map(short),
    }
}

/// A text that does not fill the preview alone.
fn short(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LETTERS) {
        text.truncate(end);
        text.push('…');
    }
    text
}
