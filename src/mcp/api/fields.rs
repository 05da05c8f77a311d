//! Fields of an operation's answer, as a caller names them.

use super::super::ToolError;
use super::document::{Document, Field};
use super::operations;
use crate::mcp::validate::nearest;

/// Most names in one complaint.
const MOST: usize = 80;

/// The dotted path of a field of the answer. The items of a list need not be named by the list: `cluster_id` is
/// `clusters.cluster_id` where there are clusters alone.
///
/// # Errors
/// There is none of this name; the valid ones are named.
pub(crate) fn answer_field(operation: &str, field: &str) -> Result<String, ToolError> {
    let (document, facts) = Document::of(operations::find(operation)?)?;
    let known = facts.answer.as_ref().map(|answer| document.fields(answer)).unwrap_or_default();
    let path = plain(field.trim());
    if known.is_empty() || document.field(known.clone(), &path).is_ok() {
        return Ok(path);
    }
    let items = facts.paging.as_ref().map(|paging| paging.items);
    let list = known.iter().find(|field| Some(field.name) == items).copied();
    let below = list.map(|list| document.fields(list.schema)).unwrap_or_default();
    if let Some(list) = list
        && !below.is_empty()
        && document.field(below.clone(), &path).is_ok()
    {
        return Ok(format!("{}.{path}", list.name));
    }
    Err(complaint(document, known, list, &below, &path))
}

fn complaint(
    document: &Document,
    known: Vec<Field<'_>>,
    list: Option<Field<'_>>,
    below: &[Field<'_>],
    path: &str,
) -> ToolError {
    let first = path.split('.').next().unwrap_or(path);
    if let Some(list) = list.filter(|_| !known.iter().any(|field| field.name == first)) {
        // Whoever asks for a field of a list wants to know those of its items.
        let items: Vec<String> = below.iter().map(|field| field.name.to_owned()).collect();
        let near = nearest(path, &items).map(|near| format!(" (did you mean `{}.{near}`?)", list.name));
        let names = known.iter().map(|field| field.name.to_owned());
        let names = names.chain(items.iter().map(|name| format!("{}.{name}", list.name)));
        let names: Vec<String> = names.take(MOST).collect();
        return ToolError::Argument(format!(
            "`fields`: `{path}` is unknown{}: valid are {}",
            near.unwrap_or_default(),
            names.join(", ")
        ));
    }
    match document.field(known, path) {
        Err(ToolError::Argument(text)) => ToolError::Argument(format!("`fields`: {text}")),
        Err(other) => other,
        Ok(_) => ToolError::Argument(format!("`fields`: `{path}` is unknown")),
    }
}

/// `tasks[].task_key` and `tasks[0].task_key` are `tasks.task_key`.
fn plain(field: &str) -> String {
    let mut plain = String::with_capacity(field.len());
    let mut within = false;
    for letter in field.chars() {
        match letter {
            '[' => within = true,
            ']' => within = false,
            _ if within => {}
            letter => plain.push(letter),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_and_others_named() {
        let found = |field: &str| answer_field("clusters_list", field).map_err(|error| error.to_string());
        assert_eq!(found("clusters.cluster_id").unwrap(), "clusters.cluster_id");
        assert_eq!(found("clusters[].aws_attributes.zone_id").unwrap(), "clusters.aws_attributes.zone_id");
        assert_eq!(found("cluster_id").unwrap(), "clusters.cluster_id");
        let error = found("clusterid").unwrap_err();
        assert!(error.contains("did you mean `clusters.cluster_id`?"), "{error}");
        let error = found("clusters.nodes").unwrap_err();
        assert!(error.contains("`fields`: `nodes` is unknown") && error.contains("num_workers"), "{error}");
        let error = answer_field("clusters_get", "clusterid").unwrap_err().to_string();
        assert!(error.contains("did you mean `cluster_id`?"), "{error}");
    }
}
