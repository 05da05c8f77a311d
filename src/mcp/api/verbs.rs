//! What is to be done: the verb of a question and that of an operation, by family.

use std::collections::BTreeSet;
use std::sync::OnceLock;

/// A family of verbs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    List,
    Get,
    Create,
    Update,
    Delete,
    Start,
    Stop,
    Restore,
}

use Deed::{Create, Delete, Get, List, Restore, Start, Stop, Update};

/// First words of the names of operations. Names that begin with none of them fit any question.
const OF_NAMES: [(Deed, &str); 8] = [
    (List, "list search"),
    (Get, "get read resolve"),
    (Create, "create add register install import upload generate log append"),
    (Update, "update patch edit set replace change rename put reset rotate transition transfer"),
    (Delete, "delete remove trash destroy uninstall permanent unassign revoke purge clear"),
    (Start, "start restart run execute submit"),
    (Stop, "stop cancel"),
    (Restore, "restore undelete undrop"),
];

/// Words of questions, and what they can want.
const OF_QUESTIONS: [(&str, &[Deed]); 18] = [
    ("list which all every browse enumerate many", &[List, Get]),
    ("show see view display what look find search lookup fetch", &[List, Get]),
    ("get describe inspect check status state read details how when is are does did where why", &[Get, List]),
    ("who whose", &[Get, List]),
    (
        "create make new register define provision introduce request publish new sell offer remember predict",
        &[Create],
    ),
    ("add attach keep put save store write upload import insert install record log", &[Create, Update]),
    (
        "generate issue invite open clone tag label ask send connect link mark annotate warn notify build",
        &[Create],
    ),
    (
        "update change edit modify rename set adjust alter configure patch reconfigure replace rewrite",
        &[Update],
    ),
    (
        "overwrite rotate renew switch move transfer correct fix promote extend raise lower increase decrease reduce must should instead",
        &[Update],
    ),
    (
        "give grant let allow share permit forbid prevent deny block restrict hide limit trust",
        &[Update, Create],
    ),
    ("enable disable activate deactivate turn", &[Update, Start, Stop]),
    (
        "delete remove drop erase destroy trash discard wipe purge forget uninstall rid away longer anymore undeploy",
        &[Delete],
    ),
    ("revoke unassign detach withdraw throw take", &[Delete, Update]),
    ("stop cancel abort kill terminate halt pause suspend shut interrupt end quit", &[Stop, Delete]),
    (
        "start run execute launch trigger kick bring resume boot wake begin submit rerun refresh",
        &[Start, Create],
    ),
    ("restore undelete undrop recover undo back", &[Restore]),
    ("restart reboot bounce continue retry repair", &[Start]),
    ("bigger larger smaller more fewer less higher longer shorter faster only", &[Update]),
];

/// Verbs that are as often the name of a thing: they count as other words do.
const NAMES_TOO: [&str; 37] = [
    "request",
    "publish",
    "refresh",
    "run",
    "log",
    "share",
    "tag",
    "label",
    "record",
    "read",
    "clone",
    "import",
    "issue",
    "branch",
    "list",
    "search",
    "query",
    "state",
    "status",
    "details",
    "store",
    "export",
    "generate",
    "deny",
    "rotate",
    "install",
    "attach",
    "detach",
    "execute",
    "transfer",
    "purge",
    "upload",
    "restore",
    "invite",
    "uninstall",
    "trash",
    "rename",
];

/// First words after which the rest says what is to be done: "get rid of", "get back".
const MANIFOLD: [&str; 9] = ["get", "start", "run", "bring", "kick", "open", "should", "must", "take"];

/// How well an operation fits whose deed is not known, is another one, or is to know where the
/// question wants a change (or the other way round).
const UNKNOWN: f32 = 0.75;
const ANOTHER: f32 = 0.75;
const OPPOSITE: f32 = 0.6;
/// What changes something fits a question without a verb less: it asks for what is there.
const UNASKED: f32 = 0.9;

fn family<'a>(families: impl IntoIterator<Item = &'a str>, word: &str) -> bool {
    families.into_iter().any(|words| words.split(' ').any(|it| it == word))
}

/// The deed that the name of an operation begins with.
pub(super) fn of_name(name: &str) -> Option<Deed> {
    let known = |word: &str| OF_NAMES.iter().find(|(_, words)| family([*words], word)).map(|(deed, _)| *deed);
    // `genie_genie_cancel_response` says its tag twice.
    name.split('_').take(2).find_map(known)
}

/// Whether the stem of a word of an id is a deed.
pub(super) fn is_verb(stem: &str) -> bool {
    static STEMS: OnceLock<BTreeSet<String>> = OnceLock::new();
    let stems = STEMS.get_or_init(|| {
        OF_NAMES.iter().flat_map(|(_, words)| words.split(' ')).map(super::words::stem).collect()
    });
    stems.contains(stem)
}

/// Whether a word of a question says a deed and nothing else.
pub(super) fn is_only_verb(word: &str) -> bool {
    !NAMES_TOO.contains(&word) && family(OF_QUESTIONS.iter().map(|(words, _)| *words), word)
}

/// What the words of a question want: its first word alone where that is an order.
pub(super) fn wanted(words: &[String]) -> Vec<Deed> {
    let of_word = |word: &String| {
        let families = OF_QUESTIONS.iter().filter(|(known, _)| family([*known], word));
        families.flat_map(|(_, deeds)| deeds.iter().copied()).collect::<Vec<_>>()
    };
    let first = words.first().map(of_word).unwrap_or_default();
    let is_clear = |word: &String| !MANIFOLD.contains(&word.as_str());
    if !first.is_empty() && words.first().is_some_and(is_clear) {
        return first;
    }
    // What may be the name of a thing is an order as the first word alone.
    let others = words.iter().skip(1).filter(|word| !NAMES_TOO.contains(&word.as_str())).flat_map(of_word);
    first.into_iter().chain(others).collect()
}

/// Whether a deed is among those that are wanted; where none is, a list is.
pub(super) fn is_wanted(wanted: &[Deed], deed: Option<Deed>) -> bool {
    deed.is_some_and(|deed| wanted.contains(&deed) || (wanted.is_empty() && deed == List))
}

/// How well an operation does what is wanted.
pub(super) fn fit(wanted: &[Deed], deed: Option<Deed>, reads: bool) -> f32 {
    if wanted.is_empty() {
        return if reads { 1.0 } else { UNASKED };
    }
    if is_wanted(wanted, deed) {
        return 1.0;
    }
    let wants_to_know = wanted.iter().any(|deed| matches!(deed, List | Get));
    let wants_change = wanted.iter().any(|deed| !matches!(deed, List | Get));
    match deed {
        None if (reads && wants_to_know) || (!reads && wants_change) => 1.0,
        None => UNKNOWN,
        _ if reads && !wants_to_know || !reads && !wants_change => OPPOSITE,
        Some(_) => ANOTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::super::words;
    use super::*;

    #[test]
    fn an_order_is_its_first_word() {
        let wanted = |question: &str| wanted(&words::split(&words::plain(question)));
        assert_eq!(wanted("stop a pipeline update"), [Stop, Delete]);
        assert_eq!(wanted("get rid of a schema"), wanted("delete a schema"));
        // The name of a thing, where it is no order.
        assert!(wanted("runs").is_empty());
        assert_eq!(of_name("run_now"), Some(Start));
        assert_eq!(of_name("events"), None);
    }
}
