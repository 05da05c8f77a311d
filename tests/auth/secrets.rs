//! No secret is shown, whoever logs in how and whatever goes wrong: all other tests of this program are
//! run once more, with every trace, every error and every `Debug` kept and searched.

use std::cell::{Cell, RefCell};
use std::io::Write;
use std::sync::Once;

use base64::Engine;
use databricks_toolkit::auth::AUTH_TYPES;
use databricks_toolkit::config::Attribute;
use wiremock::MockServer;

use crate::support::*;

/// What every secret of the tests has in it.
const MARK: &str = "s3cret";

/// Makes a list of the tests with their names.
macro_rules! suite {
    ($($module:ident: $($name:ident),*;)*) => {
        const SUITE: &[(&str, &str, fn())] = &[
            $($((stringify!($module), stringify!($name), crate::$module::$name as fn()),)*)*
        ];
        const SOURCES: &[(&str, &str)] = &[$((stringify!($module), include_str!(concat!(stringify!($module), ".rs"))),)*];
    };
}

suite! {
    azure: an_application_logs_in_by_its_secret, the_tenant_is_asked_of_the_workspace, a_tenant_that_cannot_be_learnt_is_asked_for, the_login_of_az_is_used, az_is_told_the_subscription_and_the_tenant, an_older_az_tells_the_expiry_in_the_token_only;
    browser: a_user_logs_in_once_and_the_login_is_kept, a_login_that_is_refused_says_why, an_expired_login_is_renewed_and_others_of_the_file_are_left;
    chain: the_order_is_that_of_the_official_tools, where_nothing_fits_every_way_is_listed_with_what_it_lacks, the_named_way_is_taken_or_refused_with_its_name, a_login_that_is_not_there_is_passed_over_for_one_that_is_set, programs_that_fail_are_listed_and_not_run_for_every_call;
    federation: a_job_of_github_logs_in, github_is_told_the_audience_that_the_host_wants, a_job_of_github_logs_in_by_entra, a_pipeline_of_azure_devops_logs_in, a_token_in_a_variable_is_exchanged_also_without_a_client, a_token_in_a_file_is_read_for_each_exchange, a_managed_identity_logs_in;
    google: a_service_account_logs_in_by_its_key, a_key_acts_as_another_service_account, a_machine_acts_as_a_service_account, a_key_that_is_none_is_refused_without_being_shown, a_user_acts_as_a_service_account;
    host: the_workspace_is_told_where_its_id_is_set, an_account_tells_no_workspace, a_call_with_a_token_asks_nothing_else, a_host_says_what_is_not_set, a_host_that_says_nothing_is_no_error, a_cloud_that_the_name_does_not_tell_is_asked_of_the_host, a_workspace_is_found_by_its_resource_id, a_workspace_is_found_by_the_login_of_az, a_job_of_github_finds_its_workspace, a_workspace_that_azure_does_not_know_is_an_error_and_asked_for_again, other_logins_need_a_host;
    oauth: a_service_principal_logs_in_once_for_many_calls, a_burst_of_refused_calls_logs_in_once_more, a_service_that_refuses_every_token_is_believed, a_personal_token_that_is_refused_is_sent_once, a_host_may_say_where_its_oauth_server_is, an_account_has_a_server_of_its_own, an_oauth_server_that_is_busy_is_asked_again, what_an_oauth_server_refuses_is_said_without_the_secret, an_answer_that_is_no_token_is_not_shown, secrets_are_not_sent_in_the_clear, users_names_and_passwords_are_sent, a_metadata_service_hands_out_tokens;
    programs: the_login_of_the_cli_is_used, a_profile_is_named_where_the_cli_understands_it, a_refused_token_is_made_new_past_the_clis_own_cache, what_the_cli_says_is_told;
    settings: code_wins_over_the_environment_and_that_over_a_profile, the_file_is_left_alone_where_there_is_a_host_or_a_credential, the_profile_is_the_named_one_or_the_files_own_default, a_file_elsewhere_is_named_by_a_variable, profiles_live_side_by_side_whatever_the_environment_says, two_ways_to_log_in_are_told_with_their_sources, credentials_said_in_code_beat_those_of_the_environment, a_client_id_goes_with_a_token_in_a_file, no_secret_is_shown, the_table_holds_every_variable_of_the_official_tools_once, a_timeout_is_a_number_of_seconds, a_limit_that_is_no_number_is_an_error_and_zero_is_none, retries_end_when_the_settings_say_so;
    tokens: a_hundred_callers_wait_for_one_fetch, a_hundred_callers_are_told_of_one_failure_and_the_next_tries_again, a_new_token_is_fetched_ahead_and_nobody_waits_for_it, a_failure_ahead_of_time_keeps_the_token_and_waits_a_minute, the_last_seconds_of_a_life_are_not_used, a_source_that_gives_the_same_token_again_is_asked_once_a_minute, a_refused_token_is_replaced_once_however_many_say_so, a_fetch_goes_on_when_its_caller_gives_up, no_token_is_shown;
}

std::thread_local! {
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static LISTENS: Cell<bool> = const { Cell::new(false) };
}

/// Writes what this thread traces and logs into [`LOG`].
struct Listener;

impl Write for Listener {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The libraries below log by the `log` crate; the servers of the tests do too, and they may.
impl log::Log for Listener {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        LISTENS.get() && !metadata.target().starts_with("wiremock")
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            let line = format!("{} {}: {}\n", record.level(), record.target(), record.args());
            LOG.with_borrow_mut(|log| log.extend_from_slice(line.as_bytes()));
        }
    }

    fn flush(&self) {}
}

/// Runs it, and gives what it traced, logged and noted.
fn listen(run: impl FnOnce()) -> String {
    static LOGGER: Once = Once::new();
    LOGGER.call_once(|| {
        log::set_logger(&Listener).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
    });
    let subscriber =
        tracing_subscriber::fmt().with_env_filter("trace").with_ansi(false).with_writer(|| Listener).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    LISTENS.set(true);
    drop(shown());
    run();
    LISTENS.set(false);
    drop(guard);
    let log = LOG.with_borrow_mut(std::mem::take);
    String::from_utf8_lossy(&log).into_owned() + &shown()
}

/// The forms in which a secret may turn up: as it is, in base64 from any of its three offsets on, the
/// private key, and what it signs.
fn forms() -> Vec<String> {
    let mut forms = vec![MARK.to_owned()];
    for offset in 0..3 {
        let text = format!("{}{MARK}", "x".repeat(offset));
        let encoded = base64::prelude::BASE64_STANDARD_NO_PAD.encode(text);
        // The signs at both ends depend on what stands beside.
        forms.push(encoded[(offset * 4).div_ceil(3)..encoded.len() - 1].to_owned());
    }
    let key: Vec<_> = crate::google::KEY.lines().filter(|line| line.len() == 64).collect();
    forms.extend([key[0], key[key.len() / 2], key[key.len() - 1]].map(str::to_owned));
    forms.push("PRIVATE KEY".to_owned());
    forms.push(base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","#));
    forms
}

#[test]
fn no_secret_is_shown_in_the_whole_suite() {
    let forms = forms();
    let mut heard = String::new();
    for (module, name, run) in SUITE {
        let shown = listen(run);
        for form in forms.iter().chain(&secrets()) {
            let line = shown.lines().find(|line| line.contains(form.as_str()));
            assert!(line.is_none(), "{module}::{name} shows {form}: {}", line.unwrap_or_default());
        }
        heard += &shown;
    }
    assert!(!secrets().is_empty());
    // It listened to all of it: to every way to log in, to requests and answers, to the libraries.
    for kind in AUTH_TYPES {
        assert!(heard.contains(&format!("auth_type: \"{}\"", kind.name)), "nothing of {}", kind.name);
    }
    for part in ["databricks_toolkit::transport", "sending", "received", "failed", "hyper_util", "reqwest"] {
        assert!(heard.contains(part), "nothing of {part}");
    }
}

#[test]
fn every_test_is_in_the_suite() {
    for (module, source) in SOURCES {
        let mut is_test = false;
        for line in source.lines() {
            let name = line.split("fn ").nth(1).and_then(|rest| rest.split('(').next()).filter(|_| is_test);
            if let Some(name) = name {
                let listed = SUITE.iter().any(|(at, listed, _)| at == module && *listed == name);
                assert!(listed, "{module}::{name} is not in the suite of secrets.rs");
            }
            is_test = line.contains("test]") || line.contains("test(");
        }
    }
}

#[test]
fn a_secret_that_is_shown_is_found() {
    let basic = base64::prelude::BASE64_STANDARD.encode(format!("app:{MARK}"));
    for told in [MARK.to_owned(), basic, format!("a{MARK}b"), jwt(&serde_json::json!({}))] {
        for heard in [
            listen(|| tracing::trace!("{told}")),
            listen(|| log::trace!("{told}")),
            listen(|| note(&told)),
            listen(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let server = MockServer::start().await;
                    let span = tracing::info_span!("span", value = told);
                    let settings = config(&server.uri(), &[(Attribute::Token, "t")]);
                    let call = tokio::spawn(async move { who(settings).await });
                    tracing::Instrument::instrument(async { tracing::info!("in it") }, span).await;
                    call.await.unwrap().unwrap_err();
                });
            }),
        ] {
            assert!(
                forms().iter().any(|form| heard.contains(form.as_str())),
                "{told} is not found in {heard}"
            );
        }
    }
}
