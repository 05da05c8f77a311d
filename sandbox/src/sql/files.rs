//! Files of volumes as tables: ``csv.`/Volumes/…` ``, `read_files('/Volumes/…')` and `COPY INTO`.
//!
//! To the planner, files are a table whose name says all about them, as JSON ([`Files`]): it stands where a table's name does.

use std::collections::BTreeMap;
use std::io::{Cursor, Seek};
use std::sync::Arc;

use bytes::Bytes;
use datafusion::arrow::array::{
    ArrayRef, AsArray, BinaryArray, Int64Array, RecordBatch, StringArray, new_null_array,
};
use datafusion::arrow::compute::{CastOptions, cast_with_options, concat_batches};
use datafusion::arrow::csv;
use datafusion::arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use datafusion::arrow::json;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, Ident, ObjectName, TableFactor, Value,
};
use serde::{Deserialize, Serialize};

use super::error::SqlError;
use super::outside::Content;
use super::parse::{Copy, Insert, Source, place};
use super::plan::{explain_arrow, tables};
use super::{Output, Run, Session, types};

/// The column for what a file has and its schema has not; nothing is ever rescued here, so it holds NULLs.
const RESCUED: &str = "_rescued_data";

/// The formats that are read.
const FORMATS: &[&str] = &["binaryfile", "csv", "json", "parquet", "text"];

/// What files are to be read, and how.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Files {
    files: String,
    /// In lower case; none goes by the files' names.
    format: Option<String>,
    /// By their names in lower case.
    options: BTreeMap<String, String>,
    /// Whether the schema is looked for and the rescued column added, as `read_files` does.
    inferred: bool,
    /// Only these, if any are named.
    only: Vec<String>,
}

impl Files {
    /// Files that stand in FROM by their format and path, or in a call of `read_files`.
    pub(super) fn named(factor: &TableFactor, source: &Source) -> Result<Option<Self>, SqlError> {
        match factor {
            TableFactor::Table { name, args: None, .. } => {
                let parts: Vec<&Ident> = name.0.iter().filter_map(|part| part.as_ident()).collect();
                let [format, path] = parts.as_slice() else { return Ok(None) };
                let written = source.spelling(path);
                let known = FORMATS.contains(&format.value.as_str()) && written.contains('/');
                Ok(known.then(|| Self {
                    files: written.to_owned(),
                    format: Some(format.value.clone()),
                    ..Self::default()
                }))
            }
            TableFactor::Table { name, args: Some(list), .. } => Self::called(name, &list.args),
            TableFactor::Function { name, args, .. } => Self::called(name, args),
            _ => Ok(None),
        }
    }

    fn called(name: &ObjectName, arguments: &[FunctionArg]) -> Result<Option<Self>, SqlError> {
        if name.to_string() != "read_files" {
            return Ok(None);
        }
        let mut files = Self { inferred: true, ..Self::default() };
        for argument in arguments {
            let (key, value) = match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) => (None, value),
                FunctionArg::Named { name, arg: FunctionArgExpr::Expr(value), .. } => {
                    (Some(name.value.to_lowercase()), value)
                }
                other => return Err(SqlError::unsupported(format!("read_files with {other}"))),
            };
            let text = constant(value)
                .ok_or_else(|| SqlError::unsupported(format!("read_files with the expression {value}")))?;
            match key.as_deref() {
                None => files.files = text,
                Some("format") => files.format = Some(text.to_lowercase()),
                Some(key) => drop(files.options.insert(key.to_owned(), text)),
            }
        }
        Ok(Some(files))
    }

    /// The name that stands for the files in a statement.
    pub(super) fn as_name(&self) -> Result<ObjectName, SqlError> {
        let text = serde_json::to_string(self).map_err(SqlError::internal)?;
        Ok(ObjectName::from(vec![Ident::with_quote('`', text)]))
    }

    /// The files that a name stands for.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        if name.starts_with("{\"files\":") { serde_json::from_str(name).ok() } else { None }
    }

    fn option(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(String::as_str)
    }

    fn flag(&self, name: &str, or: bool) -> bool {
        self.option(name).map_or(or, |text| text.eq_ignore_ascii_case("true"))
    }

    fn contents(&self, session: &Session) -> Result<Vec<Content>, SqlError> {
        let Some(outside) = &session.outside else {
            return Err(SqlError::unsupported("reading files without a workspace"));
        };
        let found = outside.read(&self.files)?;
        let wanted = |content: &Content| self.only.is_empty() || self.only.contains(&content.path);
        Ok(found.into_iter().filter(wanted).collect())
    }

    fn format(&self, contents: &[Content]) -> Result<String, SqlError> {
        let by_name = || {
            let path = contents.first()?.path.to_lowercase();
            FORMATS
                .iter()
                .find(|format| path.ends_with(&format!(".{format}")))
                .map(|format| (*format).to_owned())
        };
        match self.format.clone().or_else(by_name) {
            Some(format) if FORMATS.contains(&format.as_str()) => Ok(format),
            Some(format) => Err(SqlError::unsupported(format!("files of the format {format}"))),
            None => Err(SqlError::new(
                "CF_UNABLE_TO_INFER_FORMAT",
                format!("The format of the files at {} is not known by their names: give one", self.files),
            )),
        }
    }

    /// The rows of all files.
    pub(super) fn rows(&self, session: &Session) -> Result<RecordBatch, SqlError> {
        let contents = self.contents(session)?;
        let format = self.format(&contents)?;
        let written = self.option("schema").map(|text| {
            types::parse(&format!("STRUCT<{text}>")).ok_or_else(|| {
                SqlError::new("INVALID_SCHEMA.PARSE_ERROR", format!("The schema '{text}' is not valid"))
            })
        });
        let written = match written.transpose()? {
            Some(DataType::Struct(fields)) => Some(Arc::new(Schema::new(fields))),
            _ => None,
        };
        let batches = match format.as_str() {
            "parquet" => contents.into_iter().map(parquet).collect::<Result<Vec<_>, _>>()?.concat(),
            "csv" => self.csv(&contents, written.as_ref())?,
            "json" => self.json(&contents, written.as_ref())?,
            "text" => vec![text(&contents)?],
            _ => vec![binary(&contents)?],
        };
        let schema = batches.first().map_or_else(|| Arc::new(Schema::empty()), RecordBatch::schema);
        let rows = concat_batches(&schema, &batches).map_err(explain_arrow)?;
        if !self.inferred || !matches!(format.as_str(), "csv" | "json" | "parquet") {
            return Ok(rows);
        }
        let mut fields: Vec<Field> = schema.fields().iter().map(|field| field.as_ref().clone()).collect();
        let mut columns = rows.columns().to_vec();
        fields.push(Field::new(RESCUED, DataType::Utf8, true));
        columns.push(new_null_array(&DataType::Utf8, rows.num_rows()));
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(SqlError::internal)
    }

    fn csv(&self, contents: &[Content], written: Option<&SchemaRef>) -> Result<Vec<RecordBatch>, SqlError> {
        let header = self.flag("header", self.inferred);
        let byte = |name: &str| self.option(name).and_then(|text| text.bytes().next());
        let mut format = csv::reader::Format::default().with_header(header);
        if let Some(delimiter) = byte("delimiter").or_else(|| byte("sep")) {
            format = format.with_delimiter(delimiter);
        }
        if let Some(quote) = byte("quote") {
            format = format.with_quote(quote);
        }
        let mut found = Vec::new();
        for content in contents {
            let (schema, _) = format
                .infer_schema(Cursor::new(&content.bytes), None)
                .map_err(|cause| malformed(&content.path, &cause))?;
            let infers = self.flag("inferschema", self.inferred);
            let fields = schema.fields().iter().enumerate().map(|(at, field)| {
                let name = if header { field.name().clone() } else { format!("_c{at}") };
                Field::new(name, if infers { field.data_type().clone() } else { DataType::Utf8 }, true)
            });
            found.push(Arc::new(Schema::new(fields.collect::<Vec<_>>())));
        }
        let schema = match (written, found.first()) {
            (Some(schema), _) => Arc::clone(schema),
            (None, Some(first)) => common(first, &found),
            (None, None) => return Ok(Vec::new()),
        };
        let mut batches = Vec::new();
        for content in contents {
            let reader = csv::ReaderBuilder::new(Arc::clone(&schema))
                .with_format(format.clone())
                .build(Cursor::new(&content.bytes));
            let read = reader.and_then(Iterator::collect::<Result<Vec<_>, _>>);
            batches.extend(read.map_err(|cause| malformed(&content.path, &cause))?);
        }
        // Spark has an INT where all numbers are small enough to be one
        if written.is_none() { narrowed(batches) } else { Ok(batches) }
    }

    fn json(&self, contents: &[Content], written: Option<&SchemaRef>) -> Result<Vec<RecordBatch>, SqlError> {
        let mut lines = Vec::new();
        for content in contents {
            // a file may be one value over many lines, or a list of rows
            let whole = serde_json::from_slice::<serde_json::Value>(&content.bytes).ok();
            match whole {
                Some(serde_json::Value::Array(rows)) => {
                    rows.iter().for_each(|row| lines.extend(format!("{row}\n").into_bytes()));
                }
                Some(row) => lines.extend(format!("{row}\n").into_bytes()),
                None => {
                    lines.extend_from_slice(&content.bytes);
                    lines.push(b'\n');
                }
            }
        }
        let failed = |cause: &dyn std::fmt::Display| malformed(&self.files, cause);
        let schema = match written {
            Some(schema) => Arc::clone(schema),
            None => {
                let (schema, _) = json::reader::infer_json_schema(Cursor::new(&lines), None)
                    .map_err(|cause| failed(&cause))?;
                // Spark lists the fields by name
                let mut fields: Vec<_> = schema.fields().iter().cloned().collect();
                fields.sort_by(|a, b| a.name().cmp(b.name()));
                Arc::new(Schema::new(fields))
            }
        };
        let mut input = Cursor::new(lines);
        input.rewind().map_err(SqlError::internal)?;
        let reader = json::ReaderBuilder::new(schema).with_coerce_primitive(true).build(input);
        reader.and_then(Iterator::collect).map_err(|cause| failed(&cause))
    }
}

fn constant(value: &Expr) -> Option<String> {
    match value {
        Expr::Value(value) => match &value.value {
            Value::Boolean(truth) => Some(truth.to_string()),
            Value::Number(digits, _) => Some(digits.clone()),
            other => other.clone().into_string(),
        },
        Expr::Cast { expr, .. } | Expr::Nested(expr) => constant(expr),
        _ => None,
    }
}

fn malformed(path: &str, cause: &dyn std::fmt::Display) -> SqlError {
    SqlError::new("FAILED_READ_FILE.NO_HINT", format!("Error while reading file {path}: {cause}"))
}

/// A type for each column that the values of all files fit; text, where they differ.
fn common(first: &SchemaRef, all: &[SchemaRef]) -> SchemaRef {
    let fields = first.fields().iter().enumerate().map(|(at, field)| {
        let mut kind = field.data_type().clone();
        for other in all {
            kind = match (&kind, other.fields().get(at).map(|field| field.data_type())) {
                (_, None | Some(DataType::Null)) => kind,
                (DataType::Null, Some(other)) => other.clone(),
                (kind, Some(other)) if kind == other => other.clone(),
                (DataType::Int64 | DataType::Float64, Some(DataType::Int64 | DataType::Float64)) => {
                    DataType::Float64
                }
                _ => DataType::Utf8,
            };
        }
        let kind = match kind {
            DataType::Null => DataType::Utf8,
            DataType::Timestamp(..) => types::timestamp(),
            other => other,
        };
        Field::new(field.name(), kind, true)
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn narrowed(batches: Vec<RecordBatch>) -> Result<Vec<RecordBatch>, SqlError> {
    let Some(first) = batches.first() else { return Ok(batches) };
    let small = |at: usize| {
        batches.iter().all(|batch| {
            let numbers = batch.column(at).as_primitive_opt::<Int64Type>();
            numbers.is_some_and(|all| all.iter().flatten().all(|number| i32::try_from(number).is_ok()))
        })
    };
    let inferred = first.schema();
    let fields = inferred.fields().iter().enumerate().map(|(at, field)| {
        if small(at) { Field::new(field.name(), DataType::Int32, true) } else { field.as_ref().clone() }
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let convert = |batch: &RecordBatch| {
        let columns = batch.columns().iter().zip(schema.fields());
        let columns = columns
            .map(|(column, field)| cast_with_options(column, field.data_type(), &CastOptions::default()));
        let columns = columns.collect::<Result<Vec<_>, _>>().map_err(explain_arrow)?;
        RecordBatch::try_new(Arc::clone(&schema), columns).map_err(SqlError::internal)
    };
    batches.iter().map(convert).collect()
}

fn parquet(content: Content) -> Result<Vec<RecordBatch>, SqlError> {
    let failed = |cause: &dyn std::fmt::Display| malformed(&content.path, cause);
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(content.bytes))
        .map_err(|cause| failed(&cause))?;
    let reader = reader.with_batch_size(65_536).build().map_err(|cause| failed(&cause))?;
    let batches = reader.collect::<Result<Vec<_>, _>>().map_err(|cause| failed(&cause))?;
    // texts and times in the types that Spark's have here
    let plain = |kind: &DataType| match kind {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary => DataType::Binary,
        DataType::Timestamp(_, Some(_)) => types::timestamp(),
        DataType::Timestamp(_, None) => {
            DataType::Timestamp(datafusion::arrow::datatypes::TimeUnit::Microsecond, None)
        }
        other => other.clone(),
    };
    let convert = |batch: RecordBatch| {
        let schema = batch.schema();
        let fields: Vec<Field> = schema
            .fields()
            .iter()
            .map(|field| Field::new(field.name(), plain(field.data_type()), true))
            .collect();
        let columns = batch.columns().iter().zip(&fields);
        let columns = columns
            .map(|(column, field)| cast_with_options(column, field.data_type(), &CastOptions::default()));
        let columns = columns.collect::<Result<Vec<_>, _>>().map_err(explain_arrow)?;
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(SqlError::internal)
    };
    batches.into_iter().map(convert).collect()
}

/// One row for each line.
fn text(contents: &[Content]) -> Result<RecordBatch, SqlError> {
    let mut lines = Vec::new();
    for content in contents {
        let text = String::from_utf8_lossy(&content.bytes);
        lines.extend(text.lines().map(str::to_owned));
    }
    batch(vec![("value", Arc::new(StringArray::from(lines)))])
}

/// One row for each file.
fn binary(contents: &[Content]) -> Result<RecordBatch, SqlError> {
    let lengths = contents.iter().map(|content| i64::try_from(content.bytes.len()).unwrap_or(i64::MAX));
    batch(vec![
        (
            "path",
            Arc::new(StringArray::from_iter_values(
                contents.iter().map(|content| format!("dbfs:{}", content.path)),
            )),
        ),
        (
            "modificationTime",
            super::upkeep::times(&contents.iter().map(|content| content.modified).collect::<Vec<_>>()),
        ),
        ("length", Arc::new(Int64Array::from_iter_values(lengths))),
        ("content", Arc::new(BinaryArray::from_iter_values(contents.iter().map(|content| &content.bytes)))),
    ])
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> Result<RecordBatch, SqlError> {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)))
        .map_err(SqlError::internal)
}

impl Run<'_> {
    /// `COPY INTO`: each file once, unless the statement forces it.
    pub(super) async fn copy(&self, copy: Copy) -> Result<Output, SqlError> {
        let full = self.session.table(&copy.name);
        let table = self.writable(&full).map_err(|error| error.at(copy.name.last().and_then(place)))?;
        let mut files = Files {
            files: copy.path,
            format: Some(copy.format),
            options: copy.format_options,
            ..Files::default()
        };
        let force = copy.copy_options.get("force").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let evolve =
            copy.copy_options.get("mergeschema").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let new: Vec<String> = files
            .contents(self.session)?
            .into_iter()
            .map(|content| content.path)
            .filter(|path| {
                copy.files.is_empty() || copy.files.iter().any(|name| path.ends_with(&format!("/{name}")))
            })
            .filter(|path| force || !table.copied.contains(path))
            .collect();
        let mut inserted = 0;
        if !new.is_empty() {
            files.only.clone_from(&new);
            let mut query = copy.query.unwrap_or(super::dml::template("SELECT * FROM `files`")?);
            tables::put_files(&mut query, &files)?;
            let insert = Insert {
                name: copy.name,
                columns: Vec::new(),
                overwrite: false,
                by_name: true,
                query: Box::new(query),
                partition: Vec::new(),
                replace: None,
                evolve,
            };
            let output = self.insert(insert).await?;
            let counted = output.rows().first().and_then(|row| row.first().cloned().flatten());
            inserted = counted.and_then(|text| text.parse().ok()).unwrap_or(0);
            let _turn = self.engine.files.writing().await;
            self.catalogs().update_table(&full, |table| table.copied.extend(new))?;
        }
        Ok(Output::counts(&[
            ("num_affected_rows", inserted),
            ("num_inserted_rows", inserted),
            ("num_skipped_corrupt_files", 0),
        ]))
    }
}
