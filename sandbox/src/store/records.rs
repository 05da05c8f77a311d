//! Objects of all kinds that are plain JSON, in one log.
//!
//! A change of any number of objects is one line of the log, written before it is acknowledged, so that a crash leaves all
//! of it or nothing. The log is rewritten when most of it is history.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Error;
use crate::server::{ApiError, Reply};

/// Lines of history that a log may hold before it is rewritten.
const HISTORY: usize = 20_000;

/// All records of a workspace.
pub(crate) struct Records(Mutex<Log>);

/// An object, and its place in the order of creation.
#[derive(Clone, Debug, PartialEq)]
struct Record {
    number: u64,
    value: Value,
}

/// One step of a change.
#[derive(Serialize, Deserialize, Debug, Clone)]
struct Step {
    kind: String,
    key: String,
    number: u64,
    /// None takes the object out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
}

type Kinds = BTreeMap<String, BTreeMap<String, Record>>;

struct Log {
    path: PathBuf,
    file: File,
    durable: bool,
    kinds: Kinds,
    next: u64,
    /// Steps in the file.
    steps: usize,
    /// Where the file ends; what is beyond is the rest of a write that failed.
    end: u64,
}

impl Records {
    pub(super) fn open(path: PathBuf, durable: bool) -> Result<Self, Error> {
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(cause) => return Err(Error::Io { path, source: cause }),
        };
        // a last line without its end was never acknowledged
        let end = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let (mut kinds, mut next, mut steps) = (Kinds::new(), 0, 0);
        for line in text[..end].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let change: Vec<Step> = serde_json::from_slice(line)
                .map_err(|source| Error::Corrupt { path: path.clone(), source })?;
            for step in change {
                next = next.max(step.number + 1);
                steps += 1;
                apply(&mut kinds, step);
            }
        }
        let file = File::options().create(true).append(true).open(&path).map_err(Error::io(&path))?;
        file.set_len(end as u64).map_err(Error::io(&path))?;
        let mut log = Log { file, durable, kinds, next, steps, end: end as u64, path };
        log.tidy().map_err(Error::io(&log.path))?;
        Ok(Self(Mutex::new(log)))
    }

    /// Reads and changes objects; others see all of it or, when `work` or the disk refuses, nothing.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut Change) -> Reply<R>) -> Reply<R> {
        let mut log = self.0.lock();
        let mut change = Change { log: &mut log, steps: Vec::new(), undo: Vec::new() };
        let done = work(&mut change);
        if done.is_err() {
            change.roll_back();
            return done;
        }
        if let Err(cause) = change.commit() {
            change.roll_back();
            return Err(ApiError::internal(format!("cannot write {}: {cause}", change.log.path.display())));
        }
        if let Err(cause) = log.tidy() {
            // the change itself is safe
            tracing::warn!(%cause, "the log of objects could not be rewritten");
        }
        done
    }
}

impl Log {
    /// Rewrites the file without its history, if that is most of it.
    fn tidy(&mut self) -> io::Result<()> {
        let live: usize = self.kinds.values().map(BTreeMap::len).sum();
        if self.steps < HISTORY || self.steps < live * 2 {
            return Ok(());
        }
        let draft = self.path.with_extension("tmp");
        write_all(&draft, &self.kinds, self.durable)?;
        fs::rename(&draft, &self.path)?;
        self.file = File::options().append(true).open(&self.path)?;
        self.end = self.file.metadata()?.len();
        self.steps = live;
        Ok(())
    }
}

fn write_all(path: &Path, kinds: &Kinds, durable: bool) -> io::Result<()> {
    let mut writer = BufWriter::new(File::create(path)?);
    for (kind, records) in kinds {
        for (key, record) in records {
            let (kind, key) = (kind.clone(), key.clone());
            let step = Step { kind, key, number: record.number, value: Some(record.value.clone()) };
            serde_json::to_writer(&mut writer, &[step])?;
            writer.write_all(b"\n")?;
        }
    }
    let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
    if durable { file.sync_all() } else { Ok(()) }
}

/// Takes a step; gives back what was there before.
fn apply(kinds: &mut Kinds, step: Step) -> Option<Record> {
    match step.value {
        Some(value) => {
            kinds.entry(step.kind).or_default().insert(step.key, Record { number: step.number, value })
        }
        None => kinds.get_mut(&step.kind)?.remove(&step.key),
    }
}

/// A change under way. What it has done so far it also sees.
pub(crate) struct Change<'a> {
    log: &'a mut Log,
    steps: Vec<Step>,
    undo: Vec<(String, String, Option<Record>)>,
}

impl Change<'_> {
    /// The object of a kind and key.
    pub(crate) fn get(&self, kind: &str, key: &str) -> Option<&Value> {
        Some(&self.log.kinds.get(kind)?.get(key)?.value)
    }

    pub(crate) fn has(&self, kind: &str, key: &str) -> bool {
        self.get(kind, key).is_some()
    }

    /// The objects of a kind whose keys begin so, with their keys, in the order of their creation.
    pub(crate) fn all(&self, kind: &str, prefix: &str) -> Vec<(String, Value)> {
        let Some(records) = self.log.kinds.get(kind) else { return Vec::new() };
        let mut found: Vec<_> =
            records.range(prefix.to_owned()..).take_while(|(key, _)| key.starts_with(prefix)).collect();
        found.sort_by_key(|(_, record)| record.number);
        found.into_iter().map(|(key, record)| (key.clone(), record.value.clone())).collect()
    }

    /// Adds or replaces an object; one that is replaced keeps its place in the order.
    pub(crate) fn put(&mut self, kind: &str, key: &str, value: Value) {
        let old = self.log.kinds.get(kind).and_then(|records| records.get(key));
        let number = old.map_or(self.log.next, |record| record.number);
        self.log.next = self.log.next.max(number + 1);
        self.step(Step { kind: kind.to_owned(), key: key.to_owned(), number, value: Some(value) });
    }

    /// Takes an object out.
    pub(crate) fn remove(&mut self, kind: &str, key: &str) -> Option<Value> {
        let old = self.log.kinds.get(kind)?.get(key)?.clone();
        self.step(Step { kind: kind.to_owned(), key: key.to_owned(), number: old.number, value: None });
        Some(old.value)
    }

    /// A number that no other object has had or will have.
    pub(crate) fn number(&mut self) -> u64 {
        self.log.next += 1;
        self.log.next
    }

    fn step(&mut self, step: Step) {
        self.steps.push(step.clone());
        let (kind, key) = (step.kind.clone(), step.key.clone());
        let old = apply(&mut self.log.kinds, step);
        self.undo.push((kind, key, old));
    }

    fn commit(&mut self) -> io::Result<()> {
        if self.steps.is_empty() {
            return Ok(());
        }
        let mut line = serde_json::to_vec(&self.steps)?;
        line.push(b'\n');
        let log = &mut *self.log;
        let written =
            log.file.write_all(&line).and_then(|()| if log.durable { log.file.sync_data() } else { Ok(()) });
        if let Err(cause) = written {
            // half a line must not stand before the next one
            log.file.set_len(log.end)?;
            return Err(cause);
        }
        log.end += line.len() as u64;
        log.steps += self.steps.len();
        Ok(())
    }

    fn roll_back(&mut self) {
        for (kind, key, old) in self.undo.drain(..).rev() {
            let records = self.log.kinds.entry(kind).or_default();
            match old {
                Some(record) => records.insert(key, record),
                None => records.remove(&key),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn keys(records: &Records, kind: &str, prefix: &str) -> Vec<String> {
        records.with(|change| Ok(change.all(kind, prefix).into_iter().map(|(key, _)| key).collect())).unwrap()
    }

    #[test]
    fn changes_outlive_the_process_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("records.log");
        let records = Records::open(path.clone(), true).unwrap();
        let put = |records: &Records, key: &str| {
            records.with(|change| {
                change.put("scope", key, json!({}));
                change.put("secret", &format!("{key}/a"), json!({ "value": key }));
                Ok(())
            })
        };
        put(&records, "z").unwrap();
        put(&records, "a").unwrap();
        let refused = records.with(|change| {
            change.remove("scope", "z");
            change.put("scope", "new", json!({}));
            Err::<(), _>(ApiError::invalid("no"))
        });
        assert!(refused.is_err());
        assert_eq!(keys(&records, "scope", ""), ["z", "a"]);
        drop(records);
        // a crash in the middle of a line
        let mut text = fs::read(&path).unwrap();
        text.extend_from_slice(br#"[{"kind":"scope","key":"half"#);
        fs::write(&path, text).unwrap();
        let records = Records::open(path, true).unwrap();
        assert_eq!(keys(&records, "scope", ""), ["z", "a"]);
        assert_eq!(keys(&records, "secret", "z/"), ["z/a"]);
        put(&records, "b").unwrap();
        assert_eq!(keys(&records, "scope", ""), ["z", "a", "b"]);
    }

    #[test]
    fn history_goes_and_the_order_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("records.log");
        let records = Records::open(path.clone(), false).unwrap();
        for round in 0..HISTORY {
            records
                .with(|change| {
                    change.put("a", if round % 2 == 0 { "second" } else { "first" }, json!(round));
                    Ok(())
                })
                .unwrap();
        }
        assert!(fs::read_to_string(&path).unwrap().lines().count() < 10);
        drop(records);
        assert_eq!(keys(&Records::open(path, false).unwrap(), "a", ""), ["second", "first"]);
    }
}
