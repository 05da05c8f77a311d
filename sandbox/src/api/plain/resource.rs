//! The tables that plain objects come from: a row says what the documents do not, such as where an id comes from.

use serde_json::{Map, Value};

use super::Call;
use crate::server::Reply;
use crate::spec::{self, Operation, Schema};
use crate::store::Change;

/// Where the key of an object comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// The service makes it and shows it in this field.
    Made(&'static str, Form),
    /// The caller gives it in this field.
    Named(&'static str),
    /// The caller gives it in these fields, which a dot joins in `full_name`.
    Joined(&'static [&'static str]),
    /// The caller gives it in these fields, which a path names one after the other.
    Parts(&'static [&'static str]),
    /// There is one below the parent at most.
    Single,
}

/// What a made id looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Uuid,
    /// 32 hexadecimal digits.
    Hex,
    /// 16 capital hexadecimal digits.
    Short,
    /// A number of 15 digits.
    Number,
    /// 1, 2, 3 … below the parent.
    Count,
}

/// What an operation does with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Create,
    Get,
    List,
    /// Replaces what the caller gave before.
    Replace,
    /// Changes the fields that are given, or those that a mask names.
    Merge,
    Delete,
    /// Lays this JSON over what the service says of the object, such as a state.
    Set(&'static str),
    /// The body becomes this field of the object.
    Part(&'static str),
}

/// Looks at a request before it is stored, and may refuse it or fill fields in: the first map is what the caller gave, the
/// second what the service adds.
pub(crate) type Prepare =
    fn(&Call, &mut Change, &mut Map<String, Value>, &mut Map<String, Value>) -> Reply<()>;

/// A kind of object, with its operations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resource {
    /// The name under which objects are stored.
    pub(crate) kind: &'static str,
    /// How messages call it.
    pub(crate) noun: &'static str,
    pub(crate) key: Key,
    pub(crate) parent: Option<&'static str>,
    pub(crate) operations: &'static [(&'static str, Verb)],
    /// JSON: what fields are when the caller does not say.
    pub(crate) defaults: &'static str,
    /// JSON: what the service says of a new object.
    pub(crate) state: &'static str,
    /// The field of a request that holds the object, where it is not the whole.
    pub(crate) wrapped: Option<&'static str>,
    /// The code for what is not there.
    pub(crate) missing: &'static str,
    /// Status and code for what is there already.
    pub(crate) exists: (u16, &'static str),
    /// A field whose value says that the object is in the trash; lists leave it out.
    pub(crate) trash: Option<(&'static str, &'static str)>,
    pub(crate) prepare: Option<Prepare>,
    /// What the objects do not do, for the table of the docs; empty if nothing is missing.
    pub(crate) lacks: &'static str,
}

impl Resource {
    pub(crate) const fn new(
        kind: &'static str,
        noun: &'static str,
        key: Key,
        operations: &'static [(&'static str, Verb)],
    ) -> Self {
        Self {
            kind,
            noun,
            key,
            parent: None,
            operations,
            defaults: "{}",
            state: "{}",
            wrapped: None,
            missing: "RESOURCE_DOES_NOT_EXIST",
            exists: (400, "RESOURCE_ALREADY_EXISTS"),
            trash: None,
            prepare: None,
            lacks: "",
        }
    }

    /// Lives below an object of this kind, and goes with it.
    pub(crate) const fn below(mut self, parent: &'static str) -> Self {
        self.parent = Some(parent);
        self
    }

    pub(crate) const fn defaults(mut self, json: &'static str) -> Self {
        self.defaults = json;
        self
    }

    pub(crate) const fn state(mut self, json: &'static str) -> Self {
        self.state = json;
        self
    }

    pub(crate) const fn wrapped(mut self, field: &'static str) -> Self {
        self.wrapped = Some(field);
        self
    }

    /// The codes for what is missing and, with its status, for what is there already.
    pub(crate) const fn codes(mut self, missing: &'static str, status: u16, exists: &'static str) -> Self {
        self.missing = missing;
        self.exists = (status, exists);
        self
    }

    /// Newer services: 404 `NOT_FOUND` and 409 `ALREADY_EXISTS`.
    pub(crate) const fn modern(self) -> Self {
        self.codes("NOT_FOUND", 409, "ALREADY_EXISTS")
    }

    pub(crate) const fn trash(mut self, field: &'static str, value: &'static str) -> Self {
        self.trash = Some((field, value));
        self
    }

    pub(crate) const fn prepare(mut self, prepare: Prepare) -> Self {
        self.prepare = Some(prepare);
        self
    }

    pub(crate) const fn lacks(mut self, what: &'static str) -> Self {
        self.lacks = what;
        self
    }

    /// The field that holds the key, for requests that name it in their body or query.
    pub(crate) fn key_field(&self) -> &'static str {
        match self.key {
            Key::Made(field, _) | Key::Named(field) => field,
            Key::Joined(_) => "full_name",
            Key::Parts(fields) => fields.last().copied().unwrap_or_default(),
            Key::Single => "",
        }
    }

    fn operation(&self, wanted: Verb) -> Option<&'static Operation> {
        let found = self.operations.iter().find(|(_, verb)| *verb == wanted)?;
        spec::operation(found.0)
    }

    /// What the object looks like: as it is read, as it is listed, or as it is answered when it is made.
    pub(crate) fn shapes(&self) -> Vec<Schema> {
        let read = [Verb::Get, Verb::Create, Verb::Merge].into_iter().filter_map(|verb| {
            let schema = self.operation(verb)?.answer()?;
            // the object may be the one thing in the answer
            let mut inner = schema.properties().map(|(_, it)| it).filter(|it| it.kind() == Some("object"));
            let lone = schema.properties().count() == 1;
            Some(inner.next().filter(|_| lone).unwrap_or(schema))
        });
        let listed = self.operation(Verb::List).and_then(Operation::items).map(|(_, item)| item);
        read.chain(listed).collect()
    }
}
