//! Documents that do not hold together are named with the place and the fault.

use databricks_toolkit_import::{Documents, validate};
use serde_json::{Value, json};

use crate::sdk::{DESKS, desks};

const PATH: &str = "/api/2.0/desks/{id}";

fn documents() -> Documents {
    desks(DESKS).import().unwrap().documents
}

/// Edits the document of the fixture, and says what is wrong with it then.
fn fault(edit: impl FnOnce(&mut Value)) -> String {
    let mut documents = documents();
    edit(documents.get_mut("desks").unwrap());
    validate(&documents).expect_err("this document is wrong").to_string()
}

#[test]
fn faults_are_found() {
    validate(&documents()).unwrap();
    let get = |document: &mut Value| document["paths"][PATH]["get"].clone();
    let cases: Vec<(String, &str)> = vec![
        (fault(|d| d["openapi"] = json!("3.1.0")), "desks.json: #: not OpenAPI 3.0"),
        (fault(|d| d["info"]["title"] = json!(7)), "desks.json: #: not the shape of OpenAPI 3.0"),
        (
            fault(|d| _ = d["components"]["schemas"].as_object_mut().unwrap().shift_remove("Desk")),
            "2XX/content/application~1json/schema: the reference #/components/schemas/Desk leads nowhere",
        ),
        (
            fault(|d| d["paths"]["/api/2.0/other"] = json!({"get": get(d)})),
            "desks_get: the operationId is in desks.json already",
        ),
        (
            fault(|d| d["paths"][PATH]["get"]["parameters"] = json!([])),
            "desks_get: /api/2.0/desks/{id} needs the path",
        ),
        (
            fault(|d| d["paths"]["/api/2.0/desks/{desk}"] = json!({})),
            "/api/2.0/desks/{desk}: the same path as /api/2.0/desks/{id}",
        ),
        (
            fault(|d| d["paths"][PATH]["get"]["parameters"][0]["required"] = json!(false)),
            "desks_get: the path parameter id is not required",
        ),
        (
            fault(|d| {
                let query = json!({"name": "a.b", "in": "query", "schema": {"type": "string"}});
                let other = json!({"name": "a_b", "in": "query", "schema": {"type": "string"}});
                let parameters = d["paths"][PATH]["get"]["parameters"].as_array_mut().unwrap();
                parameters.extend([query.clone(), other, query]);
            }),
            "desks_get: the parameter a_b has the same name in Rust as another one\n  desks.json: desks_get: the parameter a.b is declared twice",
        ),
        (
            fault(|d| {
                let schema = json!({"$ref": "#/components/schemas/Desk"});
                let query = json!({"name": "desk", "in": "query", "schema": schema});
                d["paths"][PATH]["get"]["parameters"].as_array_mut().unwrap().push(query);
            }),
            "desks_get: the parameter desk is neither a scalar nor a list of scalars",
        ),
        (
            fault(|d| _ = d["paths"][PATH]["get"].as_object_mut().unwrap().shift_remove("operationId")),
            "/api/2.0/desks/{id}: an operation without an operationId",
        ),
    ];
    for (fault, expected) in cases {
        let lines = |text: &str| text.lines().map(str::trim).map(str::to_owned).collect::<Vec<_>>();
        let found = lines(&fault);
        for line in lines(expected) {
            assert!(found.iter().any(|found| found.contains(&line)), "{fault}\nhas not: {line}");
        }
    }
}

/// Ids are unique over all documents, and not only in each.
#[test]
fn ids_are_unique_over_documents() {
    let mut documents = documents();
    documents.insert("tables".to_owned(), documents["desks"].clone());
    let error = validate(&documents).unwrap_err().to_string();
    assert!(error.contains("tables.json: desks_get: the operationId is in desks.json already"), "{error}");
}

/// A property that is called `$ref` is no reference.
#[test]
fn a_property_may_be_called_ref() {
    let mut documents = documents();
    let desk = &mut documents.get_mut("desks").unwrap()["components"]["schemas"]["Desk"];
    desk["properties"]["$ref"] = json!({"type": "string"});
    validate(&documents).unwrap();
}
