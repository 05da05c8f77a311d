//! Types: from an annotation of the SDK to a schema.

use std::collections::BTreeMap;
use std::fmt;

use rustpython_ast::Expr;
use serde_json::{Value, json};

use crate::error::Problem;
use crate::python::{self, Scope};

/// The name of a class: the service it is at home in, and its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) module: String,
    pub(crate) class: String,
}

impl Name {
    pub(crate) fn new(module: &str, class: &str) -> Self {
        Name { module: module.to_owned(), class: class.to_owned() }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.module, self.class)
    }
}

/// What a class with a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A dataclass: an object with fields.
    Record,
    /// An enum of strings.
    Enumeration,
}

/// All classes that a type can name.
pub(crate) type Kinds = BTreeMap<Name, Kind>;

/// The component of a document for each class that it uses.
pub(crate) type Components = BTreeMap<Name, String>;

/// The type of a field, a parameter or an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Type {
    String,
    Integer,
    Integer64,
    Boolean,
    Number,
    /// Anything at all.
    Any,
    /// An object with any fields.
    Object,
    Binary,
    Timestamp,
    Duration,
    FieldMask,
    List(Box<Type>),
    Map(Box<Type>),
    Named(Name),
}

/// The annotations that name no class of a service.
const SIMPLE: &[(&str, Type)] = &[
    ("str", Type::String),
    ("int", Type::Integer),
    ("bool", Type::Boolean),
    ("float", Type::Number),
    ("any", Type::Any),
    ("Any", Type::Any),
    ("dict", Type::Object),
    ("BinaryIO", Type::Binary),
    ("Timestamp", Type::Timestamp),
    ("Duration", Type::Duration),
    ("FieldMask", Type::FieldMask),
];

impl Type {
    /// Reads an annotation in a module of the given name. The source says `int` for both widths; which one it is
    /// shows in how the field is decoded, and so comes from the caller.
    pub(crate) fn read(
        annotation: &Expr,
        scope: Scope<'_>,
        module: &str,
        kinds: &Kinds,
        wide: bool,
    ) -> Result<Type, Problem> {
        Self::parse(annotation, module, kinds, wide)
            .map_err(|part| scope.problem(annotation, format!("the type `{part}` is not known")))
    }

    /// The type, or the part of the annotation that is not known.
    fn parse(annotation: &Expr, module: &str, kinds: &Kinds, wide: bool) -> Result<Type, String> {
        let unknown = || python::text(annotation);
        if let Some(source) = python::string(annotation) {
            let parsed = python::expression(source).ok_or_else(unknown)?;
            return Self::parse(&parsed, module, kinds, wide);
        }
        let part = |part: &Expr| Self::parse(part, module, kinds, wide);
        if let Expr::Subscript(subscript) = annotation {
            return match (python::name(&subscript.value), &*subscript.slice) {
                (Some("Optional"), inner) => part(inner),
                (Some("List" | "list" | "Iterator"), inner) => Ok(Type::List(Box::new(part(inner)?))),
                (Some("Dict" | "dict"), Expr::Tuple(pair)) => match pair.elts.as_slice() {
                    [key, value] if python::name(key) == Some("str") => Ok(Type::Map(Box::new(part(value)?))),
                    _ => Err(unknown()),
                },
                _ => Err(unknown()),
            };
        }
        let text = python::text(annotation);
        if wide && text == "int" {
            return Ok(Type::Integer64);
        }
        if let Some((_, simple)) = SIMPLE.iter().find(|(name, _)| *name == text) {
            return Ok(simple.clone());
        }
        let (home, class) = text.rsplit_once('.').unwrap_or((module, &text));
        let name = Name::new(home, class);
        if kinds.contains_key(&name) { Ok(Type::Named(name)) } else { Err(text) }
    }

    /// The class that this type is, if it is one.
    pub(crate) fn class(&self) -> Option<&Name> {
        match self {
            Type::Named(name) => Some(name),
            _ => None,
        }
    }

    /// The class that this type is or is made of.
    pub(crate) fn mentions(&self) -> Option<&Name> {
        match self {
            Type::Named(name) => Some(name),
            Type::List(inner) | Type::Map(inner) => inner.mentions(),
            _ => None,
        }
    }

    /// Whether the schema says `type: string` by itself.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self, Type::String | Type::Binary | Type::Timestamp | Type::Duration | Type::FieldMask)
    }

    /// The schema, with references to the components of a document.
    pub(crate) fn schema(&self, components: &Components) -> Value {
        match self {
            Type::String => json!({"type": "string"}),
            Type::Integer => json!({"type": "integer"}),
            Type::Integer64 => json!({"type": "integer", "format": "int64"}),
            Type::Boolean => json!({"type": "boolean"}),
            Type::Number => json!({"type": "number", "format": "double"}),
            Type::Any => json!({}),
            Type::Object => json!({"type": "object", "additionalProperties": true}),
            Type::Binary => json!({"type": "string", "format": "binary"}),
            Type::Timestamp => json!({"type": "string", "format": "date-time"}),
            Type::Duration => json!({"type": "string", "x-databricks-format": "proto-duration"}),
            Type::FieldMask => json!({"type": "string", "x-databricks-format": "field-mask"}),
            Type::List(item) => json!({"type": "array", "items": item.schema(components)}),
            Type::Map(value) => json!({"type": "object", "additionalProperties": value.schema(components)}),
            // a class outside the components is found by validation as a reference to nothing
            Type::Named(name) => reference(components.get(name).map_or("", String::as_str)),
        }
    }
}

/// A reference to a component.
pub(crate) fn reference(component: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{component}")})
}
