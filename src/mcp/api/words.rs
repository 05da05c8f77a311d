//! Words of questions and of names, in the form in which they are compared.

use std::collections::HashMap;
use std::sync::OnceLock;

/// The words of a text or a name, in lower case: `clusterId`, `cluster_id` and "cluster id" are the same.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut before = ' ';
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        // A capital begins a word, unless it is one of several: `listURLs`.
        let begins = letter.is_ascii_uppercase()
            && (before.is_ascii_lowercase()
                || before.is_ascii_digit()
                || (before.is_ascii_uppercase()
                    && letters.peek().is_some_and(|next| next.is_ascii_lowercase() && *next != 's')));
        if (begins || !letter.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
        before = letter;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// A word without its ending: `statuses`, `status`; `deleted`, `deletion`, `delete`.
pub(super) fn stem(word: &str) -> String {
    let mut stem = word;
    if let Some(rest) = stem.strip_suffix("ies").filter(|rest| rest.len() > 2) {
        return format!("{rest}y");
    }
    if stem.len() > 4 && ["sses", "ches", "shes", "xes", "uses"].iter().any(|ending| stem.ends_with(ending)) {
        stem = &stem[..stem.len() - 2];
    } else if stem.len() > 3 && stem.ends_with('s') && !["ss", "us", "is"].iter().any(|it| stem.ends_with(it))
    {
        stem = &stem[..stem.len() - 1];
    }
    for ending in ["ations", "ation", "ment", "ing", "ion", "ed"] {
        let Some(rest) = stem.strip_suffix(ending) else { continue };
        // `ion` ends a verb after t and s only: `region` is none.
        let fits = ending != "ion" || rest.ends_with(['t', 's']);
        if rest.len() >= 3 && fits && rest.contains(['a', 'e', 'i', 'o', 'u', 'y']) {
            stem = rest;
            // `stopping`, `running`
            let bytes = rest.as_bytes();
            if let [.., a, b] = bytes
                && a == b
                && !matches!(*b, b'l' | b's' | b'a' | b'e' | b'o')
                && ending != "ion"
            {
                stem = &rest[..rest.len() - 1];
            }
            break;
        }
    }
    if stem.len() > 4 || (stem.len() == 4 && word.len() > 4) {
        stem = stem.strip_suffix('e').unwrap_or(stem);
    }
    stem.to_owned()
}

/// Words that say nothing about what is wanted.
const EMPTY: [&str; 95] = [
    "a",
    "again",
    "already",
    "also",
    "an",
    "and",
    "any",
    "api",
    "are",
    "as",
    "at",
    "be",
    "been",
    "but",
    "by",
    "call",
    "can",
    "could",
    "currently",
    "databricks",
    "do",
    "does",
    "each",
    "exactly",
    "for",
    "from",
    "give",
    "has",
    "have",
    "hers",
    "his",
    "how",
    "i",
    "if",
    "in",
    "into",
    "is",
    "it",
    "its",
    "just",
    "let",
    "like",
    "me",
    "my",
    "need",
    "new",
    "not",
    "of",
    "on",
    "one",
    "only",
    "operation",
    "or",
    "our",
    "out",
    "please",
    "really",
    "s",
    "should",
    "so",
    "some",
    "somebody",
    "someone",
    "something",
    "still",
    "t",
    "tell",
    "that",
    "the",
    "their",
    "them",
    "then",
    "there",
    "these",
    "they",
    "this",
    "those",
    "to",
    "up",
    "us",
    "use",
    "using",
    "via",
    "want",
    "was",
    "we",
    "were",
    "will",
    "with",
    "within",
    "without",
    "would",
    "yet",
    "you",
    "your",
];

/// Words that agents use for one another, a line a meaning. A word may have several meanings.
const MEANINGS: [&str; 99] = [
    // What is done.
    "list show enumerate display browse all every which what many see",
    "get show read fetch describe detail view look inspect info check retrieve see status state about what who",
    "search find query look filter lookup",
    "delete remove drop destroy erase discard trash",
    "create add make register provision define setup save",
    "update edit change modify patch set adjust alter configure put replace switch",
    "rename update move",
    "run execute start launch trigger submit invoke",
    "stop cancel terminate kill abort halt shutdown pause suspend delete",
    "start resume wake boot",
    "restore undelete undrop recover undo",
    "restart reboot bounce",
    "resize scale grow shrink",
    "upload import put write add",
    "download export read",
    "history log event audit past activity",
    "enable activate allow turn",
    "disable deactivate forbid off",
    "install add",
    "uninstall remove",
    "copy clone duplicate fork",
    "publish share release deploy sell offer",
    "refresh sync synchronize rerun",
    "rotate regenerate renew",
    "repair retry rerun rescue continue",
    "validate test verify check",
    "approve accept grant",
    "reject deny decline",
    "assign attach link bind associate",
    "unassign detach unlink unbind",
    "transfer owner own ownership change",
    "auto automatic automatically",
    "memory memories remember recall",
    "classify classification category sort",
    "trash bin delete",
    "traffic percent split",
    "expire expiry expiration lifetime valid",
    "exist exists",
    "send append post write",
    "enforce comply compliance compliant violate follow break",
    // What it is done to.
    "permission grant access privilege acl right allow role",
    "user member person people identity account",
    "group team",
    "principal identity robot bot",
    "cluster compute spark",
    "warehouse sql endpoint",
    "notebook workspace object",
    "directory folder dir mkdir",
    "mkdirs folder directory create make",
    "dashboard lakeview report bi aibi",
    "pipeline dlt lakeflow delta live",
    "secret credential password key",
    "token pat credential",
    "repo repository git branch",
    "library package wheel jar pypi dependency",
    "metastore unity",
    "experiment mlflow",
    "model ml",
    "endpoint serving served",
    "index vector embedding",
    "genie conversation chat question ask natural language",
    "lakebase postgres database instance",
    "monitor monitoring quality drift profile",
    "tag label",
    "alert notification notify alarm",
    "ip network address allowlist",
    "catalog unity",
    "statement query sql",
    "size type flavor",
    "version runtime",
    "schedule cron timer",
    "policy rule",
    "current whoami myself self",
    "namespace catalog",
    "user colleague coworker employee somebody",
    "confidential sensitive pii private",
    "mail email",
    "picture image thumbnail icon",
    "chat conversation thread",
    "schedule hourly daily nightly weekly monthly cron",
    "crash fail error die broken failure",
    "print output stdout",
    "prediction inference predict score forecast",
    "limit quota maximum cap",
    "password secret credential login",
    "devops git github gitlab bitbucket",
    "company partner customer outside external",
    "cost price money spend bill billing usage",
    "code source",
    "service app application",
    "setting config configuration option preference conf property parameter",
    "webhook url callback",
    "region zone location",
    "version release revision",
    "folder directory path",
    "history past previous earlier",
    "machine instance node vm",
    "worker node",
    "team group department",
];

/// Verbs of several words, and the word that means the same.
const PHRASES: [(&str, &str); 25] = [
    // The product, which nearly every table and model is in.
    ("unity catalog", " "),
    ("right now", "now"),
    ("at the moment", "current"),
    ("get rid of", "delete"),
    ("by accident", "restore"),
    ("by mistake", "restore"),
    ("accidentally", "restore"),
    ("run out", "expire"),
    ("runs out", "expire"),
    ("clean up", "delete"),
    ("throw away", "delete"),
    ("tear down", "delete"),
    ("take down", "delete"),
    ("take off", "remove"),
    ("get back", "restore"),
    ("bring back", "restore"),
    ("set up", "create"),
    ("take a snapshot", "create a snapshot"),
    ("spin up", "create"),
    ("kick off", "run"),
    ("shut down", "stop"),
    ("look up", "get"),
    ("hand over", "transfer"),
    ("log in", "login"),
    ("sign in", "login"),
];

/// A question in lower case and without such verbs.
pub(super) fn plain(question: &str) -> String {
    PHRASES.iter().fold(question.to_lowercase(), |text, (phrase, word)| text.replace(phrase, word))
}

/// The word without its ending, or `None` for one that says nothing.
pub(super) fn telling(word: &str) -> Option<String> {
    (!EMPTY.contains(&word)).then(|| stem(word))
}

/// The stems of words with the same meaning as that of this stem.
pub(super) fn alike(stem: &str) -> &'static [String] {
    static ALIKE: OnceLock<HashMap<String, Vec<String>>> = OnceLock::new();
    let alike = ALIKE.get_or_init(|| {
        let mut alike: HashMap<String, Vec<String>> = HashMap::new();
        for meaning in MEANINGS {
            let stems: Vec<String> = meaning.split(' ').map(self::stem).collect();
            for one in &stems {
                let others = alike.entry(one.clone()).or_default();
                for other in &stems {
                    if other != one && !others.contains(other) {
                        others.push(other.clone());
                    }
                }
            }
        }
        alike
    });
    alike.get(stem).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_at_every_seam() {
        assert_eq!(split("clusterId filter_by.is-pinned"), ["cluster", "id", "filter", "by", "is", "pinned"]);
        assert_eq!(split("/api/2.1/jobs/run-now"), ["api", "2", "1", "jobs", "run", "now"]);
        assert_eq!(
            split("startIndex listURLs OAuthApp"),
            ["start", "index", "list", "urls", "o", "auth", "app"]
        );
    }

    #[test]
    fn forms_of_a_word_are_one() {
        for forms in [
            vec!["delete", "deletes", "deleted", "deleting", "deletion"],
            vec!["policy", "policies"],
            vec!["status", "statuses"],
            vec!["run", "runs", "running"],
            vec!["stop", "stopped", "stopping"],
            vec!["assign", "assignment", "assignments", "assigned"],
            vec!["execute", "execution", "executing"],
            vec!["share", "shares", "sharing", "shared"],
            vec!["install", "installation", "installing"],
            vec!["use", "uses"],
            vec!["box", "boxes"],
        ] {
            let stems: Vec<String> = forms.iter().map(|form| stem(form)).collect();
            assert!(stems.iter().all(|it| *it == stems[0]), "{forms:?} → {stems:?}");
        }
        for (a, b) in [("region", "reg"), ("access", "acces"), ("running", "runner"), ("job", "jobs_")] {
            assert_ne!(stem(a), stem(b), "{a}, {b}");
        }
    }

    #[test]
    fn meanings_are_shared_both_ways() {
        assert!(alike(&stem("remove")).contains(&stem("delete")));
        assert!(alike(&stem("delete")).contains(&stem("removing")));
        assert!(alike("xyzzy").is_empty());
        assert_eq!(telling("the"), None);
    }
}
