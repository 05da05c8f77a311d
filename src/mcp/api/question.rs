//! A question, and which kind of operation it wants.

use std::collections::BTreeSet;

use super::effect;
use super::operations::Listed;
use super::verbs::{self, Deed};
use crate::mcp::Effect;

/// A question, and what kind of operation its words want.
pub(super) struct Question {
    /// Its stems, and what each counts.
    pub(super) words: Vec<(String, f32)>,
    /// What means the same.
    pub(super) alike: BTreeSet<&'static str>,
    pub(super) deeds: Vec<Deed>,
    pub(super) account: bool,
    pub(super) legacy: bool,
    /// Whether it is about who may do something.
    pub(super) permits: bool,
}

/// What counts more where a question is about who may do something.
const PERMITS: f32 = 1.3;

impl Question {
    /// How well the kind of an operation fits the question.
    pub(super) fn fit(&self, listed: &Listed) -> f32 {
        let reads = effect::of(listed) == Effect::Read;
        let mut fit = verbs::fit(&self.deeds, listed.deed, reads);
        if listed.is_account {
            fit *= if self.account { 1.15 } else { 0.8 };
        }
        if (listed.is_deprecated || listed.tag.ends_with("_legacy")) && !self.legacy {
            fit *= 0.75;
        }
        if self.permits && listed.name().ends_with("_permissions") {
            fit *= PERMITS;
        }
        fit
    }
}
