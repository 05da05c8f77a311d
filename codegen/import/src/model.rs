//! The whole SDK as the importer sees it: records, enums, long-running operations, and the operations of all APIs.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use rustpython_ast::{Stmt, StmtClassDef, StmtFunctionDef};

use crate::clients::{self, Apis};
use crate::error::{Error, Problem, Result};
use crate::methods::{self, Operation};
use crate::python::{self, Module, Scope};
use crate::records::{Enumeration, Record};
use crate::types::{Kind, Kinds, Name};
use crate::waiters;
use crate::wheel::Wheel;

/// What was read from a wheel.
pub(crate) struct World {
    pub(crate) version: String,
    pub(crate) sha256: String,
    pub(crate) modules: usize,
    pub(crate) apis: usize,
    pub(crate) records: BTreeMap<Name, Record>,
    pub(crate) enums: BTreeMap<Name, Enumeration>,
    pub(crate) long_running: BTreeMap<Name, waiters::Operation>,
    /// In the order of the source.
    pub(crate) operations: Vec<Operation>,
    /// Methods that send a request but are left out, and why.
    pub(crate) skipped: Vec<(String, &'static str)>,
}

/// The classes that a reader of methods looks things up in.
#[derive(Clone, Copy)]
pub(crate) struct Classes<'a> {
    pub(crate) kinds: &'a Kinds,
    pub(crate) records: &'a BTreeMap<Name, Record>,
    pub(crate) enums: &'a BTreeMap<Name, Enumeration>,
    pub(crate) long_running: &'a BTreeMap<Name, waiters::Operation>,
}

/// Methods that are no operation of the API that a document can describe.
const SKIPPED: &[(&str, &str)] = &[
    (
        "serving.ServingEndpointsDataPlaneAPI.query",
        "its address comes from another call's answer; serving.ServingEndpointsAPI.query is the same by a fixed path",
    ),
    ("serving.ServingEndpointsDataPlaneAPI._data_plane_info_query", "asks for the address of the one above"),
];

/// What a class is, by its decorators, bases and methods.
enum Shape<'a> {
    Record(&'a StmtClassDef),
    Enumeration(&'a StmtClassDef),
    LongRunning(&'a StmtClassDef),
    Api(&'a StmtClassDef),
}

impl<'a> Shape<'a> {
    fn class(&self) -> &'a StmtClassDef {
        match self {
            Shape::Record(class)
            | Shape::Enumeration(class)
            | Shape::LongRunning(class)
            | Shape::Api(class) => class,
        }
    }
}

impl World {
    /// Reads all services of a wheel.
    pub(crate) fn read(wheel: &Wheel) -> Result<Self> {
        let modules = parse(wheel)?;
        let mut problems = Vec::new();
        let mut shapes = Vec::new();
        for (service, module) in &modules {
            for stmt in &module.body {
                match shape(stmt, module.scope()) {
                    Ok(shape) => shapes.extend(shape.map(|shape| (*service, module, shape))),
                    Err(problem) => problems.push(problem),
                }
            }
        }

        // Python would forget the first of two classes of one name without a word
        let mut classes = BTreeSet::new();
        for (service, module, shape) in &shapes {
            let class = shape.class();
            if !classes.insert((*service, class.name.as_str())) {
                let message = "a class of this name is in the service already";
                problems.push(module.scope().class(&class.name).problem(class, message));
            }
        }

        // a class that is not known would be missed everywhere, so the rest waits until all are
        if !problems.is_empty() {
            return Err(Error::NotUnderstood(problems));
        }
        let mut kinds = Kinds::new();
        let mut apis = Apis::new();
        for (service, _, shape) in &shapes {
            match shape {
                Shape::Record(class) => _ = kinds.insert(Name::new(service, &class.name), Kind::Record),
                Shape::Enumeration(class) => {
                    _ = kinds.insert(Name::new(service, &class.name), Kind::Enumeration)
                }
                Shape::Api(class) => _ = apis.insert(Name::new(service, &class.name), *class),
                Shape::LongRunning(_) => {}
            }
        }
        let wirings = clients::read(wheel, &apis)?;

        let mut keep = |result: Result<(), Problem>| problems.extend(result.err());
        let (mut records, mut enums) = (BTreeMap::new(), BTreeMap::new());
        for (service, module, shape) in &shapes {
            keep(match shape {
                Shape::Record(class) => {
                    Record::read(class, module.scope().class(&class.name), service, &kinds)
                        .map(|record| _ = records.insert(Name::new(service, &class.name), record))
                }
                Shape::Enumeration(class) => Enumeration::read(class, module.scope().class(&class.name))
                    .map(|values| _ = enums.insert(Name::new(service, &class.name), values)),
                Shape::LongRunning(_) | Shape::Api(_) => Ok(()),
            });
        }
        let none = BTreeMap::new();
        let classes = Classes { kinds: &kinds, records: &records, enums: &enums, long_running: &none };
        let mut long_running = BTreeMap::new();
        for (service, module, shape) in &shapes {
            let Shape::LongRunning(class) = shape else { continue };
            let read = waiters::Operation::read(&classes, service, class, module.scope().class(&class.name));
            keep(read.map(|operation| _ = long_running.insert(Name::new(service, &class.name), operation)));
        }

        let classes = Classes { long_running: &long_running, ..classes };
        let (mut operations, mut skipped) = (Vec::new(), Vec::new());
        for (service, module, shape) in &shapes {
            let Shape::Api(class) = shape else { continue };
            let wiring = wirings.get(&Name::new(service, &class.name)).cloned().unwrap_or_default();
            for function in python::functions(&class.body).filter(|function| !is_helper(function)) {
                let name = format!("{service}.{}.{}", class.name, function.name);
                if let Some((_, reason)) = SKIPPED.iter().find(|(skipped, _)| *skipped == name) {
                    skipped.push((name, *reason));
                    continue;
                }
                let scope = module.scope().class(&class.name).method(&function.name);
                let read = methods::read(&classes, service, class, function, wiring.clone(), scope);
                keep(read.map(|operation| operations.push(operation)));
            }
        }
        if !problems.is_empty() {
            problems.sort();
            return Err(Error::NotUnderstood(problems));
        }
        Ok(World {
            version: wheel.version().to_owned(),
            sha256: wheel.sha256().to_owned(),
            modules: modules.len(),
            apis: apis.len(),
            records,
            enums,
            long_running,
            operations,
            skipped,
        })
    }
}

/// Parses all services, on all processors: parsing is most of the work.
fn parse(wheel: &Wheel) -> Result<Vec<(&str, Module)>> {
    let services: Vec<(&str, &str)> = wheel.services().collect();
    if services.is_empty() {
        return Err(Error::Wheel { path: wheel.path().to_owned(), message: "no services in it".to_owned() });
    }
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((service, source)) =
            services.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
        {
            done.push((*service, Module::parse(&format!("service/{service}.py"), source)));
        }
        done
    };
    let mut parsed: Vec<(&str, Result<Module, Problem>)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    parsed.sort_by_key(|(service, _)| *service);
    let (mut modules, mut problems) = (Vec::new(), Vec::new());
    for (service, module) in parsed {
        match module {
            Ok(module) => modules.push((service, module)),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(modules) } else { Err(Error::NotUnderstood(problems)) }
}

/// What a statement at the top of a service's file declares, if it is of interest.
fn shape<'a>(stmt: &'a Stmt, scope: Scope<'_>) -> Result<Option<Shape<'a>>, Problem> {
    let class = match stmt {
        Stmt::ClassDef(class) => class,
        // imports, the logger, and names for types that no annotation uses
        Stmt::Import(_) | Stmt::ImportFrom(_) | Stmt::Assign(_) => return Ok(None),
        _ if python::documentation(stmt).is_some() => return Ok(None),
        _ => return Err(scope.problem(stmt, "neither a class nor an import")),
    };
    let decorators: Vec<String> = class.decorator_list.iter().map(python::text).collect();
    let bases: Vec<String> = class.bases.iter().map(python::text).collect();
    let texts = |list: &'_ [String]| list.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    match (texts(&decorators).as_str(), texts(&bases).as_str()) {
        ("dataclass", "") => Ok(Some(Shape::Record(class))),
        ("", "Enum") => Ok(Some(Shape::Enumeration(class))),
        ("", "") if waiters::Operation::is_one(class) => Ok(Some(Shape::LongRunning(class))),
        ("", "") if python::functions(&class.body).next().is_some() => {
            let scope = scope.class(&class.name);
            let known =
                |stmt: &&Stmt| matches!(stmt, Stmt::FunctionDef(_)) || python::documentation(stmt).is_some();
            match class.body.iter().find(|stmt| !known(stmt)) {
                Some(other) => Err(scope.problem(other, "neither a method nor documentation of an API")),
                None => Ok(Some(Shape::Api(class))),
            }
        }
        _ => {
            Err(scope.class(&class.name).problem(class, "neither a dataclass, an enum, a waiter nor an API"))
        }
    }
}

/// Methods of an API that send no request of their own: its making, properties, and what wraps another method.
fn is_helper(function: &StmtFunctionDef) -> bool {
    let name = function.name.as_str();
    name == "__init__"
        || name.starts_with("wait_")
        || name.ends_with("_and_wait")
        || function.decorator_list.iter().any(|decorator| python::name(decorator) == Some("property"))
}
