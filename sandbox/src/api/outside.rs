//! The workspace as SQL sees it: grants and functions, over the same records as REST.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::grants;
use super::identity::METASTORE;
use super::plain::{Caller, part_of_key};
use crate::ids;
use crate::sql::catalog::TableName;
use crate::sql::outside::{Content, File, Grant, Granting, Outside, Parameter, Routine, denied};
use crate::sql::{SqlError, types};
use crate::state::AppState;

const FUNCTION: &str = "function";

/// A principal at work in the workspace.
pub(crate) struct Desk {
    pub(crate) state: AppState,
    pub(crate) caller: Caller,
}

/// The workspace as its first user sees it: cells of notebooks and tasks run in their name.
pub(crate) fn owner(state: &AppState) -> Option<Arc<dyn Outside>> {
    let id = super::identity::USER_ID.to_string();
    let caller = state.store.records.with(|change| Ok(super::scim::caller(&id, change))).ok().flatten()?;
    Some(Arc::new(Desk { state: state.clone(), caller }))
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("caller", &self.caller.name).finish_non_exhaustive()
    }
}

impl Desk {
    /// Refuses whoever may not read a volume.
    fn may_read(&self, path: &str) -> Result<(), SqlError> {
        let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
        if let ["Volumes", catalog, schema, volume, ..] = names.as_slice() {
            let full = format!("{catalog}.{schema}.{volume}").to_lowercase();
            if !self.may(&["READ_VOLUME"], "volume", &full) {
                return Err(denied("READ VOLUME", "volume", &full));
            }
        }
        Ok(())
    }
}

impl Outside for Desk {
    fn user(&self) -> &str {
        &self.caller.name
    }

    fn may(&self, privileges: &[&str], kind: &str, name: &str) -> bool {
        let held = self
            .state
            .store
            .records
            .with(|change| Ok(grants::has(&self.caller, kind, name, privileges, change)));
        held.unwrap_or(false)
    }

    fn files(&self, path: &str) -> Result<Vec<File>, SqlError> {
        self.may_read(path)?;
        let found = super::files::entries(&self.state, path);
        let found = found.map_err(|refusal| SqlError::new("PATH_NOT_FOUND", refusal.message))?;
        let file = |(path, entry): (String, crate::store::Entry)| File {
            path: if entry.is_dir { format!("{path}/") } else { path },
            name: if entry.is_dir { format!("{}/", entry.name) } else { entry.name },
            size: entry.size,
            modified: entry.modified_ms,
        };
        Ok(found.into_iter().map(file).collect())
    }

    fn read(&self, path: &str) -> Result<Vec<Content>, SqlError> {
        let path = path.strip_prefix("dbfs:").unwrap_or(path);
        if !path.starts_with("/Volumes/") {
            return Err(SqlError::unsupported(format!(
                "reading {path}: the files of the sandbox are below /Volumes"
            )));
        }
        self.may_read(path)?;
        super::files::contents(&self.state, path)
            .map_err(|refusal| SqlError::new("PATH_NOT_FOUND", refusal.message))
    }

    fn is_member(&self, group: &str) -> bool {
        self.caller.groups.iter().any(|name| name == group)
    }

    fn is_admin(&self) -> bool {
        self.caller.admin
    }

    fn grant(&self, granting: &Granting) -> Result<(), SqlError> {
        let done = self.state.store.records.with(|change| {
            let privileges = json!(granting.privileges);
            let (add, remove) =
                if granting.revoke { (json!([]), privileges) } else { (privileges, json!([])) };
            let one = json!([{ "principal": granting.principal, "add": add, "remove": remove }]);
            grants::apply(&one, change, &granting.kind, &granting.name)
        });
        done.map(drop).map_err(|refusal| SqlError::new(refusal.error_code, refusal.message))
    }

    fn grants(&self, kind: &str, name: &str) -> Result<Vec<Grant>, SqlError> {
        let all = self.state.store.records.with(|change| {
            let mut all = Vec::new();
            for (kind, name) in grants::chain(kind, name) {
                for (principal, held) in grants::granted(&kind, &name, change) {
                    let held = held.as_array().into_iter().flatten().filter_map(Value::as_str);
                    all.extend(held.map(|privilege| Grant {
                        principal: principal.clone(),
                        privilege: privilege.replace('_', " "),
                        kind: kind.to_uppercase(),
                        name: name.clone(),
                    }));
                }
            }
            Ok(all)
        });
        all.map_err(|refusal| SqlError::internal(refusal.message))
    }

    fn principals(&self, groups: bool) -> Vec<String> {
        let (kind, field) = if groups { ("group", "displayName") } else { ("user", "userName") };
        let names = self.state.store.records.with(|change| {
            let names =
                change.all(kind, "").into_iter().filter_map(|(_, it)| it[field].as_str().map(str::to_owned));
            let mut names: Vec<String> = names.collect();
            names.sort();
            Ok(names)
        });
        names.unwrap_or_default()
    }

    fn routine(&self, name: &TableName) -> Option<Routine> {
        let key = part_of_key(&name.to_string());
        let stored = self.state.store.records.with(|change| Ok(change.get(FUNCTION, &key).cloned()));
        stored.ok().flatten().and_then(|stored| read(&stored))
    }

    fn routines(&self, catalog: &str, schema: &str) -> Vec<Routine> {
        let prefix = part_of_key(&format!("{catalog}.{schema}."));
        let all = self.state.store.records.with(|change| Ok(change.all(FUNCTION, &prefix)));
        all.unwrap_or_default().iter().filter_map(|(_, stored)| read(stored)).collect()
    }

    fn define(&self, routine: Routine, replace: bool) -> Result<(), SqlError> {
        let key = part_of_key(&routine.name.to_string());
        let (now, user) = (self.state.now(), self.caller.name.clone());
        let done = self.state.store.records.with(|change| {
            if change.has(FUNCTION, &key) && !replace {
                return Ok(false);
            }
            change.put(FUNCTION, &key, written(&routine, &user, now));
            Ok(true)
        });
        match done {
            Ok(true) => Ok(()),
            Ok(false) => Err(SqlError::new(
                "ROUTINE_ALREADY_EXISTS",
                format!(
                    "Cannot create the routine {} because a routine of that name already exists",
                    routine.name.quoted()
                ),
            )),
            Err(refusal) => Err(SqlError::internal(refusal.message)),
        }
    }

    fn undefine(&self, name: &TableName) -> Result<bool, SqlError> {
        let key = part_of_key(&name.to_string());
        let done = self.state.store.records.with(|change| Ok(change.remove(FUNCTION, &key).is_some()));
        done.map_err(|refusal| SqlError::internal(refusal.message))
    }
}

/// A function of the store, if its body is SQL.
fn read(stored: &Value) -> Option<Routine> {
    let given = &stored["given"];
    let text = |field: &str| given[field].as_str().map(str::to_owned);
    if given["routine_body"] != "SQL" {
        return None;
    }
    let listed = |field: &str| {
        let all = given[field]["parameters"].as_array().into_iter().flatten();
        all.map(|parameter| {
            let text = |field: &str| parameter[field].as_str().map(str::to_owned);
            Some(Parameter {
                name: text("name")?,
                kind: text("type_text")?,
                comment: text("comment"),
                default: text("parameter_default"),
            })
        })
        .collect::<Option<Vec<_>>>()
    };
    Some(Routine {
        name: TableName::new(&text("catalog_name")?, &text("schema_name")?, &text("name")?),
        parameters: listed("input_params")?,
        table: listed("return_params")?,
        returns: text("full_data_type")?,
        body: text("routine_definition")?,
        comment: text("comment"),
    })
}

/// A function in the form of REST.
fn written(routine: &Routine, user: &str, now: i64) -> Value {
    let type_name = |text: &str| types::parse(text).map_or("STRING", |kind| types::name(&kind));
    let listed = |all: &[Parameter], role: &str| {
        let each = all.iter().enumerate().map(|(position, Parameter { name, kind, comment, default })| {
            let mut one = json!({
                "name": name, "type_text": kind.to_lowercase(), "type_name": type_name(kind), "position": position,
                "parameter_mode": "IN", "parameter_type": role,
                "type_json": json!({ "name": name, "type": kind.to_lowercase(), "nullable": true, "metadata": {} }).to_string(),
            });
            for (field, value) in [("comment", comment), ("parameter_default", default)] {
                if let Some(value) = value {
                    one[field] = json!(value);
                }
            }
            one
        });
        json!({ "parameters": each.collect::<Vec<_>>() })
    };
    let mut given = Map::new();
    let mut put = |field: &str, value: Value| given.insert(field.to_owned(), value);
    put("name", json!(routine.name.table));
    put("catalog_name", json!(routine.name.catalog));
    put("schema_name", json!(routine.name.schema));
    put("input_params", listed(&routine.parameters, "PARAM"));
    if routine.table.is_empty() {
        put("data_type", json!(type_name(&routine.returns)));
        put("full_data_type", json!(routine.returns.to_lowercase()));
    } else {
        put("return_params", listed(&routine.table, "COLUMN"));
        put("data_type", json!("TABLE_TYPE"));
        put("full_data_type", json!("TABLE_TYPE"));
    }
    put("routine_body", json!("SQL"));
    put("routine_definition", json!(routine.body));
    put("parameter_style", json!("S"));
    put("is_deterministic", json!(true));
    put("sql_data_access", json!("CONTAINS_SQL"));
    put("is_null_call", json!(false));
    put("security_type", json!("DEFINER"));
    put("specific_name", json!(routine.name.table));
    if let Some(comment) = &routine.comment {
        put("comment", json!(comment));
    }
    json!({ "given": given, "out": {
        "full_name": routine.name.to_string(), "function_id": ids::uuid(), "metastore_id": METASTORE, "owner": user,
        "created_at": now, "created_by": user, "updated_at": now, "updated_by": user,
    }})
}
