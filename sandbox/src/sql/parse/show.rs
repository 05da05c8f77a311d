//! `SHOW`, `DESCRIBE`, `EXPLAIN` and `USE`.

use datafusion::sql::sqlparser::tokenizer::Token;

use super::{Command, Listed, Listing, Name, Parsed, Reader, Show};
use crate::sql::catalog::Kind;
use crate::sql::error::SqlError;

impl Reader<'_> {
    pub(super) fn show(&mut self) -> Parsed<Command> {
        self.expect(&["show"])?;
        if matches!(self.peek_word(0).as_deref(), Some("keys" | "foreign")) {
            return self.keys();
        }
        if let Some(listing) = self.listing()? {
            return Ok(Command::Show(Show::Listing(listing)));
        }
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
            Show::Properties { name: self.name()?, key: self.one_key()? }
        } else if matches!(self.peek_word(0).as_deref(), Some("functions"))
            || matches!(self.peek_word(1).as_deref(), Some("functions"))
        {
            let (system, user) = match self.peek_word(0).as_deref() {
                Some("system") => (true, false),
                Some("user") => (false, true),
                _ => (true, true),
            };
            if !self.eat(&["functions"]) {
                self.parser.next_token();
                self.expect(&["functions"])?;
            }
            Show::Functions { system, user, within: self.within()?, pattern: self.pattern()? }
        } else if self.eat(&["partitions"]) {
            Show::Partitions { name: self.name()? }
        } else if self.eat(&["table", "extended"]) {
            let within = self.within()?;
            self.expect(&["like"])?;
            Show::TableExtended { within, pattern: self.string()? }
        } else if self.eat(&["users"]) {
            Show::Principals { groups: false, pattern: self.pattern()? }
        } else if self.eat(&["groups"]) {
            Show::Principals { groups: true, pattern: self.pattern()? }
        } else if self.eat(&["grants"]) || self.eat(&["grant"]) {
            self.show_grants()?
        } else {
            return match self.peek_word(0).as_deref() {
                Some(
                    word @ ("table" | "locations" | "credentials" | "shares" | "recipients" | "providers"
                    | "connections" | "user" | "current"),
                ) => Err(SqlError::unsupported(format!("SHOW {}", word.to_uppercase()))),
                _ => Err(self.unexpected()),
            };
        };
        Ok(Command::Show(show))
    }

    /// What drivers ask: the schemas, tables, columns or functions of one catalog or of all, by patterns.
    fn listing(&mut self) -> Parsed<Option<Listing>> {
        let what = match self.peek_word(0).as_deref() {
            Some("schemas") => Listed::Schemas,
            Some("tables") => Listed::Tables,
            Some("columns") => Listed::Columns,
            Some("functions") => Listed::Functions,
            _ => return Ok(None),
        };
        // a schema may be called `catalog`, which then has nothing but a pattern behind it
        let one = self.peek_word(2).as_deref() == Some("catalog")
            && matches!(&self.parser.peek_nth_token_ref(3).token, Token::Word(word) if word.quote_style.is_some() || word.value != "like");
        let all =
            self.peek_word(2).as_deref() == Some("all") && self.peek_word(3).as_deref() == Some("catalogs");
        if !matches!(self.peek_word(1).as_deref(), Some("in" | "from")) || !(one || all) {
            return Ok(None);
        }
        (0..if one { 3 } else { 4 }).for_each(|_| drop(self.parser.next_token()));
        let catalog = if one { Some(self.ident()?) } else { None };
        let mut listing = Listing { what, catalog, schema: None, table: None, name: None };
        if what != Listed::Schemas && self.eat(&["schema", "like"]) {
            listing.schema = Some(self.string()?);
        }
        if what == Listed::Columns && self.eat(&["table", "like"]) {
            listing.table = Some(self.string()?);
        }
        listing.name = self.pattern()?;
        Ok(Some(listing))
    }

    /// `SHOW [FOREIGN] KEYS IN CATALOG c IN SCHEMA s IN TABLE t`
    fn keys(&mut self) -> Parsed<Command> {
        let foreign = self.eat(&["foreign"]);
        self.expect(&["keys"])?;
        let mut name = Vec::new();
        for word in ["catalog", "schema", "table"] {
            self.expect(&["in", word])?;
            name.push(self.ident()?);
        }
        Ok(Command::Show(Show::Keys { name, foreign }))
    }

    /// `('key')`
    fn one_key(&mut self) -> Parsed<Option<String>> {
        if self.parser.peek_token_ref().token != Token::LParen {
            return Ok(None);
        }
        Ok(self.in_parentheses(Self::property_key)?.pop())
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
        // a table may have such a name
        if self.peek_word(1).is_some() || self.peek_word(0).as_deref() == Some("function") {
            if self.eat(&["detail"]) {
                return Ok(Command::DescribeDetail { name: self.name()? });
            }
            if self.eat(&["history"]) {
                let name = self.name()?;
                let limit = if self.eat(&["limit"]) { self.expr()?.to_string().parse().ok() } else { None };
                return Ok(Command::DescribeHistory { name, limit });
            }
            if self.eat(&["function"]) {
                let extended = self.eat(&["extended"]);
                return Ok(Command::DescribeFunction { name: self.name()?, extended });
            }
        }
        let _ = self.eat(&["table"]);
        let extended = self.eat(&["extended"]) || self.eat(&["formatted"]);
        if self.eat(&["as", "json"]) {
            return Err(SqlError::unsupported("DESCRIBE AS JSON"));
        }
        let name = self.name()?;
        let column = match self.peek_word(0).as_deref() {
            Some(word) if word != "as" => Some(self.ident()?),
            _ => None,
        };
        Ok(Command::DescribeTable { name, extended, column })
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
