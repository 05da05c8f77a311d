//! A question, and which kind of operation it wants.

use std::collections::BTreeSet;

use super::effect;
use super::operations::Listed;
use crate::mcp::Effect;

/// A question, and what kind of operation its words want.
pub(super) struct Question {
    pub(super) stems: Vec<String>,
    /// What means the same.
    pub(super) alike: BTreeSet<&'static str>,
    pub(super) reads: bool,
    pub(super) changes: bool,
    pub(super) account: bool,
    pub(super) legacy: bool,
}

/// Words of a question that only wants to know.
pub(super) const READS: [&str; 30] = [
    "browse",
    "check",
    "describe",
    "display",
    "enumerate",
    "fetch",
    "find",
    "get",
    "inspect",
    "list",
    "lists",
    "listing",
    "look",
    "lookup",
    "many",
    "read",
    "retrieve",
    "search",
    "searching",
    "see",
    "show",
    "shows",
    "showing",
    "status",
    "view",
    "viewing",
    "what",
    "which",
    "who",
    "finding",
];

/// Words of an order.
pub(super) const CHANGES: [&str; 58] = [
    "add",
    "approve",
    "assign",
    "attach",
    "bind",
    "block",
    "cancel",
    "change",
    "convert",
    "create",
    "deactivate",
    "delete",
    "deploy",
    "disable",
    "drop",
    "edit",
    "enable",
    "give",
    "grant",
    "import",
    "insert",
    "install",
    "kill",
    "let",
    "log",
    "make",
    "modify",
    "move",
    "publish",
    "put",
    "register",
    "reject",
    "remove",
    "rename",
    "replace",
    "resize",
    "restart",
    "restore",
    "revoke",
    "rotate",
    "run",
    "save",
    "send",
    "set",
    "shut",
    "start",
    "stop",
    "store",
    "submit",
    "sync",
    "terminate",
    "trash",
    "trigger",
    "turn",
    "uninstall",
    "update",
    "upload",
    "write",
];

impl Question {
    /// How well the kind of an operation fits the question.
    pub(super) fn fit(&self, listed: &Listed) -> f32 {
        let reads = effect::of(listed) == Effect::Read;
        let mut fit = match (self.reads, self.changes, reads) {
            (true, false, false) | (false, true, true) => 0.75,
            // A question without a verb asks for what is there.
            (false, false, false) => 0.85,
            _ => 1.0,
        };
        if listed.is_account {
            fit *= if self.account { 1.15 } else { 0.8 };
        }
        if (listed.is_deprecated || listed.tag.ends_with("_legacy")) && !self.legacy {
            fit *= 0.75;
        }
        fit
    }
}
