//! The workspaces that a server's tools can call.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::Workspace;

/// The argument that says which one a call is for.
pub(crate) const ARGUMENT: &str = "workspace";

/// One workspace, or several by name, of which the first is meant where a call names none.
#[derive(Clone, Debug)]
pub struct Workspaces {
    first: Workspace,
    /// All names and the others than the first, in order; empty where there is one.
    names: Arc<[String]>,
    others: Arc<[Workspace]>,
}

impl Workspaces {
    /// Just one: tools have no argument for it.
    pub fn one(workspace: Workspace) -> Self {
        Self { first: workspace, names: Arc::default(), others: Arc::default() }
    }

    /// These by name; `None` where there is none. Of two with one name the first is meant.
    pub fn named(workspaces: impl IntoIterator<Item = (String, Workspace)>) -> Option<Self> {
        let mut workspaces = workspaces.into_iter();
        let (name, first) = workspaces.next()?;
        let (mut names, mut others) = (vec![name], Vec::new());
        for (name, workspace) in workspaces {
            if !names.contains(&name) {
                names.push(name);
                others.push(workspace);
            }
        }
        Some(match others.is_empty() {
            true => Self::one(first),
            false => Self { first, names: names.into(), others: others.into() },
        })
    }

    /// The names, where there is more than one.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// All of them, the first one first.
    pub fn iter(&self) -> impl Iterator<Item = &Workspace> {
        std::iter::once(&self.first).chain(self.others.iter())
    }

    /// By number, which [`Workspaces::take`] gives; the first for any other.
    pub(crate) fn get(&self, number: usize) -> &Workspace {
        number.checked_sub(1).and_then(|other| self.others.get(other)).unwrap_or(&self.first)
    }

    /// The number of the one that arguments name, and the argument taken out of them. They were checked against
    /// [`Workspaces::property`].
    pub(crate) fn take(&self, arguments: &mut Map<String, Value>) -> usize {
        if self.names.is_empty() {
            return 0;
        }
        let named = arguments.shift_remove(ARGUMENT);
        let named = named.as_ref().and_then(Value::as_str);
        self.names.iter().position(|name| Some(name.as_str()) == named).unwrap_or_default()
    }

    /// The schema of the argument, where there is more than one.
    pub(crate) fn property(&self) -> Option<Value> {
        let first = self.names.first()?;
        let description = format!("Which workspace; {first} unless set.");
        Some(json!({ "type": "string", "enum": self.names, "description": description }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(host: &str) -> Workspace {
        Workspace::builder().host(host).token("t").build().unwrap()
    }

    #[test]
    fn one_of_several_is_named_and_the_first_is_meant_otherwise() {
        let named = [("a", "https://a.example"), ("b", "https://b.example"), ("a", "https://c.example")];
        let named = named.map(|(name, host)| (name.to_owned(), workspace(host)));
        let workspaces = Workspaces::named(named).unwrap();
        assert_eq!(workspaces.names(), ["a", "b"]);
        assert_eq!(workspaces.iter().count(), 2);
        let mut arguments =
            Map::from_iter([("workspace".to_owned(), json!("b")), ("x".to_owned(), json!(1))]);
        assert_eq!(workspaces.get(workspaces.take(&mut arguments)).host(), "https://b.example");
        assert_eq!(Value::Object(arguments.clone()), json!({ "x": 1 }));
        assert_eq!(workspaces.get(workspaces.take(&mut arguments)).host(), "https://a.example");
        assert_eq!(workspaces.property().unwrap()["enum"], json!(["a", "b"]));
    }

    #[test]
    fn one_alone_needs_no_argument() {
        let alone = Workspaces::named([("a".to_owned(), workspace("https://a.example"))]).unwrap();
        assert!(alone.names().is_empty() && alone.property().is_none());
        let mut arguments = Map::from_iter([("workspace".to_owned(), json!("theirs"))]);
        assert_eq!(alone.take(&mut arguments), 0);
        assert_eq!(arguments.len(), 1, "an argument of that name may be a tool's own");
        assert!(Workspaces::named([]).is_none());
    }
}
