//! Wires `openapi/` to the code: every document whose feature is on becomes a module in `OUT_DIR`.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::{env, error::Error, fs, thread};

use databricks_toolkit_spec::{Document, Level, SECRET_RULE, generate, names};
#[cfg(feature = "mcp")]
use databricks_toolkit_spec::{SLOT_RULE, pack, vocabulary};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new("openapi");
    println!("cargo::rerun-if-changed=openapi");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let is_on = |name: &String| {
        let feature = format!("CARGO_FEATURE_{}", names::feature_name(name).to_uppercase());
        env::var_os(feature).is_some()
    };
    let mut names: Vec<String> = documents(folder)?.into_iter().filter(is_on).collect();
    names.sort();
    let mut services = String::from("crate::services::services! {\n");
    for module in modules(folder, &out, &names)? {
        services.push_str(&module);
    }
    services.push_str("}\n");
    fs::write(out.join("services.rs"), services)?;
    fs::write(out.join("secret.rs"), SECRET_RULE)?;
    #[cfg(feature = "mcp")]
    {
        long_tail(folder, &out)?;
        tokens(&out)?;
    }
    Ok(())
}

/// Writes the vocabulary by which the length of answers is counted, for use where it lies.
#[cfg(feature = "mcp")]
fn tokens(out: &Path) -> Result<(), Box<dyn Error>> {
    let tokenizer = tiktoken_rs::o200k_base_singleton();
    let tokens: Vec<Vec<u8>> = (0..).map_while(|rank| tokenizer.decode_bytes(&[rank]).ok()).collect();
    let table = vocabulary::table(&tokens).ok_or("the vocabulary has too many tokens")?;
    fs::write(out.join("o200k.bin"), table)?;
    fs::write(out.join("slot.rs"), SLOT_RULE)?;
    Ok(())
}

/// Writes all documents, also those whose features are off, into one compressed file and says where
/// each is: the tools that reach any operation open one at a time.
#[cfg(feature = "mcp")]
fn long_tail(folder: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    let mut names = documents(folder)?;
    names.sort();
    let mut index = String::new();
    let mut packed = Vec::new();
    for name in &names {
        let document = Document::load(folder, name)?;
        index.push_str(&pack::index(&document)?);
        packed.push((name.as_str(), pack::document(&document).to_string()));
    }
    packed.insert(0, ("index", index));
    let (mut bytes, mut sections) = (Vec::new(), String::new());
    for (name, text) in packed {
        let compressed = miniz_oxide::deflate::compress_to_vec(text.as_bytes(), 9);
        sections.push_str(&format!(
            "    Section {{ name: {name:?}, start: {}, length: {}, text: {} }},\n",
            bytes.len(),
            compressed.len(),
            text.len()
        ));
        bytes.extend(compressed);
    }
    fs::write(out.join("long_tail.bin"), bytes)?;
    fs::write(out.join("long_tail.rs"), format!("static SECTIONS: &[Section] = &[\n{sections}];\n"))?;
    Ok(())
}

/// The names of all documents.
fn documents(folder: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if path.extension().is_some_and(|extension| extension == "json") && name != "lock" {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

/// Writes the modules, as many at a time as there are processors; gives what `services!` is told of
/// each, in the order of their names.
fn modules(folder: &Path, out: &Path, names: &[String]) -> Result<Vec<String>, String> {
    let open = Mutex::new(names.iter());
    let next = || open.lock().ok().and_then(|mut names| names.next());
    let work = || {
        let mut done = Vec::new();
        while let Some(name) = next() {
            done.push((name, module(folder, out, name).map_err(|error| said(&*error))?));
        }
        Ok::<_, String>(done)
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let mut modules = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_fold(Vec::new(), |mut all, worker| {
            all.extend(worker.join().map_err(|_| "a worker panicked".to_owned())??);
            Ok::<_, String>(all)
        })
    })?;
    modules.sort();
    Ok(modules.into_iter().map(|(_, module)| module).collect())
}

fn module(folder: &Path, out: &Path, name: &str) -> Result<String, Box<dyn Error>> {
    let document = Document::load(folder, name)?;
    fs::write(out.join(format!("{name}.rs")), generate(&document)?)?;
    let mut services = format!("    {} from {name:?} {{\n", names::feature_name(name));
    for api in document.apis() {
        let owner = match api.level {
            Level::Workspace => "Workspace",
            Level::Account => "Account",
        };
        services.push_str(&format!("        {owner}.{} -> {};\n", api.accessor, api.type_name));
    }
    services.push_str("    }\n");
    Ok(services)
}

/// An error with its sources, in one line.
fn said(error: &dyn Error) -> String {
    let sources = std::iter::successors(error.source(), |error| (*error).source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}
