//! All operations, by their ids: what a search and an error message need of them.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::super::ToolError;
use super::verbs::{self, Deed};
use super::{packed, search};
use crate::transport::{Operation, RetryClass};

/// One operation: a line of the index.
#[derive(Debug)]
pub(super) struct Listed {
    /// What the transport knows it as.
    pub(super) operation: Operation,
    pub(super) tag: &'static str,
    /// What it does, as its name says.
    pub(super) deed: Option<Deed>,
    pub(super) is_account: bool,
    pub(super) is_deprecated: bool,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    /// The names of its parameters and of the fields of its body.
    pub(super) arguments: &'static str,
    /// The names of the fields of its answer.
    pub(super) answer: &'static str,
}

impl Listed {
    fn read(line: &'static str) -> Option<Self> {
        let mut columns = line.split('\t');
        let mut next = || columns.next();
        let (id, tag, service, method, path) = (next()?, next()?, next()?, next()?, next()?);
        let (level, repeatable, deprecated) = (next()?, next()?, next()?);
        let retry = if repeatable.is_empty() { RetryClass::Write } else { RetryClass::Safe };
        let own = id.strip_prefix(tag).map_or(id, |rest| rest.trim_start_matches('_'));
        Some(Self {
            deed: verbs::of_name(own),
            operation: Operation { service, id, method, path, retry },
            tag,
            is_account: level == "account",
            is_deprecated: !deprecated.is_empty(),
            summary: next()?,
            description: next()?,
            arguments: next()?,
            answer: next()?,
        })
    }

    pub(super) fn id(&self) -> &'static str {
        self.operation.id
    }

    /// Its own name: the id without the tag.
    pub(super) fn name(&self) -> &'static str {
        let id = self.operation.id;
        id.strip_prefix(self.tag).map_or(id, |rest| rest.trim_start_matches('_'))
    }
}

/// All operations, in the order of the documents.
pub(super) fn all() -> Result<&'static [Listed], ToolError> {
    static ALL: OnceLock<Vec<Listed>> = OnceLock::new();
    if let Some(all) = ALL.get() {
        return Ok(all);
    }
    let read: Option<Vec<Listed>> = packed::text("index")?.lines().map(Listed::read).collect();
    let read = read.ok_or_else(|| packed::broken("index"))?;
    Ok(ALL.get_or_init(|| read))
}

/// The operation with this id.
///
/// # Errors
/// There is none; the nearest are named.
pub(super) fn find(id: &str) -> Result<&'static Listed, ToolError> {
    static BY_ID: OnceLock<HashMap<&'static str, &'static Listed>> = OnceLock::new();
    let all = all()?;
    let by_id = BY_ID.get_or_init(|| all.iter().map(|listed| (listed.id(), listed)).collect());
    // Agents write `clusters.list` and `clusters-list` too.
    let plain: String = id
        .trim()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
        .collect();
    if let Some(listed) = by_id.get(plain.as_str()) {
        return Ok(listed);
    }
    let near = nearest(&plain, all)?;
    Err(ToolError::Failed(match near.is_empty() {
        true => format!("there is no operation `{id}`; find one with api_search"),
        false => format!(
            "there is no operation `{id}`; the nearest are {}. api_search finds others.",
            near.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
        ),
    }))
}

/// The id that looks most like it, then those that its words find.
fn nearest(id: &str, all: &'static [Listed]) -> Result<Vec<&'static str>, ToolError> {
    let alike = all
        .iter()
        .map(|listed| (strsim::jaro_winkler(id, listed.id()), listed.id()))
        .filter(|(score, _)| *score >= 0.92)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let mut near: Vec<&'static str> = alike.map(|(_, id)| id).into_iter().collect();
    for listed in search::ranked(id)?.into_iter().take(3) {
        if !near.contains(&listed.id()) {
            near.push(listed.id());
        }
    }
    near.truncate(3);
    Ok(near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_operations_are_there_and_each_once() {
        let all = all().unwrap();
        assert!(all.len() >= 1382, "{}", all.len());
        let mut ids: Vec<_> = all.iter().map(Listed::id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all.len());
        let list = find("clusters_list").unwrap();
        assert_eq!((list.operation.method, list.operation.path), ("GET", "/api/2.1/clusters/list"));
        assert_eq!((list.operation.service, list.name(), list.is_account), ("compute", "list", false));
        assert!(find("account_users_list").unwrap().is_account);
        assert_eq!(find("jobs_run_now").unwrap().operation.retry, RetryClass::Safe);
        assert_eq!(find("jobs_create").unwrap().operation.retry, RetryClass::Write);
    }

    #[test]
    fn ids_are_found_as_agents_write_them_and_others_suggested() {
        assert_eq!(find("Clusters.list").unwrap().id(), "clusters_list");
        for (wrong, right) in [
            ("cluster_list", "clusters_list"),
            ("list_clusters", "clusters_list"),
            ("jobs_runnow", "jobs_run_now"),
        ] {
            let error = find(wrong).unwrap_err().to_string();
            assert!(error.contains(&format!("`{right}`")), "{error}");
        }
        assert!(find("xyzzy").unwrap_err().to_string().contains("api_search"));
    }
}
