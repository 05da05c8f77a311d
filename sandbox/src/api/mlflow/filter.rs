//! Filters and orders of MLflow's searches: `metrics.loss < 0.5 AND params.kind = 'a'`.

use std::cmp::Ordering;

use serde_json::Value;

use crate::api::plain::text;
use crate::server::{ApiError, Reply};

/// A comparison of one field; a filter is several, which must all hold.
#[derive(Debug, PartialEq)]
pub(super) struct Condition {
    field: String,
    operator: String,
    value: String,
}

/// Parses a filter; an empty one holds for everything.
pub(super) fn parse(text: &str) -> Reply<Vec<Condition>> {
    let refuse = || {
        ApiError::invalid(format!(
            "Invalid filter '{text}': use comparisons such as metrics.loss < 0.5 AND tags.kind = 'a'"
        ))
    };
    let mut conditions = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest.find([' ', '=', '<', '>', '!']).ok_or_else(refuse)?;
        let (field, after) = rest.split_at(end);
        let after = after.trim_start();
        let operator = ["!=", "<=", ">=", "=", "<", ">", "ILIKE", "LIKE", "ilike", "like"]
            .into_iter()
            .find(|operator| after.starts_with(operator))
            .ok_or_else(refuse)?;
        let after = after[operator.len()..].trim_start();
        let (value, after) = match after.chars().next() {
            Some(quote @ ('\'' | '"')) => after[1..].split_once(quote).ok_or_else(refuse)?,
            _ => after.split_at(after.find(' ').unwrap_or(after.len())),
        };
        conditions.push(Condition {
            field: field.trim_matches('`').replace('`', ""),
            operator: operator.to_uppercase(),
            value: value.to_owned(),
        });
        rest = after.trim_start();
        if !rest.is_empty() {
            let and = rest.get(..4).filter(|word| word.eq_ignore_ascii_case("and "));
            rest = and.map(|_| rest[4..].trim_start()).filter(|rest| !rest.is_empty()).ok_or_else(refuse)?;
        }
    }
    Ok(conditions)
}

/// Whether all conditions hold for an object.
pub(super) fn matches(conditions: &[Condition], object: &Value) -> bool {
    conditions.iter().all(|condition| {
        let found = value(object, &condition.field);
        let Some(found) = found else { return condition.operator == "!=" };
        let ordering = compare(&found, &condition.value);
        match condition.operator.as_str() {
            "=" => ordering == Ordering::Equal,
            "!=" => ordering != Ordering::Equal,
            "<" => ordering == Ordering::Less,
            "<=" => ordering != Ordering::Greater,
            ">" => ordering == Ordering::Greater,
            ">=" => ordering != Ordering::Less,
            "ILIKE" => like(&condition.value.to_lowercase(), &found.to_lowercase()),
            _ => like(&condition.value, &found),
        }
    })
}

fn compare(a: &str, b: &str) -> Ordering {
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => a.total_cmp(&b),
        _ => a.cmp(b),
    }
}

/// SQL's LIKE with `%` alone, which is what these filters use.
fn like(pattern: &str, text: &str) -> bool {
    let parts: Vec<&str> = pattern.split('%').collect();
    let Some((first, others)) = parts.split_first() else { return text.is_empty() };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some((last, middle)) = others.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// The value of a field: of a run its attributes, metrics, parameters and tags; of others their own fields and tags.
fn value(object: &Value, field: &str) -> Option<String> {
    let (area, name) = field.split_once('.').unwrap_or(("attributes", field));
    let entry = |list: &Value| {
        let found = list.as_array()?.iter().find(|entry| entry["key"] == name)?;
        Some(text(&found["value"]))
    };
    match area {
        "metrics" | "metric" => entry(&object["data"]["metrics"]),
        "params" | "param" | "parameters" => entry(&object["data"]["params"]),
        "tags" | "tag" => entry(&object["data"]["tags"]).or_else(|| entry(&object["tags"])),
        _ => [&object["info"][name], &object[name]].into_iter().find(|it| !it.is_null()).map(text),
    }
}

/// Sorts by what a request asks for, such as `["metrics.loss DESC"]`.
pub(super) fn order(all: &mut [Value], order_by: &str) {
    let keys: Vec<String> = serde_json::from_str(order_by).unwrap_or_else(|_| {
        order_by.split(',').map(str::trim).filter(|key| !key.is_empty()).map(str::to_owned).collect()
    });
    for key in keys.iter().rev() {
        let mut words = key.split_whitespace();
        let field = words.next().unwrap_or_default().replace('`', "");
        let down = words.next().is_some_and(|word| word.eq_ignore_ascii_case("desc"));
        all.sort_by(|a, b| {
            let ordering = match (value(a, &field), value(b, &field)) {
                (Some(a), Some(b)) => compare(&a, &b),
                // what lacks the field comes last in both directions
                (None, Some(_)) => return Ordering::Greater,
                (Some(_), None) => return Ordering::Less,
                (None, None) => Ordering::Equal,
            };
            if down { ordering.reverse() } else { ordering }
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_compare_numbers_and_text() {
        let run = json!({
            "info": { "status": "FINISHED", "run_name": "first try" },
            "data": { "metrics": [{ "key": "loss", "value": 0.25 }], "params": [{ "key": "kind", "value": "a" }], "tags": [] },
        });
        for (filter, expected) in [
            ("", true),
            ("metrics.loss < 0.5", true),
            ("metrics.loss>0.5", false),
            ("params.kind = 'a' and metrics.loss <= 0.25", true),
            ("attributes.status = \"FAILED\"", false),
            ("status = 'FINISHED'", true),
            ("run_name LIKE 'first%'", true),
            ("tags.x != 'a'", true),
            ("tags.x = 'a'", false),
        ] {
            assert_eq!(matches(&parse(filter).unwrap(), &run), expected, "{filter}");
        }
        for wrong in ["loss", "a = ", "a = 'b", "a = 1 or b = 2", "a ~ 1"] {
            let parsed = parse(wrong);
            assert!(
                parsed.is_err() || parsed.as_ref().is_ok_and(|it| it.iter().any(|it| it.value.is_empty())),
                "{wrong}"
            );
        }
    }

    #[test]
    fn orders_put_what_lacks_the_field_last() {
        let run = |loss: Option<f64>| json!({ "data": { "metrics": loss.map(|loss| vec![json!({ "key": "loss", "value": loss })]) } });
        let mut all = vec![run(None), run(Some(1.0)), run(Some(10.0)), run(Some(2.0))];
        order(&mut all, "[\"metrics.loss DESC\"]");
        assert_eq!(all, vec![run(Some(10.0)), run(Some(2.0)), run(Some(1.0)), run(None)]);
    }
}
