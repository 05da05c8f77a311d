//! What is not understood fails, and the message names the file, the line, the class and the method.

use databricks_toolkit_import::{Error, Wheel, import};
use tempfile::TempDir;

use crate::sdk::{DESKS, Sdk, desks};

#[test]
fn a_service_that_is_understood() {
    let import = desks(DESKS).import().unwrap();
    assert_eq!(import.report.total().operations, 1);
}

/// One edit to the fixture, and the message that it gives.
#[test]
fn constructs_that_are_not_known() {
    let get = r#"    def get(self, id: str) -> Desk:"#;
    let request = r#"res = self._api.do("GET", f"/api/2.0/desks/{id}", headers=headers)"#;
    let cases = [
        (
            "height: Optional[int]",
            "height: Optional[Inches]",
            "service/desks.py:8 (Desk): the type `Inches` is not known",
        ),
        (
            "height: Optional[int]",
            "height: Dict[int, str]",
            "service/desks.py:8 (Desk): the type `Dict[int, str]` is",
        ),
        (
            "if self.height is not None:\n            body[\"height\"] = self.height",
            "if self.height is not None:\n            body[\"height\"] = round(self.height)",
            "service/desks.py:14 (Desk.as_dict): not a known way to send a field",
        ),
        (
            "body[\"height\"]",
            "body[\"tall\"]",
            "service/desks.py:8 (Desk): the field height is sent as \"tall\" but read",
        ),
        (
            "height=d.get(\"height\", None)",
            "height=_inches(d, \"height\")",
            "service/desks.py:20 (Desk.from_dict): not a known way to read a field",
        ),
        (
            ", height=d.get(\"height\", None)",
            "",
            "service/desks.py:8 (Desk): the field height is not both sent and",
        ),
        ("@dataclass\n", "@dataclass\n@frozen\n", "service/desks.py:6 (Desk): neither a dataclass, an enum"),
        (
            "    def __init__(self, api_client):",
            "    retries = 3\n\n    def __init__(self, api_client):",
            "service/desks.py:24 (DesksAPI): neither a method nor documentation",
        ),
        (
            request,
            "res = self._api.do(\"GET\", url=self.address(id), headers=headers)",
            "service/desks.py:29 (DesksAPI.get): a statement of no known form: res = self._api.do('GET', url=",
        ),
        (
            "headers=headers)",
            "headers=headers, retry=True)",
            "service/desks.py:29 (DesksAPI.get): a statement of no known form",
        ),
        (
            "desks/{id}",
            "desks/{id.upper()}",
            "service/desks.py:29 (DesksAPI.get): a part of a path of no known form",
        ),
        (
            "desks/{id}",
            "desks/{desk}",
            "service/desks.py:29 (DesksAPI.get): a part of a path of no known form: {desk}",
        ),
        ("\"GET\"", "\"TRACE\"", "service/desks.py:27 (DesksAPI.get): the HTTP method TRACE is not known"),
        (
            "        headers = {",
            "        id = id.strip()\n        headers = {",
            "service/desks.py:28 (DesksAPI.get): a statement of no known form: id = id.strip()",
        ),
        (
            "return Desk.from_dict(res)",
            "return Desk(res)",
            "service/desks.py:30 (DesksAPI.get): an answer of no known form",
        ),
        (
            "return Desk.from_dict(res)",
            "return Chair.from_dict(res)",
            "(DesksAPI.get): the type `Chair` is not known",
        ),
        (
            get,
            "    def get(self, id: str, **more) -> Desk:",
            "service/desks.py:27 (DesksAPI.get): arguments that have no",
        ),
        (
            get,
            "    def get(self, id) -> Desk:",
            "service/desks.py:27 (DesksAPI.get): an argument without a type",
        ),
        (
            get,
            "    def get(self, id: Desk) -> Desk:",
            "(DesksAPI.get): the path parameter id is an object, desks.Desk",
        ),
        (
            request,
            "res = self.find(id)",
            "service/desks.py:29 (DesksAPI.get): a statement of no known form: res =",
        ),
        (
            "        return Desk.from_dict(res)\n",
            "        return Desk.from_dict(res)\n\n    def shout(self):\n        \"\"\"Does not ask.\"\"\"\n",
            "service/desks.py:32 (DesksAPI.shout): a method without a request",
        ),
        (
            "{\"Accept\": ",
            "{\"X-Mood\": \"calm\", \"Accept\": ",
            "service/desks.py:28 (DesksAPI.get): a statement of no known form: headers = {'X-Mood'",
        ),
        (
            "        headers = {",
            "        body = {}\n        headers = {",
            "service/desks.py:30 (DesksAPI.get): a query or a body that is filled but not sent",
        ),
        ("class DesksAPI:", "class DesksAPI(", "service/desks.py:24: not Python"),
    ];
    for (from, to, message) in cases {
        assert!(DESKS.contains(from), "{from}");
        let error = desks(&DESKS.replace(from, to)).error();
        assert!(error.contains(message), "{to}\ngave: {error}\nnot:  {message}");
    }
}

#[test]
fn all_problems_come_at_once() {
    let source =
        DESKS.replace("height: Optional[int]", "height: Optional[Inches]").replace("(res)", "(answer)");
    let error = desks(&source).error();
    assert!(error.starts_with("2 places in the SDK's source not understood:\n"), "{error}");
}

#[test]
fn two_operations_with_one_call() {
    let second = DESKS.split_once("    def get").unwrap().1;
    let source = format!("{DESKS}\n    def fetch{second}");
    let error = desks(&source).error();
    assert!(
        error.contains("(DesksAPI.get): GET /api/2.0/desks/{id} is desks.DesksAPI.fetch already"),
        "{error}"
    );
}

/// `DesksAPI` of two services, and a method that a class has twice.
#[test]
fn two_operations_with_one_id() {
    let error = Sdk::new()
        .service("desks", DESKS)
        .service("rooms", DESKS)
        .workspace("self._desks = pkg_desks.DesksAPI(self._api_client)")
        .workspace("self._rooms = pkg_rooms.DesksAPI(self._api_client)")
        .error();
    let message =
        "service/rooms.py:27 (DesksAPI.get): the operation id desks_get is that of desks.DesksAPI.get";
    assert!(error.contains(message), "{error}");

    let second = DESKS.split_once("    def get").unwrap().1.replace("/desks/", "/chairs/");
    let error = desks(&format!("{DESKS}\n    def get{second}")).error();
    assert!(error.contains("service/desks.py:32 (DesksAPI.get): the operation id desks_get is"), "{error}");
}

#[test]
fn two_classes_with_one_name() {
    let second = "@dataclass\nclass Desk:\n    width: int\n\n\nclass DesksAPI:";
    let error = desks(&DESKS.replace("class DesksAPI:", second)).error();
    assert!(
        error.contains("service/desks.py:24 (Desk): a class of this name is in the service already"),
        "{error}"
    );
}

#[test]
fn a_list_whose_answer_is_not_clear() {
    let lists = include_str!("fixtures/lists.py");
    let sdk = |source: &str| {
        Sdk::new().service("lists", source).workspace("self._lists = pkg_lists.ListsAPI(self._api_client)")
    };
    let error = sdk(&lists.replace("def search_items", "def seek")).error();
    assert!(error.contains("(ListsAPI.seek): more than one class can be the answer"), "{error}");
    assert!(error.contains("ListItemsResponse, SearchItemsResponse"), "{error}");
    let error = sdk(&lists
        .replace("\"events\"", "\"happenings\"")
        .replace("body[\"happenings\"]", "body[\"events\"]"))
    .error();
    assert!(error.contains("sent as \"events\" but read as \"happenings\""), "{error}");
    let error = sdk(&lists
        .replace("in json[\"Resources\"]", "in json[\"Others\"]")
        .replace("if \"Resources\" in", "if \"Others\" in"))
    .error();
    assert!(error.contains("no class has the list `Others`"), "{error}");
}

#[test]
fn clients_that_are_not_known() {
    let sdk = desks(DESKS).workspace("self._chairs = pkg_desks.ChairsAPI(self._api_client)");
    let error = sdk.error();
    assert!(
        error.contains("__init__.py:5 (WorkspaceClient.__init__): desks.ChairsAPI is not a known API"),
        "{error}"
    );

    let sdk = desks(DESKS)
        .file("mixins/odd.py", "class DesksExt(Furniture):\n    pass\n")
        .top("from databricks.sdk.mixins.odd import DesksExt");
    assert!(
        sdk.error().contains("mixins/odd.py:1 (DesksExt): a mixin that extends no API"),
        "{}",
        sdk.error()
    );
}

/// Opens a file with these bytes.
fn open(bytes: &[u8], digest: Option<&str>) -> Result<Wheel, Error> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sdk.whl");
    std::fs::write(&path, bytes).unwrap();
    Wheel::open(&path, digest)
}

#[test]
fn wheels_that_are_not_the_one() {
    let bytes = desks(DESKS).bytes();
    let wheel = open(&bytes, None).unwrap();
    assert_eq!(wheel.version(), "9.9.9");
    assert!(open(&bytes, Some(&wheel.sha256().to_uppercase())).is_ok());

    let error = open(&bytes, Some(&"0".repeat(64))).unwrap_err();
    assert!(matches!(&error, Error::Digest { actual, .. } if actual == wheel.sha256()));
    assert!(error.to_string().contains(&format!("has the sha256 {}, but 000", wheel.sha256())), "{error}");

    for cut in [0, 10, bytes.len() / 2, bytes.len() - 5] {
        let error = open(&bytes[..cut], None).unwrap_err();
        assert!(error.to_string().contains("is not a readable wheel; was it cut short?"), "{cut}: {error}");
    }
    let error = open(&zip_of("other/version.py"), None).unwrap_err();
    assert!(error.to_string().contains("not a wheel of databricks-sdk"), "{error}");
    assert!(matches!(Wheel::open(std::path::Path::new("no/such.whl"), None), Err(Error::Io { .. })));
}

fn zip_of(path: &str) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file(path, zip::write::SimpleFileOptions::default()).unwrap();
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_wheel_without_a_service() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sdk.whl");
    std::fs::write(&path, Sdk::new().bytes()).unwrap();
    let empty = import(&Wheel::open(&path, None).unwrap()).unwrap_err();
    assert!(empty.to_string().contains("no services in it"), "{empty}");
}

#[test]
fn versions_that_are_not_versions() {
    for version in ["", "1.0; rm", "--help", "1.0 2.0"] {
        let error = databricks_toolkit_import::fetch(version, None).unwrap_err();
        assert!(error.to_string().contains("a version is made of digits, letters and dots"), "{error}");
    }
}
