//! The wheel: a zip archive with the SDK's source text. It is checked against its digest before it is opened.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};

/// Where the SDK lives in its wheel.
const PACKAGE: &str = "databricks/sdk/";

/// What the SDK is called in a registry.
pub(crate) const DISTRIBUTION: &str = "databricks-sdk";

/// No source file of the SDK comes near this; an archive that claims more is not the SDK.
const LARGEST_SOURCE: u64 = 64 << 20;

/// The SDK's source text.
#[derive(Debug, Clone)]
pub struct Wheel {
    path: PathBuf,
    version: String,
    sha256: String,
    sources: BTreeMap<String, String>,
}

impl Wheel {
    /// Opens a wheel. With a digest (SHA-256 in hexadecimal), fails unless the wheel has it.
    pub fn open(path: &Path, sha256: Option<&str>) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|source| Error::io("read", path, source))?;
        let actual = digest(&bytes);
        if let Some(expected) = sha256.filter(|expected| !expected.eq_ignore_ascii_case(&actual)) {
            return Err(Error::Digest { path: path.to_owned(), actual, expected: expected.to_owned() });
        }
        let sources = sources(path, bytes)?;
        let wrong = |message: &str| Error::Wheel { path: path.to_owned(), message: message.to_owned() };
        let version = sources
            .get("version.py")
            .ok_or_else(|| wrong("no databricks/sdk/version.py: not a wheel of databricks-sdk"))?
            .lines()
            .find_map(|line| line.strip_prefix("__version__ = \"")?.strip_suffix('"'))
            .ok_or_else(|| wrong("databricks/sdk/version.py has no line `__version__ = \"…\"`"))?
            .to_owned();
        Ok(Wheel { path: path.to_owned(), version, sha256: actual, sources })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The SDK's version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The wheel's SHA-256, in lower-case hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// A source file by its path in the SDK's package.
    pub(crate) fn source(&self, file: &str) -> Result<&str> {
        self.sources
            .get(file)
            .map(String::as_str)
            .ok_or_else(|| Error::Wheel { path: self.path.clone(), message: format!("no {PACKAGE}{file}") })
    }

    /// The services: `service/jobs.py` is `jobs`. Files whose name has another form are the SDK's own helpers.
    pub(crate) fn services(&self) -> impl Iterator<Item = (&str, &str)> {
        self.sources.iter().filter_map(|(file, source)| {
            let service = file.strip_prefix("service/")?.strip_suffix(".py")?;
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
            (!service.is_empty() && service.chars().all(plain)).then_some((service, source.as_str()))
        })
    }
}

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All Python files of the SDK's package.
fn sources(path: &Path, bytes: Vec<u8>) -> Result<BTreeMap<String, String>> {
    let broken = |source| Error::Zip { path: path.to_owned(), source };
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    let mut sources = BTreeMap::new();
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(broken)?;
        let name = entry.name().map_err(broken)?.into_owned();
        let Some(file) = name.strip_prefix(PACKAGE).filter(|file| file.ends_with(".py")) else { continue };
        let mut text = String::new();
        if entry.size() > LARGEST_SOURCE {
            let message = format!("{name} claims {} bytes: this is not the SDK", entry.size());
            return Err(Error::Wheel { path: path.to_owned(), message });
        }
        entry
            .take(LARGEST_SOURCE)
            .read_to_string(&mut text)
            .map_err(|source| Error::io("unpack", &path.join(&name), source))?;
        sources.insert(file.to_owned(), text);
    }
    Ok(sources)
}

/// Downloads the wheel of one version with pip, from the registry that pip is configured for, into a new temporary
/// folder, and checks it against its digest if one is given.
///
/// The version is always named and dependencies are never followed: a resolver that is free to choose may pick an
/// older release without a word.
pub fn fetch(version: &str, sha256: Option<&str>) -> Result<PathBuf> {
    let failed = |message: String| Error::Fetch { version: version.to_owned(), message };
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '.';
    if version.is_empty() || !version.chars().all(plain) {
        return Err(failed("a version is made of digits, letters and dots".to_owned()));
    }
    let folder = tempfile::Builder::new()
        .prefix("databricks-sdk-")
        .tempdir()
        .map_err(|source| Error::io("make a folder in", &std::env::temp_dir(), source))?;
    let mut download = Command::new("pip");
    // only a wheel: to look into an archive of source, pip would run what is in it
    download.args(["download", "--quiet", "--no-deps", "--only-binary", ":all:", "-d"]).arg(folder.path());
    pip(download.arg(format!("{DISTRIBUTION}=={version}"))).map_err(failed)?;
    let read = |source| Error::io("read", folder.path(), source);
    let mut wheels = Vec::new();
    for entry in std::fs::read_dir(folder.path()).map_err(read)? {
        wheels.push(entry.map_err(read)?.path());
    }
    let [wheel] = wheels.as_slice() else {
        return Err(failed(format!("pip left {} files instead of one wheel", wheels.len())));
    };
    let opened = Wheel::open(wheel, sha256)?;
    if opened.version() != version {
        return Err(failed(format!("pip brought version {} instead", opened.version())));
    }
    let wheel = wheel.clone();
    // from here on the folder is the caller's
    let _ = folder.keep();
    Ok(wheel)
}

/// The newest release that the registry has, by pip's list of them.
pub fn latest() -> Result<String> {
    let failed = |message: String| Error::Fetch { version: "(the newest)".to_owned(), message };
    let mut index = Command::new("pip");
    let answer = pip(index.args(["index", "versions", DISTRIBUTION])).map_err(failed)?;
    // `databricks-sdk (1.2.3)`, then the older ones
    let first = answer.lines().next().unwrap_or_default();
    let version =
        first.strip_prefix(DISTRIBUTION).and_then(|rest| rest.trim().strip_prefix('(')?.strip_suffix(')'));
    version.map(str::to_owned).ok_or_else(|| failed(format!("`pip index versions` answers {first:?}")))
}

/// Runs pip. Nothing of the SDK runs, so it may be one that asks for a newer Python than pip's own.
fn pip(command: &mut Command) -> Result<String, String> {
    let command = command.args(["--ignore-requires-python", "--disable-pip-version-check"]);
    let output = command.output().map_err(|error| format!("cannot run pip: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}
