//! Statements around tables: their history and details, upkeep, settings, statements within statements.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Int32Array, Int64Array, ListBuilder, MapBuilder, MapFieldNames, StringArray,
    StringBuilder, StructArray, TimestampMicrosecondArray, new_null_array,
};
use datafusion::arrow::datatypes::{Field, FieldRef};

use super::catalog::{Table, TableName};
use super::error::SqlError;
use super::outside::File;
use super::parse::{Name, Setting, Upkeep, Version, place};
use super::{Output, Parameter, Run, Session, types};

/// The configuration that a session has, with the values that nobody has set.
const SETTINGS: &[(&str, &str)] = &[
    ("ANSI_MODE", "true"),
    ("ENABLE_PHOTON", "true"),
    ("LEGACY_TIME_PARSER_POLICY", "EXCEPTION"),
    ("MAX_FILE_PARTITION_BYTES", "128m"),
    ("READ_ONLY_EXTERNAL_METASTORE", "false"),
    ("STATEMENT_TIMEOUT", "172800"),
    ("TIMEZONE", "UTC"),
    ("USE_CACHED_RESULT", "true"),
];

/// The least hours for which VACUUM keeps files, as on the service.
const LEAST_HOURS: f64 = 168.0;

impl Run<'_> {
    pub(super) fn existing(&self, name: &Name) -> Result<(TableName, Arc<Table>), SqlError> {
        let full = self.session.table(name);
        let found = self.engine.table(&full);
        let table = found.map_err(|error| SqlError::from(error).at(name.last().and_then(place)))?;
        Ok((full, table))
    }

    /// The bytes of a table's files.
    fn size_of(&self, name: &TableName, files: &[String]) -> usize {
        let dir = self.catalogs().table_dir(name);
        let sizes = files.iter().filter_map(|file| Some(std::fs::metadata(dir.join(file)).ok()?.len()));
        usize::try_from(sizes.sum::<u64>()).unwrap_or(usize::MAX)
    }

    /// The files of a folder of a volume; folders end in a stroke.
    pub(super) fn list(&self, path: &str, limit: Option<usize>) -> Result<Output, SqlError> {
        let Some(outside) = &self.session.outside else {
            return Err(SqlError::unsupported("LIST without a workspace"));
        };
        let files: Vec<_> = outside.files(path)?.into_iter().take(limit.unwrap_or(usize::MAX)).collect();
        let texts = |value: fn(&File) -> &String| {
            Arc::new(StringArray::from_iter_values(files.iter().map(value))) as ArrayRef
        };
        let sizes = files.iter().map(|file| i64::try_from(file.size).unwrap_or(i64::MAX));
        Ok(Output::columns(vec![
            ("path", texts(|file| &file.path)),
            ("name", texts(|file| &file.name)),
            ("size", Arc::new(Int64Array::from_iter_values(sizes))),
            ("modification_time", times(&files.iter().map(|file| file.modified).collect::<Vec<_>>())),
        ]))
    }

    pub(super) fn describe_detail(&self, name: &Name) -> Result<Output, SqlError> {
        let (full, table) = self.existing(name)?;
        let text = |value: &str| Arc::new(StringArray::from(vec![value.to_owned()])) as ArrayRef;
        let long = |value: usize| {
            Arc::new(Int64Array::from(vec![i64::try_from(value).unwrap_or(i64::MAX)])) as ArrayRef
        };
        let features = if table.constraints.values().any(|text| text.to_lowercase().starts_with("check")) {
            vec!["appendOnly".to_owned(), "checkConstraints".to_owned(), "invariants".to_owned()]
        } else {
            vec!["appendOnly".to_owned(), "invariants".to_owned()]
        };
        Ok(Output::columns(vec![
            ("format", text(&table.format.to_lowercase())),
            ("id", text(&table.common.id)),
            ("name", text(&full.to_string())),
            ("description", Arc::new(StringArray::from(vec![table.common.comment.clone()]))),
            ("location", text(table.storage_location.as_deref().unwrap_or_default())),
            ("createdAt", times(&[table.common.created_at])),
            ("lastModified", times(&[table.common.updated_at])),
            ("partitionColumns", texts(&table.layout.partitions)),
            ("clusteringColumns", texts(&table.layout.clustering)),
            ("numFiles", long(table.files.len())),
            ("sizeInBytes", long(self.size_of(&full, &table.files))),
            ("properties", maps([&table.common.properties])?),
            ("minReaderVersion", Arc::new(Int32Array::from(vec![1]))),
            ("minWriterVersion", Arc::new(Int32Array::from(vec![7]))),
            ("tableFeatures", texts(&features)),
            ("statistics", maps([&BTreeMap::new()])?),
            ("clusterByAuto", Arc::new(BooleanArray::from(vec![false]))),
        ]))
    }

    pub(super) fn describe_history(&self, name: &Name, limit: Option<usize>) -> Result<Output, SqlError> {
        let (_, table) = self.existing(name)?;
        if table.view.is_some() {
            return Err(SqlError::new(
                "EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE",
                "DESCRIBE HISTORY expects a table, but it is a view",
            ));
        }
        let all: Vec<_> = table.history.iter().enumerate().rev().take(limit.unwrap_or(usize::MAX)).collect();
        let rows = all.len();
        let numbers = |number: fn(i64) -> Option<i64>| {
            let each = all.iter().map(|(at, _)| number(i64::try_from(*at).unwrap_or(i64::MAX)));
            Arc::new(Int64Array::from_iter(each)) as ArrayRef
        };
        let text = |value: &dyn Fn(usize) -> Option<String>| {
            Arc::new(StringArray::from_iter((0..rows).map(value))) as ArrayRef
        };
        let nothing = |kind: &str| {
            let kind = types::parse(kind).ok_or_else(|| SqlError::internal("no such type"))?;
            Ok::<ArrayRef, SqlError>(new_null_array(&kind, rows))
        };
        let job = "STRUCT<jobId: STRING, jobName: STRING, jobRunId: STRING, runId: STRING, jobOwnerId: STRING, triggerType: STRING>";
        let appends = all.iter().map(|(_, version)| version.operation == "WRITE");
        Ok(Output::columns(vec![
            ("version", numbers(Some)),
            ("timestamp", times(&all.iter().map(|(_, version)| version.timestamp).collect::<Vec<_>>())),
            ("userId", nothing("STRING")?),
            ("userName", text(&|at| Some(all[at].1.user.clone()))),
            ("operation", text(&|at| Some(all[at].1.operation.clone()))),
            ("operationParameters", maps(all.iter().map(|(_, version)| &version.parameters))?),
            ("job", nothing(job)?),
            ("notebook", nothing("STRUCT<notebookId: STRING>")?),
            ("clusterId", nothing("STRING")?),
            ("readVersion", numbers(|at| (at > 0).then_some(at - 1))),
            ("isolationLevel", text(&|_| Some("WriteSerializable".to_owned()))),
            ("isBlindAppend", Arc::new(BooleanArray::from_iter(appends.map(Some)))),
            ("operationMetrics", maps(all.iter().map(|(_, version)| &version.metrics))?),
            ("userMetadata", nothing("STRING")?),
            ("engineInfo", text(&|_| Some(format!("databricks-sandbox/{}", env!("CARGO_PKG_VERSION"))))),
        ]))
    }

    pub(super) async fn upkeep(&self, upkeep: Upkeep) -> Result<Output, SqlError> {
        let _turn = self.engine.files.writing().await;
        match upkeep {
            Upkeep::Nothing => Ok(Output::empty()),
            Upkeep::Touch(name) => self.existing(&name).map(|_| Output::empty()),
            Upkeep::Fsck(name) => {
                self.existing(&name)?;
                Ok(Output::strings(
                    &["dataFilePath", "dataFileMissing", "deletionVectorPath", "deletionVectorFileMissing"],
                    Vec::new(),
                ))
            }
            Upkeep::Restore { name, to } => self.restore(&name, to),
            Upkeep::Optimize(name) => {
                let full = self.session.table(&name);
                self.owned("MODIFY", &full)?;
                let table = self.writable(&full)?;
                self.catalogs().update_table(&full, |table| {
                    table.note(
                        self.session.user(),
                        "OPTIMIZE",
                        &[("numAddedFiles", 0), ("numRemovedFiles", 0)],
                    )
                })?;
                // files are written as large as the statement that made them: there is nothing to put together
                let files = i64::try_from(table.files.len()).unwrap_or(i64::MAX);
                let counts: [(&str, i64); 6] = [
                    ("numFilesAdded", 0),
                    ("numFilesRemoved", 0),
                    ("partitionsOptimized", 0),
                    ("numBatches", 0),
                    ("totalConsideredFiles", files),
                    ("totalFilesSkipped", files),
                ];
                let mut fields: Vec<(FieldRef, ArrayRef)> = Vec::new();
                let mut put = |name: &str, value: ArrayRef| {
                    fields.push((Arc::new(Field::new(name, value.data_type().clone(), true)), value));
                };
                for (name, count) in counts {
                    put(name, Arc::new(Int64Array::from(vec![count])));
                }
                put("preserveInsertionOrder", Arc::new(BooleanArray::from(vec![false])));
                Ok(Output::columns(vec![
                    ("path", Arc::new(StringArray::from(vec![full.to_string()]))),
                    ("metrics", Arc::new(StructArray::from(fields))),
                ]))
            }
            Upkeep::Vacuum { name, dry_run, hours } => {
                let full = self.session.table(&name);
                self.owned("MODIFY", &full)?;
                self.writable(&full)?;
                if let Some(hours) =
                    hours.and_then(|hours| hours.parse::<f64>().ok()).filter(|hours| *hours < LEAST_HOURS)
                {
                    return Err(SqlError::new(
                        "DELTA_VACUUM_RETENTION_PERIOD_TOO_SHORT",
                        format!(
                            "Are you sure you would like to vacuum files with such a low retention period ({hours} hours)? The least is {LEAST_HOURS} hours"
                        ),
                    ));
                }
                // what a statement replaces is removed when the last reader is done: nothing lies about
                let rows = if dry_run { Vec::new() } else { vec![vec![Some(full.to_string())]] };
                Ok(Output::strings(&["path"], rows))
            }
        }
    }

    /// Makes a table again what it was: the files of that version become the latest ones.
    fn restore(&self, name: &Name, to: Version) -> Result<Output, SqlError> {
        let full = self.session.table(name);
        self.owned("MODIFY", &full)?;
        let table = self.writable(&full)?;
        let version = match to {
            Version::Number(number) => number,
            Version::Time(ms) => i64::try_from(super::plan::at_time(&table, ms)?).unwrap_or(i64::MAX),
        };
        let (_, then) = super::plan::at_version(&table, version)?;
        let restored: Vec<String> =
            then.files.iter().filter(|file| !table.files.contains(file)).cloned().collect();
        let removed: Vec<String> =
            table.files.iter().filter(|file| !then.files.contains(file)).cloned().collect();
        self.catalogs().update_table(&full, |table| {
            (table.files, table.columns) = (then.files.clone(), then.columns.clone());
            let metrics = [("numRestoredFiles", restored.len()), ("numRemovedFiles", removed.len())];
            table.note(self.session.user(), "RESTORE", &metrics);
        })?;
        let size = |files: &[String]| self.size_of(&full, files);
        Ok(Output::counts(&[
            ("table_size_after_restore", size(&then.files)),
            ("num_of_files_after_restore", then.files.len()),
            ("num_removed_files", removed.len()),
            ("num_restored_files", restored.len()),
            ("removed_files_size", size(&removed)),
            ("restored_files_size", size(&restored)),
        ]))
    }

    /// Every statement is a session of its own here, so that what is set is also forgotten.
    pub(super) fn setting(&self, setting: Setting) -> Result<Output, SqlError> {
        let known = |key: &str| {
            SETTINGS.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).copied().ok_or_else(|| {
                SqlError::new("CONFIG_NOT_AVAILABLE", format!("Configuration {key} is not available"))
            })
        };
        let row = |key: &str, value: &str| vec![Some(key.to_owned()), Some(value.to_owned())];
        let rows = match setting {
            Setting::All => SETTINGS.iter().map(|(key, value)| row(key, value)).collect(),
            Setting::Get(key) => {
                let (name, value) = known(&key)?;
                vec![row(name, value)]
            }
            Setting::Put(key, value) => vec![row(known(&key)?.0, &value)],
            Setting::Reset(key) => {
                if let Some(key) = key {
                    known(&key)?;
                }
                return Ok(Output::empty());
            }
        };
        Ok(Output::strings(&["key", "value"], rows))
    }

    /// Runs a statement that stands in a string.
    pub(super) async fn execute_immediate(
        &self,
        text: &str,
        values: Vec<(Option<String>, String)>,
    ) -> Result<Output, SqlError> {
        let mut session =
            Session { parameters: Vec::new(), depth: self.session.depth + 1, ..self.session.clone() };
        if session.depth > 10 {
            return Err(SqlError::new("INTERNAL_ERROR", "EXECUTE IMMEDIATE is nested too deeply"));
        }
        for (at, (name, sql)) in values.into_iter().enumerate() {
            let value = self.constant(&sql).await?;
            session.parameters.push(Parameter {
                // those without a name are counted
                name: name.unwrap_or_else(|| format!("?{at}")),
                value: super::text::service(&value, 0),
                type_name: Some(types::text(value.data_type())),
            });
        }
        Box::pin(self.engine.execute(text, &session)).await
    }
}

pub(super) fn times(ms: &[i64]) -> ArrayRef {
    let micros = ms.iter().map(|ms| ms.saturating_mul(1_000));
    Arc::new(TimestampMicrosecondArray::from_iter_values(micros).with_timezone("UTC"))
}

/// One list of texts.
fn texts(values: &[String]) -> ArrayRef {
    let mut lists = ListBuilder::new(StringBuilder::new());
    values.iter().for_each(|value| lists.values().append_value(value));
    lists.append(true);
    Arc::new(lists.finish())
}

fn maps<'a>(rows: impl IntoIterator<Item = &'a BTreeMap<String, String>>) -> Result<ArrayRef, SqlError> {
    let names = MapFieldNames { entry: "entries".into(), key: "key".into(), value: "value".into() };
    let mut maps = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
    for row in rows {
        for (key, value) in row {
            maps.keys().append_value(key);
            maps.values().append_value(value);
        }
        maps.append(true).map_err(SqlError::internal)?;
    }
    Ok(Arc::new(maps.finish()))
}
