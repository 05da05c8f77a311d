//! `ALTER` and `COMMENT ON`.

use datafusion::sql::sqlparser::tokenizer::Token;

use super::{Change, Command, Name, Parsed, Place, Reader};
use crate::sql::catalog::{Column, Kind};
use crate::sql::error::SqlError;

impl Reader<'_> {
    pub(super) fn alter(&mut self) -> Parsed<Command> {
        self.expect(&["alter"])?;
        let (kind, view) = self.kind()?;
        let name = self.name()?;
        let change = self.change()?;
        Ok(Command::Alter { kind, view, name, change })
    }

    fn change(&mut self) -> Parsed<Change> {
        if self.eat(&["rename", "to"]) {
            return self.name().map(Change::RenameTo);
        }
        if self.eat(&["rename", "column"]) {
            let from = self.ident()?;
            self.expect(&["to"])?;
            return Ok(Change::RenameColumn { from, to: self.spelled()? });
        }
        if self.eat(&["add", "columns"]) || self.eat(&["add", "column"]) {
            let listed = self.parser.peek_token_ref().token == Token::LParen;
            return Ok(Change::AddColumns(if listed {
                self.in_parentheses(Self::placed_column)?
            } else {
                vec![self.placed_column()?]
            }));
        }
        if self.eat(&["add", "constraint"]) {
            let name = self.spelled()?;
            let start = self.here();
            self.constraint()?;
            return Ok(Change::AddConstraint { name, text: self.source.between(start, None).to_owned() });
        }
        if self.eat(&["drop", "constraint"]) {
            let if_exists = self.eat(&["if", "exists"]);
            return Ok(Change::DropConstraint { name: self.spelled()?, if_exists });
        }
        if self.eat(&["drop", "primary", "key"]) {
            let if_exists = self.eat(&["if", "exists"]);
            let _ = self.eat(&["cascade"]) || self.eat(&["restrict"]);
            return Ok(Change::DropKey { foreign: None, if_exists });
        }
        if self.eat(&["drop", "foreign", "key"]) {
            let if_exists = self.eat(&["if", "exists"]);
            return Ok(Change::DropKey { foreign: Some(self.in_parentheses(Self::ident)?), if_exists });
        }
        if self.eat(&["cluster", "by"]) {
            return self.clustering().map(Change::ClusterBy);
        }
        if self.eat(&["set", "tags"]) {
            return Ok(Change::SetTags { column: None, tags: self.tags()? });
        }
        if self.eat(&["unset", "tags"]) {
            return Ok(Change::UnsetTags { column: None, keys: self.in_parentheses(Self::property_key)? });
        }
        if ["enable", "disable", "inherit"].iter().any(|word| self.eat(&[word, "predictive", "optimization"]))
        {
            return Ok(Change::Nothing);
        }
        if self.eat(&["drop", "columns"]) || self.eat(&["drop", "column"]) {
            let if_exists = self.eat(&["if", "exists"]);
            let listed = self.parser.peek_token_ref().token == Token::LParen;
            return Ok(Change::DropColumns {
                names: if listed { self.in_parentheses(Self::ident)? } else { vec![self.ident()?] },
                if_exists,
            });
        }
        if self.eat(&["alter", "column"]) || self.eat(&["change", "column"]) || self.eat(&["alter"]) {
            let name = self.ident()?;
            return if self.eat(&["comment"]) {
                Ok(Change::CommentColumn { name, comment: Some(self.string()?) })
            } else if self.eat(&["set", "not", "null"]) {
                Ok(Change::SetNullable { name, nullable: false })
            } else if self.eat(&["drop", "not", "null"]) {
                Ok(Change::SetNullable { name, nullable: true })
            } else if self.eat(&["type"]) || self.eat(&["set", "data", "type"]) {
                Ok(Change::SetType { name, kind: self.type_text()? })
            } else if self.eat(&["first"]) {
                Ok(Change::MoveColumn { name, place: Place::First })
            } else if self.eat(&["after"]) {
                Ok(Change::MoveColumn { name, place: Place::After(self.ident()?) })
            } else if self.eat(&["set", "default"]) {
                Ok(Change::SetDefault { name, default: Some(self.expr()?.to_string()) })
            } else if self.eat(&["drop", "default"]) {
                Ok(Change::SetDefault { name, default: None })
            } else if self.eat(&["set", "tags"]) {
                Ok(Change::SetTags { column: Some(name), tags: self.tags()? })
            } else if self.eat(&["unset", "tags"]) {
                Ok(Change::UnsetTags { column: Some(name), keys: self.in_parentheses(Self::property_key)? })
            } else {
                Err(SqlError::unsupported("this change of a column"))
            };
        }
        if self.eat(&["set", "tblproperties"]) || self.eat(&["set", "dbproperties"]) {
            return self.properties().map(Change::SetProperties);
        }
        if self.eat(&["unset", "tblproperties"]) {
            let _ = self.eat(&["if", "exists"]);
            return self.in_parentheses(Self::property_key).map(Change::UnsetProperties);
        }
        if self.eat(&["set", "owner", "to"]) || self.eat(&["owner", "to"]) {
            return self.spelled().map(Change::SetOwner);
        }
        if self.eat(&["as"]) {
            let start = self.here();
            let query = self.query()?;
            return Ok(Change::SetQuery { query, text: self.source.between(start, None).to_owned() });
        }
        match self.peek_word(0).as_deref() {
            Some("add" | "set" | "unset" | "drop" | "cluster" | "recover" | "replace") => {
                Err(SqlError::unsupported("this form of ALTER"))
            }
            _ => Err(self.unexpected()),
        }
    }

    /// A new column and where it is to stand.
    fn placed_column(&mut self) -> Parsed<(Column, Option<Place>)> {
        let column = self.column()?;
        let place = if self.eat(&["first"]) {
            Some(Place::First)
        } else if self.eat(&["after"]) {
            Some(Place::After(self.ident()?))
        } else {
            None
        };
        Ok((column, place))
    }

    /// `('key' = 'value', 'key')`
    fn tags(&mut self) -> Parsed<Vec<(String, String)>> {
        self.in_parentheses(|reader| {
            let key = reader.property_key()?;
            let value =
                if reader.parser.consume_token(&Token::Eq) { reader.string()? } else { String::new() };
            Ok((key, value))
        })
    }

    pub(super) fn comment(&mut self) -> Parsed<Command> {
        self.expect(&["comment", "on"])?;
        let column = self.eat(&["column"]);
        let kind = if column { Kind::Table } else { self.kind()?.0 };
        let mut name: Name = vec![self.ident()?];
        while self.parser.consume_token(&Token::Period) {
            name.push(self.ident()?);
        }
        let column = if column { name.pop() } else { None };
        self.expect(&["is"])?;
        let comment = if self.eat(&["null"]) { None } else { Some(self.string()?) };
        Ok(Command::Comment { kind, name, column, comment })
    }
}
