//! Which fields are wanted.

use std::collections::BTreeMap;

/// A tree of wanted fields; everything where nothing is named.
#[derive(Debug, Default)]
pub(super) struct Selection {
    pub(super) fields: BTreeMap<String, Selection>,
    whole: Vec<String>,
    pub(super) all: bool,
}

static ALL: Selection = Selection { fields: BTreeMap::new(), whole: Vec::new(), all: true };

impl Selection {
    pub(super) fn all() -> Self {
        Self { all: true, ..Self::default() }
    }

    pub(super) fn of(paths: &[String]) -> Self {
        if paths.is_empty() {
            return Self::all();
        }
        let mut root = Self { whole: paths.to_vec(), ..Self::default() };
        for path in paths {
            let mut node = &mut root;
            for part in path.split('.') {
                node = node.fields.entry(part.to_owned()).or_default();
            }
        }
        root
    }

    /// Whether a parameter of this whole name is wanted; it is then no body field.
    pub(super) fn take_whole(&mut self, name: &str) -> bool {
        if self.all {
            return true;
        }
        let Some(position) = self.whole.iter().position(|path| path == name) else { return false };
        self.whole.remove(position);
        *self = Self::of_rest(&self.whole);
        true
    }

    fn of_rest(paths: &[String]) -> Self {
        match paths.is_empty() {
            true => Self::default(),
            false => Self::of(paths),
        }
    }

    pub(super) fn is_all(&self) -> bool {
        self.all || self.fields.is_empty()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Selection> {
        match self.fields.get(name) {
            _ if self.all => Some(&ALL),
            // The end of a path takes all that is below it.
            Some(inner) if inner.fields.is_empty() => Some(&ALL),
            other => other,
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }

    pub(super) fn first(&self) -> Option<String> {
        self.whole.first().cloned().or_else(|| self.fields.keys().next().cloned())
    }
}
