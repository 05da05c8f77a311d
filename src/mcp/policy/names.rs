//! The names of what a call touches, as its arguments have them.
//!
//! This is what rules look at, and no proof: code that a call runs may build any name.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::mcp::sql_effect;

/// Longest text that may be a name; longer ones are code or contents.
const LONGEST: usize = 400;

/// Arguments that hold code or contents, however short.
const NO_NAMES: [&str; 3] = ["code", "content", "statement"];

/// Every short text among the arguments, and the names in their SQL.
pub(crate) fn touched(arguments: &Map<String, Value>) -> Vec<String> {
    let mut names = BTreeSet::new();
    let may_name = arguments.iter().filter(|(name, _)| !NO_NAMES.contains(&name.as_str()));
    collect(may_name.map(|(_, value)| value), &mut names);
    let within = |name: &str| arguments.get(name).and_then(Value::as_str);
    if let Some(sql) = within("statement") {
        let (catalog, schema) = (within("catalog"), within("schema"));
        for name in sql_effect::names(sql) {
            // `t` of a call with a schema and `s.t` of one with a catalog are names in full there.
            let full = match (name.matches('.').count(), catalog, schema) {
                (0, Some(catalog), Some(schema)) => Some(format!("{catalog}.{schema}.{name}")),
                (0, None, Some(schema)) => Some(format!("{schema}.{name}")),
                (1, Some(catalog), _) => Some(format!("{catalog}.{name}")),
                _ => None,
            };
            names.extend(full);
            names.insert(name);
        }
    }
    names.into_iter().collect()
}

fn collect<'a>(values: impl Iterator<Item = &'a Value>, names: &mut BTreeSet<String>) {
    for value in values {
        match value {
            Value::String(text) if text.len() <= LONGEST => drop(names.insert(text.clone())),
            // Ids of jobs and runs are numbers.
            Value::Number(number) => drop(names.insert(number.to_string())),
            Value::Array(list) => collect(list.iter(), names),
            Value::Object(map) => collect(map.values(), names),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(arguments: Value) -> Vec<String> {
        let Value::Object(arguments) = arguments else { panic!("an object") };
        touched(&arguments)
    }

    #[test]
    fn names_are_found_wherever_they_stand() {
        let names =
            of(json!({ "operation": "tables_delete", "arguments": { "full_name": "prod.a.t", "x": [7] } }));
        assert_eq!(names, ["7", "prod.a.t", "tables_delete"]);
    }

    #[test]
    fn names_in_sql_are_found_in_full() {
        let sql = "drop table `prod`.`a b`.t; select 'secret.name', x.y from s.u -- dev.c";
        let names = of(json!({ "statement": sql, "catalog": "main" }));
        for name in ["prod.a b.t", "secret.name", "main.s.u", "s.u"] {
            assert!(names.iter().any(|it| it == name), "{name}: {names:?}");
        }
        assert!(!names.iter().any(|it| it.contains("dev")), "{names:?}");
        let names = of(json!({ "statement": "SELECT * FROM t", "catalog": "main", "schema": "s" }));
        assert!(names.iter().any(|it| it == "main.s.t"), "{names:?}");
    }
}
