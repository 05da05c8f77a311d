//! One schema of a document, with its references followed.

use serde_json::Value;

/// A node of a document's schemas. A copy is two pointers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schema {
    all: &'static Value,
    node: &'static Value,
}

impl Schema {
    pub(super) fn new(all: &'static Value, node: &'static Value) -> Self {
        let mut schema = Self { all, node };
        // a reference to a reference is the most that documents have; a circle would be no schema
        for _ in 0..8 {
            let Some(name) = schema.node["$ref"].as_str() else { break };
            schema.node = &all[name];
        }
        schema
    }

    pub(crate) fn kind(&self) -> Option<&'static str> {
        self.node["type"].as_str()
    }

    pub(crate) fn format(&self) -> Option<&'static str> {
        self.node["format"].as_str()
    }

    /// The values that a string may have, if they are listed.
    pub(crate) fn values(&self) -> Option<&'static Vec<Value>> {
        self.node["enum"].as_array()
    }

    pub(crate) fn required(&self) -> impl Iterator<Item = &'static str> {
        self.node["required"].as_array().into_iter().flatten().filter_map(Value::as_str)
    }

    pub(crate) fn property(&self, name: &str) -> Option<Self> {
        let node = self.node["properties"].as_object()?.get(name)?;
        Some(Self::new(self.all, node))
    }

    pub(crate) fn properties(&self) -> impl Iterator<Item = (&'static str, Self)> {
        let all = self.all;
        let named = self.node["properties"].as_object().into_iter().flatten();
        named.map(move |(name, node)| (name.as_str(), Self::new(all, node)))
    }

    /// What an item of a list is like.
    pub(crate) fn items(&self) -> Option<Self> {
        let node = self.node.get("items")?;
        Some(Self::new(self.all, node))
    }

    /// What a value of a map is like.
    pub(crate) fn values_of_map(&self) -> Option<Self> {
        let node = self.node.get("additionalProperties").filter(|node| node.is_object())?;
        Some(Self::new(self.all, node))
    }

    /// Whether an object may hold fields that are not listed.
    pub(crate) fn is_open(&self) -> bool {
        self.node.get("additionalProperties").is_some_and(|it| *it != Value::Bool(false))
            || self.node.get("properties").is_none()
    }
}
