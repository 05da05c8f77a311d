//! `SHOW`, `DESCRIBE`, `EXPLAIN` and `USE`.

use datafusion::sql::sqlparser::tokenizer::Token;

use super::{Command, Name, Parsed, Reader, Show};
use crate::sql::catalog::Kind;
use crate::sql::error::SqlError;

impl Reader<'_> {
    pub(super) fn show(&mut self) -> Parsed<Command> {
        self.expect(&["show"])?;
        let show = if self.eat(&["catalogs"]) {
            Show::Catalogs { pattern: self.pattern()? }
        } else if self.eat(&["schemas"]) || self.eat(&["databases"]) {
            Show::Schemas { within: self.within()?, pattern: self.pattern()? }
        } else if self.eat(&["tables"]) {
            Show::Tables { within: self.within()?, pattern: self.pattern()? }
        } else if self.eat(&["views"]) {
            Show::Views { within: self.within()?, pattern: self.pattern()? }
        } else if self.eat(&["volumes"]) {
            Show::Volumes { within: self.within()?, pattern: self.pattern()? }
        } else if self.eat(&["columns"]) {
            let Some(table) = self.within()? else { return Err(self.unexpected()) };
            // SHOW COLUMNS IN table IN schema
            let name = match self.within()? {
                Some(schema) if table.len() == 1 => schema.into_iter().chain(table).collect(),
                _ => table,
            };
            Show::Columns { name }
        } else if self.eat(&["create", "table"]) || self.eat(&["create", "view"]) {
            Show::CreateTable { name: self.name()? }
        } else if self.eat(&["tblproperties"]) {
            Show::Properties { name: self.name()? }
        } else if self.eat(&["functions"])
            || self.eat(&["system", "functions"])
            || self.eat(&["all", "functions"])
        {
            Show::Functions { pattern: self.pattern()? }
        } else {
            return match self.peek_word(0).as_deref() {
                Some(
                    word @ ("grants" | "groups" | "users" | "partitions" | "table" | "locations"
                    | "credentials" | "shares" | "recipients" | "providers" | "connections" | "user"
                    | "current"),
                ) => Err(SqlError::unsupported(format!("SHOW {}", word.to_uppercase()))),
                _ => Err(self.unexpected()),
            };
        };
        Ok(Command::Show(show))
    }

    fn within(&mut self) -> Parsed<Option<Name>> {
        if self.eat(&["in"]) || self.eat(&["from"]) { self.name().map(Some) } else { Ok(None) }
    }

    fn pattern(&mut self) -> Parsed<Option<String>> {
        let like = self.eat(&["like"]);
        let quoted = matches!(
            self.parser.peek_token_ref().token,
            Token::SingleQuotedString(_) | Token::DoubleQuotedString(_)
        );
        if like || quoted { self.string().map(Some) } else { Ok(None) }
    }

    pub(super) fn describe(&mut self) -> Parsed<Command> {
        let _ = self.eat(&["describe"]) || self.eat(&["desc"]);
        if self.eat(&["query"]) || matches!(self.peek_word(0).as_deref(), Some("select" | "with" | "values"))
        {
            return self.query().map(Command::DescribeQuery);
        }
        if self.eat(&["catalog"]) {
            let _ = self.eat(&["extended"]);
            return Ok(Command::DescribeCatalog { name: self.name()? });
        }
        if self.eat(&["schema"]) || self.eat(&["database"]) {
            let extended = self.eat(&["extended"]);
            return Ok(Command::DescribeSchema { name: self.name()?, extended });
        }
        if self.eat(&["volume"]) {
            return Ok(Command::DescribeVolume { name: self.name()? });
        }
        if let Some(word @ ("history" | "detail" | "function")) = self.peek_word(0).as_deref()
            && self.peek_word(1).is_some()
        {
            return Err(SqlError::unsupported(format!("DESCRIBE {}", word.to_uppercase())));
        }
        let _ = self.eat(&["table"]);
        let extended = self.eat(&["extended"]) || self.eat(&["formatted"]);
        if self.eat(&["as", "json"]) {
            return Err(SqlError::unsupported("DESCRIBE AS JSON"));
        }
        Ok(Command::DescribeTable { name: self.name()?, extended })
    }

    pub(super) fn explain(&mut self) -> Parsed<Command> {
        self.expect(&["explain"])?;
        let extended = ["extended", "formatted", "codegen", "cost"].iter().any(|word| self.eat(&[word]));
        Ok(Command::Explain { query: self.query()?, extended })
    }

    pub(super) fn use_(&mut self) -> Parsed<Command> {
        self.expect(&["use"])?;
        let kind = if self.eat(&["catalog"]) {
            Kind::Catalog
        } else {
            let _ = self.eat(&["schema"]) || self.eat(&["database"]);
            Kind::Schema
        };
        Ok(Command::Use { kind, name: self.name()? })
    }
}
