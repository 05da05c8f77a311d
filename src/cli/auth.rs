//! `auth`: what is set and where it comes from, a token for scripts, and the login in a browser.

use std::path::Path;

use clap::{Args, Subcommand};
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};

use super::output::{Format, Output};
use super::setup::files;
use super::{Failure, Usage};
use crate::config::{Attribute, Config, Environment};
use crate::{auth, error::ConfigError};

/// The login that `auth login` is about.
const BROWSER: &str = "external-browser";

/// Options of `auth`.
#[derive(Debug, Args)]
pub(super) struct Auth {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show every setting with its source; secrets as ***.
    Describe(Describe),
    /// Print a token of the login, for scripts.
    Token(Token),
    /// Log in with a browser, and keep the login where the Databricks CLI keeps it.
    Login(Login),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  databricks-mcp auth describe
  databricks-mcp auth describe --profile prod --output json")]
struct Describe {
    #[command(flatten)]
    profile: Profile,
    /// Show the settings that are not set, too.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  curl --header \"Authorization: Bearer $(databricks-mcp auth token)\" \"$DATABRICKS_HOST/api/2.0/preview/scim/v2/Me\"
  databricks-mcp auth token --profile prod --output json")]
struct Token {
    #[command(flatten)]
    profile: Profile,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  databricks-mcp auth login --host https://my-workspace.cloud.databricks.com --profile work
  databricks-mcp setup cursor --profile work")]
struct Login {
    /// Address of the workspace; that of the profile or of DATABRICKS_HOST unless set.
    #[arg(long, value_name = "URL")]
    host: Option<String>,
    /// The profile to log in for. With --host, one that is not there yet is added to the file.
    #[arg(long, value_name = "NAME", value_parser = profile_name)]
    profile: Option<String>,
}

/// Which settings.
#[derive(Debug, Args)]
struct Profile {
    /// A profile of .databrickscfg, and nothing else; the environment's settings unless set.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
}

impl Profile {
    fn config(&self) -> Result<Config, ConfigError> {
        match &self.profile {
            Some(name) => Config::from_profile(name),
            None => Config::from_env(),
        }
    }
}

impl Auth {
    pub(super) async fn run(self) -> Result<(), Failure> {
        match self.what {
            What::Describe(describe) => describe.run(),
            What::Token(token) => token.run().await,
            What::Login(login) => login.run().await,
        }
    }
}

/// The way to log in that the settings come to; nothing is sent or run for it.
pub(super) fn way(config: &Config) -> Result<&'static str, ConfigError> {
    Ok(match auth::from_config(config)?.auth_type() {
        "default" => "the first that works of those that programs keep, at the first call",
        name => name,
    })
}

/// The settings as rows; without those that are not set unless all are wanted.
pub(super) fn settings(config: &Config, all: bool) -> Vec<Value> {
    let mut rows: Vec<Value> = config
        .describe()
        .map(|it| json!({ "setting": it.attribute.name(), "value": it.value, "source": it.source.to_string() }))
        .collect();
    for attribute in Attribute::ALL.iter().filter(|attribute| all && config.get(**attribute).is_none()) {
        let source = match attribute.variables() {
            [] => "not set; no variable, a profile only".to_owned(),
            names => format!("not set; variable {}", names.join(" or ")),
        };
        rows.push(json!({ "setting": attribute.name(), "value": "", "source": source }));
    }
    rows
}

impl Describe {
    fn run(self) -> Result<(), Failure> {
        let config = self.profile.config()?;
        let rows = settings(&config, self.all);
        let way = way(&config);
        match self.output.wanted() {
            None | Some(Format::Table | Format::Csv) => {
                self.output.print(&Value::Array(rows), Format::Table)?;
                if let Ok(way) = &way {
                    anstream::eprintln!("\nlogs in by: {way}");
                }
            }
            Some(_) => {
                let answer = json!({ "auth_type": way.as_ref().ok(), "settings": rows });
                self.output.print(&answer, Format::Json)?;
            }
        }
        way.map(drop).map_err(Failure::from)
    }
}

impl Token {
    async fn run(self) -> Result<(), Failure> {
        let login = auth::from_config(&self.profile.config()?)?;
        let headers = login.headers().await?;
        let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some(token) = bearer.and_then(|value| value.strip_prefix("Bearer ")) else {
            return Err(format!("the login `{}` has no token", login.auth_type()).into());
        };
        match self.output.wanted() {
            None => super::say(token),
            Some(_) => {
                let answer = json!({
                    "access_token": token, "token_type": "Bearer", "auth_type": login.auth_type(),
                });
                self.output.print(&answer, Format::Json)
            }
        }
    }
}

fn profile_name(name: &str) -> Result<String, String> {
    let wrong = name.trim().is_empty() || name.starts_with("__") || name.contains(['[', ']', '\n', '\r']);
    match wrong {
        true => Err("a profile's name is a word such as prod".to_owned()),
        false => Ok(name.trim().to_owned()),
    }
}

impl Login {
    async fn run(self) -> Result<(), Failure> {
        let known = self.profile.as_ref().map(Config::from_profile).transpose();
        let (config, is_new) = match (known, &self.host) {
            (Ok(Some(profile)), host) => (profile, host.as_deref().map(|host| (host, false))),
            (Ok(None), Some(host)) => (Config::default().with(Attribute::Host, host), None),
            (Ok(None), None) => (Config::from_env()?, None),
            (Err(_), Some(host)) => {
                (Config::default().with(Attribute::Host, host), Some((host.as_str(), true)))
            }
            (Err(error), None) => return Err(error.into()),
        };
        if let Some((host, false)) = is_new
            && Config::default().with(Attribute::Host, host).normalised_host()? != config.normalised_host()?
        {
            let there = config.normalised_host()?;
            let message = format!(
                "--host `{host}` is not the host of the profile, which is {there}: choose another name"
            );
            return Err(Usage(message).into());
        }
        let host = config.normalised_host()?;
        // Before the browser opens: a file that cannot take the profile is no reason to log in.
        let addition = match (&self.profile, is_new) {
            (Some(name), Some((_, true))) => Some(Addition::new(name, &host)?),
            _ => None,
        };
        auth::from_config(&config.with(Attribute::AuthType, BROWSER))?.headers().await?;
        super::say(format_args!("Logged in to {host}."))?;
        if let Some(addition) = addition {
            let file = addition.file.display().to_string();
            files::replace(&addition.file, &addition.text)?;
            super::say(format_args!("The profile is in {file}."))?;
        }
        super::say(match &self.profile {
            Some(name) => format!(
                "Use it with DATABRICKS_CONFIG_PROFILE={name}, or: databricks-mcp setup CLIENT --profile {name}"
            ),
            None => format!("Use it with DATABRICKS_HOST={host} and DATABRICKS_AUTH_TYPE={BROWSER}"),
        })
    }
}

/// A profile that the file does not have yet.
struct Addition {
    file: std::path::PathBuf,
    text: String,
}

impl Addition {
    fn new(name: &str, host: &str) -> Result<Self, Failure> {
        let environment = Environment::process();
        let named = environment.find("DATABRICKS_CONFIG_FILE");
        let file = environment.expand(named.as_deref().unwrap_or("~/.databrickscfg"));
        let mut text = files::read(&file)?.unwrap_or_default();
        // It is there and cannot be read: that has to be mended by hand.
        if text.lines().any(|line| line.trim_start().starts_with(&format!("[{name}]"))) {
            Config::from_profile(name)?;
        }
        if !text.is_empty() {
            text.push_str(if text.ends_with('\n') { "\n" } else { "\n\n" });
        }
        text.push_str(&format!("[{name}]\nhost      = {host}\nauth_type = {BROWSER}\n"));
        Ok(Self { file: Path::new(&file).to_path_buf(), text })
    }
}
