//! The drift between two small sets of documents.

use databricks_toolkit_import::drift::Kind;
use databricks_toolkit_import::{Curated, Documents, drift};
use serde_json::json;

/// A document with a bit of everything, before and after.
fn documents(new: bool) -> Documents {
    let pick = |old: serde_json::Value, then: serde_json::Value| if new { then } else { old };
    let parameter = |name: &str, ty: &str, required: bool| json!({"name": name, "in": "query", "required": required, "schema": {"type": ty}});
    let answer = |schema: serde_json::Value| json!({"2XX": {"description": "Success", "content": {"application/json": {"schema": schema}}}});
    let desk = json!({"$ref": "#/components/schemas/Desk"});
    let chair = json!({"$ref": "#/components/schemas/Chair"});
    let mut paths = json!({
        "/desks": {"get": {
            "operationId": "desks_list",
            "x-databricks-level": "workspace",
            "parameters": pick(
                json!([parameter("gone", "string", false), parameter("size", "string", false), parameter("now", "string", false), parameter("free", "string", true)]),
                json!([parameter("size", "integer", false), parameter("now", "string", true), parameter("free", "string", false), parameter("extra", "string", false), parameter("needed", "string", true)]),
            ),
            "x-databricks-pagination": pick(json!({"style": "token"}), json!(null)),
            "responses": answer(json!({"type": "array", "items": desk})),
        }},
        "/desks/{id}": {"get": {
            "operationId": "desks_get",
            "deprecated": new,
            "x-databricks-level": "workspace",
            "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": if new { "integer" } else { "string" }}}],
            "x-databricks-lro": pick(json!(null), json!({"poll": "get"})),
            "responses": answer(desk.clone()),
        }},
        "/chairs": {"post": {
            "operationId": "chairs_create",
            "x-databricks-level": pick(json!("workspace"), json!("account")),
            "requestBody": {"required": true, "content": {"application/json": {"schema": pick(desk.clone(), chair.clone())}}},
            "responses": answer(pick(chair.clone(), desk)),
        }},
    });
    let moved = json!({"delete": {"operationId": "chairs_delete", "x-databricks-level": "workspace", "responses": {"2XX": {"description": "Success"}}}});
    let once = json!({"put": {"operationId": if new { "chairs_new" } else { "chairs_old" }, "x-databricks-level": "workspace", "responses": {"2XX": {"description": "Success"}}}});
    paths[if new { "/chairs/delete" } else { "/chairs" }]["delete"] = moved["delete"].clone();
    paths["/once"] = once;
    let mut schemas = json!({
        "Desk": {
            "type": "object",
            "x-databricks-origin": "desks.Desk",
            "properties": pick(
                json!({"gone": {"type": "string"}, "size": {"type": "integer"}, "now": {"type": "string"}, "free": {"type": "string"}, "color": {"$ref": "#/components/schemas/Color"}}),
                json!({"size": {"type": "integer", "format": "int64"}, "now": {"type": "string"}, "free": {"type": "string"}, "color": {"$ref": "#/components/schemas/Color"}, "extra": {"type": "object", "additionalProperties": {"type": "string"}}}),
            ),
            "required": pick(json!(["free"]), json!(["now"])),
        },
        "Chair": {"type": "object", "x-databricks-origin": "desks.Chair"},
        "Color": {"type": "string", "x-databricks-origin": "desks.Color", "enum": pick(json!(["RED", "TEAL"]), json!(["RED", "BLUE"]))},
        "Mood": pick(json!({"type": "object"}), json!({"type": "string", "enum": ["CALM"]})),
    });
    schemas[if new { "New" } else { "Old" }] = json!({"type": "object"});
    let desks = json!({
        "openapi": "3.0.3",
        "info": {"title": "Desks", "version": if new { "2.0" } else { "1.0" }},
        "paths": paths,
        "components": {"schemas": schemas},
    });
    // a copy of a schema in another document is not a second change
    let rooms = json!({
        "info": {"title": "Rooms", "version": if new { "2.0" } else { "1.0" }},
        "paths": {"/rooms": {"get": {
            "operationId": "rooms_list",
            "x-databricks-level": "workspace",
            "responses": answer(json!({"$ref": "#/components/schemas/DesksColor"})),
        }}},
        "components": {"schemas": {"DesksColor": schemas["Color"]}},
    });
    let only = if new { "doors" } else { "walls" };
    let documents = [("desks", desks), ("rooms", rooms), (only, json!({"paths": {}}))];
    Documents::from(documents.map(|(name, document)| (name.to_owned(), document)))
}

#[test]
fn everything_that_can_change() {
    let curated = [
        Curated::new("desks", "chairs_delete"),
        Curated::new("desks", "chairs_old"),
        Curated::new("rooms", "rooms_list"),
        Curated::new("rooms", "desks_get"),
    ];
    let mut drift = drift(&documents(false), &documents(true), &curated);
    drift.to_do.push("Paint the doors.".to_owned());
    // each kind occurs here, or the report's table has a row that nothing tests
    for kind in Kind::ALL {
        let found = drift.changes.iter().any(|change| change.kind == *kind);
        assert!(found || *kind == Kind::HelperChanged, "{kind:?}");
    }
    insta::assert_snapshot!(drift);
}

#[test]
fn nothing_changed() {
    let drift = drift(&documents(true), &documents(true), &[Curated::new("desks", "desks_get")]);
    assert!(drift.is_empty() && drift.touched.is_empty());
    insta::assert_snapshot!(drift);
}
