//! The tables, one file a family of services.

mod account;
mod apps;
mod catalog;
mod compute;
mod database;
mod marketplace;
mod ml;
mod serving;
mod settings;
mod sharing;
mod sql;
mod tags;
mod workspace;

use std::collections::HashMap;
use std::sync::LazyLock;

use super::resource::Resource;

const TABLES: &[&[Resource]] = &[
    account::TABLE,
    apps::TABLE,
    catalog::TABLE,
    compute::TABLE,
    database::TABLE,
    marketplace::TABLE,
    ml::TABLE,
    serving::TABLE,
    settings::TABLE,
    sharing::TABLE,
    sql::TABLE,
    tags::TABLE,
    workspace::TABLE,
];

/// All rows.
pub(crate) fn all() -> impl Iterator<Item = &'static Resource> {
    TABLES.iter().copied().flatten()
}

/// The row of a kind.
pub(crate) fn of_kind(kind: &str) -> Option<&'static Resource> {
    static BY_KIND: LazyLock<HashMap<&'static str, &'static Resource>> =
        LazyLock::new(|| all().map(|row| (row.kind, row)).collect());
    BY_KIND.get(kind).copied()
}

/// The kinds that live below a kind.
pub(crate) fn below(kind: &str) -> impl Iterator<Item = &'static Resource> {
    all().filter(move |row| row.parent == Some(kind))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::{Map, Value};

    use super::*;
    use crate::api::plain::{Key, Verb};
    use crate::spec::operation;

    #[test]
    fn rows_name_operations_that_exist_and_json_that_parses() {
        let (mut kinds, mut operations) = (HashSet::new(), HashSet::new());
        for row in all() {
            assert!(kinds.insert(row.kind), "{} has two rows", row.kind);
            for json in [row.defaults, row.state] {
                serde_json::from_str::<Map<String, Value>>(json)
                    .unwrap_or_else(|_| panic!("{}: {json}", row.kind));
            }
            for (id, verb) in row.operations {
                assert!(operation(id).is_some(), "{}: no operation {id}", row.kind);
                assert!(operations.insert(*id), "{id} stands in two rows");
                if let Verb::Set(json) = verb {
                    serde_json::from_str::<Map<String, Value>>(json)
                        .unwrap_or_else(|_| panic!("{id}: {json}"));
                }
            }
            if let Some(parent) = row.parent {
                assert!(of_kind(parent).is_some() || parent == "clusters", "{}: no kind {parent}", row.kind);
            }
        }
        for route in crate::api::HANDLERS.iter().copied().flatten() {
            assert!(operation(route.operation).is_some(), "no operation {}", route.operation);
            assert!(operations.insert(route.operation), "{} is handled twice", route.operation);
        }
    }

    #[test]
    fn keys_and_states_are_fields_that_the_documents_know() {
        for row in all() {
            let shapes = row.shapes();
            let known =
                |name: &str| shapes.iter().any(|shape| shape.property(name).is_some() || shape.is_open());
            if let Key::Made(field, _) | Key::Named(field) = row.key {
                assert!(known(field), "{}: the key {field}", row.kind);
            }
            let state: Map<String, Value> = serde_json::from_str(row.state).unwrap();
            let defaults: Map<String, Value> = serde_json::from_str(row.defaults).unwrap();
            for name in state.keys().chain(defaults.keys()) {
                assert!(known(name), "{}: the field {name}", row.kind);
            }
        }
    }
}
