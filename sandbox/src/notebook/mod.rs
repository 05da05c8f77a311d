//! Notebooks as the service keeps them: source code with marks between the cells.
//!
//! ```text
//! # Databricks notebook source
//! print(1)
//!
//! # COMMAND ----------
//!
//! # MAGIC %sql
//! # MAGIC select 1
//! ```

mod jupyter;

use serde::{Deserialize, Serialize};

/// What a notebook's cells are written in, unless one says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Language {
    Python,
    Sql,
    Scala,
    R,
}

/// Each language's mark of a comment, file extension, cell magic and name in Jupyter.
const LANGUAGES: &[(Language, &str, &str, &str, &str)] = &[
    (Language::Python, "#", "py", "python", "python"),
    (Language::Sql, "--", "sql", "sql", "sql"),
    (Language::Scala, "//", "scala", "scala", "scala"),
    (Language::R, "#", "r", "r", "r"),
];

const HEADER: &str = "Databricks notebook source";
const DELIMITER: &str = "COMMAND ----------";
const MAGIC: &str = "MAGIC";
const TITLE: &str = "DBTITLE";

impl Language {
    fn row(self) -> &'static (Language, &'static str, &'static str, &'static str, &'static str) {
        // every language has its row; the first stands in for the compiler's sake
        LANGUAGES.iter().find(|row| row.0 == self).unwrap_or(&LANGUAGES[0])
    }

    fn comment(self) -> &'static str {
        self.row().1
    }

    /// The file extension, without its dot.
    pub(crate) fn extension(self) -> &'static str {
        self.row().2
    }

    /// The language of a file extension.
    pub(crate) fn of_extension(extension: &str) -> Option<Self> {
        LANGUAGES.iter().find(|row| row.2.eq_ignore_ascii_case(extension)).map(|row| row.0)
    }

    fn of_magic(magic: &str) -> Option<Self> {
        LANGUAGES.iter().find(|row| row.3 == magic).map(|row| row.0)
    }

    fn header(self) -> String {
        format!("{} {HEADER}", self.comment())
    }
}

/// What a cell holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Code(Language),
    Markdown,
    /// Another notebook, to be run here: its path.
    Run(String),
    /// A magic command by name, such as `sh` or `pip`.
    Magic(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) kind: Kind,
    pub(crate) text: String,
}

/// A notebook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notebook {
    pub(crate) language: Language,
    /// The cells as their authors see them: with `%sql` and the like in front.
    raw: Vec<String>,
}

impl Notebook {
    /// Reads source code, with or without the header.
    pub(crate) fn from_source(source: &str, language: Language) -> Self {
        let source = source.replace("\r\n", "\n");
        let body = source.strip_prefix(&language.header()).unwrap_or(&source);
        let delimiter = format!("{} {DELIMITER}", language.comment());
        let mut raw = vec![Vec::new()];
        for line in body.lines() {
            if line.trim_end() == delimiter {
                raw.push(Vec::new());
            } else if let Some(cell) = raw.last_mut() {
                cell.push(line);
            }
        }
        let mut raw: Vec<String> = raw.iter().map(|lines| unwrap(lines, language.comment())).collect();
        if raw.len() == 1 && raw.iter().all(String::is_empty) {
            raw.clear();
        }
        Self { language, raw }
    }

    /// Whether a file is a notebook: it begins with the header of its language.
    pub(crate) fn is_source(text: &str, language: Language) -> bool {
        text.lines().next().is_some_and(|line| line.trim_end() == language.header())
    }

    /// The source code, with the header.
    pub(crate) fn to_source(&self) -> String {
        let comment = self.language.comment();
        let cells: Vec<String> = self.raw.iter().map(|cell| wrap(cell, comment)).collect();
        let between = format!("\n\n{comment} {DELIMITER}\n\n");
        format!("{}\n{}", self.language.header(), cells.join(&between))
    }

    /// The cells, told apart by their magic.
    pub(crate) fn cells(&self) -> impl Iterator<Item = Cell> + '_ {
        self.raw.iter().map(|raw| self.cell(raw))
    }

    fn cell(&self, raw: &str) -> Cell {
        let own = || Cell { kind: Kind::Code(self.language), text: raw.to_owned() };
        let Some(magic) = raw.trim_start().strip_prefix('%') else { return own() };
        let (name, rest) = magic.split_at(magic.find(char::is_whitespace).unwrap_or(magic.len()));
        let kind = match name {
            "md" | "md-sandbox" => Kind::Markdown,
            "run" => Kind::Run(
                rest.split_whitespace().next().unwrap_or_default().trim_matches(['"', '\'']).to_owned(),
            ),
            name => match Language::of_magic(name) {
                Some(language) => Kind::Code(language),
                // `%%time`, `%matplotlib` and the like belong to IPython, and `%` alone to nobody
                None => Kind::Magic(name.to_owned()),
            },
        };
        Cell { kind, text: rest.strip_prefix([' ', '\n']).unwrap_or(rest).to_owned() }
    }
}

/// A cell's lines as its author sees them: without titles, and without the marks that hide another language.
fn unwrap(lines: &[&str], comment: &str) -> String {
    let (magic, title) = (format!("{comment} {MAGIC}"), format!("{comment} {TITLE}"));
    let shown = lines
        .iter()
        .filter(|line| !line.starts_with(&title))
        .map(|line| line.strip_prefix(&magic).map_or(*line, |rest| rest.strip_prefix(' ').unwrap_or(rest)));
    shown.collect::<Vec<_>>().join("\n").trim_matches('\n').trim_end().to_owned()
}

/// A cell's lines as the source has them.
fn wrap(cell: &str, comment: &str) -> String {
    if !cell.trim_start().starts_with('%') {
        return cell.to_owned();
    }
    let hidden = cell.lines().map(|line| format!("{comment} {MAGIC} {line}").trim_end().to_owned());
    hidden.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "# Databricks notebook source\nx = 1\n\n# COMMAND ----------\n\n# MAGIC %sql\n# MAGIC select 1\n# MAGIC\n# MAGIC -- end\n\n# COMMAND ----------\n\n# MAGIC %md # Title\n\n# COMMAND ----------\n\n# MAGIC %run ./other\n\n# COMMAND ----------\n\n# MAGIC %sh ls\n";

    #[test]
    fn cells_are_told_apart_by_their_magic() {
        let notebook = Notebook::from_source(SOURCE, Language::Python);
        let cells: Vec<(Kind, String)> = notebook.cells().map(|cell| (cell.kind, cell.text)).collect();
        assert_eq!(
            cells,
            [
                (Kind::Code(Language::Python), "x = 1".to_owned()),
                (Kind::Code(Language::Sql), "select 1\n\n-- end".to_owned()),
                (Kind::Markdown, "# Title".to_owned()),
                (Kind::Run("./other".to_owned()), "./other".to_owned()),
                (Kind::Magic("sh".to_owned()), "ls".to_owned()),
            ]
        );
        assert_eq!(notebook.to_source(), SOURCE.trim_end());
    }

    #[test]
    fn the_header_is_added_and_titles_are_dropped() {
        let notebook = Notebook::from_source(
            "select 1\r\n-- COMMAND ----------\r\n-- DBTITLE 1,Two\r\nselect 2\r\n",
            Language::Sql,
        );
        assert_eq!(
            notebook.to_source(),
            "-- Databricks notebook source\nselect 1\n\n-- COMMAND ----------\n\nselect 2"
        );
        assert!(Notebook::is_source(&notebook.to_source(), Language::Sql));
        assert!(!Notebook::is_source("select 1", Language::Sql));
        assert_eq!(Notebook::from_source("", Language::Python).cells().count(), 0);
    }
}
