//! What the vendored documents say about each operation: what a request may hold and what an answer looks like.

mod check;
mod route;
mod schema;

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use serde_json::Value;

pub(crate) use check::{Fault, answer_faults, check_body, check_query};
pub(crate) use route::{PathParams, find};
pub(crate) use schema::Schema;

/// An operation of the API.
#[derive(Debug)]
pub(crate) struct Operation {
    document: usize,
    /// Its name in the documents, such as `clusters_get`.
    pub(crate) id: &'static str,
    /// The API that it belongs to, such as `clusters`.
    pub(crate) api: &'static str,
    /// In capitals.
    pub(crate) method: &'static str,
    /// With its parameters in braces.
    pub(crate) path: &'static str,
}

/// How a list comes in pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Paging {
    /// All at once.
    None,
    /// A token in the answer is sent back for the next page.
    Token,
    /// From a position, counted from 1.
    Offset,
    /// By the number of the page, counted from 1.
    Page,
}

impl Operation {
    /// The name of its document, such as `compute`.
    pub(crate) fn service(&self) -> &'static str {
        DOCUMENTS[self.document].name
    }

    fn facts(&self) -> &'static Value {
        &DOCUMENTS[self.document].content()["operations"][self.id]
    }

    fn schema(&self, name: &str) -> Option<Schema> {
        let node = &self.facts()[name];
        (!node.is_null()).then(|| Schema::new(&DOCUMENTS[self.document].content()["schemas"], node))
    }

    /// What the JSON body looks like, if there is one.
    pub(crate) fn body(&self) -> Option<Schema> {
        self.schema("body")
    }

    /// What a good JSON answer looks like, if it says anything.
    pub(crate) fn answer(&self) -> Option<Schema> {
        self.schema("answer")
    }

    /// The parameters of the query: their names, whether they are required, and their schemas.
    pub(crate) fn query(&self) -> impl Iterator<Item = (&'static str, bool, Schema)> {
        let schemas = &DOCUMENTS[self.document].content()["schemas"];
        let all = self.facts()["query"].as_object().into_iter().flatten();
        all.map(|(name, it)| (name.as_str(), it[0] == true, Schema::new(schemas, &it[1])))
    }

    /// How the list comes in pages.
    pub(crate) fn paging(&self) -> Paging {
        match self.facts()["paging"]["style"].as_str() {
            Some("token") => Paging::Token,
            Some("offset") => Paging::Offset,
            Some("page") => Paging::Page,
            _ => Paging::None,
        }
    }

    /// The field of the answer that holds the items of a list, and what one is like. A bare list has no field.
    pub(crate) fn items(&self) -> Option<(Option<&'static str>, Schema)> {
        let answer = self.answer()?;
        if let Some(item) = answer.items() {
            return Some((None, item));
        }
        let named = self.facts()["paging"]["items"].as_str().filter(|name| answer.property(name).is_some());
        let field = named.or_else(|| {
            let lists =
                answer.properties().filter(|(name, schema)| schema.items().is_some() && *name != "schemas");
            lists.map(|(name, _)| name).next()
        })?;
        Some((Some(field), answer.property(field)?.items()?))
    }
}

/// A packed document.
struct Document {
    name: &'static str,
    packed: &'static [u8],
    content: OnceLock<Value>,
}

impl Document {
    const fn new(name: &'static str, packed: &'static [u8]) -> Self {
        Self { name, packed, content: OnceLock::new() }
    }

    fn content(&self) -> &Value {
        self.content.get_or_init(|| {
            let bytes = miniz_oxide::inflate::decompress_to_vec(self.packed).unwrap_or_default();
            serde_json::from_slice(&bytes).unwrap_or_default()
        })
    }
}

/// The operation of a name.
pub(crate) fn operation(id: &str) -> Option<&'static Operation> {
    static BY_NAME: LazyLock<HashMap<&'static str, &'static Operation>> =
        LazyLock::new(|| OPERATIONS.iter().map(|operation| (operation.id, operation)).collect());
    BY_NAME.get(id).copied()
}

include!(concat!(env!("OUT_DIR"), "/index.rs"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_unpacks_and_knows_its_operations() {
        assert!(OPERATIONS.len() > 1_300, "{}", OPERATIONS.len());
        for operation in OPERATIONS {
            assert!(operation.facts().is_object(), "{} {}", operation.service(), operation.id);
        }
        let list = operation("clusters_list").unwrap();
        assert_eq!(list.paging(), Paging::Token);
        assert_eq!(list.items().unwrap().0, Some("clusters"));
    }
}
