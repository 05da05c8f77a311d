//! Words to operations: BM25 over what the index says of each.
//!
//! Most operations have no description: ids, paths and the names of fields carry the search, so they
//! are split into words and weighed. An index of a library would weigh more than it gives here: 1,400
//! short texts are read into a map faster than such an index could be opened.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

use serde_json::{Value, json};

use super::super::ToolError;
use super::operations::{self, Listed};
use super::question::Question;
use super::said::Said;
use super::{effect, verbs, words};

/// How soon a further occurrence of a word counts for little, and how much the length of a text counts.
const SATURATION: f32 = 1.2;
const LENGTH: f32 = 0.4;
/// What everyday words for an operation count, and those for all of its kind.
const SAID: f32 = 4.0;
const SAID_OF_KIND: f32 = 2.0;
/// What a word of the same meaning counts.
const ALIKE: f32 = 0.4;
/// What of a score depends on how much of the question is found, and on how much of the id is asked for.
const FOUND: f32 = 0.5;
const ASKED: f32 = 0.4;
/// Words that nearly every question may have beside what it is about, and what they count.
const BESIDE: [&str; 5] = ["workspace", "account", "name", "id", "data"];
const LITTLE: f32 = 0.35;
/// What a verb counts, and what follows "for" and other prepositions.
const VERB: f32 = 0.4;
const FOR: f32 = 0.6;
/// What the wish to permit counts where it is said in other words.
const PERMISSION: f32 = 1.2;
const PREPOSITION: f32 = 0.85;
/// Fields of nearly every list, which would make `token` a word that says nothing.
const OF_PAGES: [&str; 6] =
    ["page_token", "next_page_token", "prev_page_token", "previous_page_token", "page_size", "max_results"];
/// Words of ids that nobody asks for.
const OF_IDS_ALONE: [&str; 6] = ["proxy", "v2", "rpc", "api", "handler", "uc"];

/// The operations, as they are searched.
struct Index {
    operations: &'static [Listed],
    /// Where a word occurs, and with which weight.
    places: HashMap<String, Vec<(usize, f32)>>,
    /// The weight of all words of an operation.
    lengths: Vec<f32>,
    mean: f32,
    /// The words of each id.
    ids: Vec<BTreeSet<String>>,
}

impl Index {
    fn new(operations: &'static [Listed]) -> Self {
        let mut places: HashMap<String, Vec<(usize, f32)>> = HashMap::new();
        let mut lengths = Vec::with_capacity(operations.len());
        let mut ids = Vec::with_capacity(operations.len());
        let mut stems: HashMap<String, String> = HashMap::new();
        let said = Said::read();
        for (at, listed) in operations.iter().enumerate() {
            // In the order of the words, so that sums are the same in each process.
            let mut weights: BTreeMap<String, f32> = BTreeMap::new();
            let own = listed.name();
            let (arguments, answer) = (without_pages(listed.arguments), without_pages(listed.answer));
            let (said_of_it, said_of_its_kind) = said.of(listed.id());
            for (text, weight, most) in [
                (own, 3.0, 3.0),
                (listed.tag, 2.5, 2.5),
                (listed.operation.service, 1.0, 1.0),
                (listed.operation.path, 0.7, 1.4),
                (listed.summary, 2.5, 2.5),
                (listed.description, 0.8, 1.6),
                (&arguments, 0.4, 0.8),
                (&answer, 0.25, 0.5),
                (&said_of_it, SAID, SAID),
                (&said_of_its_kind, SAID_OF_KIND, SAID_OF_KIND),
            ] {
                // A name that says a word often is not more about it.
                let mut here: HashMap<String, f32> = HashMap::new();
                for word in words::split(text) {
                    let stem = stems.entry(word).or_insert_with_key(|word| words::stem(word));
                    let so_far = here.entry(stem.clone()).or_default();
                    *so_far = (*so_far + weight).min(most);
                }
                for (stem, weight) in here {
                    *weights.entry(stem).or_default() += weight;
                }
            }
            let of_id = words::split(listed.id()).into_iter();
            let of_id = of_id.filter(|word| !OF_IDS_ALONE.contains(&word.as_str()));
            ids.push(of_id.map(|word| words::stem(&word)).collect());
            lengths.push(weights.values().sum());
            for (stem, weight) in weights {
                places.entry(stem).or_default().push((at, weight));
            }
        }
        let mean = lengths.iter().sum::<f32>() / (lengths.len().max(1) as f32);
        Self { operations, places, lengths, mean, ids }
    }

    fn of_all() -> Result<&'static Self, ToolError> {
        static INDEX: OnceLock<Index> = OnceLock::new();
        let operations = operations::all()?;
        Ok(INDEX.get_or_init(|| Self::new(operations)))
    }

    /// In how many operations a word occurs.
    fn count(&self, stem: &str) -> usize {
        self.places.get(stem).map_or(0, Vec::len)
    }

    fn rarity(&self, count: usize) -> f32 {
        let (all, with) = (self.operations.len() as f32, count as f32);
        (1.0 + (all - with + 0.5) / (with + 0.5)).ln()
    }

    /// The score of each operation for a word and those of its meaning: the best of them counts.
    fn word(&self, stem: &str) -> HashMap<usize, f32> {
        let mut scores: HashMap<usize, f32> = HashMap::new();
        let own = self.count(stem);
        let alike = words::alike(stem).iter().map(|other| (other.as_str(), ALIKE));
        for (other, share) in std::iter::once((stem, 1.0)).chain(alike) {
            let Some(places) = self.places.get(other) else { continue };
            // A rare word that stands for a common one is not a better match than the common one.
            let rarity = self.rarity(if other == stem { own } else { own + places.len() });
            for (at, weight) in places {
                let length = 1.0 - LENGTH + LENGTH * self.lengths[*at] / self.mean;
                let score = share * rarity * weight * (SATURATION + 1.0) / (weight + SATURATION * length);
                let best = scores.entry(*at).or_default();
                *best = best.max(score);
            }
        }
        scores
    }

    fn ranked(&self, question: &str) -> Vec<&'static Listed> {
        let question = self.read(question);
        let whole: f32 = question.words.iter().map(|(_, counts)| counts).sum();
        let mut scores: HashMap<usize, (f32, f32)> = HashMap::new();
        for (stem, counts) in &question.words {
            for (at, score) in self.word(stem) {
                let (sum, found) = scores.entry(at).or_default();
                *sum += score * counts;
                *found += counts;
            }
        }
        let mut ranked: Vec<(f32, &'static Listed)> = scores
            .into_iter()
            .map(|(at, (sum, found))| {
                let listed = &self.operations[at];
                let found = 1.0 - FOUND + FOUND * found / whole;
                let asked = 1.0 - ASKED + ASKED * self.asked(at, &question);
                (sum * found * asked * question.fit(listed), listed)
            })
            .collect();
        // Shorter ids first among equals: the plain operation before its variants.
        ranked.sort_by(|a, b| {
            b.0.total_cmp(&a.0).then_with(|| (a.1.id().len(), a.1.id()).cmp(&(b.1.id().len(), b.1.id())))
        });
        ranked.into_iter().map(|(_, listed)| listed).collect()
    }

    /// How much of an id the question asks for: "clean rooms" is all of `clean_rooms_list` and a
    /// small part of `clean_room_asset_revisions_get`.
    fn asked(&self, at: usize, question: &Question) -> f32 {
        let (mut asked, mut all) = (0.0, 0.0);
        let wanted = verbs::is_wanted(&question.deeds, self.operations[at].deed);
        for word in &self.ids[at] {
            let rarity = self.rarity(self.count(word));
            all += rarity;
            if question.words.iter().any(|(stem, _)| stem == word) || (wanted && verbs::is_verb(word)) {
                asked += rarity;
            } else if question.alike.contains(word.as_str()) {
                asked += 0.7 * rarity;
            }
        }
        if all > 0.0 { asked / all } else { 0.0 }
    }

    fn knows(&self, stem: &str) -> bool {
        self.places.contains_key(stem) || !words::alike(stem).is_empty()
    }

    /// The known word that a word is a wrong spelling of: `warehosue`, `permisions`.
    fn spelt(&self, stem: String) -> String {
        let letters = stem.chars().count();
        if letters < 5 || self.knows(&stem) {
            return stem;
        }
        let most = if letters < 8 { 1 } else { 2 };
        let near = self.places.keys().filter(|known| {
            known.len().abs_diff(stem.len()) <= most && known.chars().next() == stem.chars().next()
        });
        let near = near.map(|known| (strsim::osa_distance(&stem, known), Reverse(self.count(known)), known));
        let best = near.filter(|(distance, ..)| *distance <= most).min();
        best.map_or_else(|| stem.clone(), |(_, _, known)| known.clone())
    }

    fn read(&self, question: &str) -> Question {
        let words = words::split(&words::plain(question));
        let mut stems: Vec<(String, f32)> = Vec::new();
        let mut add = |stem: String, counts: f32| match stems.iter_mut().find(|(known, _)| *known == stem) {
            Some((_, known)) => *known = known.max(counts),
            None => stems.push((stem, counts)),
        };
        // What follows "for" says whom or what it is good for, not what it is.
        let mut beside = 1.0;
        for word in &words {
            match word.as_str() {
                "for" => beside = FOR,
                "in" | "on" | "of" | "from" | "with" | "to" => beside = beside.min(PREPOSITION),
                _ => {}
            }
            if let Some(stem) = words::telling(word) {
                add(self.spelt(stem), beside * counts(word));
            }
        }
        // "fail over" is `failover`, "who am I" is `whoami`.
        for joined in words.windows(2).chain(words.windows(3)) {
            let stem = words::stem(&joined.concat());
            if stem.len() > 4 && self.knows(&stem) {
                add(stem, 1.0);
            }
        }
        let deeds = verbs::wanted(&words);
        let says = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
        // "Who may start it" and "let them start it" are about permissions.
        let permits = says(&["let", "allow", "permit"])
            || (says(&["who", "whose"]) && says(&["may", "can", "able", "could"]));
        if permits {
            add("permission".to_owned(), PERMISSION);
        }
        let alike = stems.iter().flat_map(|(stem, _)| words::alike(stem)).map(String::as_str).collect();
        let account = says(&["account", "accounts"]);
        let legacy = says(&["legacy", "old", "deprecated"]);
        Question { alike, deeds, account, legacy, permits, words: stems }
    }
}

/// Names of fields without those of paging.
fn without_pages(names: &str) -> String {
    names.split(' ').filter(|name| !OF_PAGES.contains(name)).collect::<Vec<_>>().join(" ")
}

/// What a word of a question counts.
fn counts(word: &str) -> f32 {
    match word {
        _ if BESIDE.contains(&words::stem(word).as_str()) => LITTLE,
        // The deed is weighed as a whole.
        _ if verbs::is_only_verb(word) => VERB,
        _ => 1.0,
    }
}

/// All operations that have something of a question, the best first.
pub(super) fn ranked(question: &str) -> Result<Vec<&'static Listed>, ToolError> {
    Ok(Index::of_all()?.ranked(question))
}

/// The best operations for a question, one line each.
///
/// # Errors
/// None of its words is anywhere.
pub(crate) fn search(question: &str, limit: usize) -> Result<Value, ToolError> {
    let found = ranked(question)?;
    if found.is_empty() {
        let message = format!(
            "nothing is found for `{question}`; name a thing and an action, such as `list cluster policies`"
        );
        return Err(ToolError::Failed(message));
    }
    let lines: Vec<String> = found.iter().take(limit).map(|listed| line(listed)).collect();
    Ok(json!({ "operations": lines, "next": "api_describe shows the arguments of one, api_call calls it" }))
}

/// `clusters_list: GET /api/2.1/clusters/list, reads. List clusters`
fn line(listed: &Listed) -> String {
    let Listed { operation, .. } = listed;
    let mut line = format!(
        "{}: {} {}, {}",
        operation.id,
        operation.method,
        operation.path,
        effect::word(effect::of(listed))
    );
    if listed.is_account {
        line.push_str(", of an account");
    }
    if listed.is_deprecated {
        line.push_str(", deprecated");
    }
    let summary = match listed.summary {
        "" => listed.description.split(". ").next().unwrap_or_default(),
        summary => summary,
    };
    if !summary.is_empty() {
        line.push_str(". ");
        line.extend(summary.chars().take(100));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(question: &str, count: usize) -> Vec<&'static str> {
        ranked(question).unwrap().into_iter().take(count).map(Listed::id).collect()
    }

    #[test]
    fn verbs_decide_among_the_operations_of_a_thing() {
        assert_eq!(best("list cluster policies", 1), ["cluster_policies_list"]);
        assert_eq!(best("remove a cluster policy", 1), ["cluster_policies_delete"]);
        assert_eq!(best("change the cluster policy", 1), ["cluster_policies_edit"]);
        assert_eq!(best("grantClusterPolicy permissions", 4).len(), 4);
    }

    #[test]
    fn what_has_no_description_is_found_by_its_fields() {
        // No name of the operation has the word.
        assert!(
            best("autotermination minutes", 5).contains(&"clusters_create"),
            "{:?}",
            best("autotermination minutes", 5)
        );
    }

    #[test]
    fn accounts_come_first_only_when_asked_for() {
        assert!(best("list users", 1)[0] == "users_list", "{:?}", best("list users", 3));
        assert!(best("list the users of the account", 3).contains(&"account_users_list"));
    }

    #[test]
    fn a_hit_says_what_it_does() {
        let hits = search("permanently delete cluster", 3).unwrap();
        let first = hits["operations"][0].as_str().unwrap();
        assert!(
            first.starts_with("clusters_permanent_delete: POST /api/2.1/clusters/permanent-delete, destroys"),
            "{first}"
        );
        assert_eq!(hits["operations"].as_array().unwrap().len(), 3);
        assert!(search("xyzzy", 3).is_err());
    }

    #[test]
    fn answers_do_not_change_between_calls() {
        assert_eq!(best("show jobs", 20), best("show jobs", 20));
    }
}
