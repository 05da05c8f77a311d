//! What can go wrong when a sandbox starts. Errors of single requests are answers of the service: see
//! [`crate::server::ApiError`].

use std::io;
use std::path::PathBuf;

/// Why a sandbox could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The port is taken, or may not be bound.
    #[error("cannot listen on 127.0.0.1:{port}")]
    Bind {
        /// The port that was asked for.
        port: u16,
        /// What the operating system said.
        source: io::Error,
    },
    /// Another process has the folder open.
    #[error("the folder {} is in use by another sandbox", dir.display())]
    Locked {
        /// The folder that was asked for.
        dir: PathBuf,
    },
    /// A file or folder of the sandbox cannot be read or written.
    #[error("cannot use {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file of the state is not what this version writes.
    #[error("the state in {} cannot be read", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where the text stops to make sense.
        source: serde_json::Error,
    },
    /// The folder that is to be exported is none of a sandbox.
    #[error("the folder {} holds no sandbox", dir.display())]
    NoSandbox {
        /// The folder that was asked for.
        dir: PathBuf,
    },
    /// The folder that an archive is to fill holds something already.
    #[error("the folder {} is not empty; import into a new one", dir.display())]
    NotEmpty {
        /// The folder that was asked for.
        dir: PathBuf,
    },
    /// An archive cannot be written, or is none of a sandbox.
    #[error("the archive cannot be used")]
    Archive(#[source] io::Error),
    /// The SQL engine could not open its part of the folder.
    #[error("the SQL engine cannot open its folder")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The first objects of a new folder cannot be written.
    #[error("cannot fill the new workspace: {0}")]
    Seed(String),
    /// The threads that serve requests could not be started.
    #[error("cannot start the server's threads")]
    Runtime(#[source] io::Error),
}

impl Error {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
