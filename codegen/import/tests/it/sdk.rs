//! A wheel made for a test: a service's source, and clients that hold its APIs.

use std::io::Write as _;

use databricks_toolkit_import::{Error, Import, Wheel, import};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;

/// The source of a wheel.
pub(crate) struct Sdk {
    files: Vec<(String, String)>,
    clients: [String; 2],
    imports: String,
}

impl Sdk {
    /// A wheel without services.
    pub(crate) fn new() -> Self {
        Sdk {
            files: vec![("version.py".into(), "__version__ = \"9.9.9\"\n".into())],
            clients: [String::new(), String::new()],
            imports: String::new(),
        }
    }

    /// A file of the SDK's package.
    pub(crate) fn file(mut self, path: &str, source: &str) -> Self {
        self.files.push((path.into(), source.into()));
        self
    }

    /// A service.
    pub(crate) fn service(self, name: &str, source: &str) -> Self {
        self.file(&format!("service/{name}.py"), source)
    }

    /// A line at the top of the clients' file.
    pub(crate) fn top(mut self, line: &str) -> Self {
        self.imports += &format!("{line}\n");
        self
    }

    /// A line of the workspace's client.
    pub(crate) fn workspace(mut self, line: &str) -> Self {
        self.clients[0] += &format!("        {line}\n");
        self
    }

    /// A line of the account's client.
    pub(crate) fn account(mut self, line: &str) -> Self {
        self.clients[1] += &format!("        {line}\n");
        self
    }

    /// The wheel's bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let [workspace, account] = &self.clients;
        let clients = format!(
            "{}class WorkspaceClient:\n    def __init__(self):\n        pass\n{workspace}\n\
             class AccountClient:\n    def __init__(self):\n        pass\n{account}",
            self.imports
        );
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        for (path, source) in self.files.iter().chain([&("__init__.py".to_owned(), clients)]) {
            zip.start_file(format!("databricks/sdk/{path}"), options).unwrap();
            zip.write_all(source.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    /// What the importer makes of it.
    pub(crate) fn import(&self) -> Result<Import, Error> {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("sdk.whl");
        std::fs::write(&path, self.bytes()).unwrap();
        import(&Wheel::open(&path, None)?)
    }

    /// What the importer says against it.
    pub(crate) fn error(&self) -> String {
        self.import().expect_err("this cannot be understood").to_string()
    }
}

/// A small service that nothing is wrong with.
pub(crate) const DESKS: &str = include_str!("fixtures/desks.py");

/// A wheel of that service.
pub(crate) fn desks(source: &str) -> Sdk {
    Sdk::new().service("desks", source).workspace("self._desks = pkg_desks.DesksAPI(self._api_client)")
}
