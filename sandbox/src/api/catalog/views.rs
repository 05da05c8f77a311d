//! The catalog's objects as the API shows them.

use serde_json::{Map, Value, json};

use crate::api::identity::METASTORE;
use crate::sql::catalog::{Catalog, Column, Common, Schema, SchemaName, Table, TableName, Volume};
use crate::sql::types;

/// What all securables show, and then their own; fields without a value are left out.
fn shown(common: &Common, full_name: String, own: Value) -> Value {
    let mut view = Map::new();
    let fields = [
        ("name", json!(common.name)),
        ("full_name", json!(full_name)),
        ("comment", json!(common.comment)),
        ("owner", json!(common.owner)),
        ("metastore_id", json!(METASTORE)),
        ("created_at", json!(common.created_at)),
        ("created_by", json!(common.created_by)),
        ("updated_at", json!(common.updated_at)),
        ("updated_by", json!(common.updated_by)),
    ];
    view.extend(fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
    if !common.properties.is_empty() {
        view.insert("properties".into(), json!(common.properties));
    }
    if let Value::Object(own) = own {
        view.extend(own);
    }
    view.retain(|_, value| !value.is_null());
    Value::Object(view)
}

fn catalog_type(name: &str) -> &'static str {
    match name {
        "system" => "SYSTEM_CATALOG",
        "samples" => "DELTASHARING_CATALOG",
        _ => "MANAGED_CATALOG",
    }
}

pub(super) fn catalog(catalog: &Catalog) -> Value {
    let common = &catalog.common;
    shown(
        common,
        common.name.clone(),
        json!({
            "catalog_type": catalog_type(&common.name),
            "isolation_mode": "OPEN",
            "securable_type": "CATALOG",
        }),
    )
}

pub(super) fn schema(catalog: &str, schema: &Schema) -> Value {
    let common = &schema.common;
    shown(
        common,
        format!("{catalog}.{}", common.name),
        json!({
            "catalog_name": catalog,
            "catalog_type": catalog_type(catalog),
            "schema_id": common.id,
        }),
    )
}

/// What a list of tables may leave out.
#[derive(Clone, Copy, Default)]
pub(super) struct Omit {
    pub(super) columns: bool,
    pub(super) properties: bool,
    pub(super) username: bool,
}

pub(super) fn table(name: &SchemaName, table: &Table, omit: Omit) -> Value {
    let columns: Option<Vec<Value>> =
        (!omit.columns).then(|| table.columns.iter().enumerate().map(|(at, it)| column(at, it)).collect());
    let format = if table.view.is_some() { "UNITY_CATALOG".to_owned() } else { table.format.clone() };
    let mut view = shown(
        &table.common,
        name.table(&table.common.name).to_string(),
        json!({
            "catalog_name": name.catalog,
            "schema_name": name.schema,
            "table_type": table.kind.text(),
            "data_source_format": format,
            "columns": columns,
            "storage_location": table.storage_location,
            "view_definition": table.view.as_ref().map(|view| &view.text),
            "table_id": table.common.id,
        }),
    );
    if let Value::Object(fields) = &mut view {
        if omit.properties {
            fields.remove("properties");
        }
        if omit.username {
            fields.retain(|name, _| !matches!(name.as_str(), "owner" | "created_by" | "updated_by"));
        }
    }
    view
}

fn column(position: usize, column: &Column) -> Value {
    let mut view = json!({
        "name": column.name,
        "type_text": column.kind,
        "position": position,
        "nullable": column.nullable,
    });
    if let Some(kind) = types::parse(&column.kind) {
        view["type_name"] = json!(types::name(&kind));
        view["type_json"] = json!(
            types::field_json(&column.name, &kind, column.nullable, column.comment.as_deref()).to_string()
        );
        let (precision, scale) = types::precision(&kind).unwrap_or_default();
        view["type_precision"] = json!(precision);
        view["type_scale"] = json!(scale);
    }
    if let Some(comment) = &column.comment {
        view["comment"] = json!(comment);
    }
    view
}

pub(super) fn volume(name: &TableName, volume: &Volume) -> Value {
    let kind = if volume.storage_location.is_some() { "EXTERNAL" } else { "MANAGED" };
    let location = volume
        .storage_location
        .clone()
        .unwrap_or_else(|| format!("dbfs:/Volumes/{}/{}/{}", name.catalog, name.schema, name.table));
    shown(
        &volume.common,
        name.to_string(),
        json!({
            "catalog_name": name.catalog,
            "schema_name": name.schema,
            "volume_type": kind,
            "volume_id": volume.common.id,
            "storage_location": location,
        }),
    )
}
