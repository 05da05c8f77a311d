//! The APIs of a document: what a program calls `workspace.clusters().list()`.
//!
//! An operation's id is its tag and its own name, `clusters_list`; the tag is one API, reached by
//! an accessor of the workspace or of the account.

use serde_json::Value;

use crate::document::reference_name;
use crate::names::{field_name, part_name};
use crate::{Document, Operation, ParameterPlace};

/// Whose an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A workspace's.
    Workspace,
    /// An account's.
    Account,
}

impl Level {
    /// The word for it in documents and docs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Account => "account",
        }
    }
}

/// The operations of one tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    /// The tag, with which the ids of its operations begin.
    pub tag: String,
    /// The method of `Workspace` or `Account` that leads to it.
    pub accessor: String,
    /// The type of its handle.
    pub type_name: String,
    /// Whose it is.
    pub level: Level,
}

impl Document {
    /// The APIs, in the order of their first operations.
    pub fn apis(&self) -> Vec<Api> {
        let mut apis: Vec<Api> = Vec::new();
        for operation in self.operations() {
            if !apis.iter().any(|api| api.tag == operation.tag()) {
                apis.push(operation.api());
            }
        }
        apis
    }
}

impl<'a> Operation<'a> {
    /// The first tag.
    pub fn tag(&self) -> &'a str {
        let tags = self.extension("tags").and_then(Value::as_array);
        tags.and_then(|tags| tags.first()?.as_str()).unwrap_or("api")
    }

    /// Whose it is: `x-databricks-level`.
    pub fn level(&self) -> Level {
        match self.text_extension("x-databricks-level") {
            Some("account") => Level::Account,
            _ => Level::Workspace,
        }
    }

    /// The API that it belongs to.
    pub fn api(&self) -> Api {
        let tag = self.tag();
        Api {
            tag: tag.to_owned(),
            accessor: field_name(self.text_extension("x-databricks-client-attr").unwrap_or(tag)),
            type_name: format!("{}Api", part_name(tag)),
            level: self.level(),
        }
    }

    /// Its method on the handle of its API: the id without the tag.
    pub fn method_name(&self) -> String {
        let id = self.id();
        field_name(id.strip_prefix(self.tag()).and_then(|rest| rest.strip_prefix('_')).unwrap_or(id))
    }

    /// Another operation of the same API, by its own name.
    pub fn sibling(&self, name: &str) -> Option<Operation<'a>> {
        let id = format!("{}_{name}", self.tag());
        self.document().operations().find(|operation| operation.id() == id)
    }

    /// The token by which the service knows a request that it has seen, where a caller may leave it
    /// out: its name and, for one of a query, that place; `None` is the body.
    pub fn idempotency_token(&self) -> Option<(&'a str, Option<ParameterPlace>)> {
        let name = self.text_extension("x-databricks-idempotency-param").unwrap_or("idempotency_token");
        let in_query = self.parameters().any(|parameter| {
            parameter.name() == name && parameter.place() == ParameterPlace::Query && !parameter.required()
        });
        if in_query {
            return Some((name, Some(ParameterPlace::Query)));
        }
        let body = self.json_body()?.get("$ref")?.as_str().map(reference_name)?;
        let schema = self.document().schemas().get(body)?;
        let is_text = schema.get("properties")?.get(name)?.get("type")?.as_str() == Some("string");
        let required = schema.get("required").and_then(Value::as_array);
        let is_required =
            required.is_some_and(|required| required.iter().any(|it| it.as_str() == Some(name)));
        (is_text && !is_required).then_some((name, None))
    }

    /// Whether it may be sent again when nobody knows what became of it: reads may, and so may what
    /// the service knows by a token.
    pub fn is_repeatable(&self) -> bool {
        matches!(self.method().as_str(), "GET" | "HEAD" | "OPTIONS") || self.idempotency_token().is_some()
    }

    /// A member of the operation object that is text.
    pub fn text_extension(&self, name: &str) -> Option<&'a str> {
        self.extension(name).and_then(Value::as_str)
    }
}
