//! Paths: which parameters are a whole resource name, and what template each operation has.
//!
//! Newer services take a resource name as one parameter: `/api/2.0/postgres/{name}`. Left like that, all `get`s of
//! such a service would be the same call. So the parameter is replaced by the name's pattern,
//! `projects/{project_id}/branches/{branch_id}`, found where it is documented: at the parameter, at the `name` field
//! of the resource, or at an operation next to it. What has no pattern stays opaque and keeps its slashes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::docstrings::Patterns;
use crate::error::{Problem, Result};
use crate::methods::{self, Body, Operation, Parameter, Segment};
use crate::model::World;
use crate::names::snake;
use crate::types::Type;

/// An operation's path as the document has it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Template {
    pub(crate) path: String,
    pub(crate) parameters: Vec<PathParameter>,
}

/// A parameter of a template.
#[derive(Debug, Clone)]
pub(crate) struct PathParameter {
    pub(crate) name: String,
    pub(crate) ty: Type,
    /// What the SDK calls it, if it has it.
    pub(crate) sdk_name: Option<String>,
    /// The resource name that this is a piece of.
    pub(crate) resource: Option<Value>,
    /// `{catalog}.{schema}.{table}`, where one segment is several names.
    pub(crate) dotted: Option<String>,
    /// Whether its value keeps its slashes.
    pub(crate) multi: bool,
    /// Whether it is a whole resource name whose pattern is not known.
    pub(crate) opaque: bool,
}

/// A pattern for a parameter, and where it was found.
#[derive(Debug, Clone)]
struct Chosen {
    pattern: String,
    source: &'static str,
}

/// The patterns of one operation, by parameter.
type Names = BTreeMap<String, Chosen>;

/// Roots of services that no documented name tells of.
const ROOTS: &[&str] = &["/api/2.0", "/api/2.1"];

/// What a method can do to a resource.
const VERBS: &[&str] =
    &["get", "update", "delete", "list", "create", "cancel", "undelete", "refresh", "sync", "query", "scan"];

/// Finds the template of each operation, in the order of the operations.
pub(crate) fn templates(world: &World) -> Result<Vec<Template>> {
    let patterns = Patterns::new()?;
    let mut resolver =
        Resolver { world, patterns, roots: ROOTS.iter().map(|root| (*root).to_owned()).collect() };
    let found: Vec<String> =
        world.operations.iter().flat_map(|operation| resolver.roots_of(operation)).collect();
    resolver.roots.extend(found);
    let mut names: Vec<Names> =
        world.operations.iter().map(|operation| resolver.documented(operation)).collect();
    resolver.siblings(&mut names);
    let templates =
        world.operations.iter().zip(&names).map(|(operation, names)| resolver.template(operation, names));
    Ok(templates.collect::<Result<_, Problem>>()?)
}

struct Resolver<'a> {
    world: &'a World,
    patterns: Patterns,
    /// What stands before a resource name: `/api/2.0/postgres`.
    roots: BTreeSet<String>,
}

impl Resolver<'_> {
    /// The parameters of an operation, each with the path before it.
    fn parameters<'o>(&self, operation: &'o Operation) -> impl Iterator<Item = (String, &'o Parameter)> {
        operation.path.iter().enumerate().filter_map(|(i, segment)| match segment {
            Segment::Parameter(parameter) => Some((methods::shape(&operation.path[..i]), parameter)),
            Segment::Text(_) => None,
        })
    }

    /// The patterns in a docstring that can follow a path: one whose collection is there already cannot.
    fn following(&self, prefix: &str, doc: &str) -> Vec<String> {
        let mut found = self.patterns.names(doc);
        let before = prefix.trim_end_matches('/');
        found.retain(|name| {
            let collection = name.split('/').next().unwrap_or_default();
            !before.strip_suffix(collection).is_some_and(|rest| rest.ends_with('/'))
        });
        found
    }

    /// A path is the root of a service when, somewhere, a documented resource name of several segments follows it.
    fn roots_of(&self, operation: &Operation) -> Vec<String> {
        self.parameters(operation)
            .filter(|(prefix, parameter)| {
                !parameter.multi
                    && matches!(parameter.name.as_str(), "name" | "parent")
                    && prefix.ends_with('/')
                    && self.following(prefix, &parameter.doc).iter().any(|name| name.contains('/'))
            })
            .map(|(prefix, _)| prefix.trim_end_matches('/').to_owned())
            .collect()
    }

    fn is_root(&self, prefix: &str) -> bool {
        self.roots.contains(prefix.trim_end_matches('/'))
    }

    /// What is documented at the parameter itself, or at the `name` of what is sent or answered.
    fn documented(&self, operation: &Operation) -> Names {
        let mut names = Names::new();
        for (prefix, parameter) in self.parameters(operation) {
            if parameter.multi || !parameter.ty.is_text() || !prefix.ends_with('/') {
                continue;
            }
            let name = parameter.name.as_str();
            let found = self.following(&prefix, &parameter.doc);
            if found.first().is_some_and(|first| matches!(name, "name" | "parent") || first.contains('/')) {
                let pattern = choose(operation, &found);
                names.insert(name.to_owned(), Chosen { pattern, source: "param-doc" });
                continue;
            }
            if name != "name" || operation.long_running.is_some() || !self.is_root(&prefix) {
                continue;
            }
            let sent = match &operation.body {
                Some(Body::Whole(ty)) => ty.class(),
                _ => None,
            };
            let answered = operation.response.as_ref().and_then(Type::class);
            let found = [answered, sent]
                .into_iter()
                .flatten()
                .filter(|class| class.class != "Operation")
                .filter_map(|class| self.world.records.get(class))
                .flat_map(|record| record.fields.iter().filter(|field| field.json == "name"))
                .map(|field| self.following(&prefix, &field.doc))
                .find(|found| !found.is_empty());
            if let Some(found) = found {
                let pattern = choose(operation, &found);
                names.insert(name.to_owned(), Chosen { pattern, source: "field-doc" });
            }
        }
        names
    }

    /// What `get_branch` documents holds for `delete_branch`; and what `create_branch` says of the parent, with the
    /// collection that it posts to, tells the name as well.
    fn siblings(&self, names: &mut [Names]) {
        let (mut known, mut inferred) = (BTreeMap::new(), BTreeMap::new());
        for (operation, names) in self.world.operations.iter().zip(&*names) {
            let Some((verb, resource)) = verb(&operation.method) else { continue };
            let key = (&operation.module, &operation.api, resource);
            if let Some(name) = names.get("name") {
                known.entry(key).or_insert_with(|| name.pattern.clone());
            }
            if let ("create", Some(parent), Some(Segment::Text(last))) =
                (verb, names.get("parent"), operation.path.last())
            {
                let collection = last.trim_matches('/');
                let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
                if !collection.is_empty() && collection.chars().all(plain) {
                    let pattern = format!("{}/{collection}/{{{}_id}}", parent.pattern, resource);
                    inferred.entry(key).or_insert(pattern);
                }
            }
        }
        for (operation, names) in self.world.operations.iter().zip(names) {
            let Some((_, resource)) = verb(&operation.method) else { continue };
            let key = (&operation.module, &operation.api, resource);
            for (prefix, parameter) in self.parameters(operation) {
                if parameter.name != "name" || names.contains_key("name") || !self.is_root(&prefix) {
                    continue;
                }
                let sources = [(&known, "sibling"), (&inferred, "inferred")];
                let found = sources.into_iter().find_map(|(known, source)| Some((known.get(&key)?, source)));
                if let Some((pattern, source)) = found {
                    names.insert("name".to_owned(), Chosen { pattern: pattern.clone(), source });
                }
            }
        }
    }

    /// The path with the patterns put in.
    fn template(&self, operation: &Operation, names: &Names) -> Result<Template, Problem> {
        let mut template = Template::default();
        // a parameter of the query keeps its name, one of the path gives way
        let mut taken: BTreeSet<String> = operation.query.keys().cloned().collect();
        let mut free = |name: &str| {
            let name = if taken.contains(name) { format!("path_{name}") } else { name.to_owned() };
            taken.insert(name.clone());
            name
        };
        for (i, segment) in operation.path.iter().enumerate() {
            let parameter = match segment {
                Segment::Text(text) => {
                    template.path += text;
                    continue;
                }
                Segment::Parameter(parameter) => parameter,
            };
            if let Some(chosen) = names.get(&parameter.name) {
                let segments: Vec<String> = chosen
                    .pattern
                    .split('/')
                    .map(|segment| {
                        let variables = variables(segment);
                        let name = match variables.as_slice() {
                            [] => return segment.to_owned(),
                            [only] => free(&snake(only)),
                            [.., last] => free(&format!("{}_full_name", snake(last))),
                        };
                        template.parameters.push(PathParameter {
                            name: name.clone(),
                            ty: Type::String,
                            sdk_name: None,
                            resource: Some(json!({
                                "param": parameter.name, "pattern": chosen.pattern, "source": chosen.source,
                            })),
                            dotted: (variables.len() > 1).then(|| segment.to_owned()),
                            multi: false,
                            opaque: false,
                        });
                        format!("{{{name}}}")
                    })
                    .collect();
                template.path += &segments.join("/");
                continue;
            }
            let name = free(&parameter.name);
            template.path += &format!("{{{name}}}");
            template.parameters.push(PathParameter {
                name,
                ty: self.simple(operation, parameter)?,
                sdk_name: Some(parameter.name.clone()),
                resource: None,
                dotted: None,
                multi: parameter.multi,
                opaque: self.is_opaque(operation, i, parameter),
            });
        }
        Ok(template)
    }

    /// Whether a parameter takes a whole resource name although no pattern is known.
    fn is_opaque(&self, operation: &Operation, index: usize, parameter: &Parameter) -> bool {
        let prefix = methods::shape(&operation.path[..index]);
        let suffix = methods::shape(&operation.path[index + 1..]);
        let named = matches!(parameter.name.as_str(), "name" | "parent") && self.is_root(&prefix);
        let polls = self.world.long_running.iter().any(|(name, long_running)| {
            let methods = [Some(&long_running.poll), long_running.cancel.as_ref()];
            name.module == operation.module && methods.contains(&Some(&operation.method))
        });
        // the name of an operation that is polled comes last, or before `:cancel`
        let action = |suffix: &str| {
            suffix
                .strip_prefix(':')
                .is_some_and(|verb| !verb.is_empty() && verb.chars().all(|c| c.is_alphanumeric() || c == '_'))
        };
        parameter.ty.is_text() && (named || polls && (suffix.is_empty() || action(&suffix)))
    }

    /// The type of a parameter, which cannot be an object in a path: the SDK's own documents call one so by mistake.
    fn simple(&self, operation: &Operation, parameter: &Parameter) -> Result<Type, Problem> {
        match &parameter.ty {
            Type::Named(name) if self.world.records.contains_key(name) => {
                if OBJECTS_IN_PATHS.contains(&(operation.name().as_str(), &parameter.name)) {
                    return Ok(Type::String);
                }
                let message = format!("the path parameter {} is an object, {name}", parameter.name);
                Err(Problem { place: operation.place.clone(), message })
            }
            ty => Ok(ty.clone()),
        }
    }
}

/// Parameters that the SDK gives an object's type though they are a string on the wire.
const OBJECTS_IN_PATHS: &[(&str, &str)] = &[("sql.DbsqlPermissionsAPI.transfer_ownership", "object_id")];

/// `get_branch` → `get`, `branch`. A proxy or local twin of a method is about the same resource.
fn verb(method: &str) -> Option<(&str, &str)> {
    let (verb, resource) = method.split_once('_')?;
    let resource = ["_proxy", "_local"]
        .into_iter()
        .find_map(|suffix| resource.strip_suffix(suffix))
        .filter(|resource| !resource.is_empty())
        .unwrap_or(resource);
    (VERBS.contains(&verb) && !resource.is_empty()).then_some((verb, resource))
}

/// Of several documented patterns: the account's client uses `accounts/…`, the workspace's does not.
fn choose(operation: &Operation, patterns: &[String]) -> String {
    let account = |pattern: &&String| pattern.starts_with("accounts/");
    let mut preferred = patterns.iter().filter(|pattern| account(pattern) == operation.account_only());
    let one_shape = patterns.windows(2).all(|pair| blank(&pair[0]) == blank(&pair[1]));
    let chosen = if one_shape { None } else { preferred.next() };
    chosen.or(patterns.first()).cloned().unwrap_or_default()
}

/// A template with `{}` for each parameter.
pub(crate) fn blank(template: &str) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, (_, after))) =
        rest.split_once('{').and_then(|(before, after)| Some((before, after.split_once('}')?)))
    {
        out += before;
        out += "{}";
        rest = after;
    }
    out + rest
}

/// The names in the braces of a template.
pub(crate) fn variables(template: &str) -> Vec<&str> {
    template.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect()
}
