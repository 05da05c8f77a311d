//! Notebooks in Jupyter's format. Outputs are not kept: the source form has no place for them.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Language, Notebook};

#[derive(Deserialize)]
struct File {
    cells: Vec<RawCell>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize)]
struct RawCell {
    cell_type: String,
    #[serde(default)]
    source: Text,
}

/// Text in one piece or line by line.
#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Whole(String),
    Lines(Vec<String>),
}

impl Default for Text {
    fn default() -> Self {
        Self::Whole(String::new())
    }
}

#[derive(Deserialize, Default)]
struct Metadata {
    #[serde(default)]
    language_info: Named,
    #[serde(default)]
    kernelspec: Kernel,
}

#[derive(Deserialize, Default)]
struct Named {
    name: Option<String>,
}

#[derive(Deserialize, Default)]
struct Kernel {
    language: Option<String>,
}

impl Notebook {
    /// Reads a `.ipynb` file. The error says what is wrong with it.
    pub(crate) fn from_jupyter(text: &[u8]) -> Result<Self, String> {
        let file: File = serde_json::from_slice(text)
            .map_err(|cause| format!("the content is no Jupyter notebook: {cause}"))?;
        let named = file.metadata.language_info.name.or(file.metadata.kernelspec.language);
        let language =
            named.and_then(|name| Language::of_magic(&name.to_lowercase())).unwrap_or(Language::Python);
        let raw = file.cells.into_iter().map(|cell| {
            let source = match cell.source {
                Text::Whole(text) => text,
                Text::Lines(lines) => lines.concat(),
            };
            if cell.cell_type == "code" { source } else { format!("%md\n{source}") }
        });
        Ok(Self { language, raw: raw.collect() })
    }

    /// Writes a `.ipynb` file.
    pub(crate) fn to_jupyter(&self, name: &str) -> Value {
        let cells = self.raw.iter().map(|raw| match markdown(raw) {
            Some(text) => json!({ "cell_type": "markdown", "metadata": {}, "source": lines(text) }),
            None => json!({ "cell_type": "code", "execution_count": null, "metadata": {}, "outputs": [], "source": lines(raw) }),
        });
        let language = self.language.row().4;
        json!({
            "cells": cells.collect::<Vec<_>>(),
            "metadata": {
                "application/vnd.databricks.v1+notebook": { "language": language, "notebookName": name },
                "language_info": { "name": language },
            },
            "nbformat": 4,
            "nbformat_minor": 0,
        })
    }
}

fn markdown(raw: &str) -> Option<&str> {
    let text = raw.strip_prefix("%md")?;
    text.starts_with(char::is_whitespace).then(|| text.trim_start_matches([' ', '\n']))
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jupyter_and_source_say_the_same() {
        let file = json!({
            "nbformat": 4,
            "metadata": {"kernelspec": {"language": "python"}},
            "cells": [
                {"cell_type": "markdown", "source": ["# Hi\n", "there"]},
                {"cell_type": "code", "source": "x = 1\nx"},
                {"cell_type": "code", "source": ["%sql\n", "select 1"]},
            ],
        });
        let notebook = Notebook::from_jupyter(file.to_string().as_bytes()).unwrap();
        let source = notebook.to_source();
        assert!(
            source.contains("# MAGIC %md\n# MAGIC # Hi\n# MAGIC there\n\n# COMMAND ----------\n\nx = 1\nx\n"),
            "{source}"
        );
        assert_eq!(Notebook::from_source(&source, Language::Python), notebook);
        let back = notebook.to_jupyter("n");
        assert_eq!(back["cells"][0]["source"], json!(["# Hi\n", "there"]));
        assert_eq!(back["cells"][2]["source"], json!(["%sql\n", "select 1"]));
        assert!(Notebook::from_jupyter(b"{}").unwrap_err().contains("no Jupyter notebook"));
    }
}
