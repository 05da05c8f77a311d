//! `INSERT`, `UPDATE`, `DELETE`, `MERGE` and `TRUNCATE`.

use datafusion::sql::sqlparser::ast::{Expr, Ident};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::{Action, Clause, Command, Delete, Insert, Merge, Name, Parsed, Reader, Update, When};
use crate::sql::error::SqlError;

impl Reader<'_> {
    pub(super) fn truncate(&mut self) -> Parsed<Command> {
        self.expect(&["truncate", "table"])?;
        Ok(Command::Truncate { name: self.name()? })
    }

    pub(super) fn insert(&mut self) -> Parsed<Command> {
        self.expect(&["insert"])?;
        let evolve = self.eat(&["with", "schema", "evolution"]);
        let overwrite = self.eat(&["overwrite"]);
        if !overwrite || self.peek_word(0).as_deref() == Some("into") {
            self.expect(&["into"])?;
        }
        // TABLE is noise here, unless the table is called so
        if self.peek_word(0).as_deref() == Some("table")
            && matches!(self.parser.peek_nth_token_ref(1).token, Token::Word(_))
        {
            self.expect(&["table"])?;
        }
        let name = self.name()?;
        let mut partition = Vec::new();
        if self.eat(&["partition"]) {
            partition = self.in_parentheses(|reader| {
                let column = reader.ident()?;
                let value = if reader.parser.consume_token(&Token::Eq) { Some(reader.expr()?) } else { None };
                Ok((column, value))
            })?;
        }
        let mut columns = Vec::new();
        if self.parser.peek_token_ref().token == Token::LParen
            && !matches!(self.peek_word(1).as_deref(), Some("select" | "with"))
        {
            columns = self.in_parentheses(Self::ident)?;
        }
        let by_name = self.eat(&["by", "name"]);
        let replace = if self.eat(&["replace", "where"]) { Some(self.expr()?) } else { None };
        if let Some(word @ ("replace" | "partition")) = self.peek_word(0).as_deref() {
            return Err(SqlError::unsupported(format!("INSERT with {} here", word.to_uppercase())));
        }
        let query = self.query()?;
        let insert = Insert { name, columns, overwrite, by_name, query, partition, replace, evolve };
        Ok(Command::Insert(Box::new(insert)))
    }

    pub(super) fn update(&mut self) -> Parsed<Command> {
        self.expect(&["update"])?;
        let name = self.name()?;
        let alias = self.alias(&["set"])?;
        self.expect(&["set"])?;
        let assignments = self.assignments()?;
        let filter = self.filter()?;
        Ok(Command::Update(Box::new(Update { name, alias, assignments, filter })))
    }

    pub(super) fn delete(&mut self) -> Parsed<Command> {
        self.expect(&["delete", "from"])?;
        let name = self.name()?;
        let alias = self.alias(&["where"])?;
        let filter = self.filter()?;
        Ok(Command::Delete(Box::new(Delete { name, alias, filter })))
    }

    fn alias(&mut self, stop: &[&str]) -> Parsed<Option<Ident>> {
        let word = self.peek_word(0);
        let stops = word.as_deref().is_some_and(|word| stop.contains(&word));
        if self.eat(&["as"]) || (matches!(self.parser.peek_token_ref().token, Token::Word(_)) && !stops) {
            return self.ident().map(Some);
        }
        Ok(None)
    }

    fn filter(&mut self) -> Parsed<Option<Expr>> {
        if self.eat(&["where"]) { self.expr().map(Some) } else { Ok(None) }
    }

    /// `a = 1, t.b = 2, s.field = 3`
    fn assignments(&mut self) -> Parsed<Vec<(Name, Expr)>> {
        let mut all = Vec::new();
        loop {
            let mut path = vec![self.ident()?];
            while self.parser.consume_token(&Token::Period) {
                path.push(self.ident()?);
            }
            self.expect_token(&Token::Eq)?;
            all.push((path, self.expr()?));
            if !self.parser.consume_token(&Token::Comma) {
                return Ok(all);
            }
        }
    }

    pub(super) fn merge(&mut self) -> Parsed<Command> {
        self.expect(&["merge"])?;
        let evolve = self.eat(&["with", "schema", "evolution"]);
        self.expect(&["into"])?;
        let name = self.name()?;
        let alias = self.alias(&["using"])?;
        self.expect(&["using"])?;
        let parsed = self.parser.parse_table_factor();
        let source = self.lift(parsed)?;
        self.expect(&["on"])?;
        let on = self.expr()?;
        let mut clauses = Vec::new();
        while self.eat(&["when"]) {
            clauses.push(self.clause()?);
        }
        if clauses.is_empty() {
            return Err(self.unexpected());
        }
        Ok(Command::Merge(Box::new(Merge { name, alias, source, on, clauses, evolve })))
    }

    fn clause(&mut self) -> Parsed<Clause> {
        let when = if self.eat(&["matched"]) {
            When::Matched
        } else {
            self.expect(&["not", "matched"])?;
            if self.eat(&["by", "source"]) {
                When::NotMatchedBySource
            } else {
                let _ = self.eat(&["by", "target"]);
                When::NotMatched
            }
        };
        let condition = if self.eat(&["and"]) { Some(self.expr()?) } else { None };
        self.expect(&["then"])?;
        let action = if when == When::NotMatched {
            self.expect(&["insert"])?;
            self.merge_insert()?
        } else if self.eat(&["delete"]) {
            Action::Delete
        } else {
            self.expect(&["update", "set"])?;
            let all = when == When::Matched && self.parser.consume_token(&Token::Mul);
            Action::Update(if all { None } else { Some(self.assignments()?) })
        };
        Ok(Clause { when, condition, action })
    }

    fn merge_insert(&mut self) -> Parsed<Action> {
        if self.parser.consume_token(&Token::Mul) {
            return Ok(Action::Insert(None));
        }
        let columns = self.in_parentheses(|reader| {
            let mut column = reader.ident()?;
            while reader.parser.consume_token(&Token::Period) {
                column = reader.ident()?;
            }
            Ok(column)
        })?;
        self.expect(&["values"])?;
        let values = self.in_parentheses(Self::expr)?;
        if columns.len() != values.len() {
            return Err(SqlError::new(
                "INSERT_COLUMN_ARITY_MISMATCH",
                "The columns and the values of the INSERT differ in number",
            ));
        }
        let columns = columns.into_iter().map(|column| vec![column]);
        Ok(Action::Insert(Some(columns.zip(values).collect())))
    }
}
