//! Drift: what changed between two sets of documents, and whether code written against the old one still works.
//!
//! The comparison is between facts, not texts: operations by their id, parameters and fields by their name, schemas
//! by where they are at home, so that a copy of a schema in another service's document does not count twice.

mod index;
mod markdown;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::Documents;
use crate::error::count;
use crate::validate::operations;
use index::{Index, Operation, Schema};

/// An operation that somebody relies on by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Curated {
    /// The document.
    pub document: String,
    /// The operationId.
    pub operation: String,
}

impl Curated {
    /// An operation of a document.
    #[must_use]
    pub fn new(document: &str, operation: &str) -> Self {
        Curated { document: document.to_owned(), operation: operation.to_owned() }
    }
}

/// What changed between two sets of documents.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Drift {
    /// What was compared: the old documents, then the new ones.
    pub sides: [Side; 2],
    /// All changes, by kind and then by what they are about.
    pub changes: Vec<Change>,
    /// The curated operations that a change is about, or that reach a schema that changed.
    pub touched: Vec<Touched>,
    /// How many curated operations were looked at.
    pub curated: usize,
    /// What is left for a hand to do, for the report; the comparison itself knows of nothing.
    pub to_do: Vec<String>,
}

/// One set of documents.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Side {
    /// The versions of its documents; usually one.
    pub version: String,
    /// How many operations it has.
    pub operations: usize,
    /// How many schemas it has, each counted once.
    pub schemas: usize,
}

/// A curated operation that is touched.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Touched {
    /// The operation.
    pub operation: Curated,
    /// Whether the new documents have it.
    pub exists: bool,
    /// The changes, as indices into [`Drift::changes`].
    pub changes: Vec<usize>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Change {
    /// What kind of change.
    pub kind: Kind,
    /// The operation's id, or the schema's home and name.
    pub subject: String,
    /// The parameter, field or value; empty when the subject changed as a whole.
    pub part: String,
    /// What it was; empty when it was not.
    pub old: String,
    /// What it is; empty when it is no more.
    pub new: String,
}

impl Change {
    /// Whether code written against the old documents may stop to compile, or be refused by the service.
    #[must_use]
    pub fn breaks(&self) -> bool {
        self.kind.row().2
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident, $title:literal, $breaks:literal;)*) => {
        /// The kinds of changes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Kind {
            $($(#[$doc])* $kind,)*
        }

        impl Kind {
            /// All kinds, in the order of a report.
            pub const ALL: &'static [Kind] = &[$(Kind::$kind),*];

            fn row(self) -> (Kind, &'static str, bool) {
                match self {
                    $(Kind::$kind => (Kind::$kind, $title, $breaks),)*
                }
            }

            /// The kind in words.
            #[must_use]
            pub fn title(self) -> &'static str {
                self.row().1
            }
        }
    };
}

kinds! {
    /// A document is gone.
    DocumentRemoved, "document removed", true;
    /// A document is new.
    DocumentAdded, "document added", false;
    /// An operation is gone.
    OperationRemoved, "operation removed", true;
    /// An operation has another method or path.
    OperationMoved, "operation moved", true;
    /// An operation is new.
    OperationAdded, "operation added", false;
    /// An operation is deprecated now.
    OperationDeprecated, "operation deprecated", false;
    /// A query parameter is gone.
    ParameterRemoved, "parameter removed", true;
    /// A parameter has another type.
    ParameterType, "parameter's type changed", true;
    /// A query parameter must be given.
    ParameterRequired, "parameter became required", true;
    /// A query parameter need not be given any more.
    ParameterOptional, "parameter no longer required", false;
    /// A query parameter is new, and need not be given.
    ParameterAdded, "parameter added", false;
    /// An operation takes another body.
    RequestBody, "request body changed", true;
    /// An operation answers with something else.
    Response, "response changed", true;
    /// A list is not paged any more, or an operation cannot be waited for any more.
    HelperLost, "paging or waiting lost", true;
    /// A list is paged, or an operation waited for, in another way or for the first time.
    HelperChanged, "paging or waiting changed", false;
    /// An operation is on the other client.
    Level, "level changed", true;
    /// A field is gone.
    FieldRemoved, "field removed", true;
    /// A field has another type.
    FieldType, "field's type changed", true;
    /// A field must be there: a request without it is refused, and its type in Rust changes.
    FieldRequired, "field became required", true;
    /// A field may be absent: its type in Rust changes.
    FieldOptional, "field no longer required", true;
    /// A field is new.
    FieldAdded, "field added", false;
    /// A schema is gone.
    SchemaRemoved, "schema removed", true;
    /// A schema is new.
    SchemaAdded, "schema added", false;
    /// A schema is an enum now, or not any more.
    SchemaKind, "schema became another kind", true;
    /// An enum has lost a value.
    ValueRemoved, "enum value removed", true;
    /// An enum has a new value.
    ValueAdded, "enum value added", false;
}

/// Compares two sets of documents, and says which of the curated operations the changes touch.
#[must_use]
pub fn drift(old: &Documents, new: &Documents, curated: &[Curated]) -> Drift {
    let (old, new) = (Index::of(old), Index::of(new));
    let mut found = Found(Vec::new());
    let size = |document: &Value| count(operations(document).count(), "operation");
    for (name, sides) in pairs(old.documents, new.documents) {
        match sides {
            (Some(old), None) => found.add(Kind::DocumentRemoved, name, "", &size(old), ""),
            (None, Some(new)) => found.add(Kind::DocumentAdded, name, "", "", &size(new)),
            _ => {}
        }
    }
    for id in union(&old.operations, &new.operations) {
        match (old.operations.get(id), new.operations.get(id)) {
            (Some(old), None) => found.add(Kind::OperationRemoved, id, "", &old.call, ""),
            (None, Some(new)) => found.add(Kind::OperationAdded, id, "", "", &new.call),
            (Some(old), Some(new)) => found.operation(id, old, new),
            (None, None) => {}
        }
    }
    for name in union(&old.schemas, &new.schemas) {
        match (old.schemas.get(name), new.schemas.get(name)) {
            (Some(_), None) => found.add(Kind::SchemaRemoved, name, "", "", ""),
            (None, Some(_)) => found.add(Kind::SchemaAdded, name, "", "", ""),
            (Some(old), Some(new)) => found.schema(name, old, new),
            (None, None) => {}
        }
    }
    let mut changes = found.0;
    changes.sort();
    let touched = curated.iter().filter_map(|operation| touched(operation, &old, &new, &changes)).collect();
    Drift { sides: [old.side(), new.side()], changes, touched, curated: curated.len(), to_do: Vec::new() }
}

impl Drift {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The changes that break callers.
    pub fn breaking(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.breaks())
    }
}

fn union<'a, T>(one: &'a BTreeMap<String, T>, other: &'a BTreeMap<String, T>) -> BTreeSet<&'a str> {
    one.keys().chain(other.keys()).map(String::as_str).collect()
}

/// The changes to an operation, or to a schema that it reaches before or after.
fn touched(curated: &Curated, old: &Index, new: &Index, changes: &[Change]) -> Option<Touched> {
    let find = |index: &'_ Index| {
        let operation = index.operations.get(&curated.operation)?;
        (operation.document == curated.document).then(|| index.reach(operation))
    };
    let (before, after) = (find(old), find(new));
    let exists = after.is_some();
    let reached: BTreeSet<String> = [before, after].into_iter().flatten().flatten().collect();
    let concerns = |change: &Change| change.subject == curated.operation || reached.contains(&change.subject);
    let changes: Vec<usize> = (0..changes.len()).filter(|i| concerns(&changes[*i])).collect();
    let touched = Touched { operation: curated.clone(), exists, changes };
    (!touched.exists || !touched.changes.is_empty()).then_some(touched)
}

/// Collects changes.
struct Found(Vec<Change>);

impl Found {
    fn add(&mut self, kind: Kind, subject: &str, part: &str, old: &str, new: &str) {
        let [subject, part, old, new] = [subject, part, old, new].map(str::to_owned);
        self.0.push(Change { kind, subject, part, old, new });
    }

    /// A fact that has a value on both sides.
    fn value(&mut self, kind: Kind, subject: &str, part: &str, old: &str, new: &str) {
        if old != new {
            self.add(kind, subject, part, old, new);
        }
    }

    fn operation(&mut self, id: &str, old: &Operation, new: &Operation) {
        self.value(Kind::OperationMoved, id, "", &old.call, &new.call);
        if new.deprecated && !old.deprecated {
            self.add(Kind::OperationDeprecated, id, "", "", "");
        }
        self.value(Kind::RequestBody, id, "", &old.body, &new.body);
        self.value(Kind::Response, id, "", &old.response, &new.response);
        self.value(Kind::Level, id, "", &old.level, &new.level);
        for (helper, old, new) in
            old.helpers.iter().zip(&new.helpers).map(|((name, old), (_, new))| (name, old, new))
        {
            match (old, new) {
                _ if old == new => {}
                (Value::Null, _) => self.add(Kind::HelperChanged, id, helper, "none", "known"),
                (_, Value::Null) => self.add(Kind::HelperLost, id, helper, "known", "none"),
                _ => self.add(Kind::HelperChanged, id, helper, &old.to_string(), &new.to_string()),
            }
        }
        // names in the path come and go with the path itself
        for (name, old) in &old.path {
            if let Some(new) = new.path.get(name) {
                self.value(Kind::ParameterType, id, name, &old.ty, &new.ty);
            }
        }
        for (name, (old, new)) in pairs(&old.query, &new.query) {
            match (old, new) {
                (Some(old), None) => self.add(Kind::ParameterRemoved, id, name, &old.ty, ""),
                (None, Some(new)) if new.required => self.add(Kind::ParameterRequired, id, name, "", &new.ty),
                (None, Some(new)) => self.add(Kind::ParameterAdded, id, name, "", &new.ty),
                (Some(old), Some(new)) => {
                    self.value(Kind::ParameterType, id, name, &old.ty, &new.ty);
                    match (old.required, new.required) {
                        (false, true) => self.add(Kind::ParameterRequired, id, name, "", ""),
                        (true, false) => self.add(Kind::ParameterOptional, id, name, "", ""),
                        _ => {}
                    }
                }
                (None, None) => {}
            }
        }
    }

    fn schema(&mut self, name: &str, old: &Schema, new: &Schema) {
        match (old, new) {
            (Schema::Values(old), Schema::Values(new)) => {
                for value in old.difference(new) {
                    self.add(Kind::ValueRemoved, name, value, "", "");
                }
                for value in new.difference(old) {
                    self.add(Kind::ValueAdded, name, value, "", "");
                }
            }
            (Schema::Fields(old), Schema::Fields(new)) => {
                for (field, (old, new)) in pairs(old, new) {
                    match (old, new) {
                        (Some(old), None) => self.add(Kind::FieldRemoved, name, field, &old.ty, ""),
                        (None, Some(new)) if new.required => {
                            self.add(Kind::FieldRequired, name, field, "", &new.ty)
                        }
                        (None, Some(new)) => self.add(Kind::FieldAdded, name, field, "", &new.ty),
                        (Some(old), Some(new)) => {
                            self.value(Kind::FieldType, name, field, &old.ty, &new.ty);
                            match (old.required, new.required) {
                                (false, true) => self.add(Kind::FieldRequired, name, field, "", ""),
                                (true, false) => self.add(Kind::FieldOptional, name, field, "", ""),
                                _ => {}
                            }
                        }
                        (None, None) => {}
                    }
                }
            }
            _ => self.add(Kind::SchemaKind, name, "", "", ""),
        }
    }
}

type Pair<'a, T> = (Option<&'a T>, Option<&'a T>);

fn pairs<'a, T>(old: &'a BTreeMap<String, T>, new: &'a BTreeMap<String, T>) -> Vec<(&'a str, Pair<'a, T>)> {
    union(old, new).into_iter().map(|name| (name, (old.get(name), new.get(name)))).collect()
}
