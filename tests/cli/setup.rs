//! `setup`: the files of clients, before and after.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{binary, complaint, run, said};

/// A client, where its file is on this system, and what is in it before.
const CLIENTS: &[(&str, &str, &str)] = &[
    ("claude-desktop", "Claude/claude_desktop_config.json", "claude_desktop_config.json"),
    ("claude-code", ".claude.json", "claude.json"),
    ("cursor", ".cursor/mcp.json", "cursor_mcp.json"),
    ("vscode", "Code/User/mcp.json", "vscode_mcp.json"),
    ("codex", ".codex/config.toml", "codex_config.toml"),
    ("zed", "zed/settings.json", "zed_settings.json"),
    ("windsurf", ".codeium/windsurf/mcp_config.json", "windsurf_mcp_config.json"),
];

fn place(home: &Path, file: &str) -> PathBuf {
    let settings = match (file.starts_with('.'), std::env::consts::OS) {
        (true, _) => "",
        (false, "windows") => "AppData",
        (false, "macos") if !file.starts_with("zed") => "Library/Application Support",
        _ => ".config",
    };
    home.join(settings).join(if cfg!(windows) { file.replace("zed/", "Zed/") } else { file.to_owned() })
}

fn fixture(name: &str) -> String {
    std::fs::read_to_string(Path::new("tests/cli/fixtures").join(name)).unwrap()
}

/// A home in which the client has been used before.
fn home_with(file: &str, before: &str) -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let file = place(home.path(), file);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, before).unwrap();
    (home, file)
}

fn setup<'a>(client: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["setup", client];
    if !more.contains(&"--remove") {
        arguments.extend(["--command", "/opt/databricks-mcp"]);
    }
    arguments.extend(more);
    arguments
}

/// The text with the signs that a snapshot does not keep.
fn visible(text: &str) -> String {
    text.replace('\u{feff}', "<BOM>").replace("\r\n", "<CRLF>\n")
}

fn backups(file: &Path) -> Vec<PathBuf> {
    let name = file.file_name().unwrap().to_str().unwrap();
    let all = std::fs::read_dir(file.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| {
        let other = path.file_name().unwrap().to_str().unwrap();
        other.starts_with(name) && other.ends_with(".bak")
    })
    .collect()
}

#[test]
fn every_client_gets_its_form_and_keeps_the_rest() {
    for (client, file, fixture_name) in CLIENTS {
        let before = fixture(fixture_name);
        let (home, file) = home_with(file, &before);
        let output = run(home.path(), &setup(client, &["--profile", "work", "--", "--toolsets", "sql,jobs"]));
        let diff = said(&output);
        assert!(!diff.contains("s3cret"), "{client} shows a secret: {diff}");
        let after = std::fs::read_to_string(&file).unwrap();
        insta::assert_snapshot!(format!("{client}_after"), visible(&after));
        let shown = diff.replace(&home.path().display().to_string(), "~").replace('\\', "/");
        let shown: Vec<_> = shown.lines().filter(|line| !line.contains(".bak")).collect();
        insta::assert_snapshot!(format!("{client}_diff"), shown.join("\n"));
        let kept = backups(&file);
        assert_eq!(kept.len(), 1, "{client}");
        assert_eq!(std::fs::read_to_string(&kept[0]).unwrap(), before, "{client}");
        // The second time there is nothing to do, and nothing is done.
        let again =
            said(&run(home.path(), &setup(client, &["--profile", "work", "--", "--toolsets", "sql,jobs"])));
        assert!(again.contains("as it should be"), "{client}: {again}");
        assert_eq!((std::fs::read_to_string(&file).unwrap(), backups(&file).len()), (after, 1), "{client}");
    }
}

#[test]
fn what_was_put_in_is_taken_out_again() {
    for (client, file, fixture_name) in CLIENTS.iter().filter(|(client, ..)| *client != "cursor") {
        let before = fixture(fixture_name);
        let (home, file) = home_with(file, &before);
        said(&run(home.path(), &setup(client, &["--profile", "work"])));
        said(&run(home.path(), &setup(client, &["--remove"])));
        let after = std::fs::read_to_string(&file).unwrap();
        assert!(!after.contains("databricks"), "{client}: {after}");
        // A file of one line gets several: its words are what stays.
        for word in before.split(|letter: char| !letter.is_alphanumeric()) {
            assert!(after.contains(word), "{client} lost {word}: {after}");
        }
        let again = said(&run(home.path(), &setup(client, &["--remove"])));
        assert!(again.contains("has no server `databricks`"), "{again}");
    }
}

#[test]
fn a_client_that_was_never_used_gets_a_file() {
    for (client, file, _) in CLIENTS {
        let home = tempfile::tempdir().unwrap();
        said(&run(home.path(), &setup(client, &[])));
        let file = place(home.path(), file);
        insta::assert_snapshot!(format!("{client}_new"), visible(&std::fs::read_to_string(&file).unwrap()));
        assert!(backups(&file).is_empty(), "{client}");
    }
}

#[test]
fn print_writes_nothing() {
    for (client, file, fixture_name) in CLIENTS {
        let before = fixture(fixture_name);
        let (home, file) = home_with(file, &before);
        let shown = said(&run(home.path(), &setup(client, &["--print"])));
        assert!(shown.contains("+") && shown.contains("/opt/databricks-mcp"), "{client}: {shown}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), before, "{client}");
        assert!(backups(&file).is_empty(), "{client}");
    }
}

#[test]
fn variables_are_handed_on_by_name() {
    let names = ["--env", "DATABRICKS_HOST,DATABRICKS_TOKEN"];
    for (client, expected) in [
        ("claude-code", Some("\"DATABRICKS_TOKEN\": \"${DATABRICKS_TOKEN}\"")),
        ("cursor", Some("\"DATABRICKS_TOKEN\": \"${env:DATABRICKS_TOKEN}\"")),
        ("vscode", Some("\"DATABRICKS_TOKEN\": \"${env:DATABRICKS_TOKEN}\"")),
        ("windsurf", Some("\"DATABRICKS_TOKEN\": \"${env:DATABRICKS_TOKEN}\"")),
        ("codex", Some("env_vars = [\"DATABRICKS_HOST\", \"DATABRICKS_TOKEN\"]")),
        ("claude-desktop", None),
        ("zed", None),
    ] {
        let home = tempfile::tempdir().unwrap();
        let mut command = binary(home.path());
        command.env("DATABRICKS_TOKEN", "s3cret-of-mine").args(setup(client, &names));
        let output = command.output().unwrap();
        match expected {
            Some(expected) => {
                said(&output);
                let (_, file, _) = CLIENTS.iter().find(|(name, ..)| *name == client).unwrap();
                let after = std::fs::read_to_string(place(home.path(), file)).unwrap();
                assert!(after.contains(expected) && !after.contains("s3cret"), "{after}");
            }
            None => assert!(complaint(&output, 2).contains("use --profile"), "{client}"),
        }
    }
}

#[test]
fn a_project_has_files_of_its_own() {
    for (client, file) in [
        ("claude-code", ".mcp.json"),
        ("cursor", ".cursor/mcp.json"),
        ("vscode", ".vscode/mcp.json"),
        ("codex", ".codex/config.toml"),
        ("zed", ".zed/settings.json"),
    ] {
        let (home, project) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut command = binary(home.path());
        said(&command.args(setup(client, &["--project"])).current_dir(project.path()).output().unwrap());
        assert!(std::fs::read_to_string(project.path().join(file)).unwrap().contains("/opt/databricks-mcp"));
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "{client}");
    }
    let home = tempfile::tempdir().unwrap();
    let output = run(home.path(), &setup("windsurf", &["--project"]));
    assert!(complaint(&output, 2).contains("Windsurf has no settings for a project"));
}

#[test]
fn what_cannot_be_written_is_said_and_changes_nothing() {
    for (client, before, more, code, expected) in [
        ("cursor", "{ \"mcpServers\": ", &[][..], 1, "it is not JSON"),
        ("cursor", "[1]", &[], 1, "it is not a JSON object"),
        ("cursor", "{\"mcpServers\": [1]}", &[], 1, "`mcpServers` in it is not an object"),
        ("cursor", "{\"mcpServers\": {\"databricks\": 1}}", &[], 1, "`mcpServers.databricks` in it is not"),
        ("codex", "a = 1\ntoken = s3cret\n", &[], 1, "it is not TOML in line 2"),
        ("codex", "mcp_servers = 1\n", &[], 1, "`mcp_servers` in it is not a table"),
        ("cursor", "{}", &["--env", "DATABRICKS_TOKEN=s3cret"], 2, "name the variable alone"),
        ("cursor", "{}", &["--", "--toolset", "sql"], 2, "the options of serve do not fit"),
        ("cursor", "{}", &["--", "--destructive", "never"], 2, "the options of serve do not fit"),
        ("cursor", "{}", &["--", "--http-token=s3cret"], 2, "over standard input and output"),
    ] {
        let (_, file, _) = CLIENTS.iter().find(|(name, ..)| *name == client).unwrap();
        let (home, file) = home_with(file, before);
        let told = complaint(&run(home.path(), &setup(client, more)), code);
        assert!(told.contains(expected) && !told.contains("s3cret"), "{before}: {told}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
        assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "{before}");
    }
}

#[test]
fn a_launcher_says_how_it_is_started() {
    let home = tempfile::tempdir().unwrap();
    let mut command = binary(home.path());
    command.env("DATABRICKS_MCP_LAUNCHER", "npx -y databricks-toolkit-mcp").args(["setup", "cursor"]);
    said(&command.output().unwrap());
    let after = std::fs::read_to_string(place(home.path(), ".cursor/mcp.json")).unwrap();
    let after: serde_json::Value = serde_json::from_str(&after).unwrap();
    let entry = &after["mcpServers"]["databricks"];
    assert_eq!(entry["command"], "npx");
    assert_eq!(entry["args"], serde_json::json!(["-y", "databricks-toolkit-mcp", "serve"]));
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_and_permissions_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let home = tempfile::tempdir().unwrap();
    let (real, link) = (home.path().join("dotfiles.json"), home.path().join(".cursor/mcp.json"));
    std::fs::write(&real, "{}").unwrap();
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::fs::create_dir(link.parent().unwrap()).unwrap();
    symlink(&real, &link).unwrap();
    said(&run(home.path(), &setup("cursor", &[])));
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(std::fs::read_to_string(&real).unwrap().contains("/opt/databricks-mcp"));
    assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
}
