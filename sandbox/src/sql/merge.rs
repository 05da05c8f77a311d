//! `MERGE`: one outer join tells, for every row of either side, which clause applies and what it writes.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, new_null_array};
use datafusion::arrow::compute::interleave;
use datafusion::arrow::datatypes::{SchemaRef, UInt64Type};
use datafusion::sql::sqlparser::ast::{
    Expr, Ident, JoinConstraint, JoinOperator, Query, SetExpr, TableAlias, TableFactor,
};

use super::dml::{ROW, Target, aliased, convert, template};
use super::error::SqlError;
use super::parse::{Action, Clause, Merge, When, place};
use super::{Output, Run};

/// The column that is not NULL in rows of the source.
const SOURCE: &str = "__source";

/// A clause whose expressions are columns of the join.
struct Prepared {
    when: When,
    condition: Option<usize>,
    delete: bool,
    /// For each column of the target, the column of the join that holds its new value.
    values: Vec<Option<usize>>,
}

impl Run<'_> {
    pub(super) async fn merge(&self, merge: Merge) -> Result<Output, SqlError> {
        let Merge { name, alias, source, on, clauses, evolve } = merge;
        let full = self.session.table(&name);
        let _turn = self.engine.files.writing().await;
        let source_name = source_alias(&source)?;
        let schema = self.source_columns(&source).await?;
        let offered: Vec<String> = schema.fields().iter().map(|field| field.name().to_lowercase()).collect();
        let at = name.last().and_then(place);
        if evolve
            && clauses
                .iter()
                .any(|clause| matches!(clause.action, Action::Update(None) | Action::Insert(None)))
        {
            let table = self.writable(&full).map_err(|error| error.at(at))?;
            let fields = schema.fields().iter().map(|field| (field.name().as_str(), field.data_type()));
            self.evolve(&full, table, fields)?;
        }
        let target = self.target(&full).await.map_err(|error| error.at(at))?;

        let mut exprs = Vec::new();
        let mut prepared = Vec::new();
        for clause in clauses {
            prepared.push(self.prepare(clause, &target, &source_name, &offered, evolve, &mut exprs)?);
        }
        let joined = self.over(&target, join(&target, alias, source, source_name, on, exprs)?).await?;
        let (numbers, sources) = (joined.column(0), joined.column(1));
        let numbers = numbers
            .as_primitive_opt::<UInt64Type>()
            .ok_or_else(|| SqlError::internal("the rows are not numbered"))?;

        let mut plan = Outcome::new(target.rows.num_rows());
        for row in 0..joined.num_rows() {
            let number = if numbers.is_null(row) { None } else { usize::try_from(numbers.value(row)).ok() };
            let when = match (number, sources.is_null(row)) {
                (Some(_), false) => When::Matched,
                (None, _) => When::NotMatched,
                (Some(_), true) => When::NotMatchedBySource,
            };
            let applies = |clause: &Prepared| {
                clause.when == when
                    && clause.condition.is_none_or(|column| is_true(joined.column(column), row))
            };
            if let Some(clause) = prepared.iter().position(applies) {
                plan.note(clause, row, number, prepared[clause].delete)?;
            }
        }
        let rows = plan.rows(&target, &joined, &prepared, self).await?;
        let (updated, deleted, inserted) = (plan.updated, plan.deleted, plan.inserts.len());
        if updated + deleted + inserted > 0 {
            let metrics = [
                ("numTargetRowsUpdated", updated),
                ("numTargetRowsDeleted", deleted),
                ("numTargetRowsInserted", inserted),
            ];
            self.write(&target.name, &target.table, &[rows], false, "MERGE", &metrics).await?;
        }
        Ok(Output::counts(&[
            ("num_affected_rows", updated + deleted + inserted),
            ("num_updated_rows", updated),
            ("num_deleted_rows", deleted),
            ("num_inserted_rows", inserted),
        ]))
    }

    /// The source's columns.
    async fn source_columns(&self, source: &TableFactor) -> Result<SchemaRef, SqlError> {
        let mut query = template("SELECT * FROM `source`")?;
        if let SetExpr::Select(select) = query.body.as_mut() {
            select.from[0].relation = source.clone();
        }
        Ok(self.planner().plan(query, self.source).await?.schema())
    }

    /// Adds a clause's expressions to those of the join, and notes where they are.
    fn prepare(
        &self,
        clause: Clause,
        target: &Target,
        source: &Ident,
        offered: &[String],
        evolve: bool,
        exprs: &mut Vec<Expr>,
    ) -> Result<Prepared, SqlError> {
        // the numbers of rows and the source's mark come first
        let mut add = |expr: Expr| {
            exprs.push(expr);
            exprs.len() + 1
        };
        let condition = clause.condition.map(&mut add);
        let mut values = vec![None; target.table.columns.len()];
        let (delete, assignments) = match clause.action {
            Action::Delete => (true, Some(Vec::new())),
            Action::Update(assignments) | Action::Insert(assignments) => (false, assignments),
        };
        match assignments {
            Some(assignments) => {
                for (place, value) in target.assignments(assignments, self.source)? {
                    values[place] = Some(add(value));
                }
            }
            None => {
                for (at, column) in target.table.columns.iter().enumerate() {
                    let lower = column.name.to_lowercase();
                    if !offered.contains(&lower) && evolve {
                        continue;
                    }
                    if !offered.contains(&lower) {
                        return Err(SqlError::new(
                            "DELTA_MERGE_UNRESOLVED_EXPRESSION",
                            format!(
                                "Cannot resolve {} in the clause of MERGE given columns {}",
                                column.name,
                                offered.join(", ")
                            ),
                        ));
                    }
                    values[at] = Some(add(Expr::CompoundIdentifier(vec![
                        source.clone(),
                        Ident::with_quote('`', lower),
                    ])));
                }
            }
        }
        Ok(Prepared { when: clause.when, condition, delete, values })
    }
}

/// What happens to each row of the target, and which rows are added.
struct Outcome {
    /// For each row of the target: the clause and row of the join that change it.
    changes: Vec<Option<(usize, usize)>>,
    gone: HashSet<usize>,
    inserts: Vec<(usize, usize)>,
    updated: usize,
    deleted: usize,
}

impl Outcome {
    fn new(rows: usize) -> Self {
        Self { changes: vec![None; rows], gone: HashSet::new(), inserts: Vec::new(), updated: 0, deleted: 0 }
    }

    fn note(
        &mut self,
        clause: usize,
        row: usize,
        number: Option<usize>,
        delete: bool,
    ) -> Result<(), SqlError> {
        let Some(number) = number else {
            self.inserts.push((clause, row));
            return Ok(());
        };
        // a row may be deleted twice, but only changed once
        if self.changes[number].is_some() || (self.gone.contains(&number) && !delete) {
            return Err(SqlError::new(
                "DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE",
                "Cannot perform Merge as multiple source rows matched and attempted to modify the same target row in the Delta table in possibly conflicting ways",
            ));
        }
        if !delete {
            self.changes[number] = Some((clause, row));
            self.updated += 1;
        } else if self.gone.insert(number) {
            self.deleted += 1;
        }
        Ok(())
    }

    /// The rows of the target afterwards.
    async fn rows(
        &self,
        target: &Target,
        joined: &RecordBatch,
        clauses: &[Prepared],
        run: &Run<'_>,
    ) -> Result<RecordBatch, SqlError> {
        let mut columns = Vec::new();
        for (at, field) in target.schema.fields().iter().enumerate() {
            // the choices: the old column, one value for what an INSERT leaves out, and each clause's values
            let default = match &target.table.columns[at].default {
                Some(sql) => convert(&run.constant(sql).await?, field)?,
                None => new_null_array(field.data_type(), 1),
            };
            let mut choices: Vec<ArrayRef> = vec![Arc::clone(target.rows.column(at)), default];
            let mut places = Vec::new();
            for clause in clauses {
                places.push(match clause.values[at] {
                    Some(column) => {
                        choices.push(convert(joined.column(column), field)?);
                        Some(choices.len() - 1)
                    }
                    None => None,
                });
            }
            let kept =
                (0..target.rows.num_rows()).filter(|number| !self.gone.contains(number)).map(|number| {
                    match self.changes[number] {
                        Some((clause, row)) => places[clause].map_or((0, number), |choice| (choice, row)),
                        None => (0, number),
                    }
                });
            let added = self
                .inserts
                .iter()
                .map(|(clause, row)| places[*clause].map_or((1, 0), |choice| (choice, *row)));
            let picks: Vec<(usize, usize)> = kept.chain(added).collect();
            let choices: Vec<&dyn Array> = choices.iter().map(AsRef::as_ref).collect();
            columns.push(interleave(&choices, &picks).map_err(SqlError::internal)?);
        }
        RecordBatch::try_new(Arc::clone(&target.schema), columns).map_err(SqlError::internal)
    }
}

fn is_true(column: &ArrayRef, row: usize) -> bool {
    column.as_boolean_opt().is_some_and(|truth| !truth.is_null(row) && truth.value(row))
}

/// The name by which the clauses know the source.
fn source_alias(source: &TableFactor) -> Result<Ident, SqlError> {
    let named = match source {
        TableFactor::Table { alias: Some(alias), .. } | TableFactor::Derived { alias: Some(alias), .. } => {
            Some(alias.name.clone())
        }
        TableFactor::Table { name, .. } => name.0.last().and_then(|part| part.as_ident()).cloned(),
        _ => None,
    };
    named.ok_or_else(|| SqlError::unsupported("a MERGE whose source has no name"))
}

/// `SELECT __row, __source, expr, … FROM target FULL JOIN (SELECT *, true AS __source FROM source) AS name ON …`
fn join(
    target: &Target,
    alias: Option<Ident>,
    source: TableFactor,
    source_name: Ident,
    on: Expr,
    exprs: Vec<Expr>,
) -> Result<Query, SqlError> {
    let alias = alias.map_or(String::new(), |alias| format!(" AS `{}`", alias.value));
    let mut query = template(&format!(
        "SELECT `{ROW}`, `{SOURCE}` FROM {}{alias} FULL JOIN (SELECT *, true AS `{SOURCE}` FROM `source`) AS `source` ON true",
        target.name.quoted()
    ))?;
    if let SetExpr::Select(select) = query.body.as_mut() {
        select.projection.extend(aliased(exprs));
        let join = &mut select.from[0].joins[0];
        join.join_operator = JoinOperator::FullOuter(JoinConstraint::On(on));
        if let TableFactor::Derived { subquery, alias, .. } = &mut join.relation {
            *alias = Some(TableAlias { explicit: true, name: source_name, columns: Vec::new(), at: None });
            if let SetExpr::Select(inner) = subquery.body.as_mut() {
                inner.from[0].relation = source;
            }
        }
    }
    Ok(query)
}
