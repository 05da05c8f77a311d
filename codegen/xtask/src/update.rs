//! The update: a release of the SDK in the place of the vendored one, with a report of what changes.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use databricks_toolkit_import as import;
use databricks_toolkit_spec::normalise::normalise;
use databricks_toolkit_spec::{Document, Overlay};
use import::{Curated, Documents, Drift, Import, Lock, Wheel};
use regex::Regex;

use crate::documents::FOLDER;
use crate::{Failure, features, parity};

const TOOLSETS: &str = "src/mcp/toolsets";

/// Which release, and what to do with it.
#[derive(Debug, Args)]
pub(crate) struct Update {
    /// The release, such as 0.162.0; the vendored one unless another is named.
    version: Option<String>,
    /// The newest release that the registry has.
    #[arg(long, conflicts_with = "version")]
    latest: bool,
    /// A wheel that was downloaded already.
    #[arg(long, conflicts_with = "latest")]
    wheel: Option<PathBuf>,
    /// The SHA-256 that the wheel must have; that of the vendored release is known.
    #[arg(long)]
    sha256: Option<String>,
    /// Write nothing; fail unless the documents are what the release gives.
    #[arg(long)]
    check: bool,
}

impl Update {
    /// Imports the release, prints what changes, and writes it. All that can be wrong with it is found before the
    /// first file is written.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let folder = Path::new(FOLDER);
        let lock = Lock::read(folder)?;
        let imported = self.import(&lock)?;
        let old = import::read(folder)?;
        let mut drift = import::drift(&old, &imported.documents, &curated()?);
        drift.to_do = to_do(&imported.documents, &old, &drift, folder)?;
        let parity = parity::text(&imported.documents);

        if !self.check {
            import::write(&imported, folder)?;
            parity::write(&parity)?;
        }
        print!("{drift}");
        let current = || {
            let documents = &imported.documents;
            lock == Lock::of(&imported) && import::check(folder).is_ok() && parity::fault(documents).is_none()
        };
        if self.check && !current() {
            return Err(format!("the tree is not what databricks-sdk {} gives", imported.version).into());
        }
        Ok(())
    }

    fn import(&self, lock: &Lock) -> Result<Import, Failure> {
        let vendored = &lock.source;
        let version = match (&self.version, &self.wheel) {
            _ if self.latest => import::latest()?,
            (Some(version), _) => version.clone(),
            (None, Some(path)) => Wheel::open(path, None)?.version().to_owned(),
            (None, None) => vendored.version.clone(),
        };
        let known = (version == vendored.version).then_some(vendored.sha256.as_str());
        let digest = self.sha256.as_deref().or(known);
        if let Some(path) = &self.wheel {
            let wheel = Wheel::open(path, digest)?;
            return match wheel.version() == version {
                true => Ok(import::import(&wheel)?),
                false => Err(format!("{} is version {}", path.display(), wheel.version()).into()),
            };
        }
        let path = import::fetch(&version, digest)?;
        let imported = Wheel::open(&path, digest).and_then(|wheel| import::import(&wheel));
        // a temporary folder of its own, which nobody needs any more
        path.parent().map_or(Ok(()), fs::remove_dir_all)?;
        Ok(imported?)
    }
}

/// What the maintainer has to do after the update. Fails on documents that the generator would refuse.
fn to_do(new: &Documents, old: &Documents, drift: &Drift, folder: &Path) -> Result<Vec<String>, Failure> {
    let manifest = fs::read_to_string(features::MANIFEST)?;
    let mut items = features::faults(&manifest, new.keys().map(String::as_str))?;
    for (name, root) in new {
        normalise(&Document::from_value(name, root.clone()))?;
        let overlay = Overlay::path(folder, name);
        if overlay.exists()
            && let Err(error) = Overlay::load(&overlay)?.apply(&mut root.clone())
        {
            items.push(error.to_string());
        }
    }
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        let overlay = Overlay::path(folder, name);
        if overlay.exists() {
            items.push(format!("{}: its document is gone: remove it", overlay.display()));
        }
    }
    for gone in drift.touched.iter().filter(|touched| !touched.exists) {
        let Curated { document, operation } = &gone.operation;
        items.push(format!("{TOOLSETS}: a tool is `{operation}` of {document}, which is gone"));
    }
    Ok(items)
}

/// The operations that tools name, by the files of the toolsets.
fn curated() -> Result<Vec<Curated>, Failure> {
    let document = Regex::new(r#"#\[toolset\([^\]]*document = "([a-z0-9]+)""#)?;
    let operation = Regex::new(r#"operation = "([a-z0-9_]+)""#)?;
    let mut files: Vec<PathBuf> =
        fs::read_dir(TOOLSETS)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.sort();
    let mut curated = Vec::new();
    for file in files {
        let text = fs::read_to_string(file)?;
        let Some(document) = document.captures(&text) else { continue };
        curated.extend(operation.captures_iter(&text).map(|found| Curated::new(&document[1], &found[1])));
    }
    Ok(curated)
}
