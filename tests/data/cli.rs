//! `sql` and `fs`, as a person meets them.

use std::fs::File;
use std::process::{Command, Output};

use databricks_sandbox::Sandbox;
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::support::{Reply, Stub, noise, sandbox};

fn run(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_databricks-mcp"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DATABRICKS_")) {
        command.env_remove(name);
    }
    command.env("DATABRICKS_HOST", sandbox.url()).env("DATABRICKS_TOKEN", sandbox.token());
    command.args(arguments).output().unwrap()
}

/// What it prints, where it succeeds.
fn ok(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let output = run(sandbox, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What it complains of, where it fails.
fn fails(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let output = run(sandbox, arguments);
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn sql_prints_rows_and_writes_files() {
    let (sandbox, _) = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let table = ok(&sandbox, &["sql", "SELECT 1 AS a, 'x' AS b, NULL AS c"]);
    assert!(table.contains("a") && table.contains("x") && table.contains("NULL"), "{table}");
    let json = ok(&sandbox, &["sql", "SELECT id FROM range(2)", "--output", "json"]);
    let rows: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(rows, serde_json::json!([{ "id": 0 }, { "id": 1 }]));
    assert_eq!(ok(&sandbox, &["sql", "SELECT id FROM range(0)", "--output", "json"]), "[]\n");
    let csv = ok(&sandbox, &["sql", "SELECT :n + 1 AS n", "--param", "n:INT=41", "--output", "csv"]);
    assert_eq!(csv, "n\n42\n");
    let several = ok(&sandbox, &["sql", "SELECT 1 AS a; SELECT 2 AS b", "--output", "csv"]);
    assert_eq!(several, "b\n2\n");

    let out = folder.path().join("x.parquet");
    let path = out.to_str().unwrap();
    ok(&sandbox, &["sql", "SELECT id FROM range(30000)", "--out", path]);
    let reader = SerializedFileReader::new(File::open(&out).unwrap()).unwrap();
    assert_eq!(reader.metadata().file_metadata().num_rows(), 30_000);
    assert!(fails(&sandbox, &["sql", "SELECT 1", "--out", path]).contains("overwrite"));
    ok(&sandbox, &["sql", "SELECT 1 AS a", "--out", path, "--overwrite"]);
    assert!(fails(&sandbox, &["sql", "SELECT 1", "--out", "x.what"]).contains(".parquet"));
    assert_eq!(ok(&sandbox, &["sql", "CREATE SCHEMA main.another"]), "");
    assert!(fails(&sandbox, &["sql", "SELECT nope"]).contains("nope"));
    assert!(fails(&sandbox, &["sql", " ; -- nothing"]).contains("there is no statement"));
    assert!(fails(&sandbox, &["sql", "SELECT 1", "--param", "n"]).contains("NAME=VALUE"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_leaves_is_no_failure() {
    use std::process::Stdio;
    let (sandbox, _) = sandbox().await;
    for form in ["csv", "json"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_databricks-mcp"));
        command.env("DATABRICKS_HOST", sandbox.url()).env("DATABRICKS_TOKEN", sandbox.token());
        command.args(["sql", "SELECT id FROM range(200000)", "--output", form]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{form}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fs_moves_files_and_folders() {
    let (sandbox, _) = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source");
    std::fs::create_dir_all(source.join("deep")).unwrap();
    let bytes = noise(3_000_000, 3);
    std::fs::write(source.join("deep/a b.bin"), &bytes).unwrap();
    std::fs::write(source.join("ü.txt"), "hello").unwrap();
    let from = source.to_str().unwrap();
    ok(&sandbox, &["fs", "mkdir", "dbfs:/data"]);
    assert!(fails(&sandbox, &["fs", "cp", from, "dbfs:/data"]).contains("--recursive"));
    ok(&sandbox, &["fs", "cp", "-r", from, "dbfs:/data"]);
    let listed = ok(&sandbox, &["fs", "ls", "dbfs:/data"]);
    assert!(listed.contains("deep/") && listed.contains("ü.txt") && listed.contains('5'), "{listed}");
    assert_eq!(ok(&sandbox, &["fs", "ls", "--plain", "dbfs:/data/ü.txt"]), "dbfs:/data/ü.txt\n");
    assert_eq!(ok(&sandbox, &["fs", "cat", "dbfs:/data/ü.txt"]), "hello");
    let back = folder.path().join("back.bin");
    ok(&sandbox, &["fs", "cp", "--verify", "dbfs:/data/deep/a b.bin", back.to_str().unwrap()]);
    assert!(std::fs::read(&back).unwrap() == bytes);
    std::fs::remove_file(source.join("ü.txt")).unwrap();
    let planned = run(&sandbox, &["fs", "sync", "--delete", "--dry-run", from, "dbfs:/data"]);
    assert!(String::from_utf8_lossy(&planned.stderr).contains("1 deleted"));
    ok(&sandbox, &["fs", "sync", "--delete", from, "dbfs:/data"]);
    assert!(fails(&sandbox, &["fs", "cat", "dbfs:/data/ü.txt"]).contains("/data/ü.txt"));
    assert!(fails(&sandbox, &["fs", "rm", "dbfs:/data"]).contains("not empty"));
    ok(&sandbox, &["fs", "rm", "-r", "dbfs:/data"]);
    assert!(fails(&sandbox, &["fs", "ls", "/tmp"]).contains("/Volumes/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn fs_writes_standard_input_to_a_file() {
    let (sandbox, _) = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("from");
    for length in [0, 3_000_000] {
        std::fs::write(&from, noise(length, 4)).unwrap();
        let to = format!("dbfs:/in-{length}");
        let copy = |more: &[&str], to: &str| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_databricks-mcp"));
            command.env("DATABRICKS_HOST", sandbox.url()).env("DATABRICKS_TOKEN", sandbox.token());
            command.args(["fs", "cp", "-", to]).args(more).stdin(File::open(&from).unwrap());
            let output = command.output().unwrap();
            (output.status.success(), String::from_utf8(output.stderr).unwrap())
        };
        let (done, told) = copy(&[], &to);
        assert!(done && told.contains(&format!("{length} bytes")), "{told}");
        let output = run(&sandbox, &["fs", "cat", &to]);
        assert!(output.stdout == noise(length, 4), "{length}");
        let (done, told) = copy(&[], &to);
        assert!(!done && told.contains("already"), "{told}");
        assert!(copy(&["--overwrite"], &to).0);
        let (done, told) = copy(&[], "dbfs:/");
        assert!(!done && told.contains("is a folder"), "{told}");
        let (done, told) = copy(&["--resume"], &to);
        assert!(!done && told.contains("read once"), "{told}");
    }
    let missing = fails(&sandbox, &["fs", "cat", "/Volumes/main/default/nowhere/x"]);
    assert!(missing.contains("/Volumes/main/default/nowhere/x is not there"), "{missing}");
}

/// What a disk does that is full, by a limit that the shell sets.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_leaves_no_part_of_a_file() {
    let (sandbox, workspace) = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let bytes = futures_util::stream::iter([Ok(bytes::Bytes::from(noise(3_000_000, 5)))]);
    workspace.transfer().write("dbfs:/large.bin", bytes).await.unwrap();
    let target = folder.path().join("x.csv");
    let target = target.to_str().unwrap();
    let program = env!("CARGO_BIN_EXE_databricks-mcp");
    for arguments in [
        vec!["sql", "SELECT id, uuid() AS u FROM range(60000)", "--out", target],
        vec!["fs", "cp", "dbfs:/large.bin", target],
    ] {
        let mut command = Command::new("sh");
        // In blocks of 512 bytes or of a KiB, either of which is too few.
        command.args(["-c", "trap '' XFSZ; ulimit -f 1000; exec \"$0\" \"$@\"", program]).args(&arguments);
        command.env("DATABRICKS_HOST", sandbox.url()).env("DATABRICKS_TOKEN", sandbox.token());
        let output = command.output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains("x.csv"), "{arguments:?}: {error}");
        assert!(error.to_lowercase().contains("too large"), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_operation_runs_over_the_lines_of_a_file() {
    let (sandbox, workspace) = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let lines = folder.path().join("ids.jsonl");
    let mut ids = Vec::new();
    for name in ["a", "b"] {
        let created = workspace.jobs().create().name(name).send().await.unwrap();
        ids.push(format!("{{\"job_id\": {}}}", created.job_id.unwrap()));
    }
    let each = ["api", "jobs_get", "--fields", "settings.name", "--each", lines.to_str().unwrap()];
    std::fs::write(&lines, format!("{}\n\n{}\n", ids[0], ids[1])).unwrap();
    let answer: serde_json::Value = serde_json::from_str(&ok(&sandbox, &each)).unwrap();
    assert_eq!(answer["succeeded"], 2);
    assert_eq!(answer["results"][1]["settings"]["name"], "b");
    std::fs::write(&lines, format!("{}\n{{\"job_id\": 1}}\n", ids[0])).unwrap();
    let output = run(&sandbox, &each);
    assert_eq!(output.status.code(), Some(1));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(answer["failed"] == 1 && answer["results"][1]["error"].is_string(), "{answer}");
    std::fs::write(&lines, "{\"job_id\": 1}\n[2]\n").unwrap();
    assert!(fails(&sandbox, &each).contains("line 2 is no JSON object"));
}

#[tokio::test(flavor = "multi_thread")]
async fn watch_tells_changes_and_posts_them() {
    let (sandbox, workspace) = sandbox().await;
    let id = crate::support::warehouse(&workspace).await;
    let results = workspace.statement("SELECT 1").warehouse(id).execute().await.unwrap();
    let receiver = Stub::start(|_, _| Reply::status(204, "")).await;
    let watch = ["watch", "statement", results.statement_id()];
    assert!(ok(&sandbox, &watch).ends_with("s  SUCCEEDED\n"));
    let posting = [&watch[..], &["--webhook", &receiver.url]].concat();
    assert!(fails(&sandbox, &posting).contains("DATABRICKS_MCP_WEBHOOK_SECRET"));
    let posting = [&posting[..], &["--webhook-secret", "0123456789abcdef"]].concat();
    ok(&sandbox, &posting);
    assert_eq!(receiver.count("POST", "/"), 1);
    assert!(fails(&sandbox, &["watch", "run", "1"]).contains('1'));
}
