//! Files of volumes and of DBFS, told apart by their paths.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use databricks_toolkit_macros::Toolset;
use futures_util::StreamExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::mcp::{Compound, Context, LeftOut, ToolError};

/// Files in volumes (/Volumes/…) and in DBFS (dbfs:/…).
#[derive(Debug, Toolset)]
#[toolset(name = "files", document = "files")]
pub enum Files {
    /// List files in a volume's folder such as /Volumes/main/raw/landing or in DBFS, with their sizes: what has
    /// arrived.
    #[tool(title = "Files in a volume or DBFS", effect = read)]
    ListFiles(ListFiles),
    /// Read a file of a volume (/Volumes/…) or DBFS such as CSV or JSON, whole or its first lines.
    #[tool(title = "Read a file in a volume or DBFS", effect = read)]
    ReadFile(ReadFile),
    /// Write (upload) a file such as CSV, JSON or text to a volume or DBFS.
    #[tool(title = "Upload a file", effect = write, idempotent)]
    WriteFile(WriteFile),
}

/// Where a file is.
enum Place {
    Volume(String),
    Dbfs(String),
}

impl Place {
    fn of(path: &str) -> Result<Self, ToolError> {
        let bare = path.strip_prefix("dbfs:").unwrap_or(path);
        if bare.starts_with("/Volumes/") {
            return Ok(Self::Volume(bare.trim_end_matches('/').to_owned()));
        }
        match (path.starts_with("dbfs:/"), path.strip_prefix("/dbfs/")) {
            (true, _) => Ok(Self::Dbfs(bare.to_owned())),
            (false, Some(rest)) => Ok(Self::Dbfs(format!("/{rest}"))),
            (false, None) => Err(ToolError::Argument(format!(
                "`path`: `{path}` is neither in a volume (/Volumes/catalog/schema/volume/…) nor in DBFS (dbfs:/…); \
                 for the workspace use read_workspace_file"
            ))),
        }
    }
}

/// Arguments of `list_files`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ListFiles {
    /// Folder: /Volumes/catalog/schema/volume/… or dbfs:/….
    path: String,
    /// Most entries to answer; 200 unless set.
    #[schemars(range(min = 1, max = 1000))]
    page_size: Option<i64>,
    /// next_page_token of an earlier answer; volumes only.
    page_token: Option<String>,
}

/// What is in a folder.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Listing {
    entries: Vec<Entry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<LeftOut>,
}

/// A file or a folder.
#[derive(Debug, Serialize, JsonSchema)]
struct Entry {
    path: String,
    is_directory: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_ms: Option<i64>,
}

impl Compound for ListFiles {
    type Output = Listing;

    async fn call(self, context: &Context) -> Result<Listing, ToolError> {
        let client = context.workspace();
        let size = self.page_size.unwrap_or(200);
        match Place::of(&self.path)? {
            Place::Volume(path) => {
                let mut list = client.files().list_directory_contents().directory_path(path).page_size(size);
                if let Some(token) = self.page_token {
                    list = list.page_token(token);
                }
                let listed = list.send().await?;
                let entries = listed.contents.unwrap_or_default().into_iter().map(|entry| Entry {
                    path: entry.path.unwrap_or_default(),
                    is_directory: entry.is_directory.unwrap_or(false),
                    size: entry.file_size,
                    modified_ms: entry.last_modified,
                });
                let next = listed.next_page_token.filter(|token| !token.is_empty());
                let note = || LeftOut::new("further pages", "call again with page_token = next_page_token");
                let left_out = next.iter().map(|_| note()).collect();
                Ok(Listing { entries: entries.collect(), next_page_token: next, total: None, left_out })
            }
            Place::Dbfs(path) => {
                let files = client.dbfs().list().path(path).send().await?.files.unwrap_or_default();
                let (total, most) = (files.len(), usize::try_from(size).unwrap_or(200));
                let entries = files.into_iter().take(most).map(|file| Entry {
                    path: file.path.map(|path| format!("dbfs:{path}")).unwrap_or_default(),
                    is_directory: file.is_dir.unwrap_or(false),
                    size: file.file_size,
                    modified_ms: file.modification_time,
                });
                let mut left_out = Vec::new();
                if total > most {
                    let note = LeftOut::new("entries", "a larger page_size, or a folder below");
                    left_out.push(note.count((total - most) as u64));
                }
                Ok(Listing {
                    entries: entries.collect(),
                    next_page_token: None,
                    total: Some(total),
                    left_out,
                })
            }
        }
    }
}

/// Bytes read unless the caller says otherwise, and at most.
const READ: u64 = 50_000;
const READ_MOST: u64 = 1_000_000;

/// Arguments of `read_file`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ReadFile {
    /// File: /Volumes/catalog/schema/volume/… or dbfs:/….
    path: String,
    /// First byte to read; 0 unless set.
    offset: Option<u64>,
    /// Most bytes to read; 50000 unless set.
    #[schemars(range(min = 1, max = 1_000_000))]
    length: Option<u64>,
}

/// A part of a file.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FilePart {
    path: String,
    encoding: &'static str,
    offset: u64,
    bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<u64>,
    content: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<LeftOut>,
}

impl Compound for ReadFile {
    type Output = FilePart;
    const UNTRUSTED: &'static [&'static str] = &["content"];

    async fn call(self, context: &Context) -> Result<FilePart, ToolError> {
        let client = context.workspace();
        let offset = self.offset.unwrap_or(0);
        let length = self.length.unwrap_or(READ).min(READ_MOST);
        let (bytes, size) = match Place::of(&self.path)? {
            Place::Volume(path) => {
                let stream = client.files().download().file_path(path).send().await?;
                let size = stream.content_length();
                (window(stream, offset, length).await?, size)
            }
            Place::Dbfs(path) => {
                let size = client.dbfs().get_status().path(&path).send().await?.file_size;
                let (from, most) =
                    (i64::try_from(offset).unwrap_or(i64::MAX), i64::try_from(length).unwrap_or(i64::MAX));
                let read = client.dbfs().read().path(&path).offset(from).length(most).send().await?;
                let bytes = STANDARD.decode(read.data.unwrap_or_default()).map_err(|error| {
                    ToolError::Failed(format!("{path}: the content is not base64: {error}"))
                })?;
                (Bytes::from(bytes), size.and_then(|size| u64::try_from(size).ok()))
            }
        };
        Ok(shown(self.path, &bytes, offset, size))
    }
}

/// The longest file of a volume of which the end is read: it has to be read from its beginning.
const TAIL_MOST: u64 = 64 * 1024 * 1024;

/// The last bytes of a file as text; `None` where there is no such file.
pub(super) async fn end_of(context: &Context, path: &str, most: u64) -> Result<Option<String>, ToolError> {
    let client = context.workspace();
    let is_missing = |error: &crate::Error| error.kind() == Some(crate::ErrorKind::NotFound);
    let bytes =
        match Place::of(path)? {
            Place::Volume(path) => {
                let stream = match client.files().download().file_path(&path).send().await {
                    Ok(stream) => stream,
                    Err(error) if is_missing(&error) => return Ok(None),
                    Err(error) => return Err(error.into()),
                };
                let size = stream.content_length().unwrap_or(0);
                if size > TAIL_MOST {
                    return Err(ToolError::Failed(format!(
                        "{path} has {size} bytes: read_file reads parts of it"
                    )));
                }
                window(stream, size.saturating_sub(most), most).await?
            }
            Place::Dbfs(path) => {
                let size = match client.dbfs().get_status().path(&path).send().await {
                    Ok(status) => status.file_size.unwrap_or(0),
                    Err(error) if is_missing(&error) => return Ok(None),
                    Err(error) => return Err(error.into()),
                };
                let most = i64::try_from(most).unwrap_or(i64::MAX);
                let read =
                    client.dbfs().read().path(&path).offset((size - most).max(0)).length(most).send().await?;
                let bytes = STANDARD.decode(read.data.unwrap_or_default());
                Bytes::from(bytes.map_err(|error| {
                    ToolError::Failed(format!("{path}: the content is not base64: {error}"))
                })?)
            }
        };
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// A part of a stream; what comes after it is not read.
async fn window(
    mut stream: crate::transport::ByteStream,
    offset: u64,
    length: u64,
) -> Result<Bytes, ToolError> {
    let mut position = 0;
    let mut kept = BytesMut::new();
    while let Some(part) = stream.next().await {
        let part = part?;
        let end = position + part.len() as u64;
        let from = offset.clamp(position, end) - position;
        let to = (offset + length).clamp(position, end) - position;
        kept.extend_from_slice(&part[usize::try_from(from).unwrap_or(0)..usize::try_from(to).unwrap_or(0)]);
        position = end;
        if position >= offset + length {
            break;
        }
    }
    Ok(kept.freeze())
}

fn shown(path: String, bytes: &[u8], offset: u64, size: Option<u64>) -> FilePart {
    // A part may begin or end within a character: what is whole is shown, and the next part goes on there.
    let (content, encoding, used) = match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), "text", bytes.len()),
        Err(error) if error.error_len().is_none() && error.valid_up_to() > 0 => {
            let whole = error.valid_up_to();
            (String::from_utf8_lossy(&bytes[..whole]).into_owned(), "text", whole)
        }
        Err(_) => (STANDARD.encode(bytes), "base64", bytes.len()),
    };
    let end = offset + used as u64;
    let rest = size.map(|size| size.saturating_sub(end)).filter(|rest| *rest > 0 && used > 0);
    let note = |rest| LeftOut::new("bytes of the file", "call again with offset = next_offset").count(rest);
    FilePart {
        path,
        encoding,
        offset,
        bytes: used,
        size,
        next_offset: rest.map(|_| end),
        content,
        left_out: rest.map(note).into_iter().collect(),
    }
}

/// Arguments of `write_file`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct WriteFile {
    /// File: /Volumes/catalog/schema/volume/… or dbfs:/….
    path: String,
    /// The whole content.
    content: String,
    /// How content is given: text or base64; text unless set.
    encoding: Option<Encoding>,
    /// Replace a file that is there, else an error; false unless set.
    overwrite: Option<bool>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Encoding {
    Text,
    Base64,
}

/// DBFS takes a megabyte at a time.
const BLOCK: usize = 1024 * 1024;

/// What was written.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Written {
    done: &'static str,
    path: String,
    bytes: usize,
}

impl Written {
    pub(super) fn new(path: String, bytes: usize) -> Self {
        Self { done: "Written.", path, bytes }
    }
}

impl Compound for WriteFile {
    type Output = Written;

    async fn call(self, context: &Context) -> Result<Written, ToolError> {
        let bytes = match self.encoding.unwrap_or(Encoding::Text) {
            Encoding::Text => self.content.into_bytes(),
            Encoding::Base64 => STANDARD
                .decode(self.content.trim())
                .map_err(|error| ToolError::Argument(format!("`content`: not base64: {error}")))?,
        };
        let (length, overwrite) = (bytes.len(), self.overwrite.unwrap_or(false));
        match Place::of(&self.path)? {
            Place::Volume(path) => {
                let upload = context.workspace().files().upload().file_path(path).overwrite(overwrite);
                upload.body(bytes).send().await?;
            }
            Place::Dbfs(path) => write_dbfs(context, &path, &bytes, overwrite).await?,
        }
        Ok(Written::new(self.path, length))
    }
}

async fn write_dbfs(context: &Context, path: &str, bytes: &[u8], overwrite: bool) -> Result<(), ToolError> {
    let client = context.workspace();
    if bytes.len() <= BLOCK {
        let put = client.dbfs().put().path(path).contents(STANDARD.encode(bytes));
        put.overwrite(overwrite).send().await?;
        return Ok(());
    }
    let created = client.dbfs().create().path(path).overwrite(overwrite).send().await?;
    let handle = created
        .handle
        .ok_or_else(|| ToolError::Failed(format!("{path}: the workspace gave no handle to write to")))?;
    let total = bytes.len().div_ceil(BLOCK) as f64;
    for (index, block) in bytes.chunks(BLOCK).enumerate() {
        client.dbfs().add_block().handle(handle).data(STANDARD.encode(block)).send().await?;
        context.progress(
            (index + 1) as f64,
            Some(total),
            format!("{} of {} bytes", (index + 1) * BLOCK, bytes.len()),
        );
    }
    client.dbfs().close().handle(handle).send().await?;
    Ok(())
}
