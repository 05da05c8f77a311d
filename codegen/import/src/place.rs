//! From operations to the paths of one document, where each method and path can stand once.
//!
//! Three things are put right here. Two operations may name the parameters of one template differently: all take the
//! names of the first. Opaque resource names make different calls look alike: each keeps its own template, with a
//! parameter named after its resource. And SCIM's twins are one call: one is kept.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Problem;
use crate::methods::Operation;
use crate::paths::{Template, blank, variables};
use crate::scim;

/// An operation with its place in a document.
pub(crate) struct Placed<'a> {
    pub(crate) operation: &'a Operation,
    pub(crate) template: Template,
}

/// The operations of a document in its order, and the twins that were left out.
pub(crate) struct Placement<'a> {
    pub(crate) placed: Vec<Placed<'a>>,
    /// Each operation that was left out, with the one that is the same call.
    pub(crate) twins: Vec<(String, String)>,
}

/// The order of the methods of a path.
const METHODS: &[&str] = &["get", "post", "put", "patch", "delete", "head"];

/// What a method's name begins with, before the resource.
const VERBS: &[&str] = &["get_", "update_", "delete_", "list_", "create_", "cancel_", "undelete_"];

/// Places the operations of a document.
pub(crate) fn place(mut operations: Vec<(&Operation, Template)>) -> Result<Placement<'_>, Problem> {
    let order = |operation: &Operation| METHODS.iter().position(|method| *method == operation.verb);
    if let Some((operation, _)) = operations.iter().find(|(operation, _)| order(operation).is_none()) {
        let message = format!("the HTTP method {} is not known", operation.verb.to_uppercase());
        return Err(Problem { place: operation.place.clone(), message });
    }
    operations.sort_by_cached_key(|(operation, _)| (order(operation), operation.id.clone()));
    let mut canonical: BTreeMap<String, String> = BTreeMap::new();
    for (_, template) in &operations {
        canonical.entry(blank(&template.path)).or_insert_with(|| template.path.clone());
    }

    operations.sort_by_cached_key(|(operation, template)| {
        (template.path.clone(), order(operation), operation.id.clone())
    });
    let mut placement = Placement { placed: Vec::new(), twins: Vec::new() };
    let mut calls: BTreeMap<(String, String), &Operation> = BTreeMap::new();
    for (operation, mut template) in operations {
        if let Some(path) = canonical.get(&blank(&template.path)).filter(|path| **path != template.path) {
            rename(operation, &mut template, path)?;
        }
        let call = |template: &Template| (template.path.clone(), operation.verb.clone());
        if calls.contains_key(&call(&template)) {
            disambiguate(operation, &mut template);
        }
        if let Some(kept) = calls.get(&call(&template)) {
            if !scim::are_twins(kept, operation) {
                let (verb, path) = (operation.verb.to_uppercase(), &template.path);
                let message = format!("{verb} {path} is {} already", kept.name());
                return Err(Problem { place: operation.place.clone(), message });
            }
            placement.twins.push((operation.name(), kept.name()));
            continue;
        }
        calls.insert(call(&template), operation);
        placement.placed.push(Placed { operation, template });
    }
    Ok(placement)
}

/// Gives a template the parameter names of another one of the same shape.
fn rename(operation: &Operation, template: &mut Template, path: &str) -> Result<(), Problem> {
    let names = variables(path);
    let own: BTreeSet<&str> = template.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    let clash = names.iter().find(|name| operation.query.contains_key(**name) && !own.contains(**name));
    if let Some(name) = clash {
        let message = format!("{path} and {} are the same, but {name} is in the query too", template.path);
        return Err(Problem { place: operation.place.clone(), message });
    }
    for (parameter, name) in template.parameters.iter_mut().zip(names) {
        parameter.sdk_name.get_or_insert_with(|| parameter.name.clone());
        parameter.name = name.to_owned();
    }
    template.path = path.to_owned();
    Ok(())
}

/// Names opaque parameters after the resource: `{name}` of `get_common_config` → `{common_config_name}`.
fn disambiguate(operation: &Operation, template: &mut Template) {
    let method = operation.method.as_str();
    let resource = VERBS.iter().find_map(|verb| method.strip_prefix(verb)).unwrap_or(method);
    for parameter in template.parameters.iter_mut().filter(|parameter| parameter.opaque) {
        let before = format!("{{{}}}", parameter.name);
        parameter.name = format!("{resource}_{}", parameter.sdk_name.as_deref().unwrap_or(&parameter.name));
        template.path = template.path.replace(&before, &format!("{{{}}}", parameter.name));
    }
}
