//! From a parsed query to its rows: names resolved, Spark's meaning put in, planned and run by DataFusion.

mod calls;
mod clauses;
mod errors;
mod generators;
mod naming;
mod provider;
mod rewrite;
mod routines;
mod selects;
mod semantics;
mod session;
mod shapes;
pub(crate) mod tables;
mod travel;

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::common::SchemaError;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::dataframe::DataFrame;
use datafusion::error::DataFusionError;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::sql::parser::Statement as DataFusionStatement;
use datafusion::sql::planner::{ParserOptions, SqlToRel};
use datafusion::sql::resolve::resolve_table_references;
use datafusion::sql::sqlparser::ast::{
    Ident, ObjectName, Query, SelectItem, SetExpr, Statement, visit_relations,
};
use datafusion::sql::sqlparser::tokenizer::Location;

use super::error::SqlError;
use super::parse::{Source, place, with_room};
use super::{Engine, Output, Session};
pub(crate) use calls::{call, cast, field_of, literal, string as text_literal};
pub(crate) use errors::DIVIDE_BY_ZERO;
pub(crate) use routines::with_arguments;
pub(crate) use session::state;
use tables::Tables;
pub(crate) use travel::{at_time, at_version};

/// A query ready to run.
pub(crate) struct Planned {
    plan: LogicalPlan,
    /// The columns' names as the service shows them. The plan's own are in lower case and unique.
    names: Vec<String>,
}

/// Plans queries of one statement.
pub(crate) struct Planner<'a> {
    engine: &'a Engine,
    session: &'a Session,
    /// In a box: views are planned within each other, and each takes its planner along on the stack.
    state: Box<SessionState>,
    /// Relations that only this statement knows, such as the target of an UPDATE with its row numbers.
    extra: Tables,
    limited: bool,
}

impl<'a> Planner<'a> {
    pub(crate) fn new(engine: &'a Engine, session: &'a Session) -> Self {
        // functions such as now() take the time at which their statement started
        let state = with_room(|| {
            let mut state = Box::new(engine.state().clone());
            state.mark_start_execution();
            state
        });
        Self { engine, session, state, extra: Tables::default(), limited: true }
    }

    /// Lets queries run to their end, whatever limit the session has: for rows that are not the answer.
    pub(crate) fn without_limit(mut self) -> Self {
        self.limited = false;
        self
    }

    /// Adds a relation that hides a table of the same name.
    pub(crate) fn with_table(
        mut self,
        name: super::catalog::TableName,
        batches: Vec<RecordBatch>,
        schema: SchemaRef,
    ) -> Result<Self, SqlError> {
        self.extra.add_rows(name, batches, schema)?;
        Ok(self)
    }

    /// Plans a query.
    pub(crate) async fn plan(&self, mut query: Query, source: &Source) -> Result<Planned, SqlError> {
        with_room(|| travel::to_versions(&mut query, self.engine, self.session))?;
        let written = with_room(|| written_names(&query.body, source));
        let mut places: HashMap<String, Location> = HashMap::new();
        let _ = visit_relations(&query, |name: &ObjectName| {
            let parts: Vec<&Ident> = name.0.iter().filter_map(|part| part.as_ident()).collect();
            if let Some(place) = parts.first().and_then(|first| place(first)) {
                let name = parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".");
                places.entry(name).or_insert(place);
            }
            ControlFlow::<()>::Continue(())
        });
        // an unknown column may be the alias of an earlier one in the same list, which only a first try can tell: columns go first
        let mut lateral = HashSet::new();
        // and one that no list has may be a variable, whose place is behind both
        let mut bound = HashSet::new();
        let (plan, tables) = loop {
            let mut query = with_room(|| query.clone());
            with_room(|| self.session.variables.bind(&mut query, &bound));
            match self.attempt(query, &lateral, &places, source).await? {
                Ok(planned) => break planned,
                Err(DataFusionError::SchemaError(cause, trace)) => match cause.as_ref() {
                    SchemaError::FieldNotFound { field, .. }
                        if field.relation.is_none() && lateral.insert(field.name.clone()) => {}
                    SchemaError::FieldNotFound { field, .. }
                        if field.relation.is_none()
                            && self.session.variables.has(&field.name)
                            && bound.insert(field.name.clone()) => {}
                    _ => return Err(errors::explain(DataFusionError::SchemaError(cause, trace), source)),
                },
                Err(cause) => return Err(errors::explain(cause, source)),
            }
        };
        let plan = with_room(|| semantics::apply(plan, &self.state))
            .map_err(|cause| errors::explain(cause, source))?;
        let names = shown_names(&plan, &written, &tables, source);
        Ok(Planned { plan, names })
    }

    /// Plans a query with some aliases taken for their expressions. The inner error is the planner's.
    async fn attempt(
        &self,
        mut query: Query,
        lateral: &HashSet<String>,
        places: &HashMap<String, Location>,
        source: &Source,
    ) -> Result<Result<(LogicalPlan, Tables), DataFusionError>, SqlError> {
        with_room(|| rewrite::query(&mut query, source, self.session, lateral))?;
        let statement = DataFusionStatement::Statement(Box::new(Statement::Query(Box::new(query))));
        let (references, _) =
            resolve_table_references(&statement, true).map_err(|cause| errors::explain(cause, source))?;
        let mut tables = self.extra.clone();
        for reference in references {
            let found = tables.resolve(self.engine, self.session, &reference).await;
            found.map_err(|error| error.at(places.get(&reference.to_string()).copied()))?;
        }
        let provider = provider::Provider { state: &self.state, tables: &tables, session: self.session };
        let options = ParserOptions {
            parse_float_as_decimal: true,
            map_string_types_to_utf8view: false,
            ..ParserOptions::from(&self.state.config_options().sql_parser)
        };
        let planned =
            with_room(|| SqlToRel::new_with_options(&provider, options).statement_to_plan(statement));
        Ok(planned.map_err(unwrapped).map(|plan| (plan, tables)))
    }

    /// Runs a plan to its end.
    pub(crate) async fn run(&self, planned: Planned, source: &Source) -> Result<Output, SqlError> {
        let explain = |cause| errors::explain(cause, source);
        let plan = match self.session.row_limit.filter(|_| self.limited) {
            // one more than asked for tells whether something was left out
            Some(limit) => LogicalPlanBuilder::from(planned.plan)
                .limit(0, Some(limit.saturating_add(1)))
                .and_then(LogicalPlanBuilder::build)
                .map_err(explain)?,
            None => planned.plan,
        };
        let frame = DataFrame::new(SessionState::clone(&self.state), plan);
        let physical = yielding(frame.create_physical_plan().await.map_err(explain)?).map_err(explain)?;
        let schema = renamed(&physical.schema(), &planned.names);
        let batches =
            datafusion::physical_plan::collect(physical, self.state.task_ctx()).await.map_err(explain)?;
        let batches = batches.into_iter().filter(|batch| batch.num_rows() > 0);
        let batches = batches.map(|batch| rename(&batch, &schema)).collect::<Result<_, _>>()?;
        Ok(Output::new(schema, batches))
    }

    /// Plans and runs a query.
    pub(crate) async fn query(&self, query: Query, source: &Source) -> Result<Output, SqlError> {
        let planned = self.plan(query, source).await?;
        self.run(planned, source).await
    }

    /// The text of `EXPLAIN`.
    pub(crate) async fn explain(
        &self,
        query: Query,
        extended: bool,
        source: &Source,
    ) -> Result<String, SqlError> {
        let explain = |cause| errors::explain(cause, source);
        let planned = self.plan(query, source).await?;
        let logical = planned.plan.display_indent().to_string();
        let frame = DataFrame::new(SessionState::clone(&self.state), planned.plan);
        let optimized = frame.clone().into_optimized_plan().map_err(explain)?.display_indent().to_string();
        let physical = frame.create_physical_plan().await.map_err(explain)?;
        let physical = datafusion::physical_plan::displayable(physical.as_ref()).indent(false).to_string();
        Ok(if extended {
            format!(
                "== Analyzed Logical Plan ==\n{logical}\n\n== Optimized Logical Plan ==\n{optimized}\n\n== Physical Plan ==\n{physical}"
            )
        } else {
            format!("== Physical Plan ==\n{physical}")
        })
    }
}

impl Planned {
    /// The columns' names and types.
    pub(crate) fn schema(&self) -> SchemaRef {
        renamed(self.plan.schema().as_arrow(), &self.names)
    }

    /// The same plan with the names that a view gives to its columns.
    pub(crate) fn with_names(self, names: Vec<String>) -> Result<Self, SqlError> {
        if names.len() != self.names.len() {
            return Err(SqlError::new(
                "NUM_COLUMNS_MISMATCH",
                format!("The view has {} columns, its query now yields {}", names.len(), self.names.len()),
            ));
        }
        Ok(Self { names, ..self })
    }

    /// The plan, for a view to be put into other plans.
    pub(crate) fn into_view(self) -> Result<(LogicalPlan, Vec<String>), SqlError> {
        let columns = self.plan.schema().columns();
        let lower: Vec<_> = columns
            .into_iter()
            .zip(&self.names)
            .map(|(column, name)| datafusion::logical_expr::Expr::Column(column).alias(name.to_lowercase()))
            .collect();
        let plan = LogicalPlanBuilder::from(self.plan)
            .project(lower)
            .and_then(LogicalPlanBuilder::build)
            .map_err(SqlError::internal)?;
        Ok((plan, self.names))
    }
}

/// Makes joins pause now and then, as scans do by themselves: one that multiplies its inputs could go on for hours without
/// reading a row, and a statement can only be cancelled in a pause.
fn yielding(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
    let wrapped = plan.transform_up(|node| {
        Ok(if node.children().len() > 1 {
            Transformed::yes(Arc::new(CooperativeExec::new(node)) as Arc<dyn ExecutionPlan>)
        } else {
            Transformed::no(node)
        })
    });
    Ok(wrapped?.data)
}

/// The service's error for a failed cast.
pub(crate) fn explain_arrow(cause: datafusion::arrow::error::ArrowError) -> SqlError {
    errors::arrow(cause)
}

/// An error without the layers of context around it.
fn unwrapped(error: DataFusionError) -> DataFusionError {
    match error {
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => unwrapped(*inner),
        // one for each column that failed; the first decides
        DataFusionError::Collection(errors) => match errors.into_iter().next() {
            Some(first) => unwrapped(first),
            None => DataFusionError::Collection(Vec::new()),
        },
        other => other,
    }
}

/// What one item of the select list says about names.
enum Written {
    Name(String),
    /// `*`: as many columns as are left.
    Wildcard,
}

/// What the leftmost select of a query, or its list of rows, says about names.
fn written_names(body: &SetExpr, source: &Source) -> Vec<Written> {
    match body {
        SetExpr::Query(query) => written_names(&query.body, source),
        SetExpr::SetOperation { left, .. } => written_names(left, source),
        SetExpr::Values(values) => {
            let width = values.rows.first().map_or(0, |row| row.content.len());
            (1..=width).map(|n| Written::Name(format!("col{n}"))).collect()
        }
        SetExpr::Select(select) => select
            .projection
            .iter()
            .map(|item| match item {
                SelectItem::UnnamedExpr(expr) => Written::Name(naming::name(expr, source)),
                SelectItem::ExprWithAlias { alias, .. } => Written::Name(source.spelling(alias).to_owned()),
                _ => Written::Wildcard,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The columns' names: as written where the select list says so, else in the spelling of the table or the statement.
fn shown_names(plan: &LogicalPlan, written: &[Written], tables: &Tables, source: &Source) -> Vec<String> {
    let spelled =
        |name: &str| tables.spelling(name).or_else(|| source.any_spelling(name)).unwrap_or(name).to_owned();
    let fields = plan.schema().fields();
    let wildcards = written.iter().filter(|item| matches!(item, Written::Wildcard)).count();
    let explicit = written.len() - wildcards;
    // several wildcards share the columns in a way that only the planner knows; then no place is certain
    let certain =
        (wildcards == 0 && explicit == fields.len()) || (wildcards == 1 && explicit <= fields.len());
    if !certain {
        return fields.iter().map(|field| spelled(field.name())).collect();
    }
    let mut names = Vec::with_capacity(fields.len());
    for item in written {
        match item {
            Written::Name(name) => names.push(name.clone()),
            Written::Wildcard => {
                let from = names.len();
                names.extend(
                    fields[from..from + fields.len() - explicit].iter().map(|field| spelled(field.name())),
                );
            }
        }
    }
    names
}

fn renamed(schema: &Schema, names: &[String]) -> SchemaRef {
    let fields: Vec<_> = schema
        .fields()
        .iter()
        .zip(names)
        .map(|(field, name)| field.as_ref().clone().with_name(name))
        .collect();
    Arc::new(Schema::new(fields))
}

fn rename(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, SqlError> {
    // an expression may be declared NOT NULL and yet hold NULL; that is no reason to fail a query at its end
    let fields: Vec<_> = schema
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, column)| {
            field.as_ref().clone().with_nullable(true).with_data_type(DataType::clone(column.data_type()))
        })
        .collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), batch.columns().to_vec()).map_err(SqlError::internal)
}
