//! The report of a drift, as Markdown.

use std::fmt;

use super::{Change, Drift, Kind};
use crate::error::count;

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [old, new] = &self.sides;
        writeln!(f, "# API drift {} → {}\n", old.version, new.version)?;
        write!(
            f,
            "Operations {} → {}, schemas {} → {}. ",
            old.operations, new.operations, old.schemas, new.schemas
        )?;
        if self.is_empty() {
            writeln!(f, "Nothing changed.")?;
        } else {
            let breaking = self.breaking().count();
            let verb = if breaking == 1 { "breaks" } else { "break" };
            writeln!(f, "{}, of which {breaking} {verb} callers.\n", count(self.changes.len(), "change"))?;
            writeln!(f, "| change | count | breaks callers |\n|---|---|---|")?;
            for (kind, changes) in self.kinds() {
                let breaks = if kind.row().2 { "yes" } else { "" };
                writeln!(f, "| {} | {} | {breaks} |", kind.title(), changes.len())?;
            }
        }
        if !self.to_do.is_empty() {
            writeln!(f, "\n## Left to do\n")?;
            for item in &self.to_do {
                writeln!(f, "- [ ] {item}")?;
            }
        }
        self.curated(f)?;
        for (title, breaks) in [("Breaks callers", true), ("Does not break callers", false)] {
            let kinds: Vec<_> = self.kinds().filter(|(kind, _)| kind.row().2 == breaks).collect();
            if !kinds.is_empty() {
                writeln!(f, "\n## {title}")?;
            }
            for (kind, changes) in kinds {
                writeln!(f, "\n### {} ({})\n", kind.title(), changes.len())?;
                for change in changes {
                    writeln!(f, "- {change}")?;
                }
            }
        }
        Ok(())
    }
}

impl Drift {
    /// The kinds that occur, each with its changes.
    fn kinds(&self) -> impl Iterator<Item = (Kind, Vec<&Change>)> {
        Kind::ALL.iter().filter_map(|kind| {
            let changes: Vec<&Change> = self.changes.iter().filter(|change| change.kind == *kind).collect();
            (!changes.is_empty()).then_some((*kind, changes))
        })
    }

    /// The curated operations that are touched.
    fn curated(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.curated == 0 {
            return Ok(());
        }
        writeln!(f, "\n## Curated operations: {} of {} touched", self.touched.len(), self.curated)?;
        for touched in &self.touched {
            let name = format!("`{}` ({})", touched.operation.operation, touched.operation.document);
            let gone = if touched.exists { "" } else { ": **not in the new documents**" };
            writeln!(f, "\n- {name}{gone}")?;
            for change in touched.changes.iter().filter_map(|i| self.changes.get(*i)) {
                let breaks = if change.breaks() { " **breaks**" } else { "" };
                writeln!(f, "  - {}: {change}{breaks}", change.kind.title())?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}", self.subject)?;
        if !self.part.is_empty() {
            write!(f, ": {}", self.part)?;
        }
        write!(f, "`")?;
        match (self.old.as_str(), self.new.as_str()) {
            ("", "") => Ok(()),
            ("", only) | (only, "") => write!(f, " {only}"),
            (old, new) => write!(f, " {old} → {new}"),
        }
    }
}
