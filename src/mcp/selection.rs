//! Which tools a server has: decided once, at its start.

use std::collections::BTreeSet;

use super::validate::nearest;
use super::{Effect, ToolSpec, toolsets};

/// The toolset that stands for the tools of [`toolsets::DEFAULT`].
const DEFAULT: &str = "default";
/// The toolset that stands for all tools.
const ALL: &str = "all";

/// Which tools a server has.
///
/// Without any toolset these are the default ones; [`Selection::all`] are those of every toolset.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Names of toolsets, `default` and `all` among them.
    pub toolsets: Vec<String>,
    /// Names of tools to have beside those of the toolsets.
    pub tools: Vec<String>,
    /// Names of tools not to have, whatever else is said.
    pub exclude: Vec<String>,
    /// Have only tools that read, whatever else is said. Of those that read with some arguments and write with
    /// others, [`Policy::read_only`](super::Policy) judges each call.
    pub read_only: bool,
}

/// Why a selection is none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SelectionError {
    /// A toolset or tool that does not exist.
    #[error("there is no {kind} `{name}`{}; there are {}", meant(near.as_deref()), valid.join(", "))]
    Unknown {
        /// `toolset` or `tool`.
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// What was probably meant.
        near: Option<String>,
        /// What there is.
        valid: Vec<String>,
    },
    /// Nothing is left.
    #[error("no tool is left: choose other toolsets or tools, or exclude fewer")]
    Empty,
}

fn meant(near: Option<&str>) -> String {
    near.map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default()
}

impl Selection {
    /// Every tool.
    pub fn all() -> Self {
        Self { toolsets: vec![ALL.to_owned()], ..Self::default() }
    }

    /// Whether nothing was chosen, so that this is the default.
    pub fn is_default(&self) -> bool {
        self.toolsets.is_empty() && self.tools.is_empty() && self.exclude.is_empty() && !self.read_only
    }

    /// The chosen tools in the order of all.
    ///
    /// # Errors
    /// [`SelectionError`] for a name that does not exist and where no tool is left.
    pub fn of(&self, all: &[ToolSpec]) -> Result<Vec<ToolSpec>, SelectionError> {
        let wanted = self.wanted(all)?;
        let single = tools(&self.tools, all)?;
        let excluded = tools(&self.exclude, all)?;
        let chosen: Vec<ToolSpec> = all
            .iter()
            .filter(|spec| wanted.contains(spec.name) || single.contains(spec.name))
            .filter(|spec| !excluded.contains(spec.name))
            .filter(|spec| !self.read_only || spec.effect == Effect::Read || spec.may_read)
            .cloned()
            .collect();
        if chosen.is_empty() { Err(SelectionError::Empty) } else { Ok(chosen) }
    }

    /// The tools of the toolsets.
    fn wanted(&self, all: &[ToolSpec]) -> Result<BTreeSet<&'static str>, SelectionError> {
        let default = [DEFAULT.to_owned()];
        let names = if self.toolsets.is_empty() { &default } else { self.toolsets.as_slice() };
        let mut wanted = BTreeSet::new();
        for name in names {
            match name.as_str() {
                ALL => wanted.extend(all.iter().map(|spec| spec.name)),
                DEFAULT => wanted.extend(toolsets::DEFAULT),
                name => {
                    let before = wanted.len();
                    let of = all.iter().filter(|spec| spec.toolset == name).map(|spec| spec.name);
                    wanted.extend(of);
                    if wanted.len() == before && !all.iter().any(|spec| spec.toolset == name) {
                        return Err(unknown("toolset", name, toolset_names(all)));
                    }
                }
            }
        }
        Ok(wanted)
    }
}

/// The toolsets in the order of their tools, and the two words that stand for more.
fn toolset_names(all: &[ToolSpec]) -> Vec<String> {
    let mut names = vec![DEFAULT.to_owned(), ALL.to_owned()];
    for spec in all {
        if names.last().is_none_or(|last| last != spec.toolset) {
            names.push(spec.toolset.to_owned());
        }
    }
    names
}

/// The tools of these names, old names among them.
fn tools(names: &[String], all: &[ToolSpec]) -> Result<BTreeSet<&'static str>, SelectionError> {
    let find = |name: &String| {
        let current = toolsets::current_name(name);
        all.iter()
            .find(|spec| spec.name == current)
            .map(|spec| spec.name)
            .ok_or_else(|| unknown("tool", name, all.iter().map(|spec| spec.name.to_owned()).collect()))
    };
    names.iter().map(find).collect()
}

fn unknown(kind: &'static str, name: &str, valid: Vec<String>) -> SelectionError {
    let near = nearest(name, &valid).map(str::to_owned);
    SelectionError::Unknown { kind, name: name.to_owned(), near, valid }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(selection: &Selection) -> Vec<&'static str> {
        selection.of(&toolsets::all()).unwrap().iter().map(|spec| spec.name).collect()
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn without_a_word_it_is_the_default() {
        let chosen = names(&Selection::default());
        assert_eq!(chosen.len(), toolsets::DEFAULT.len(), "the default names a tool that does not exist");
        assert!(chosen.len() >= 30, "{}", chosen.len());
        assert_eq!(chosen, names(&Selection { toolsets: words(&["default"]), ..Selection::default() }));
        for toolset in ["sql", "catalog", "clusters", "commands", "jobs", "workspace", "files"] {
            let all = toolsets::all();
            let of = |spec: &&ToolSpec| spec.toolset == toolset && chosen.contains(&spec.name);
            assert!(all.iter().filter(of).count() >= 2, "{toolset}");
        }
    }

    #[test]
    fn toolsets_and_single_tools_add_up_in_the_order_of_all() {
        let one = names(&Selection { toolsets: words(&["genie", "sql"]), ..Selection::default() });
        assert!(one.contains(&"execute_sql") && one.contains(&"list_genie_spaces"));
        assert!(!one.contains(&"list_clusters"));
        let more =
            Selection { toolsets: words(&["sql"]), tools: words(&["delete_job"]), ..Selection::default() };
        assert_eq!(*names(&more).last().unwrap(), "delete_job");
        let more = Selection { tools: words(&["list_apps"]), ..Selection::default() };
        assert_eq!(names(&more).len(), toolsets::DEFAULT.len() + 1);
        assert_eq!(names(&Selection::all()).len(), toolsets::all().len());
    }

    #[test]
    fn excluded_tools_are_out_even_where_they_are_named() {
        let selection = Selection {
            tools: words(&["delete_job"]),
            exclude: words(&["delete_job", "execute_sql"]),
            ..Selection::default()
        };
        let chosen = names(&selection);
        assert!(!chosen.contains(&"delete_job") && !chosen.contains(&"execute_sql"));
    }

    #[test]
    fn read_only_wins_over_all() {
        let selection = Selection {
            toolsets: words(&["all"]),
            tools: words(&["execute_sql", "delete_job"]),
            read_only: true,
            ..Selection::default()
        };
        let chosen = selection.of(&toolsets::all()).unwrap();
        assert!(chosen.len() > 50, "{}", chosen.len());
        assert!(chosen.iter().all(|spec| spec.effect == Effect::Read || spec.may_read));
        for name in ["run_code", "delete_job", "write_file"] {
            assert!(!chosen.iter().any(|spec| spec.name == name), "{name}");
        }
        // Of these some calls only read, and each is judged.
        let judged = chosen.iter().filter(|spec| spec.may_read).map(|spec| spec.name);
        assert_eq!(judged.collect::<Vec<_>>(), ["execute_sql", "api_call"]);
    }

    #[test]
    fn old_names_still_choose() {
        let selection = Selection { exclude: words(&["run_python"]), ..Selection::default() };
        assert!(!names(&selection).contains(&"run_code"));
    }

    #[test]
    fn unknown_names_get_the_nearest_and_the_valid_ones() {
        let error = |selection: Selection| selection.of(&toolsets::all()).unwrap_err().to_string();
        let said = error(Selection { toolsets: words(&["cluster"]), ..Selection::default() });
        assert!(said.contains("no toolset `cluster` (did you mean `clusters`?)"), "{said}");
        assert!(said.contains("default, all, sql, catalog"), "{said}");
        let said = error(Selection { tools: words(&["list_job"]), ..Selection::default() });
        assert!(said.contains("no tool `list_job` (did you mean `list_jobs`?)"), "{said}");
        let said = error(Selection { exclude: words(&["zzz"]), ..Selection::default() });
        assert!(said.starts_with("there is no tool `zzz`; there are execute_sql"), "{said}");
    }

    #[test]
    fn a_server_without_tools_is_refused() {
        let selection =
            Selection { toolsets: words(&["sql"]), exclude: words(&["execute_sql"]), ..Selection::default() };
        assert!(matches!(selection.of(&toolsets::all()[..1]), Err(SelectionError::Empty)));
    }
}
