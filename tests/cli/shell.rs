//! Completions, manual pages, help and what goes wrong on the way.

use crate::{complaint, run, said};

#[test]
fn every_shell_gets_completions_of_every_command() {
    let home = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = said(&run(home.path(), &["completions", shell]));
        for command in ["serve", "setup", "doctor", "--toolsets"] {
            assert!(script.contains(command.trim_start_matches('-')), "{shell} lacks {command}");
        }
    }
}

#[test]
fn the_manual_has_a_page_a_command() {
    let (home, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    said(&run(home.path(), &["man", folder.path().to_str().unwrap()]));
    for page in [
        "databricks-mcp.1",
        "databricks-mcp-serve.1",
        "databricks-mcp-auth-login.1",
        "databricks-mcp-setup.1",
    ] {
        let text = std::fs::read_to_string(folder.path().join(page)).unwrap();
        assert!(text.contains(".SH SYNOPSIS"), "{page}: {text}");
    }
}

#[test]
fn every_command_has_help_and_the_daily_ones_have_examples() {
    let home = tempfile::tempdir().unwrap();
    let help = said(&run(home.path(), &["--help"]));
    assert!(help.contains("Exit codes: 0") && !help.contains("\u{1b}["), "{help}");
    for command in ["serve", "call", "tools", "api", "config", "setup", "doctor", "completions"] {
        assert!(help.contains(command), "{command}");
        let help = said(&run(home.path(), &[command, "--help"]));
        assert!(help.contains("Examples:"), "{command}: {help}");
    }
}

#[test]
fn wrong_usage_has_a_code_of_its_own() {
    let home = tempfile::tempdir().unwrap();
    for arguments in [
        &["no-such-command"][..],
        &["setup", "no-such-client"],
        &["api"],
        &["api", "jobs_list", "--json", "{"],
        &["call", "list_jobs", "--json", "[]"],
        &["--log", "a=loud", "tools"],
        &["auth", "login", "--profile", "a]b"],
    ] {
        complaint(&run(home.path(), arguments), 2);
    }
    for arguments in [&["call", "list_job"][..], &["auth", "token"], &["auth", "token", "--profile", "none"]]
    {
        complaint(&run(home.path(), arguments), 1);
    }
}

#[test]
fn the_list_of_tools_is_also_for_programs() {
    let home = tempfile::tempdir().unwrap();
    let json = said(&run(home.path(), &["tools", "--toolsets", "sql", "--output", "json"]));
    let tools: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    let csv = said(&run(home.path(), &["tools", "--toolsets", "sql", "--output", "csv"]));
    assert!(
        csv.starts_with("tool,toolset,effect,description\n") && csv.contains("\nexecute_sql,sql,"),
        "{csv}"
    );
    let yaml = said(&run(home.path(), &["tools", "--toolsets", "sql", "--output", "yaml"]));
    assert_eq!(yaml.matches("- tool:").count(), tools.len(), "{yaml}");
    let one = said(&run(home.path(), &["tools", "execute_sql", "--output", "json"]));
    let one: serde_json::Value = serde_json::from_str(&one).unwrap();
    assert_eq!(one["name"], "execute_sql");
}
