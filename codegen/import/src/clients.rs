//! The wiring: which API hangs on which of the SDK's two clients, and under what name.
//!
//! `WorkspaceClient.__init__` says `self._clusters = ClustersExt(…)`; `ClustersExt` is a mixin over
//! `compute.ClustersAPI`. So clusters are an API of the workspace, and `clusters` is what users call it. An API may
//! itself hold APIs (`settings.default_namespace`). What hangs on no client is not part of the public API.

use std::collections::{BTreeMap, BTreeSet};

use rustpython_ast::{Expr, Stmt, StmtClassDef, StmtFunctionDef};

use crate::error::{Problem, Result};
use crate::python::{self, Module, Scope};
use crate::types::Name;
use crate::wheel::Wheel;

/// What an API is about: one workspace, or the account above them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Account,
    Workspace,
}

impl Level {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Level::Account => "account",
            Level::Workspace => "workspace",
        }
    }
}

/// The clients, in the order in which their names for an API count.
const CLIENTS: &[(&str, Level)] = &[("WorkspaceClient", Level::Workspace), ("AccountClient", Level::Account)];

/// Where an API hangs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wiring {
    pub(crate) levels: BTreeSet<Level>,
    /// The attribute that reaches it from the client: `settings.default_namespace`.
    pub(crate) attribute: Option<String>,
}

/// The classes of all APIs.
pub(crate) type Apis<'a> = BTreeMap<Name, &'a StmtClassDef>;

/// Reads how the clients are wired.
pub(crate) fn read(wheel: &Wheel, apis: &Apis<'_>) -> Result<BTreeMap<Name, Wiring>> {
    let module = Module::parse("__init__.py", wheel.source("__init__.py")?)?;
    let reader = Reader { apis, mixins: mixins(wheel, &module, apis)?, module: &module };
    let mut wirings = BTreeMap::new();
    for (client, level) in CLIENTS {
        let scope = module.scope().class(client).method("__init__");
        let class = classes(&module.body).find(|class| class.name.as_str() == *client);
        let init =
            class.and_then(|class| python::functions(&class.body).find(|f| f.name.as_str() == "__init__"));
        let init = init.ok_or_else(|| scope.missing("no such method"))?;
        for stmt in &init.body {
            let Some((target, value)) = python::assignment(stmt) else { continue };
            let attribute = python::own_attribute(target).or_else(|| python::name(target));
            if let (Some(attribute), Some(api)) = (attribute, reader.built(value, scope)?) {
                reader.hang(&mut wirings, &api, *level, attribute);
            }
        }
    }
    Ok(wirings)
}

fn classes(body: &[Stmt]) -> impl Iterator<Item = &StmtClassDef> {
    body.iter().filter_map(|stmt| match stmt {
        Stmt::ClassDef(class) => Some(class),
        _ => None,
    })
}

/// `from prefix.module import name` → the module's own name and the imported names.
fn imports<'a>(body: &'a [Stmt], prefix: &str) -> Vec<(&'a str, &'a str)> {
    let mut found = Vec::new();
    for stmt in body {
        let Stmt::ImportFrom(import) = stmt else { continue };
        let Some(module) = import.module.as_ref().and_then(|module| module.strip_prefix(prefix)) else {
            continue;
        };
        found.extend(import.names.iter().map(|alias| (module, alias.name.as_str())));
    }
    found
}

/// The mixins that the clients use, each with the API that it extends.
fn mixins(wheel: &Wheel, clients: &Module, apis: &Apis<'_>) -> Result<BTreeMap<String, Name>> {
    let mut extended = BTreeMap::new();
    for (file, mixin) in imports(&clients.body, "databricks.sdk.mixins.") {
        let file = format!("mixins/{file}.py");
        let module = Module::parse(&file, wheel.source(&file)?)?;
        let Some(class) = classes(&module.body).find(|class| class.name.as_str() == mixin) else { continue };
        let services =
            ["databricks.sdk.service.", "service."].map(|prefix| imports(&module.body, prefix)).concat();
        for base in &class.bases {
            let base = python::text(base);
            let name = match base.rsplit_once('.') {
                Some((service, api)) => Some(Name::new(service, api)),
                None => services
                    .iter()
                    .find(|(_, api)| *api == base)
                    .map(|(service, api)| Name::new(service, api)),
            };
            if let Some(name) = name.filter(|name| apis.contains_key(name)) {
                extended.insert(mixin.to_owned(), name);
            }
        }
        if !extended.contains_key(mixin) {
            return Err(module.scope().class(mixin).problem(class, "a mixin that extends no API").into());
        }
    }
    Ok(extended)
}

struct Reader<'a> {
    apis: &'a Apis<'a>,
    mixins: BTreeMap<String, Name>,
    module: &'a Module,
}

impl Reader<'_> {
    /// The API that an expression builds: `pkg_jobs.JobsAPI(…)`, `JobsExt(…)`, or a function that returns one.
    fn built(&self, value: &Expr, scope: Scope<'_>) -> Result<Option<Name>, Problem> {
        let Some(call) = python::call(value) else { return Ok(None) };
        let class = python::text(&call.func);
        if let Some((service, api)) = class.strip_prefix("pkg_").and_then(|class| class.split_once('.')) {
            let name = Name::new(service, api);
            return match self.apis.contains_key(&name) {
                true => Ok(Some(name)),
                false => Err(scope.problem(value, format!("{name} is not a known API"))),
            };
        }
        if let Some(api) = self.mixins.get(&class) {
            return Ok(Some(api.clone()));
        }
        let function = python::functions(&self.module.body).find(|function| function.name.as_str() == class);
        let returned = |function: &StmtFunctionDef| match function.body.as_slice() {
            [Stmt::Return(answer)] => {
                answer.value.as_deref().map(|value| self.built(value, scope)).transpose()
            }
            _ => Ok(None),
        };
        Ok(function.map(returned).transpose()?.flatten().flatten())
    }

    /// Notes an API, and the APIs that it holds itself.
    fn hang(&self, wirings: &mut BTreeMap<Name, Wiring>, api: &Name, level: Level, attribute: &str) {
        let wiring = wirings.entry(api.clone()).or_default();
        wiring.levels.insert(level);
        wiring.attribute.get_or_insert_with(|| attribute.to_owned());
        let Some(class) = self.apis.get(api) else { return };
        for init in python::functions(&class.body).filter(|function| function.name.as_str() == "__init__") {
            for (target, value) in init.body.iter().filter_map(python::assignment) {
                let held = python::call(value).and_then(|call| python::name(&call.func));
                let held = held.map(|class| Name::new(&api.module, class));
                if let (Some(own), Some(held)) = (python::own_attribute(target), held)
                    && held != *api
                    && self.apis.contains_key(&held)
                {
                    self.hang(wirings, &held, level, &format!("{attribute}.{own}"));
                }
            }
        }
    }
}
