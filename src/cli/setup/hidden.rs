//! What of a client's file is shown in a diff: other servers' values are none of ours, and a value
//! that looks like a secret is not for a screen.

use crate::config::Attribute;

/// What stands for a value that is not shown.
pub(in super::super) const MASK: &str = "***";

/// Where a value is in a file, as far as it matters.
#[derive(Debug, Clone)]
pub(super) struct Place<'a> {
    servers: &'a str,
    ours: &'a str,
    within: Within,
    secret: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    Top,
    Settings,
    Servers,
    Ours,
    Others,
}

impl<'a> Place<'a> {
    /// The top of a file with its servers under this name, of which one is ours.
    pub(super) fn of(servers: &'a str, ours: &'a str) -> Self {
        Self { servers, ours, within: Within::Top, secret: false }
    }

    /// The place of a member.
    pub(super) fn inside(&self, name: &str) -> Self {
        let within = match self.within {
            Within::Top if name == self.servers => Within::Servers,
            Within::Top => Within::Settings,
            Within::Servers if name == self.ours => Within::Ours,
            Within::Servers => Within::Others,
            within => within,
        };
        Self { within, secret: self.secret || looks_secret(name), ..self.clone() }
    }

    /// Whether this text is hidden here.
    pub(super) fn hides(&self, text: &str) -> bool {
        let is_reference = text.starts_with('$') && text.ends_with('}');
        self.within == Within::Others || self.secret && !is_reference
    }
}

/// Whether a value of this name is likely a secret.
pub(in super::super) fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["token", "secret", "password", "passwd", "key", "credential", "authorization", "cookie", "headers"]
        .iter()
        .any(|part| name.contains(part))
}

/// Whether a variable of this name says which workspace, or who calls.
pub(super) fn names_workspace(name: &str) -> bool {
    Attribute::ALL.iter().any(|attribute| attribute.variables().contains(&name))
}
