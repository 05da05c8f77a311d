//! What a SQL statement does to the workspace, told by a parser and not by its first word.
//!
//! Only what is understood whole counts as reading. What else holds a word that deletes is taken
//! for deleting: a person who is asked once too often loses a moment, a table is lost for good.

use sqlparser::ast::{Query, SetExpr, Statement};
use sqlparser::dialect::DatabricksDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::Effect;

/// What these statements do; of several the worst.
pub(crate) fn of(sql: &str) -> Effect {
    let dialect = DatabricksDialect {};
    // What cannot even be cut into words is refused by the service; until then it may be anything.
    let Ok(tokens) = Tokenizer::new(&dialect, sql).tokenize() else { return Effect::Destroy };
    let words = words(&tokens);
    let parsed = Parser::new(&dialect).with_tokens(tokens).parse_statements();
    match parsed {
        Ok(statements) if !statements.is_empty() && statements.iter().all(reads) => Effect::Read,
        Err(_) if only_shows(&words) => Effect::Read,
        _ if words.iter().any(|word| DESTROYS.contains(&word.as_str())) => Effect::Destroy,
        Ok(statements) if statements.iter().any(changes_all) => Effect::Destroy,
        _ => Effect::Write,
    }
}

/// The dotted names in these statements: words, quoted ones and texts; nothing of comments.
pub(crate) fn names(sql: &str) -> Vec<String> {
    let Ok(tokens) = Tokenizer::new(&DatabricksDialect {}, sql).tokenize() else { return Vec::new() };
    let mut names: Vec<String> = Vec::new();
    let mut after_a_dot = false;
    for token in &tokens {
        match token {
            Token::Word(word) => match names.last_mut() {
                Some(name) if after_a_dot => {
                    name.push('.');
                    name.push_str(&word.value);
                }
                _ => names.push(word.value.clone()),
            },
            Token::SingleQuotedString(text) => names.push(text.clone()),
            _ => {}
        }
        after_a_dot = matches!(token, Token::Period);
    }
    names
}

/// Words of statements that delete or write over what was there.
const DESTROYS: [&str; 7] = ["DELETE", "DROP", "OVERWRITE", "PURGE", "REPLACE", "TRUNCATE", "VACUUM"];
/// First words of statements that show something, in forms that the parser does not know.
const SHOWS: [&str; 4] = ["DESC", "DESCRIBE", "LIST", "SHOW"];
/// The end of a statement, among its words.
const END: &str = ";";

/// The unquoted words in capitals and the ends of statements; nothing of texts, comments and quoted names.
fn words(tokens: &[Token]) -> Vec<String> {
    let word = |token: &Token| match token {
        Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_uppercase()),
        Token::SemiColon => Some(END.to_owned()),
        _ => None,
    };
    tokens.iter().filter_map(word).collect()
}

fn only_shows(words: &[String]) -> bool {
    let mut statements = words.split(|word| word == END).filter(|statement| !statement.is_empty());
    let first = statements.next();
    first.is_some_and(|statement| SHOWS.contains(&statement[0].as_str())) && statements.next().is_none()
}

fn reads(statement: &Statement) -> bool {
    match statement {
        Statement::Query(query) => query_reads(query),
        // Databricks plans what is explained and does not run it; other engines run what is analysed.
        Statement::Explain { statement, analyze, .. } => !analyze || reads(statement),
        Statement::ExplainTable { .. }
        | Statement::ShowCatalogs { .. }
        | Statement::ShowColumns { .. }
        | Statement::ShowCreate { .. }
        | Statement::ShowDatabases { .. }
        | Statement::ShowFunctions { .. }
        | Statement::ShowSchemas { .. }
        | Statement::ShowTables { .. }
        | Statement::ShowVariable { .. }
        | Statement::ShowViews { .. }
        | Statement::Use(_) => true,
        _ => false,
    }
}

fn query_reads(query: &Query) -> bool {
    let with = query.with.iter().flat_map(|with| &with.cte_tables);
    with.map(|table| &table.query).all(|query| query_reads(query)) && body_reads(&query.body)
}

fn body_reads(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(select) => select.into.is_none(),
        SetExpr::Query(query) => query_reads(query),
        SetExpr::SetOperation { left, right, .. } => body_reads(left) && body_reads(right),
        SetExpr::Values(_) | SetExpr::Table(_) => true,
        _ => false,
    }
}

/// An update of every row.
fn changes_all(statement: &Statement) -> bool {
    matches!(statement, Statement::Update(update) if update.selection.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_reads_is_told_from_what_does_not() {
        for sql in [
            "SELECT * FROM samples.nyctaxi.trips LIMIT 5",
            "select 'DROP TABLE t' as text -- DELETE everything",
            "WITH a AS (SELECT 1 x) SELECT x, `drop` FROM a UNION ALL SELECT 2, 3",
            "EXPLAIN DELETE FROM t",
            "SHOW TABLES IN main.default",
            "SHOW GRANTS ON TABLE main.default.t",
            "DESCRIBE EXTENDED main.default.t",
            "DESCRIBE HISTORY main.default.t;",
            "VALUES (1), (2)",
            "USE CATALOG main",
        ] {
            assert_eq!(of(sql), Effect::Read, "{sql}");
        }
    }

    #[test]
    fn what_makes_is_told_from_what_destroys() {
        for sql in [
            "CREATE TABLE t (a INT)",
            "INSERT INTO t VALUES (1)",
            "INSERT INTO t SELECT * FROM s",
            "UPDATE t SET a = 1 WHERE b = 2",
            "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN UPDATE SET b = s.b",
            "ALTER TABLE t ADD COLUMN c INT",
            "GRANT SELECT ON TABLE t TO `u@example.com`",
            "OPTIMIZE t",
            "SELECT 1; CREATE TABLE t (a INT)",
            "",
        ] {
            assert_eq!(of(sql), Effect::Write, "{sql}");
        }
        for sql in [
            "DROP TABLE main.default.t",
            "/* only a look */ drop schema s cascade",
            "TRUNCATE TABLE t",
            "DELETE FROM t WHERE a = 1",
            "UPDATE t SET a = 1",
            "INSERT OVERWRITE t SELECT 1",
            "CREATE OR REPLACE TABLE t AS SELECT 1",
            "ALTER TABLE t DROP COLUMN a",
            "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE",
            "SELECT 1; DROP TABLE t",
            "SHOW TABLES; DROP TABLE t",
            "VACUUM t RETAIN 0 HOURS",
            "no statement at all, but it says DROP TABLE t",
            "SELECT 'a text without an end",
        ] {
            assert_eq!(of(sql), Effect::Destroy, "{sql}");
        }
    }
}
