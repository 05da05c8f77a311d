//! `CREATE` and `DROP`.

use datafusion::sql::sqlparser::tokenizer::Token;

use super::{Command, CreateTable, CreateView, Like, Options, Parsed, Reader};
use crate::sql::catalog::{Column, Identity, Kind};
use crate::sql::error::SqlError;
use crate::sql::types;

/// Where a generated column's values come from.
enum Generated {
    Counting(Identity),
    From(String),
}

/// One entry of a table's list of columns.
enum Definition {
    Column(Box<Column>),
    Constraint(String, String),
}

impl Reader<'_> {
    pub(super) fn create(&mut self) -> Parsed<Command> {
        self.expect(&["create"])?;
        let or_replace = self.eat(&["or", "replace"]);
        let temporary = self.eat(&["temporary"]) || self.eat(&["temp"]);
        let external = self.eat(&["external"]);
        if self.eat(&["table"]) {
            return if temporary {
                Err(SqlError::unsupported("CREATE TEMPORARY TABLE"))
            } else {
                self.create_table(or_replace)
            };
        }
        if self.eat(&["view"]) {
            let view = self.create_view(or_replace, false)?;
            // a temporary view ends with its session, and a session here is one statement: the query is looked at and forgotten
            return match view {
                Command::CreateView(view) if temporary => Ok(Command::CacheQuery(view.query)),
                view => Ok(view),
            };
        }
        if self.eat(&["materialized", "view"]) {
            return self.create_view(or_replace, true);
        }
        if self.eat(&["function"]) {
            return if temporary {
                Err(SqlError::unsupported("CREATE TEMPORARY FUNCTION"))
            } else {
                self.create_function(or_replace)
            };
        }
        if or_replace || temporary {
            return Err(self.unexpected());
        }
        if self.eat(&["catalog"]) {
            let if_not_exists = self.eat(&["if", "not", "exists"]);
            let name = self.name()?;
            return Ok(Command::CreateCatalog { name, if_not_exists, options: self.options()? });
        }
        if self.eat(&["schema"]) || self.eat(&["database"]) {
            let if_not_exists = self.eat(&["if", "not", "exists"]);
            let name = self.name()?;
            return Ok(Command::CreateSchema { name, if_not_exists, options: self.options()? });
        }
        if self.eat(&["volume"]) {
            let if_not_exists = self.eat(&["if", "not", "exists"]);
            let name = self.name()?;
            let options = self.options()?;
            if external != options.location.is_some() {
                return Err(SqlError::new(
                    "INVALID_PARAMETER_VALUE",
                    "An external volume, and no other, takes a LOCATION",
                ));
            }
            return Ok(Command::CreateVolume { name, if_not_exists, options });
        }
        match self.peek_word(0).as_deref() {
            Some(
                word @ ("function" | "streaming" | "connection" | "share" | "recipient" | "provider"
                | "server"),
            ) => Err(SqlError::unsupported(format!("CREATE {}", word.to_uppercase()))),
            _ => Err(self.unexpected()),
        }
    }

    fn create_table(&mut self, or_replace: bool) -> Parsed<Command> {
        let if_not_exists = self.eat(&["if", "not", "exists"]);
        let name = self.name()?;
        let mut columns = Vec::new();
        let mut constraints = Vec::new();
        if self.parser.peek_token_ref().token == Token::LParen {
            for definition in self.in_parentheses(Self::definition)? {
                match definition {
                    Definition::Column(column) => columns.push(*column),
                    Definition::Constraint(name, text) => constraints.push((name, text)),
                }
            }
        }
        let like = if columns.is_empty() && self.eat(&["like"]) {
            Some(Like { name: self.name()?, rows: false, version: None })
        } else if columns.is_empty()
            && (self.eat(&["shallow", "clone"]) || self.eat(&["deep", "clone"]) || self.eat(&["clone"]))
        {
            Some(Like { name: self.name()?, rows: true, version: self.version()? })
        } else {
            None
        };
        let options = self.options()?;
        let query = if self.eat(&["as"]) || self.starts_query() { Some(self.query()?) } else { None };
        if query.is_some() && !columns.is_empty() {
            return Err(SqlError::new(
                "PARSE_SYNTAX_ERROR",
                "Columns of a table made by a query come from the query: schema may not be specified in a Create Table As Select (CTAS) statement",
            ));
        }
        Ok(Command::CreateTable(Box::new(CreateTable {
            name,
            or_replace,
            if_not_exists,
            columns,
            constraints,
            options,
            query,
            like,
        })))
    }

    /// A column, or a constraint on the whole table.
    fn definition(&mut self) -> Parsed<Definition> {
        let named = self.peek_word(0).as_deref() == Some("constraint");
        let constraint = matches!(
            (self.peek_word(0).as_deref(), self.peek_word(1).as_deref()),
            (Some("primary" | "foreign"), Some("key"))
        );
        if !named && !constraint {
            return Ok(Definition::Column(Box::new(self.column()?)));
        }
        let name = if self.eat(&["constraint"]) { Some(self.spelled()?) } else { None };
        let start = self.here();
        self.constraint()?;
        let end = self.here();
        let text = self.source.between(start, Some(end)).to_owned();
        Ok(Definition::Constraint(name.unwrap_or_else(|| "constraint".to_owned()), text))
    }

    /// The rest of `GENERATED`: how an identity counts, or what a column is computed from.
    fn generated(&mut self) -> Parsed<Generated> {
        let always = if self.eat(&["always"]) {
            true
        } else {
            self.expect(&["by", "default"])?;
            false
        };
        self.expect(&["as"])?;
        if self.parser.peek_token_ref().token == Token::LParen {
            let sql = self.expr()?.to_string();
            return Ok(Generated::From(sql));
        }
        self.expect(&["identity"])?;
        let mut identity = Identity { always, next: 1, step: 1 };
        if self.parser.consume_token(&Token::LParen) {
            loop {
                if self.eat(&["start", "with"]) {
                    identity.next = self.whole_number()?;
                } else if self.eat(&["increment", "by"]) {
                    identity.step = self.whole_number()?;
                } else if !self.parser.consume_token(&Token::Comma) {
                    break;
                }
            }
            self.expect_token(&Token::RParen)?;
        }
        Ok(Generated::Counting(identity))
    }

    fn whole_number(&mut self) -> Parsed<i64> {
        let at = self.parser.peek_token();
        let text = self.expr()?.to_string();
        text.parse().map_err(|_| SqlError::syntax_near(&at, self.source.text()))
    }

    fn create_view(&mut self, or_replace: bool, materialized: bool) -> Parsed<Command> {
        let if_not_exists = self.eat(&["if", "not", "exists"]);
        let name = self.name()?;
        let columns = if self.parser.peek_token_ref().token == Token::LParen {
            self.in_parentheses(|reader| {
                let name = reader.spelled()?;
                // a materialized view may say its columns' types, which are those of its query anyway
                if materialized && !matches!(reader.peek_word(0).as_deref(), None | Some("comment")) {
                    reader.type_text()?;
                }
                let comment = if reader.eat(&["comment"]) { Some(reader.string()?) } else { None };
                Ok((name, comment))
            })?
        } else {
            Vec::new()
        };
        let options = self.options()?;
        self.expect(&["as"])?;
        let start = self.here();
        let query = self.query()?;
        let text = self.source.between(start, None).to_owned();
        Ok(Command::CreateView(Box::new(CreateView {
            name,
            or_replace,
            if_not_exists,
            materialized,
            columns,
            options,
            query,
            text,
        })))
    }

    fn starts_query(&self) -> bool {
        matches!(self.peek_word(0).as_deref(), Some("select" | "with" | "values"))
    }

    /// The clauses that `CREATE` takes after the name, in any order.
    fn options(&mut self) -> Parsed<Options> {
        let mut options = Options::default();
        loop {
            if self.eat(&["comment"]) {
                options.comment = Some(self.string()?);
            } else if self.eat(&["tblproperties"])
                || self.eat(&["with", "dbproperties"])
                || self.eat(&["dbproperties"])
            {
                options.properties = self.properties()?;
            } else if self.eat(&["location"]) || self.eat(&["managed", "location"]) {
                options.location = Some(self.string()?);
            } else if self.eat(&["using"]) {
                options.format = Some(self.ident()?.value.to_uppercase());
            } else if self.eat(&["cluster", "by"]) {
                options.clustering = self.clustering()?;
            } else if self.eat(&["partitioned", "by"]) {
                // how rows are laid out changes no result
                options.partitions = self.in_parentheses(Self::spelled)?;
            } else if self.eat(&["options"]) {
                options.options = self.properties()?;
            } else if self.eat(&["default", "collation"]) {
                self.collation()?;
            } else if self.eat(&["with", "schema"]) {
                // how a view follows a change of its tables; here it is planned anew for each statement
                if !["binding", "compensation", "evolution"].iter().any(|word| self.eat(&[word])) {
                    self.expect(&["type", "evolution"])?;
                }
            } else if self.eat(&["schedule"]) || self.eat(&["trigger", "on", "update"]) {
                self.skip_schedule();
            } else {
                return Ok(options);
            }
        }
    }

    /// A collation that compares text as the engine does.
    fn collation(&mut self) -> Parsed<()> {
        let name = self.spelled()?;
        match name.to_uppercase().as_str() {
            "UTF8_BINARY" => Ok(()),
            _ => Err(SqlError::unsupported(format!("the collation {name}"))),
        }
    }

    /// `REFRESH EVERY 1 HOUR`, `CRON '…' AT TIME ZONE '…'`: what is read is never stale, so nothing is done on time.
    fn skip_schedule(&mut self) {
        let ends = ["as", "comment", "tblproperties", "cluster", "partitioned", "default"];
        while !self.at_end() && !self.peek_word(0).is_some_and(|word| ends.contains(&word.as_str())) {
            self.parser.next_token();
        }
    }

    pub(super) fn clustering(&mut self) -> Parsed<Vec<String>> {
        if self.eat(&["auto"]) || self.eat(&["none"]) {
            return Ok(Vec::new());
        }
        self.in_parentheses(Self::spelled)
    }

    /// `('key' = 'value', key.with.dots = 1)`
    pub(super) fn properties(&mut self) -> Parsed<Vec<(String, String)>> {
        self.in_parentheses(|reader| {
            let key = reader.property_key()?;
            let _ = reader.parser.consume_token(&Token::Eq);
            let token = reader.parser.next_token();
            let value = match token.token {
                Token::SingleQuotedString(text)
                | Token::DoubleQuotedString(text)
                | Token::Number(text, _) => text,
                Token::Word(word) => word.value,
                _ => return Err(SqlError::syntax_near(&token, reader.source.text())),
            };
            Ok((key, value))
        })
    }

    pub(super) fn property_key(&mut self) -> Parsed<String> {
        if matches!(
            self.parser.peek_token_ref().token,
            Token::SingleQuotedString(_) | Token::DoubleQuotedString(_)
        ) {
            return self.string();
        }
        let mut key = self.spelled()?;
        while self.parser.consume_token(&Token::Period) {
            key = format!("{key}.{}", self.spelled()?);
        }
        Ok(key)
    }

    /// A name as it was written.
    pub(super) fn spelled(&mut self) -> Parsed<String> {
        let name = self.ident()?;
        Ok(self.source.spelling(&name).to_owned())
    }

    /// A column's definition.
    pub(super) fn column(&mut self) -> Parsed<Column> {
        let name = self.spelled()?;
        let _ = self.parser.consume_token(&Token::Colon);
        let mut column = Column::new(name, self.type_text()?);
        loop {
            if self.eat(&["not", "null"]) {
                column.nullable = false;
            } else if self.eat(&["null"]) {
                column.nullable = true;
            } else if self.eat(&["comment"]) {
                column.comment = Some(self.string()?);
            } else if self.eat(&["default"]) {
                column.default = Some(self.expr()?.to_string());
            } else if self.eat(&["generated"]) {
                match self.generated()? {
                    Generated::Counting(identity) => column.identity = Some(identity),
                    Generated::From(sql) => column.generated = Some(sql),
                }
            } else if self.eat(&["primary", "key"]) {
                column.nullable = false;
            } else if self.eat(&["collate"]) {
                self.collation()?;
            } else if let Some(word @ ("constraint" | "references" | "mask")) = self.peek_word(0).as_deref() {
                return Err(SqlError::unsupported(format!("the column clause {}", word.to_uppercase())));
            } else {
                return Ok(column);
            }
        }
    }

    /// A type, in the spelling of Unity Catalog.
    pub(super) fn type_text(&mut self) -> Parsed<String> {
        let start = self.parser.peek_token();
        let mut text = self.ident()?.value;
        let mut depth = 0_usize;
        loop {
            let token = self.parser.peek_token();
            match &token.token {
                Token::Lt | Token::LParen => depth += 1,
                Token::Gt | Token::RParen if depth > 0 => depth -= 1,
                Token::ShiftRight if depth > 1 => depth -= 2,
                // DOUBLE PRECISION, INTERVAL DAY TO SECOND
                Token::Word(word)
                    if depth == 0
                        && matches!(
                            word.value.as_str(),
                            "precision" | "year" | "month" | "day" | "hour" | "minute" | "second" | "to"
                        ) => {}
                Token::EOF => break,
                _ if depth == 0 => break,
                _ => {}
            }
            self.parser.next_token();
            if matches!(token.token, Token::Word(_)) {
                text.push(' ');
            }
            text.push_str(&token.token.to_string());
            if depth == 0 && matches!(token.token, Token::Gt | Token::RParen | Token::ShiftRight) {
                break;
            }
        }
        // these keep their length, of which the type below knows nothing
        if (text.starts_with("varchar") || text.starts_with("char")) && types::parse(&text).is_some() {
            return Ok(text.replace(' ', ""));
        }
        match types::parse(&text) {
            Some(kind) => Ok(types::catalog_text(&kind)),
            None => Err(SqlError::new(
                "UNSUPPORTED_DATATYPE",
                format!("Unsupported data type \"{}\"", text.to_uppercase()),
            )
            .at(Some(start.span.start))),
        }
    }

    pub(super) fn drop(&mut self) -> Parsed<Command> {
        self.expect(&["drop"])?;
        if self.eat(&["function"]) || self.eat(&["temporary", "function"]) {
            let if_exists = self.eat(&["if", "exists"]);
            return Ok(Command::DropFunction { name: self.name()?, if_exists });
        }
        if self.eat(&["temporary", "variable"]) {
            return self.drop_variable();
        }
        let (kind, view) = self.kind()?;
        let if_exists = self.eat(&["if", "exists"]);
        let name = self.name()?;
        let cascade = self.eat(&["cascade"]);
        let _ = self.eat(&["restrict"]) || self.eat(&["purge"]);
        Ok(Command::Drop { kind, view, name, if_exists, cascade })
    }

    pub(super) fn kind(&mut self) -> Parsed<(Kind, bool)> {
        const KINDS: [(&str, Kind, bool); 6] = [
            ("catalog", Kind::Catalog, false),
            ("schema", Kind::Schema, false),
            ("database", Kind::Schema, false),
            ("volume", Kind::Volume, false),
            ("table", Kind::Table, false),
            ("view", Kind::Table, true),
        ];
        let _ = self.peek_word(1).as_deref() == Some("view") && self.eat(&["materialized"]);
        match KINDS.into_iter().find(|(word, ..)| self.peek_word(0).as_deref() == Some(word)) {
            Some((word, kind, view)) => {
                self.expect(&[word])?;
                Ok((kind, view))
            }
            None => Err(self.unexpected()),
        }
    }

    /// `CHECK (…)`, `PRIMARY KEY (…)` or `FOREIGN KEY (…) REFERENCES …`
    pub(super) fn constraint(&mut self) -> Parsed<()> {
        if self.eat(&["check"]) {
            self.expr()?;
            return Ok(());
        }
        let foreign = self.eat(&["foreign", "key"]);
        if !foreign {
            self.expect(&["primary", "key"])?;
        }
        self.in_parentheses(|reader| {
            let name = reader.ident()?;
            let _ = reader.eat(&["timeseries"]);
            Ok(name)
        })?;
        if foreign {
            self.expect(&["references"])?;
            self.name()?;
            if self.parser.peek_token_ref().token == Token::LParen {
                self.in_parentheses(Self::ident)?;
            }
        }
        while matches!(
            self.peek_word(0).as_deref(),
            Some(
                "not"
                    | "enforced"
                    | "rely"
                    | "norely"
                    | "deferrable"
                    | "initially"
                    | "deferred"
                    | "match"
                    | "full"
                    | "on"
                    | "update"
                    | "delete"
                    | "no"
                    | "action"
            )
        ) {
            self.parser.next_token();
        }
        Ok(())
    }
}
