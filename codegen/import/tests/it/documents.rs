//! Each quirk of the SDK's source in a fixture, with the document that it must give.

use databricks_toolkit_import::Import;

use crate::sdk::Sdk;

fn document(import: &Import, name: &str) -> String {
    serde_json::to_string_pretty(&import.documents[name]).unwrap().replace(&import.sha256, "<digest>")
}

/// Types, bodies, queries, headers and answers, and a class of another service.
#[test]
fn shelves() {
    let import = Sdk::new()
        .service("people", include_str!("fixtures/people.py"))
        .service("shelves", include_str!("fixtures/shelves.py"))
        .workspace("self._shelves = pkg_shelves.ShelvesAPI(self._api_client)")
        .import()
        .unwrap();
    assert_eq!(import.version, "9.9.9");
    assert_eq!(import.documents.keys().collect::<Vec<_>>(), ["shelves"]);
    insta::assert_snapshot!(document(&import, "shelves"));
}

/// What hangs where: at either client, at both, at another API, through a mixin or a function, or nowhere.
#[test]
fn wiring() {
    let import = Sdk::new()
        .service("people", include_str!("fixtures/people.py"))
        .file(
            "mixins/extended.py",
            "from ..service import people\nclass GroupsExt(people.GroupsAPI):\n    pass\n",
        )
        .top("from databricks.sdk.mixins.extended import GroupsExt")
        .top("def _make_groups(client):\n    return GroupsExt(client)\n")
        .workspace("current = pkg_people.CurrentPersonAPI(self._api_client)")
        .workspace("self._config = config.copy()")
        .workspace("self._groups = _make_groups(self._api_client)")
        .workspace("self._groups_v2 = pkg_people.GroupsV2API(self._api_client)")
        .account("self._current_person = pkg_people.CurrentPersonAPI(self._api_client)")
        .account("self._preferences = pkg_people.PreferencesAPI(self._api_client)")
        .import()
        .unwrap();
    assert_eq!(import.report.unwired, ["people.HiddenAPI.get"]);
    let twin = ("people.GroupsV2API.get".to_owned(), "people.GroupsAPI.get".to_owned());
    assert_eq!(import.report.twins, [twin]);
    insta::assert_snapshot!(document(&import, "people"));
}

/// Resource names: found at the parameter, the field, a sibling or the parent, or not at all.
#[test]
fn names() {
    let import = Sdk::new()
        .service("names", include_str!("fixtures/names.py"))
        .workspace("self._names = pkg_names.NamesAPI(self._api_client)")
        .account("self._names = pkg_names.AccountNamesAPI(self._api_client)")
        .import()
        .unwrap();
    insta::assert_snapshot!(document(&import, "names"));
}

/// Lists by token, offset, page and body, and those of one page.
#[test]
fn lists() {
    let import = Sdk::new()
        .service("lists", include_str!("fixtures/lists.py"))
        .workspace("self._lists = pkg_lists.ListsAPI(self._api_client)")
        .import()
        .unwrap();
    insta::assert_snapshot!(document(&import, "lists"));
}

/// A waiter, whose states are what is on the wire and not what the members are called; a long-running operation.
#[test]
fn waits() {
    let import = Sdk::new()
        .service("waits", include_str!("fixtures/waits.py"))
        .workspace("self._ovens = pkg_waits.OvensAPI(self._api_client)")
        .import()
        .unwrap();
    insta::assert_snapshot!(document(&import, "waits"));
}
