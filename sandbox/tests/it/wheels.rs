//! Python wheels as tasks.

use std::process::Command;

use reqwest::Method;
use serde_json::json;

use crate::support::Lab;

/// A wheel with one module, made by Python, as wheels are.
fn wheel() -> Vec<u8> {
    const MAKE: &str = r#"
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    wheel.writestr("tool/__init__.py", "import sys\ndef main():\n    print('called', sys.argv[1:])\ndef other():\n    raise ValueError('no')\n")
    wheel.writestr("tool-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tool\nVersion: 1.0\n")
    wheel.writestr("tool-1.0.dist-info/entry_points.txt", "[console_scripts]\nrun = tool:main\n")
"#;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tool.whl");
    assert!(Command::new("python3").args(["-c", MAKE]).arg(&path).status().unwrap().success());
    std::fs::read(path).unwrap()
}

#[tokio::test]
async fn wheels_are_called_at_their_entry_points() {
    let lab = Lab::start().await;
    let path = "/Volumes/main/default/files/tool-1.0-py3-none-any.whl";
    let put = lab.request(Method::PUT, &format!("2.0/fs/files{path}")).body(wheel());
    assert_eq!(lab.send(put).await.0, 204);
    let submit = async |task: serde_json::Value, library: &str| {
        let task = json!({ "task_key": "t", "libraries": [{ "whl": library }], "python_wheel_task": task });
        let run =
            lab.post("2.2/jobs/runs/submit", json!({ "tasks": [task] })).await["run_id"].as_i64().unwrap();
        let ended = lab.until(run, |run| run["end_time"].as_i64() > Some(0)).await;
        let inner = ended["tasks"][0]["run_id"].clone();
        (ended, lab.get(&format!("2.2/jobs/runs/get-output?run_id={inner}")).await)
    };
    // by the metadata, and by the name of the function
    for (entry, arguments, printed) in [
        ("run", json!({ "parameters": ["1", "two"] }), "called ['1', 'two']\n"),
        ("main", json!({ "named_parameters": { "a": "x" } }), "called ['--a=x']\n"),
    ] {
        let mut task = json!({ "package_name": "tool", "entry_point": entry });
        task.as_object_mut().unwrap().extend(arguments.as_object().unwrap().clone());
        let (ended, output) = submit(task, path).await;
        assert_eq!(ended["state"]["result_state"], "SUCCESS", "{ended} {output}");
        assert_eq!(output["logs"], printed);
    }
    let (ended, output) = submit(json!({ "package_name": "tool", "entry_point": "other" }), path).await;
    assert_eq!(ended["state"]["result_state"], "FAILED");
    assert!(output["error"].as_str().unwrap().contains("no"), "{output}");
    let gone = "/Volumes/main/default/files/gone.whl";
    let (ended, _) = submit(json!({ "package_name": "tool", "entry_point": "run" }), gone).await;
    assert_ne!(ended["state"]["result_state"], "SUCCESS");
    assert!(ended.to_string().contains("Unable to access the library"), "{ended}");
}
