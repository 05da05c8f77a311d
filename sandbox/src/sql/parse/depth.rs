//! How deep a statement's expressions are: a bound keeps what comes after the parser from running out of stack.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, Query, Visit, Visitor};

use super::{Action, Change, Clause, Command};
use crate::sql::error::SqlError;

/// Longer chains of operators are refused; lists, as in `IN (…)` and `VALUES`, are not deep however long.
const DEEPEST: usize = 400;

/// Gives the command back, unless it is too deep.
pub(super) fn check(command: Command) -> Result<Command, SqlError> {
    match visit(&command, &mut Depth::default()) {
        ControlFlow::Continue(()) => Ok(command),
        ControlFlow::Break(()) => Err(SqlError::new(
            "PARSE_SYNTAX_ERROR",
            format!("The statement's expressions are nested more than {DEEPEST} deep"),
        )),
    }
}

fn visit(command: &Command, depth: &mut Depth) -> ControlFlow<()> {
    match command {
        Command::Query(query) | Command::DescribeQuery(query) | Command::Explain { query, .. } => {
            query.visit(depth)
        }
        Command::Alter { change: Change::SetQuery { query, .. }, .. } => query.visit(depth),
        Command::CreateTable(create) => create.query.visit(depth),
        Command::CreateView(create) => create.query.visit(depth),
        Command::Insert(insert) => insert.query.visit(depth),
        Command::Delete(delete) => delete.filter.visit(depth),
        Command::Update(update) => {
            update.filter.visit(depth)?;
            update.assignments.iter().try_for_each(|(_, value)| value.visit(depth))
        }
        Command::Merge(merge) => {
            merge.source.visit(depth)?;
            merge.on.visit(depth)?;
            merge.clauses.iter().try_for_each(|clause| visit_clause(clause, depth))
        }
        _ => ControlFlow::Continue(()),
    }
}

fn visit_clause(clause: &Clause, depth: &mut Depth) -> ControlFlow<()> {
    clause.condition.visit(depth)?;
    match &clause.action {
        Action::Update(Some(values)) | Action::Insert(Some(values)) => {
            values.iter().try_for_each(|(_, value)| value.visit(depth))
        }
        _ => ControlFlow::Continue(()),
    }
}

/// Counts expressions and queries on the way down.
#[derive(Default)]
struct Depth(usize);

impl Depth {
    fn enter(&mut self) -> ControlFlow<()> {
        self.0 += 1;
        if self.0 > DEEPEST { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn leave(&mut self) -> ControlFlow<()> {
        self.0 -= 1;
        ControlFlow::Continue(())
    }
}

impl Visitor for Depth {
    type Break = ();

    fn pre_visit_expr(&mut self, _: &Expr) -> ControlFlow<()> {
        self.enter()
    }

    fn post_visit_expr(&mut self, _: &Expr) -> ControlFlow<()> {
        self.leave()
    }

    fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.enter()
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.leave()
    }
}
