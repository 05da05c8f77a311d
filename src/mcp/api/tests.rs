//! The three tools over the real documents.

use std::time::Instant;

use serde_json::{Map, Value, json};

use super::document::Document;
use super::operations::{self, Listed};
use super::{describe, packed, search};

/// What must not get worse: on questions older than the words of `said.tsv`, and on younger ones.
const BLIND: f64 = 95.0;
const UNSEEN: f64 = 90.0;

/// A question, and the operations of which any will do.
type Question = (String, Vec<String>);

fn questions(file: &str) -> Vec<Question> {
    let path = format!("{}/tests/data/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let read = lines.map(|line| {
        let (question, ids) = line.split_once('\t').unwrap();
        (question.to_owned(), ids.split('|').map(str::to_owned).collect())
    });
    read.collect()
}

/// Per cent of the questions that find their operation among the first five; prints the others of those
/// that the search is tuned on.
fn found(name: &str, questions: &[Question]) -> f64 {
    let (mut first, mut five) = (0, 0);
    for (question, ids) in questions {
        let ranked: Vec<&str> = search::ranked(question).unwrap().into_iter().map(Listed::id).collect();
        let place = ranked.iter().position(|id| ids.iter().any(|wanted| wanted == id));
        first += usize::from(place == Some(0));
        five += usize::from(place.is_some_and(|place| place < 5));
        if name == "tuned on" && place.is_none_or(|place| place >= 5) {
            let best = &ranked[..ranked.len().min(5)];
            println!("miss: {question} → {ids:?} is at {place:?} after {best:?}");
        }
    }
    let share = |count: usize| 100.0 * count as f64 / questions.len() as f64;
    println!(
        "{name}: {} questions, first {:.1} %, first five {:.1} %",
        questions.len(),
        share(first),
        share(five)
    );
    share(five)
}

#[test]
fn questions_that_the_search_is_tuned_on_find_their_operation_among_the_first_five() {
    let questions = questions("api_questions.tsv");
    assert!(questions.len() >= 670, "{}", questions.len());
    let share = found("tuned on", &questions);
    assert!(share >= 93.0, "{share:.1} % of the questions");
}

/// On these the search is not tuned: only the share is to be looked at, so no miss is printed.
#[test]
fn questions_that_nobody_tuned_on_are_answered_too() {
    for (file, least, count) in [("blind", BLIND, 150), ("unseen", UNSEEN, 100)] {
        let questions = questions(&format!("api_questions_{file}.tsv"));
        assert!(questions.len() >= count, "{}", questions.len());
        let share = found(file, &questions);
        assert!(share >= least, "{share:.1} % of the questions");
    }
}

#[test]
fn every_operation_is_described_in_few_words() {
    let mut longest = (0, "");
    for listed in operations::all().unwrap() {
        let told = describe(listed.id(), None).unwrap().to_string();
        longest = longest.max((told.len(), listed.id()));
    }
    println!("longest description: {longest:?} bytes");
    // About 3.5 bytes a token.
    assert!(longest.0 <= 7_000, "{longest:?}");
}

#[test]
fn every_operation_has_a_schema_that_checks() {
    for listed in operations::all().unwrap() {
        let (document, facts) = Document::of(listed).unwrap();
        let nonsense = Map::from_iter([("no_such_argument".to_owned(), json!(1))]);
        let error = document.check(facts, &nonsense).unwrap_err().to_string();
        assert!(error.contains("`no_such_argument` is unknown"), "{}: {error}", listed.id());
    }
}

#[test]
fn a_description_says_what_a_call_needs() {
    let told = describe("clusters_events", None).unwrap();
    assert_eq!(told["request"], "POST /api/2.1/clusters/events");
    assert_eq!(told["effect"], "reads");
    let arguments = told["arguments"].to_string();
    assert!(arguments.contains("\"cluster_id*: string"), "{arguments}");
    assert!(arguments.contains("ASC|DESC") || arguments.contains("DESC|ASC"), "{arguments}");
    assert!(told["answer"].to_string().contains("events: [object"), "{told}");
    assert!(told["paging"].as_str().unwrap().contains("next_page"), "{told}");
    let create = describe("clusters_create", None).unwrap();
    assert!(
        create["waiting"].as_str().unwrap().contains("poll `clusters_get` until `state` is RUNNING"),
        "{create}"
    );
    // Where there is no room for what is within an object, its names are there.
    let arguments = create["arguments"].to_string();
    assert!(arguments.contains("autoscale: object(max_workers, min_workers)"), "{arguments}");
    let account = describe("account_users_list", None).unwrap();
    assert!(account["not_callable"].as_str().unwrap().contains("account"), "{account}");
    assert_eq!(describe("current_user_me", None).unwrap().get("waiting"), None);
}

#[test]
fn nested_fields_are_asked_for_by_path() {
    let task = describe("jobs_create", Some("tasks[].notebook_task")).unwrap();
    assert_eq!(task["type"], "object");
    assert!(task["fields"].to_string().contains("notebook_path*"), "{task}");
    let answer = describe("jobs_list", Some("answer.jobs")).unwrap();
    assert!(answer["fields"].to_string().contains("job_id"), "{answer}");
    let error = describe("jobs_create", Some("task")).unwrap_err().to_string();
    assert!(error.contains("did you mean `tasks`?"), "{error}");
    assert!(describe("workspace_mkdirs", Some("answer.x")).is_err());
}

#[test]
fn arguments_are_checked_deeply() {
    let check = |id: &str, arguments: Value| {
        let (document, facts) = Document::of(operations::find(id).unwrap()).unwrap();
        let Value::Object(arguments) = arguments else { unreachable!() };
        document.check(facts, &arguments).map_err(|error| error.to_string())
    };
    check("clusters_get", json!({ "cluster_id": "x" })).unwrap();
    check("jobs_run_now", json!({ "job_id": 7, "notebook_params": { "any": "x" } })).unwrap();
    check("clusters_list", json!({ "filter_by.is_pinned": true, "page_size": 5 })).unwrap();
    let wrong = check("clusters_get", json!({ "clusterid": "x" })).unwrap_err();
    assert!(wrong.contains("did you mean `cluster_id`?") && wrong.contains("is required"), "{wrong}");
    let wrong = check("jobs_create", json!({ "tasks": [{ "task_key": "a", "notebook": {} }] })).unwrap_err();
    assert!(wrong.contains("in `tasks.0`") && wrong.contains("notebook_task"), "{wrong}");
    let wrong = check("jobs_run_now", json!({ "job_id": "seven" })).unwrap_err();
    assert!(wrong.contains("`job_id`") && wrong.contains("integer"), "{wrong}");
    let wrong = check("workspace_export", json!({ "path": "/x", "format": "PDF" })).unwrap_err();
    assert!(wrong.contains("SOURCE"), "{wrong}");
    // A type within itself takes any object.
    let task = json!({ "task_key": "a", "for_each_task": { "inputs": "[]", "task": { "task_key": "b" } } });
    check("jobs_create", json!({ "tasks": [task] })).unwrap();
}

#[test]
fn secrets_of_answers_are_hidden_and_nothing_else() {
    let masked = |id: &str, mut answer: Value| {
        let (document, facts) = Document::of(operations::find(id).unwrap()).unwrap();
        let hidden: Vec<String> = document.mask(facts.answer.as_ref(), &mut answer).into_iter().collect();
        (answer, hidden)
    };
    let (token, hidden) = masked(
        "tokens_create",
        json!({ "token_value": "dapi1", "token_info": { "token_id": "t", "comment": "c" } }),
    );
    assert_eq!(token, json!({ "token_value": "***", "token_info": { "token_id": "t", "comment": "c" } }));
    assert_eq!(hidden, ["token_value"]);
    // `value` alone says nothing; the type does.
    let (secret, _) = masked("secrets_get_secret", json!({ "key": "k", "value": "czNjcmV0" }));
    assert_eq!(secret, json!({ "key": "k", "value": "***" }));
    let (login, _) =
        masked("database_generate_database_credential", json!({ "token": "eyJ", "expiration_time": "x" }));
    assert_eq!(login, json!({ "token": "***", "expiration_time": "x" }));
    let (cloud, _) = masked(
        "temporary_table_credentials_generate_temporary_table_credentials",
        json!({ "aws_temp_credentials": { "access_key_id": "A", "secret_access_key": "S", "session_token": "T" } }),
    );
    assert_eq!(cloud["aws_temp_credentials"]["secret_access_key"], "***");
    assert_eq!(cloud["aws_temp_credentials"]["session_token"], "***");
    // What the document does not know is judged by its name.
    let (unknown, hidden) = masked(
        "clusters_get",
        json!({ "cluster_id": "c", "newClientSecret": "s", "newer": [{ "password": "p" }] }),
    );
    assert_eq!(
        unknown,
        json!({ "cluster_id": "c", "newClientSecret": "***", "newer": [{ "password": "***" }] })
    );
    assert_eq!(hidden.len(), 2);
    let list = json!({ "secrets": [{ "key": "k", "last_updated_timestamp": 1 }], "next_page_token": "p" });
    assert_eq!(masked("secrets_list_secrets", list.clone()), (list, vec![]));
}

/// A page's token that is hidden would end every list at its first page.
#[test]
fn no_token_of_a_page_is_hidden() {
    for listed in operations::all().unwrap() {
        let (document, facts) = Document::of(listed).unwrap();
        let field = facts.paging.as_ref().and_then(|paging| paging.token_field);
        if let Some(name) = field {
            let mut answer = json!({ name: "p" });
            assert!(document.mask(facts.answer.as_ref(), &mut answer).is_empty(), "{}: {name}", listed.id());
        }
    }
}

/// Prints what the first use costs; no bound, since the machine may be busy.
#[test]
fn the_first_use_is_measured() {
    let began = Instant::now();
    packed::text("index").unwrap();
    let unpacked = began.elapsed();
    search::ranked("list clusters").unwrap();
    let searched = began.elapsed();
    describe("jobs_create", None).unwrap();
    println!(
        "unpacked the index in {unpacked:?}, searched after {searched:?}, described after {:?}",
        began.elapsed()
    );
    let again = Instant::now();
    search::ranked("cancel a job run").unwrap();
    println!("a further search in {:?}", again.elapsed());
}
