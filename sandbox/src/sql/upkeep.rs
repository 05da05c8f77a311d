//! Statements around tables: their history and details, upkeep, settings, grants, functions, statements within statements.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Int32Array, Int64Array, ListBuilder, MapBuilder, MapFieldNames, StringArray,
    StringBuilder, StructArray, TimestampMicrosecondArray, new_null_array,
};
use datafusion::arrow::datatypes::{Field, FieldRef};

use super::catalog::{Kind, Table, TableName};
use super::error::SqlError;
use super::outside::{File, Granting, Parameter as RoutineParameter, Routine, denied};
use super::parse::{CreateFunction, Name, Securable, Setting, Upkeep, Version, place};
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
    fn existing(&self, name: &Name) -> Result<(TableName, Arc<Table>), SqlError> {
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

    /// The kind and the full name of what a grant is on; it must be there.
    fn securable(&self, on: &Securable) -> Result<(String, String), SqlError> {
        let name = match on.kind {
            "catalog" => {
                let name = super::ddl::one_part(&on.name)?.to_owned();
                self.catalogs().catalog(&name)?;
                name
            }
            "schema" => {
                let name = self.session.schema_name(&on.name)?;
                self.catalogs().schema(&name)?;
                format!("{}.{}", name.catalog, name.schema)
            }
            "table" => self.existing(&on.name)?.0.to_string(),
            "volume" => {
                let name = self.session.table(&on.name);
                self.catalogs().volume(&name)?;
                name.to_string()
            }
            "function" => self.session.table(&on.name).to_string(),
            "metastore" => crate::api::METASTORE.to_owned(),
            _ => on.name.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join("."),
        };
        Ok((on.kind.to_owned(), name))
    }

    pub(super) fn grant(
        &self,
        privileges: Vec<String>,
        on: &Securable,
        principal: String,
        revoke: bool,
    ) -> Result<Output, SqlError> {
        let (kind, name) = self.securable(on)?;
        let outside = self.outside()?;
        if !outside.may(&["MANAGE"], &kind, &name) && !self.owns(&kind, &name) {
            return Err(denied("MANAGE", &kind, &name));
        }
        // a schema is used, a table is made; older names of both are still taken
        let privileges = privileges.into_iter().map(|privilege| match privilege.as_str() {
            "ALL" => "ALL_PRIVILEGES".to_owned(),
            "USAGE" if kind == "catalog" => "USE_CATALOG".to_owned(),
            "USAGE" => "USE_SCHEMA".to_owned(),
            _ => privilege,
        });
        let privileges = privileges.collect();
        outside.grant(&Granting { kind, name, principal, privileges, revoke })?;
        Ok(Output::empty())
    }

    pub(super) fn show_grants(
        &self,
        principal: Option<String>,
        on: Option<&Securable>,
    ) -> Result<Output, SqlError> {
        let Some(on) = on else {
            return Err(SqlError::unsupported("SHOW GRANTS without ON"));
        };
        let (kind, name) = self.securable(on)?;
        let rows = self.outside()?.grants(&kind, &name)?.into_iter();
        let rows = rows.filter(|grant| {
            principal.as_ref().is_none_or(|wanted| grant.principal.eq_ignore_ascii_case(wanted))
        });
        let rows =
            rows.map(|grant| [grant.principal, grant.privilege, grant.kind, grant.name].map(Some).into());
        Ok(Output::strings(&["Principal", "ActionType", "ObjectType", "ObjectKey"], rows.collect()))
    }

    pub(super) async fn create_function(&self, create: CreateFunction) -> Result<Output, SqlError> {
        let name = self.session.table(&create.name);
        self.catalogs().schema(&name.schema_name())?;
        self.permitted(&["CREATE_FUNCTION"], "schema", &format!("{}.{}", name.catalog, name.schema))?;
        let outside = self.outside()?;
        if create.if_not_exists && outside.routine(&name).is_some() {
            return Ok(Output::empty());
        }
        // the body is planned once with NULLs for its parameters: what cannot be, is refused now, and its type is known
        let text = match create.table {
            Some(_) => create.body.clone(),
            None => format!("SELECT {}", body_of(&create.body)),
        };
        let source = super::parse::Source::read(&text)?;
        let query = super::parse::parse_query(&source)?;
        let query = super::plan::with_arguments(*query, &create.parameters, None)?;
        let planned = self.planner().plan(query, &source).await?;
        let schema = planned.schema();
        let yields = |field: &FieldRef| RoutineParameter {
            name: field.name().clone(),
            kind: types::catalog_text(field.data_type()),
            comment: None,
            default: None,
        };
        let table = match create.table {
            Some(columns) if columns.is_empty() => schema.fields().iter().map(yields).collect(),
            Some(columns) if columns.len() != schema.fields().len() => {
                return Err(SqlError::new(
                    "USER_DEFINED_FUNCTIONS.RETURN_COLUMN_COUNT_MISMATCH",
                    format!(
                        "The number of columns produced by the RETURN clause ({}) does not match the number of column names specified by the RETURNS clause ({}) of {name}",
                        schema.fields().len(),
                        columns.len()
                    ),
                ));
            }
            Some(columns) => columns,
            None => Vec::new(),
        };
        let kind = schema.fields().first().map(|field| types::catalog_text(field.data_type()));
        let routine = Routine {
            name,
            parameters: create.parameters,
            returns: create.returns.or(kind).unwrap_or_else(|| "string".to_owned()),
            table,
            body: create.body,
            comment: create.comment,
        };
        outside.define(routine, create.replace)?;
        Ok(Output::empty())
    }

    pub(super) fn drop_function(&self, name: &Name, if_exists: bool) -> Result<Output, SqlError> {
        let full = self.session.table(name);
        self.permitted(&["MANAGE"], "function", &full.to_string())?;
        if self.outside()?.undefine(&full)? || if_exists {
            return Ok(Output::empty());
        }
        Err(SqlError::new(
            "ROUTINE_NOT_FOUND",
            format!(
                "The routine {} cannot be found. Verify the spelling and correctness of the schema and catalog",
                full.quoted()
            ),
        ))
    }

    pub(super) fn describe_function(&self, name: &Name, extended: bool) -> Result<Output, SqlError> {
        let full = self.session.table(name);
        if let Some(routine) = self.session.outside.as_ref().and_then(|outside| outside.routine(&full)) {
            let list = |all: &[RoutineParameter]| {
                all.iter()
                    .map(|one| format!("{} {}", one.name, one.kind.to_uppercase()))
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            let (kind, returns) = match routine.table.as_slice() {
                [] => ("SCALAR", routine.returns.to_uppercase()),
                columns => ("TABLE", list(columns)),
            };
            let mut lines = vec![
                format!("Function:      {}", routine.name),
                format!("Type:          {kind}"),
                format!("Input:         {}", list(&routine.parameters)),
                format!("Returns:       {returns}"),
            ];
            if let Some(comment) = &routine.comment {
                lines.push(format!("Comment:       {comment}"));
            }
            if extended {
                lines.push(format!("Body:          {}", routine.body));
            }
            return Ok(Output::text("function_desc", lines));
        }
        let [word] = name.as_slice() else { return Err(no_routine(&full.quoted())) };
        if !self.engine.function_names().contains(&word.value) {
            return Err(no_routine(&format!("`{}`", word.value)));
        }
        let mut lines = vec![format!("Function: {}", word.value), format!("Usage: {}(…)", word.value)];
        if extended {
            lines.push("Extended Usage: see the SQL language reference".to_owned());
        }
        Ok(Output::text("function_desc", lines))
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

    pub(super) fn principals(&self, groups: bool) -> Result<Vec<String>, SqlError> {
        Ok(self.outside()?.principals(groups))
    }

    fn outside(&self) -> Result<&dyn super::outside::Outside, SqlError> {
        self.session.outside.as_deref().ok_or_else(|| {
            SqlError::unsupported(
                "grants and functions outside of a workspace: this engine has none around it",
            )
        })
    }

    /// Whether whoever runs the statement owns a securable, or what it lies in.
    fn owns(&self, kind: &str, name: &str) -> bool {
        let user = self.session.user();
        let parts: Vec<&str> = name.split('.').collect();
        let catalogs = self.catalogs();
        let catalog = parts.first().and_then(|catalog| catalogs.catalog(catalog).ok());
        let schema = || Some(super::catalog::SchemaName::new(parts.first()?, parts.get(1)?));
        let of_schema = || catalogs.schema(&schema()?).ok();
        let of_table = || catalogs.table(&TableName::new(parts.first()?, parts.get(1)?, parts.get(2)?)).ok();
        catalog.is_some_and(|catalog| catalog.common.owner == user)
            || (kind != "catalog" && of_schema().is_some_and(|schema| schema.common.owner == user))
            || (kind == "table" && of_table().is_some_and(|table| table.common.owner == user))
    }

    /// Refuses whoever has none of these privileges on a securable.
    pub(super) fn permitted(&self, privileges: &[&str], kind: &str, name: &str) -> Result<(), SqlError> {
        let Some(outside) =
            self.session.outside.as_deref().filter(|outside| !self.session.trusted && !outside.is_admin())
        else {
            return Ok(());
        };
        if outside.may(privileges, kind, name) || self.owns(kind, name) {
            return Ok(());
        }
        Err(denied(privileges.first().copied().unwrap_or_default(), kind, name))
    }

    /// Refuses whoever may not do that with a table, or may not enter its schema and catalog.
    pub(super) fn owned(&self, privilege: &str, name: &TableName) -> Result<(), SqlError> {
        let system = self.catalogs().catalog(&name.catalog).is_ok_and(|catalog| catalog.system);
        if system || name.schema == super::catalog::INFORMATION_SCHEMA {
            return Ok(());
        }
        self.permitted(&["USE_CATALOG"], "catalog", &name.catalog)?;
        self.permitted(&["USE_SCHEMA"], "schema", &format!("{}.{}", name.catalog, name.schema))?;
        self.permitted(&[privilege], "table", &name.to_string())
    }

    /// Refuses whoever may not drop or alter something.
    pub(super) fn managed(&self, kind: Kind, name: &Name) -> Result<(), SqlError> {
        let (kind, name) = match kind {
            Kind::Catalog => ("catalog", super::ddl::one_part(name)?.to_owned()),
            Kind::Schema => {
                let name = self.session.schema_name(name)?;
                ("schema", format!("{}.{}", name.catalog, name.schema))
            }
            Kind::Table => ("table", self.session.table(name).to_string()),
            Kind::Volume => ("volume", self.session.table(name).to_string()),
        };
        self.permitted(&["MANAGE"], kind, &name)
    }
}

/// A function's body as an expression.
pub(super) fn body_of(body: &str) -> String {
    let query = ["select", "with", "values"]
        .iter()
        .any(|word| body.split_whitespace().next().is_some_and(|first| first.eq_ignore_ascii_case(word)));
    if query { format!("({body})") } else { body.to_owned() }
}

fn no_routine(name: &str) -> SqlError {
    SqlError::new(
        "ROUTINE_NOT_FOUND",
        format!(
            "The routine {name} cannot be found. Verify the spelling and correctness of the schema and catalog"
        ),
    )
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
