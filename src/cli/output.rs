//! How answers are printed: tables for people, JSON, YAML and CSV for programs.

use std::io::Read;

use clap::{Args, ValueEnum};
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Map, Value};

use super::{Failure, Usage, say};
use crate::mcp::{LEFT_OUT, UNTRUSTED};

/// A form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// JSON with line breaks.
    Json,
    /// YAML.
    Yaml,
    /// CSV with a header.
    Csv,
    /// A table for people.
    Table,
}

/// The flag that chooses one.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Output {
    /// How to print the answer.
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    output: Option<Format>,
}

impl Output {
    /// The form that is asked for.
    pub(super) fn wanted(self) -> Option<Format> {
        self.output
    }

    /// Prints an answer, in this form unless the flag says another.
    pub(super) fn print(self, answer: &Value, usual: Format) -> Result<(), Failure> {
        match self.output.unwrap_or(usual) {
            Format::Json => say(serde_json::to_string_pretty(answer)?),
            Format::Yaml => say(serde_saphyr::to_string(answer)?.trim_end()),
            Format::Csv => say(csv_of(&Rows::of(answer))?.trim_end()),
            Format::Table => say(table_of(&Rows::of(answer))),
        }
    }
}

/// An answer as rows of cells.
struct Rows {
    header: Vec<String>,
    cells: Vec<Vec<String>>,
}

impl Rows {
    /// The rows of a query, the one list of objects of an answer, or its fields one under the other.
    fn of(answer: &Value) -> Self {
        if let Value::Object(object) = answer {
            let list = rows_of_query(object).or_else(|| {
                let mut lists =
                    object.iter().filter(|(name, value)| is_of_answer(name) && is_list_of_objects(value));
                match (lists.next(), lists.next()) {
                    (Some((name, list)), None) => {
                        tell_the_rest(object, &[name]);
                        Some(Self::of(list))
                    }
                    _ => None,
                }
            });
            return list.unwrap_or_else(|| Self::fields(object));
        }
        if !is_list_of_objects(answer) {
            let values = answer.as_array().map_or(std::slice::from_ref(answer), Vec::as_slice);
            let cells = values.iter().map(|value| vec![cell(value)]).collect();
            return Self { header: vec!["value".to_owned()], cells };
        }
        let objects: Vec<_> = answer.as_array().into_iter().flatten().filter_map(Value::as_object).collect();
        let mut header: Vec<String> = Vec::new();
        for name in objects.iter().flat_map(|object| object.keys()) {
            if !header.contains(name) {
                header.push(name.clone());
            }
        }
        let row = |object: &&Map<String, Value>| {
            header.iter().map(|name| object.get(name).map(cell).unwrap_or_default()).collect()
        };
        Self { cells: objects.iter().map(row).collect(), header }
    }

    fn fields(object: &Map<String, Value>) -> Self {
        let names: Vec<&str> = object.keys().map(String::as_str).filter(|name| is_of_answer(name)).collect();
        tell_the_rest(object, &names);
        let fields = object.iter().filter(|(name, _)| is_of_answer(name));
        let cells = fields.map(|(name, value)| vec![name.clone(), cell(value)]).collect();
        Self { header: vec!["field".to_owned(), "value".to_owned()], cells }
    }
}

/// Whether it is of what was asked for, and not what is said about the answer.
fn is_of_answer(name: &str) -> bool {
    !matches!(name, LEFT_OUT | UNTRUSTED)
}

fn is_list_of_objects(value: &Value) -> bool {
    value.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(Value::is_object))
}

/// What a statement answers: names of columns, and rows of values in their order.
fn rows_of_query(object: &Map<String, Value>) -> Option<Rows> {
    let columns = object.get("columns")?.as_array()?;
    let rows = object.get("rows")?.as_array()?;
    let name = |column: &Value| column.get("name").unwrap_or(column).as_str().map(str::to_owned);
    let header = columns.iter().map(name).collect::<Option<Vec<_>>>()?;
    let row = |row: &Value| Some(row.as_array()?.iter().map(cell).collect::<Vec<_>>());
    let cells = rows.iter().map(row).collect::<Option<Vec<_>>>()?;
    tell_the_rest(object, &["columns", "rows"]);
    Some(Rows { header, cells })
}

/// A table has no place for what is beside the list, such as the token of the next page.
fn tell_the_rest(object: &Map<String, Value>, shown: &[&str]) {
    for (name, value) in object.iter().filter(|(name, _)| !shown.contains(&name.as_str())) {
        anstream::eprintln!("{name}: {}", cell(value));
    }
}

/// A value as text. What steers a terminal is not for a workspace to send.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    text.replace(|letter: char| letter.is_control() && !matches!(letter, '\n' | '\t'), "\u{fffd}")
}

fn csv_of(rows: &Rows) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&rows.header)?;
    for row in &rows.cells {
        writer.write_record(row)?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

fn table_of(rows: &Rows) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(rows.header.iter().map(|name| name.to_uppercase()));
    table.add_rows(&rows.cells);
    table
}

/// The object that `--json` gives; `-` reads it from standard input.
pub(super) fn object(given: &str) -> Result<Map<String, Value>, Failure> {
    let mut text = given.to_owned();
    if text == "-" {
        text.clear();
        std::io::stdin().read_to_string(&mut text)?;
    }
    match serde_json::from_str(&text) {
        Ok(Value::Object(arguments)) => Ok(arguments),
        Ok(_) => Err(Usage(format!("--json `{text}` is not an object such as {{\"page_size\": 5}}")).into()),
        Err(error) => Err(Usage(format!("--json `{text}` is not JSON: {error}")).into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn csv(answer: &Value) -> String {
        csv_of(&Rows::of(answer)).unwrap()
    }

    #[test]
    fn rows_of_a_query_are_rows() {
        let answer = json!({"columns": [{"name": "a", "type": "INT"}, {"name": "b"}], "rows": [["1", null], ["x,y", "2"]]});
        assert_eq!(csv(&answer), "a,b\n1,\n\"x,y\",2\n");
    }

    #[test]
    fn the_one_list_of_an_answer_is_its_rows_with_every_field() {
        let answer = json!({"jobs": [{"id": 1}, {"id": 2, "tags": {"a": "b"}}], "next_page_token": "t"});
        assert_eq!(csv(&answer), "id,tags\n1,\n2,\"{\"\"a\"\":\"\"b\"\"}\"\n");
    }

    #[test]
    fn what_is_said_about_an_answer_is_no_row_of_it() {
        let left_out = json!([{"what": "fields", "count": 14, "how": "fields: names, or *"}]);
        let answer = json!({"clusters": [{"id": "a"}], "left_out": left_out, "untrusted": ["clusters"]});
        assert_eq!(csv(&answer), "id\na\n");
        assert_eq!(csv(&json!({"runs": [], "left_out": left_out})), "field,value\nruns,[]\n");
    }

    #[test]
    fn other_answers_are_fields_and_values() {
        assert_eq!(csv(&json!({"name": "x", "tasks": []})), "field,value\nname,x\ntasks,[]\n");
        assert_eq!(csv(&json!({"a": [{"x": 1}], "b": [{"y": 2}]})).lines().count(), 3);
        assert_eq!(csv(&json!(["a", 1])), "value\na\n1\n");
        assert_eq!(csv(&json!(null)), "value\n\"\"\n");
    }

    #[test]
    fn a_workspace_does_not_steer_the_terminal() {
        let shown = table_of(&Rows::of(&json!({"name": "\u{1b}[2Jgone"}))).to_string();
        assert!(!shown.contains('\u{1b}') && shown.contains("gone"), "{shown}");
    }
}
