//! The file in which logins of users are kept: that of the Databricks CLI, so that one login does for
//! both. Only its owner can read it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

/// The entry of one key; others are left as they are.
#[derive(Debug)]
pub(super) struct Cache {
    file: PathBuf,
    key: String,
}

/// A login.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    access_token: SecretString,
    refresh_token: Option<SecretString>,
    expires: SystemTime,
}

impl Entry {
    pub(super) fn new(token: &str, refresh: Option<String>, life: Option<Duration>) -> Self {
        let life = life.unwrap_or(Duration::from_secs(3600));
        Self {
            access_token: token.to_owned().into(),
            refresh_token: refresh.map(SecretString::from),
            expires: SystemTime::now() + life,
        }
    }

    pub(super) fn access_token(&self) -> &str {
        self.access_token.expose_secret()
    }

    pub(super) fn refresh_token(&self) -> Option<&str> {
        self.refresh_token.as_ref().map(ExposeSecret::expose_secret)
    }

    pub(super) fn expires(&self) -> SystemTime {
        self.expires
    }

    pub(super) fn is_valid(&self) -> bool {
        self.expires > SystemTime::now() + Duration::from_secs(60)
    }
}

impl Cache {
    pub(super) fn new(file: PathBuf, key: String) -> Self {
        Self { file, key }
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    fn whole(&self) -> Map<String, Value> {
        let text = std::fs::read_to_string(&self.file).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// What is kept; a file that cannot be read is as good as none.
    pub(super) fn read(&self) -> Option<Entry> {
        let whole = self.whole();
        let entry = whole.get("tokens")?.get(&self.key)?;
        let text = |name: &str| entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        Some(Entry {
            access_token: text("access_token")?.to_owned().into(),
            refresh_token: text("refresh_token").map(|token| token.to_owned().into()),
            expires: DateTime::parse_from_rfc3339(text("expiry")?).ok()?.into(),
        })
    }

    pub(super) fn write(&self, entry: &Entry) -> std::io::Result<()> {
        let mut whole = self.whole();
        whole.entry("version").or_insert(json!(1));
        let expiry = DateTime::<Utc>::from(entry.expires).to_rfc3339_opts(SecondsFormat::Micros, true);
        let kept = json!({
            "access_token": entry.access_token(),
            "token_type": "Bearer",
            "refresh_token": entry.refresh_token(),
            "expiry": expiry,
        });
        let tokens = whole.entry("tokens").or_insert_with(|| json!({}));
        match tokens.as_object_mut() {
            Some(tokens) => drop(tokens.insert(self.key.clone(), kept)),
            None => *tokens = json!({ &self.key: kept }),
        }
        let folder = self.file.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        // Beside it and renamed: another program never reads a half.
        let part = self.file.with_extension(format!("{}.part", std::process::id()));
        let _ = std::fs::remove_file(&part);
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&part)?.write_all(&serde_json::to_vec_pretty(&whole)?)?;
        std::fs::rename(&part, &self.file)
    }
}
