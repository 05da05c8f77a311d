//! `check`: settings, reachability, who am I; each with what to do when it fails.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::{Failure, Where, explain, target::Target};
use crate::config::Attribute;
use crate::{Config, ErrorKind};

pub(super) async fn run(place: &Where) -> Result<ExitCode, Failure> {
    if !embedded(place) {
        settings()?;
    }
    let target = match Target::open(place, &[]).await {
        Ok(target) => {
            super::say(format_args!("ok    settings       {}", target.app().workspace().host()))?;
            target
        }
        Err(error) => {
            super::say(format_args!("FAIL  settings       {}", explain(error.as_ref())))?;
            return Ok(ExitCode::FAILURE);
        }
    };
    let healthy = reach(&target).await?;
    target.close().await;
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(feature = "sandbox")]
fn embedded(place: &Where) -> bool {
    place.sandbox
}

#[cfg(not(feature = "sandbox"))]
fn embedded(_place: &Where) -> bool {
    false
}

/// What is set, and where it comes from; secrets by their presence alone.
fn settings() -> Result<(), Failure> {
    let Ok(config) = Config::from_env() else { return Ok(()) };
    for setting in config.describe() {
        let (name, source) = (setting.attribute.name(), setting.source);
        super::say(format_args!("      {name:<27} {}  (from {source})", setting.value))?;
    }
    for attribute in [Attribute::Host, Attribute::WarehouseId, Attribute::ClusterId] {
        if config.get(attribute).is_none() {
            super::say(format_args!("      {:<27} not set", attribute.name()))?;
        }
    }
    Ok(())
}

/// One call tells both: whether the workspace answers, and as whom.
async fn reach(target: &Target) -> Result<bool, Failure> {
    let app = target.app();
    let started = Instant::now();
    let call = app.workspace().current_user().me().send();
    let limit = Duration::from_secs(20);
    let result = match tokio::time::timeout(limit, call).await {
        Ok(result) => result,
        Err(_) => {
            super::say(format_args!(
                "FAIL  reachable      no answer within {} s: check the host, the network and the proxy",
                limit.as_secs()
            ))?;
            return Ok(false);
        }
    };
    match result {
        Ok(me) => {
            super::say(format_args!(
                "ok    reachable      answered in {} ms",
                started.elapsed().as_millis()
            ))?;
            super::say(format_args!(
                "ok    who am I       {}",
                me.user_name.as_deref().unwrap_or("a caller without a user name")
            ))?;
            Ok(true)
        }
        Err(error) => {
            let answered = matches!(error, crate::Error::Api(_));
            let login =
                matches!(error.kind(), Some(ErrorKind::Unauthenticated | ErrorKind::PermissionDenied));
            if answered {
                super::say(format_args!(
                    "ok    reachable      answered in {} ms",
                    started.elapsed().as_millis()
                ))?;
            }
            let step = if login || answered { "who am I " } else { "reachable" };
            super::say(format_args!("FAIL  {step}      {}", explain(&error)))?;
            Ok(false)
        }
    }
}
