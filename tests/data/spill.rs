//! `execute_sql` with more rows than an answer takes: a file with all of them, and a preview that says what they are.

use std::path::Path;
use std::time::Duration;

use databricks_toolkit::Workspace;
use databricks_toolkit::mcp::{App, Context, Effect, Registry, ResultFolder, SqlLimits, ToolError};
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::support::{Reply, Stub, sandbox};

const TEXT: &str = "SELECT id, CAST(id % 7 AS STRING) AS word, CAST(id AS DECIMAL(12,2)) AS price,
    CASE WHEN id % 4 = 0 THEN id END AS some, array(id) AS list FROM range(30000) ORDER BY id";

fn app(workspace: &Workspace, folder: &Path) -> App {
    App::new(workspace.clone()).with_result_folder(ResultFolder::named(folder).unwrap())
}

async fn execute(
    app: &App,
    cancelled: &CancellationToken,
    arguments: Value,
) -> Result<Map<String, Value>, ToolError> {
    let context = Context::new(app.clone(), cancelled.clone(), None);
    let Value::Object(arguments) = arguments else { panic!("an object") };
    let answer = Registry::default().call("execute_sql", arguments, &context).await?;
    Ok(answer.fitted().structured)
}

async fn ok(app: &App, arguments: Value) -> Map<String, Value> {
    execute(app, &CancellationToken::new(), arguments).await.unwrap()
}

async fn fails(app: &App, arguments: Value) -> String {
    execute(app, &CancellationToken::new(), arguments).await.unwrap_err().to_string()
}

fn rows_of(path: &Path) -> i64 {
    let file = std::fs::File::open(path).unwrap();
    SerializedFileReader::new(file).unwrap().metadata().file_metadata().num_rows()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn a_file_has_all_rows_and_the_answer_says_what_they_are() {
    let (_sandbox, workspace) = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let app = app(&workspace, folder.path());
    let answer = ok(&app, json!({ "statement": TEXT, "out": "all.parquet" })).await;
    let path = folder.path().canonicalize().unwrap().join("all.parquet");
    assert_eq!((&answer["file"], &answer["row_count"]), (&json!(path), &json!(30_000)));
    assert_eq!(answer["file_bytes"], json!(std::fs::metadata(&path).unwrap().len()));
    assert_eq!(rows_of(&path), 30_000);
    let columns = answer["columns"].as_array().unwrap();
    let column = |at: usize| {
        let column = &columns[at];
        (&column["nulls"], &column["min"], &column["max"])
    };
    assert_eq!(columns[0]["type"], "BIGINT");
    assert_eq!(column(0), (&json!(0), &json!("0"), &json!("29999")));
    let distinct = columns[0]["distinct"].as_f64().unwrap() / 30_000.0;
    assert!((0.95..1.05).contains(&distinct), "{distinct}");
    assert_eq!((column(1), &columns[1]["distinct"]), ((&json!(0), &json!("0"), &json!("6")), &json!(7)));
    assert_eq!(column(2), (&json!(0), &json!("0.00"), &json!("29999.00")));
    assert_eq!(column(3), (&json!(22_500), &json!("0"), &json!("29996")));
    assert_eq!(columns[4].get("min"), None);
    let head = answer["rows"].as_array().unwrap();
    assert_eq!((head.len(), &head[1]), (20, &json!(["1", "1", "1.00", null, "[1]"])));
    assert_eq!(answer["left_out"][0]["count"], json!(29_980));
    assert_eq!(answer["untrusted"], json!(["rows", "columns.min", "columns.max"]));

    let csv = ok(&app, json!({ "statement": TEXT, "out": "few.csv", "row_limit": 3 })).await;
    assert_eq!(csv["row_count"], json!(3));
    assert_eq!(std::fs::read_to_string(folder.path().join("few.csv")).unwrap().lines().count(), 4);
    assert!(csv["left_out"].to_string().contains("row_limit"), "{csv:?}");

    // A client elsewhere does not see the file: text can be read on as any answer.
    let all = ok(&app, json!({ "statement": TEXT, "out": "all.csv" })).await;
    let kept = app.kept(all["left_out"][0]["uri"].as_str().unwrap()).unwrap();
    assert_eq!(*kept.text, std::fs::read_to_string(folder.path().join("all.csv")).unwrap());

    let error = fails(&app, json!({ "statement": "SELECT 1", "out": "few.csv" })).await;
    assert!(error.contains("few.csv") && error.contains("there already"), "{error}");
    for out in ["../x.csv", "/tmp/x.csv", "x.xlsx"] {
        let error = fails(&app, json!({ "statement": "SELECT 1", "out": out })).await;
        assert!(error.contains(&format!("`out`: `{out}`")), "{error}");
    }
    let error = fails(&app, json!({ "statement": "SELECT * FROM no_such_table", "out": "y.csv" })).await;
    assert!(error.contains("no_such_table"), "{error}");
    let mut there = names(folder.path());
    there.sort();
    assert_eq!(there, ["all.csv", "all.parquet", "few.csv"]);
}

#[tokio::test]
async fn what_is_too_large_for_an_answer_becomes_a_file_by_itself() {
    let (_sandbox, workspace) = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let app = app(&workspace, folder.path());
    let wide = "SELECT id, repeat(md5(CAST(id AS STRING)), 30) AS text FROM range(40000)";
    let answer = ok(&app, json!({ "statement": wide, "row_limit": 35_000 })).await;
    let file = Path::new(answer["file"].as_str().unwrap()).to_owned();
    assert_eq!((rows_of(&file), &answer["row_count"]), (35_000, &json!(35_000)));
    assert!(answer["rows"][0][1].as_str().unwrap().ends_with('…'), "{answer:?}");
    // A server that lets no call have more rows lets no file have them.
    let app = app.with_sql_limits(SqlLimits { rows: Some(10), ..SqlLimits::default() });
    let answer = ok(&app, json!({ "statement": wide, "out": "ten.jsonl" })).await;
    assert_eq!(answer["row_count"], json!(10));
}

#[tokio::test]
async fn a_cancelled_call_leaves_no_file_and_no_statement() {
    let stub = Stub::start(|_, asked| {
        let state = if asked.path.ends_with("/cancel") { "CANCELED" } else { "RUNNING" };
        Reply::json(json!({ "statement_id": "s1", "status": { "state": state } }))
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let app = app(&stub.workspace(), folder.path());
    let cancelled = CancellationToken::new();
    let arguments = json!({ "statement": "SELECT 1", "warehouse_id": "w", "out": "x.parquet" });
    let call = execute(&app, &cancelled, arguments.clone());
    let stop = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        cancelled.cancel();
    };
    let (answer, ()) = tokio::join!(call, stop);
    assert!(matches!(answer, Err(ToolError::Cancelled)), "{answer:?}");
    assert_eq!(stub.count("POST", "/s1/cancel"), 1);
    let mut late = arguments;
    late["timeout_seconds"] = json!(0);
    let error = fails(&app, late).await;
    assert!(error.contains("cancelled; wait longer"), "{error}");
    assert!(names(folder.path()).is_empty());
}

#[test]
fn a_file_is_of_this_machine_and_no_write_to_the_workspace() {
    let Value::Object(arguments) = json!({ "statement": "SELECT 1", "out": "x.csv" }) else { panic!() };
    assert_eq!(Registry::default().effect("execute_sql", arguments).unwrap(), Effect::Read);
}
