//! Dataclasses and enums: the fields of a record with their JSON names, and the values of an enum.
//!
//! A field is declared once with its type, and named twice on the wire: in `as_dict` (what is sent) and in
//! `from_dict` (what is read). All three must agree.

use std::collections::BTreeMap;

use rustpython_ast::{Expr, Stmt, StmtAnnAssign, StmtClassDef, StmtFunctionDef};

use crate::error::Problem;
use crate::python::{self, Scope};
use crate::types::{Kinds, Type};

/// A dataclass: an object of the API.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) fields: Vec<Field>,
}

/// A field of a record.
#[derive(Debug)]
pub(crate) struct Field {
    /// The name in Python.
    pub(crate) name: String,
    /// The name on the wire.
    pub(crate) json: String,
    pub(crate) ty: Type,
    pub(crate) required: bool,
    /// The text under the field, which may hold the pattern of a resource name.
    pub(crate) doc: String,
}

/// What decodes a field in `from_dict`, and whether its integers are 64 bits wide.
const DECODERS: &[(&str, bool)] = &[
    ("d.get", false),
    ("_from_dict", false),
    ("_repeated_dict", false),
    ("_enum", false),
    ("_repeated_enum", false),
    ("_int64", true),
    ("_repeated_int64", true),
    ("_timestamp", false),
    ("_repeated_timestamp", false),
    ("_duration", false),
    ("_repeated_duration", false),
    ("_fieldmask", false),
    ("_repeated_fieldmask", false),
];

/// How `as_dict` encodes a field; `{}` is the field.
const ENCODERS: &[&str] = &[
    "{}",
    "{}.value",
    "{}.as_dict()",
    "{}.ToJsonString()",
    "[v for v in {}]",
    "[v.value for v in {}]",
    "[v.as_dict() for v in {}]",
    "[v.ToJsonString() for v in {}]",
];

impl Record {
    /// Reads a dataclass.
    pub(crate) fn read(
        class: &StmtClassDef,
        scope: Scope<'_>,
        module: &str,
        kinds: &Kinds,
    ) -> Result<Self, Problem> {
        let mut declared: Vec<(&StmtAnnAssign, &str, String)> = Vec::new();
        let mut encoded = BTreeMap::new();
        let mut decoded = BTreeMap::new();
        for stmt in &class.body {
            match stmt {
                Stmt::AnnAssign(field) => {
                    let name = python::name(&field.target)
                        .ok_or_else(|| scope.problem(stmt, "a field that is not a plain name"))?;
                    declared.push((field, name, String::new()));
                }
                Stmt::Expr(_) if python::documentation(stmt).is_some() => {
                    if let Some((_, _, doc)) = declared.last_mut() {
                        *doc = python::documentation(stmt).unwrap_or_default().to_owned();
                    }
                }
                Stmt::FunctionDef(function) => {
                    let scope = scope.method(&function.name);
                    match function.name.as_str() {
                        "as_dict" => encoded = encoders(function, scope)?,
                        "from_dict" => decoded = decoders(function, scope)?,
                        "as_shallow_dict" => {}
                        _ => return Err(scope.problem(stmt, "not a method that a dataclass has")),
                    }
                }
                _ => return Err(scope.problem(stmt, "not a part that a dataclass has")),
            }
        }
        let field = |(field, name, doc): (&StmtAnnAssign, &str, String)| {
            let (Some(&sent), Some(&(json, wide))) = (encoded.get(name), decoded.get(name)) else {
                return Err(scope.problem(field, format!("the field {name} is not both sent and read")));
            };
            if sent != json {
                let message = format!("the field {name} is sent as \"{sent}\" but read as \"{json}\"");
                return Err(scope.problem(field, message));
            }
            Ok(Field {
                name: name.to_owned(),
                json: json.to_owned(),
                ty: Type::read(&field.annotation, scope, module, kinds, wide)?,
                required: field.value.is_none(),
                doc,
            })
        };
        Ok(Record { fields: declared.into_iter().map(field).collect::<Result<_, _>>()? })
    }
}

/// `as_dict`: the wire's name of each field.
fn encoders<'a>(
    function: &'a StmtFunctionDef,
    scope: Scope<'_>,
) -> Result<BTreeMap<&'a str, &'a str>, Problem> {
    let mut names = BTreeMap::new();
    for stmt in &function.body {
        match stmt {
            Stmt::Expr(_) if python::documentation(stmt).is_some() => {}
            Stmt::Assign(_) | Stmt::Return(_) => {} // body = {} … return body
            Stmt::If(test) => {
                let (name, json) =
                    encoder(test).ok_or_else(|| scope.problem(stmt, "not a known way to send a field"))?;
                names.insert(name, json);
            }
            _ => return Err(scope.problem(stmt, "not a statement that as_dict has")),
        }
    }
    Ok(names)
}

/// `if self.name is not None: body["json"] = …`
fn encoder(test: &rustpython_ast::StmtIf) -> Option<(&str, &str)> {
    let field = match &*test.test {
        Expr::Compare(compare) => &compare.left,
        other => other,
    };
    let Expr::Attribute(attribute) = field else { return None };
    let shown = python::text(field);
    let condition = python::text(&test.test);
    let [assign] = test.body.as_slice() else { return None };
    let (target, value) = python::assignment(assign)?;
    let value = python::text(value);
    let known = (condition == shown || condition == format!("{shown} is not None"))
        && test.orelse.is_empty()
        && python::name(&attribute.value) == Some("self")
        && ENCODERS.iter().any(|form| form.replace("{}", &shown) == value);
    let ("body", json) = python::item(target)? else { return None };
    known.then_some((attribute.attr.as_str(), json))
}

/// `from_dict`: the wire's name of each field, and whether its integers are wide.
fn decoders<'a>(
    function: &'a StmtFunctionDef,
    scope: Scope<'_>,
) -> Result<BTreeMap<&'a str, (&'a str, bool)>, Problem> {
    let mut names = BTreeMap::new();
    for stmt in &function.body {
        let call = match stmt {
            Stmt::Expr(_) if python::documentation(stmt).is_some() => continue,
            Stmt::Return(answer) => answer.value.as_deref().and_then(python::call),
            _ => None,
        };
        let Some(call) = call.filter(|call| python::name(&call.func) == Some("cls") && call.args.is_empty())
        else {
            return Err(scope.problem(stmt, "from_dict does not end in cls(…) at once"));
        };
        for keyword in &call.keywords {
            let decoder = || {
                let value = python::call(&keyword.value)?;
                let function = python::text(&value.func);
                let (_, wide) = DECODERS.iter().find(|(name, _)| *name == function)?;
                // the helpers take the dictionary first, its own method does not
                let key = value.args.get(usize::from(function != "d.get")).and_then(python::string)?;
                Some((keyword.arg.as_ref()?.as_str(), (key, *wide)))
            };
            let (name, decoded) =
                decoder().ok_or_else(|| scope.problem(keyword, "not a known way to read a field"))?;
            names.insert(name, decoded);
        }
    }
    Ok(names)
}

/// The members of an enum with their values, in the order of the source.
#[derive(Debug)]
pub(crate) struct Enumeration {
    members: Vec<(String, String)>,
}

impl Enumeration {
    /// Reads an enum of strings.
    pub(crate) fn read(class: &StmtClassDef, scope: Scope<'_>) -> Result<Self, Problem> {
        let mut members = Vec::new();
        for stmt in &class.body {
            if python::documentation(stmt).is_some() {
                continue;
            }
            let member = python::assignment(stmt)
                .and_then(|(name, value)| Some((python::name(name)?, python::string(value)?)));
            let (name, value) =
                member.ok_or_else(|| scope.problem(stmt, "not a member of an enum of strings"))?;
            members.push((name.to_owned(), value.to_owned()));
        }
        Ok(Enumeration { members })
    }

    /// The values on the wire.
    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|(_, value)| value.as_str())
    }

    /// The value of a member.
    pub(crate) fn value(&self, member: &str) -> Option<&str> {
        self.members.iter().find(|(name, _)| name == member).map(|(_, value)| value.as_str())
    }
}
