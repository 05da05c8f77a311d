//! Command execution in real interpreters.

use std::time::{Duration, Instant};

use databricks_sandbox::Sandbox;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Lab;

/// A context on the seeded cluster.
struct Context<'a> {
    lab: &'a Lab,
    cluster: String,
    id: String,
}

impl<'a> Context<'a> {
    async fn new(lab: &'a Lab, language: &str) -> Self {
        let cluster = demo(lab).await;
        let made = lab.post("1.2/contexts/create", json!({"clusterId": cluster, "language": language})).await;
        Self { lab, cluster, id: made["id"].as_str().unwrap().to_owned() }
    }

    async fn start(&self, language: &str, command: &str) -> String {
        let body = json!({"clusterId": self.cluster, "contextId": self.id, "language": language, "command": command});
        self.lab.post("1.2/commands/execute", body).await["id"].as_str().unwrap().to_owned()
    }

    async fn status(&self, command: &str) -> Value {
        let (cluster, id) = (&self.cluster, &self.id);
        self.lab
            .get(&format!("1.2/commands/status?clusterId={cluster}&contextId={id}&commandId={command}"))
            .await
    }

    async fn wait(&self, command: &str) -> Value {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(30) {
            let status = self.status(command).await;
            if !["Queued", "Running", "Cancelling"].contains(&status["status"].as_str().unwrap()) {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the command did not end");
    }

    async fn run(&self, language: &str, command: &str) -> Value {
        let id = self.start(language, command).await;
        let ended = self.wait(&id).await;
        assert_eq!(ended["status"], "Finished", "{ended}");
        ended["results"].clone()
    }

    async fn python(&self, command: &str) -> Value {
        self.run("python", command).await
    }
}

async fn demo(lab: &Lab) -> String {
    lab.get("2.1/clusters/list").await["clusters"][0]["cluster_id"].as_str().unwrap().to_owned()
}

fn text(data: &str) -> Value {
    json!({"resultType": "text", "data": data})
}

#[tokio::test]
async fn state_is_kept_and_the_last_value_is_shown() {
    let lab = Lab::start().await;
    let context = Context::new(&lab, "python").await;
    assert_eq!(context.python("x = 20\ndef double(n):\n    return 2 * n").await, text(""));
    assert_eq!(context.python("double(x) + 2").await, text("42"));
    assert_eq!(context.python("print('a'); import os; os.system('echo b'); 'c'").await, text("a\nb\n'c'"));
    assert_eq!(context.python("import asyncio\nawait asyncio.sleep(0, 'ü')").await, text("'ü'"));
    assert_eq!(context.python("input()").await["resultType"], "error");
    assert_eq!(context.python("").await, text(""));
}

#[tokio::test]
async fn errors_have_a_summary_and_a_traceback() {
    let lab = Lab::start().await;
    let context = Context::new(&lab, "python").await;
    let result = context.python("def f(n):\n    return 1 / n\nf(0)").await;
    assert_eq!(result["resultType"], "error");
    assert_eq!(result["summary"], "<span class=\"ansi-red-fg\">ZeroDivisionError</span>: division by zero");
    let cause = result["cause"].as_str().unwrap();
    assert!(cause.contains("File \"<command-1>\", line 2, in f\n    return 1 / n"), "{cause}");
    assert!(!cause.contains("driver.py"), "{cause}");
    let syntax = context.python("def").await;
    assert!(syntax["summary"].as_str().unwrap().contains("SyntaxError"));
    assert!(!syntax["cause"].as_str().unwrap().contains("driver.py"), "{syntax}");
    let spark = context.python("spark.sql('select 1')").await;
    assert!(spark["summary"].as_str().unwrap().contains("the sandbox does not emulate spark.sql"), "{spark}");
    assert_eq!(context.python("1").await, text("1"));
}

#[tokio::test]
async fn display_shows_tables_and_images() {
    let lab = Lab::start().await;
    let context = Context::new(&lab, "python").await;
    let code = "import decimal\ndisplay([{'n': 1, 'x': 1.5, 's': 'a'}, {'n': None, 'x': float('nan'), 's': decimal.Decimal('2')}])";
    let result = context.python(code).await;
    assert_eq!(result["resultType"], "table");
    assert_eq!(result["data"], json!([[1, 1.5, "a"], [null, null, "2"]]));
    assert_eq!(result["schema"][0], json!({"name": "n", "type": "\"long\"", "metadata": "{}"}));
    assert_eq!(result["schema"][1]["type"], "\"double\"");
    let figure =
        "class Figure:\n    def savefig(self, file, format):\n        file.write(b'png')\ndisplay(Figure())";
    assert_eq!(
        context.python(figure).await,
        json!({"resultType": "image", "fileName": "data:image/png;base64,cG5n"})
    );
}

#[tokio::test]
async fn commands_are_queued_and_can_be_cancelled() {
    let lab = Lab::start().await;
    let context = Context::new(&lab, "python").await;
    assert_eq!(context.python("y = 1").await, text(""));
    let long = context.start("python", "import time\ntime.sleep(60)").await;
    let next = context.start("python", "y + 1").await;
    let dropped = context.start("python", "y = 100").await;
    assert_eq!(context.status(&next).await["status"], "Queued");
    for command in [&dropped, &long] {
        let body = json!({"clusterId": context.cluster, "contextId": context.id, "commandId": command});
        lab.post("1.2/commands/cancel", body).await;
    }
    assert_eq!(context.wait(&long).await, json!({"id": long, "status": "Cancelled"}));
    assert_eq!(context.wait(&next).await["results"], text("2"));
    assert_eq!(context.wait(&dropped).await["status"], "Cancelled");
    let stubborn = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass";
    let stubborn = context.start("python", stubborn).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    lab.post(
        "1.2/commands/cancel",
        json!({"clusterId": context.cluster, "contextId": context.id, "commandId": stubborn}),
    )
    .await;
    assert_eq!(context.wait(&stubborn).await["status"], "Cancelled");
    assert_eq!(context.python("1 + 1").await, text("2"));
}

#[tokio::test]
async fn a_process_that_dies_is_told_of_and_replaced() {
    let lab = Lab::start().await;
    let context = Context::new(&lab, "python").await;
    let id = context.start("python", "import os\nprint('last words', flush=True)\nos._exit(3)").await;
    let ended = context.wait(&id).await;
    assert_eq!(
        (ended["status"].as_str(), ended["results"]["resultType"].as_str()),
        (Some("Error"), Some("error"))
    );
    assert!(ended["results"]["cause"].as_str().unwrap().contains("last words"));
    assert_eq!(context.python("2").await, text("2"));
}

#[cfg(unix)]
#[tokio::test]
async fn what_runs_ends_with_its_context_its_cluster_and_the_sandbox() {
    let spawn = "import subprocess\np = subprocess.Popen(['sleep', '600'])\nprint(p.pid)";
    let alive = |pid: &Value| {
        std::path::Path::new("/proc").join(pid["data"].as_str().unwrap()).join("cmdline").exists()
    };
    let gone = async |pid: Value| {
        for _ in 0..200 {
            // a zombie that nobody has collected yet is dead as well
            if !alive(&pid)
                || std::fs::read(format!("/proc/{}/cmdline", pid["data"].as_str().unwrap()))
                    .unwrap()
                    .is_empty()
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("process {pid} lives on");
    };
    let lab = Lab::start().await;
    let context = Context::new(&lab, "python").await;
    let pid = context.python(spawn).await;
    assert!(alive(&pid));
    lab.post("1.2/contexts/destroy", json!({"clusterId": context.cluster, "contextId": context.id})).await;
    gone(pid).await;
    let context = Context::new(&lab, "python").await;
    let pid = context.python(spawn).await;
    lab.post("2.1/clusters/restart", json!({"cluster_id": context.cluster})).await;
    lab.sandbox.clock().advance(Duration::from_secs(5));
    gone(pid).await;
    let path = format!("1.2/contexts/status?clusterId={}&contextId={}", context.cluster, context.id);
    assert_eq!(lab.send(lab.request(Method::GET, &path)).await.0, 404);
    let context = Context::new(&lab, "python").await;
    let pid = context.python(spawn).await;
    drop(lab);
    gone(pid).await;
}

#[tokio::test]
async fn refusals_are_worded_as_version_1_2_does() {
    let lab = Lab::start().await;
    let cluster = demo(&lab).await;
    let create = |cluster: &str, language: &str| {
        lab.request(Method::POST, "1.2/contexts/create")
            .json(&json!({"clusterId": cluster, "language": language}))
    };
    let (status, body) = lab.send(create("none", "python")).await;
    assert_eq!(
        (status, body["error"].as_str()),
        (400, Some("ClusterNotFoundException: Cluster none does not exist"))
    );
    let (_, body) = lab.send(create(&cluster, "scala")).await;
    assert_eq!(body["error"], "the sandbox does not run scala; it runs python and sql");
    lab.post("2.1/clusters/delete", json!({"cluster_id": cluster})).await;
    let (_, body) = lab.send(create(&cluster, "python")).await;
    assert_eq!(
        body["error"],
        format!("ClusterNotReadyException: Cluster {cluster} is in unexpected state Terminating.")
    );
    let lab = Lab::with(Sandbox::builder().python("/no/such/python")).await;
    let cluster = demo(&lab).await;
    let body = json!({"clusterId": cluster, "language": "python"});
    let (status, body) = lab.send(lab.request(Method::POST, "1.2/contexts/create").json(&body)).await;
    assert!(
        status == 500 && body["error"].as_str().unwrap().contains("/no/such/python could not be started"),
        "{body}"
    );
    let (_, body) =
        lab.send(lab.request(Method::POST, "1.2/contexts/create").json(&json!({"clusterId": cluster}))).await;
    assert_eq!(body["message"], "Missing required field: language");
}

#[tokio::test]
async fn python_sees_the_files_of_the_workspace() {
    let lab = Lab::start().await;
    let path = "2.0/fs/files/Volumes/main/default/files/in/a%20b.csv";
    assert_eq!(lab.send(lab.request(Method::PUT, path).body("x,y\n1,2\n")).await.0, 204);
    let context = Context::new(&lab, "python").await;
    let code = "import csv, os, pathlib\nroot = '/Volumes/main/default/files'\n\
        rows = list(csv.reader(open(f'{root}/in/a b.csv')))\n\
        os.makedirs(f'{root}/out/deep')\n\
        pathlib.Path(f'{root}/out/deep/r.txt').write_text(rows[1][1])\n\
        print(os.listdir(root + '/in'), os.path.exists('/Volumes/main/none'), os.path.getsize(root + '/in/a b.csv'))";
    assert_eq!(context.python(code).await, text("['a b.csv'] False 8"));
    let (_, written) =
        lab.send(lab.request(Method::GET, "2.0/fs/files/Volumes/main/default/files/out/deep/r.txt")).await;
    assert_eq!(written, json!(2));
}

#[tokio::test]
async fn dbutils_has_files_and_says_what_it_has_not() {
    let lab = Lab::start().await;
    let context = Context::new(&lab, "python").await;
    let code = "fs = dbutils.fs\nfs.put('/in/a.txt', 'hello')\nfs.cp('dbfs:/in', '/Volumes/main/default/files/copy', recurse=True)\n\
        fs.mv('/in/a.txt', '/in/b.txt')\n\
        [(f.path, f.name, f.size) for f in fs.ls('/in')], fs.head('/Volumes/main/default/files/copy/a.txt', 4), fs.rm('/none'), fs.ls('/')[0].isDir()";
    let expected = "Wrote 5 bytes.\n([('dbfs:/in/b.txt', 'b.txt', 5)], 'hell', False, True)";
    assert_eq!(context.python(code).await, text(expected));
    let status = lab.get("2.0/dbfs/get-status?path=/in/b.txt").await;
    assert_eq!(status["file_size"], 5);
    for code in ["dbutils.secrets.get('a', 'b')", "dbutils.notebook.run('x', 1)"] {
        let result = context.python(code).await;
        assert!(
            result["summary"].as_str().unwrap().contains("the sandbox does not emulate dbutils."),
            "{result}"
        );
    }
}

#[cfg(feature = "sql")]
#[tokio::test]
async fn sql_gives_tables() {
    let lab = Lab::start().await;
    let context = Context::new(&lab, "sql").await;
    let result = context.run("sql", "create table t as select 1 as a; select a, 'x' as b from t").await;
    assert_eq!((result["resultType"].as_str(), &result["data"]), (Some("table"), &json!([[1, "x"]])));
    assert_eq!(result["schema"][1], json!({"name": "b", "type": "\"string\"", "metadata": "{}"}));
    let result = context.run("sql", "select * from no_such_table").await;
    assert!(result["summary"].as_str().unwrap().contains("TABLE_OR_VIEW_NOT_FOUND"), "{result}");
    context.run("sql", "create schema s; use schema s; create volume v").await;
    assert_eq!(context.run("sql", "select current_schema()").await["data"], json!([["s"]]));
    assert_eq!(context.python("import os\nos.listdir('/Volumes/main/s/v')").await, text("[]"));
}
