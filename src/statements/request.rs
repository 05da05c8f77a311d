//! A statement in the making.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{FutureExt, Shared};
use futures_util::stream::{self, StreamExt};
use serde::de::DeserializeOwned;

use super::script::first_word;
use super::{IntoParameter, Listener, Parameter, Progress, Results, run};
use crate::config::Attribute;
use crate::paging::{Boxed, Items};
use crate::sql::types::StatementParameterListItem;
use crate::{Error, Result, Workspace};

/// How a result travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Delivery {
    /// In the answer itself where limits of the caller keep it small, else [`Arrow`](Self::Arrow), or
    /// [`Json`](Self::Json) without the feature `data`.
    #[default]
    Auto,
    /// In the answer itself, as JSON; 25 MiB at most.
    Inline,
    /// By links to Arrow streams; 100 GiB at most.
    Arrow,
    /// By links to JSON; 100 GiB at most.
    Json,
    /// By links to CSV, for [`Results::chunks`] alone; 100 GiB at most.
    Csv,
}

/// With at most so many rows a result is small.
const SMALL_ROWS: i64 = 10_000;

/// What the service puts into an answer at most.
const INLINE_BYTES: i64 = 25 << 20;

/// A SQL statement with its settings. Nothing is sent before [`execute`](Self::execute).
#[derive(Clone)]
#[must_use = "nothing is sent until it is executed"]
pub struct Statement {
    pub(super) workspace: Workspace,
    pub(super) text: String,
    pub(super) warehouse: Option<String>,
    pub(super) catalog: Option<String>,
    pub(super) schema: Option<String>,
    pub(super) parameters: Vec<(String, Parameter)>,
    pub(super) row_limit: Option<i64>,
    pub(super) byte_limit: Option<i64>,
    pub(super) delivery: Delivery,
    pub(super) ahead: usize,
    pub(super) timeout: Option<Duration>,
    pub(super) listener: Option<Listener>,
    pub(super) until: Option<Shared<Boxed<()>>>,
}

impl Workspace {
    /// A SQL statement: submitted, waited for, streamed, and cancelled on drop.
    pub fn statement(&self, text: impl Into<String>) -> Statement {
        Statement {
            workspace: self.clone(),
            text: text.into(),
            warehouse: None,
            catalog: None,
            schema: None,
            parameters: Vec::new(),
            row_limit: None,
            byte_limit: None,
            delivery: Delivery::Auto,
            ahead: 4,
            timeout: None,
            listener: None,
            until: None,
        }
    }
}

impl Statement {
    /// The id of the warehouse; `DATABRICKS_WAREHOUSE_ID` unless set.
    pub fn warehouse(mut self, id: impl Into<String>) -> Self {
        self.warehouse = Some(id.into());
        self
    }

    /// The catalog of names without one.
    pub fn catalog(mut self, name: impl Into<String>) -> Self {
        self.catalog = Some(name.into());
        self
    }

    /// The schema of names without one.
    pub fn schema(mut self, name: impl Into<String>) -> Self {
        self.schema = Some(name.into());
        self
    }

    /// The value of the marker `:name`.
    pub fn param(mut self, name: impl Into<String>, value: impl IntoParameter) -> Self {
        let sql_type = value.sql_type();
        self.parameters.push((name.into(), Parameter { value: value.into_value(), sql_type }));
        self
    }

    /// The most rows; [`Results::is_truncated`] says whether there were more.
    pub fn row_limit(mut self, rows: u64) -> Self {
        self.row_limit = Some(i64::try_from(rows).unwrap_or(i64::MAX));
        self
    }

    /// The most bytes, as the service counts them; [`Results::is_truncated`] says whether there were
    /// more.
    pub fn byte_limit(mut self, bytes: u64) -> Self {
        self.byte_limit = Some(i64::try_from(bytes).unwrap_or(i64::MAX));
        self
    }

    /// How the result travels.
    pub fn delivery(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }

    /// Chunks that are fetched at once, 4 unless set. More use more memory, a chunk each.
    pub fn fetch_ahead(mut self, chunks: usize) -> Self {
        self.ahead = chunks.max(1);
        self
    }

    /// The longest time until there is a result; then the statement is cancelled. No limit unless
    /// set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Is told how far it is: at each look while the statement runs, and after each chunk.
    pub fn on_progress(mut self, listener: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.listener = Some(Listener(Arc::new(listener)));
        self
    }

    /// Cancels the statement when this future completes while it runs.
    pub fn until(mut self, cancelled: impl Future<Output = ()> + Send + 'static) -> Self {
        let cancelled: Boxed<()> = Box::pin(cancelled);
        self.until = Some(cancelled.shared());
        self
    }

    /// Sends it and waits until there is a result, whose rows can then be read. A future that is
    /// dropped meanwhile cancels the statement.
    ///
    /// # Errors
    /// [`Error::Statement`] says why there is no result; [`Error::InvalidRequest`] that no warehouse
    /// is named; and what calls fail with.
    pub async fn execute(self) -> Result<Results> {
        run::execute(self).await
    }

    /// Sends it and gives all rows.
    ///
    /// # Errors
    /// Those of [`execute`](Self::execute) and of reading the rows.
    pub async fn fetch_all<T: DeserializeOwned + Send + 'static>(self) -> Result<Vec<T>> {
        self.execute().await?.rows().collect_all().await
    }

    /// The statements of a text with several of them, one after the other, with the same settings:
    /// each is sent when its result is asked for, and the first error ends them. [`split`](super::split)
    /// says where one ends.
    pub fn execute_each(self) -> Items<Results> {
        let texts: Vec<String> = super::split(&self.text).into_iter().map(str::to_owned).collect();
        let each = stream::iter(texts).then(move |text| Self { text, ..self.clone() }.execute());
        Items::until_error(each)
    }

    pub(super) fn warehouse_id(&self) -> Result<String> {
        let named = self.warehouse.clone();
        named.or_else(|| self.workspace.config().get(Attribute::WarehouseId).map(str::to_owned)).ok_or_else(
            || {
                let message = "`warehouse` is required: name one, or set DATABRICKS_WAREHOUSE_ID";
                Error::invalid_request(message.to_owned())
            },
        )
    }

    /// The way that is sent, which is never [`Delivery::Auto`].
    pub(super) fn chosen(&self) -> Delivery {
        let small = self.row_limit.is_some_and(|rows| rows <= SMALL_ROWS)
            || self.byte_limit.is_some_and(|bytes| bytes < INLINE_BYTES);
        match self.delivery {
            Delivery::Auto if small => Delivery::Inline,
            Delivery::Auto if cfg!(feature = "data") => Delivery::Arrow,
            Delivery::Auto => Delivery::Json,
            chosen => chosen,
        }
    }

    /// Whether it may be sent again because its result did not fit: it reads and was not to change
    /// anything the first time.
    pub(super) fn is_query(&self) -> bool {
        const QUERIES: [&str; 7] = ["SELECT", "WITH", "VALUES", "FROM", "TABLE", "SHOW", "DESCRIBE"];
        // `WITH … INSERT` is none of Databricks' SQL, `FROM … INSERT` is Hive's.
        QUERIES.contains(&first_word(&self.text).as_str()) && !self.text.to_uppercase().contains("INSERT")
    }

    pub(super) fn items(&self) -> Result<Option<Vec<StatementParameterListItem>>> {
        let items = self.parameters.iter().map(|(name, Parameter { value, sql_type })| {
            let item = StatementParameterListItem::builder().name(name).value(value.clone());
            item.type_(sql_type.clone()).build()
        });
        let items = items.collect::<Result<Vec<_>>>()?;
        Ok((!items.is_empty()).then_some(items))
    }
}

/// Values of parameters may be secrets and are not shown.
impl fmt::Debug for Statement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters: Vec<_> = self.parameters.iter().map(|(name, _)| name).collect();
        formatter
            .debug_struct("Statement")
            .field("text", &self.text)
            .field("warehouse", &self.warehouse)
            .field("parameters", &parameters)
            .field("delivery", &self.delivery)
            .finish_non_exhaustive()
    }
}
