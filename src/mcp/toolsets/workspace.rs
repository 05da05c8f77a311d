//! Notebooks, files and folders of the workspace.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use databricks_toolkit_macros::Toolset;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::mcp::{Answer, Compound, Context, ToolError};
use crate::workspace::types::{ExportFormat, ImportFormat, Language};

/// Notebooks, files and folders: list, read, write, delete.
#[derive(Debug, Toolset)]
#[toolset(name = "workspace", document = "workspace")]
pub enum Workspace {
    /// List the notebooks, files and folders in a folder of the workspace.
    #[tool(
        title = "List notebooks and folders",
        operation = "workspace_list",
        answer(
            "objects.path",
            "objects.object_type",
            "objects.language",
            "objects.object_id",
            "objects.modified_at",
            "objects.size"
        )
    )]
    ListWorkspace,
    /// Read or export the source of a notebook, or the text of a workspace file.
    #[tool(title = "Read a notebook's code or a file", effect = read)]
    ReadWorkspaceFile(ReadWorkspaceFile),
    /// Create, import or overwrite a notebook (Python, SQL, …) or file of the workspace; missing folders are made.
    #[tool(title = "Save or edit a notebook or file", effect = write, idempotent)]
    WriteWorkspaceFile(WriteWorkspaceFile),
    /// Make a folder (directory) of the workspace, with those above it that are missing.
    #[tool(operation = "workspace_mkdirs", effect = write, idempotent, done = "The folder is there.")]
    CreateWorkspaceFolder,
    /// Delete a notebook, file or folder of the workspace for good.
    #[tool(
        title = "Delete a notebook, file or folder",
        operation = "workspace_delete", effect = destroy, done = "Deleted.",
    )]
    DeleteWorkspaceObject,
    /// List Git folders (repos): path, remote, branch and commit.
    #[tool(
        operation = "repos_list",
        fields("path_prefix", "next_page_token"),
        answer(
            "repos.id",
            "repos.path",
            "repos.url",
            "repos.provider",
            "repos.branch",
            "repos.head_commit_id",
            "next_page_token"
        )
    )]
    ListRepos,
    /// Clone a Git repository into the workspace as a Git folder.
    #[tool(
        operation = "repos_create",
        fields("url", "provider", "path", "sparse_checkout.patterns"),
        effect = write,
        answer("id", "path", "url", "branch", "head_commit_id")
    )]
    CreateRepo,
    /// Switch a Git folder to a branch or tag and pull its newest commit. Conflicts with local changes are an error.
    #[tool(
        operation = "repos_update",
        fields("repo_id", "branch", "tag"),
        effect = write,
        idempotent,
        done = "The Git folder is at the newest commit of that branch or tag."
    )]
    UpdateRepo,
    /// Delete a Git folder with changes that were not pushed. The remote repository stays.
    #[tool(
        operation = "repos_delete",
        effect = destroy,
        idempotent,
        done = "The Git folder is deleted."
    )]
    DeleteRepo,
    /// The caller's credentials for Git providers, without their tokens.
    #[tool(
        operation = "git_credentials_list",
        answer(
            "credentials.credential_id",
            "credentials.name",
            "credentials.git_provider",
            "credentials.git_username",
            "credentials.git_email",
            "credentials.is_default_for_provider"
        )
    )]
    ListGitCredentials,
    /// Save a token for a Git provider, so that Git folders can use private repositories.
    #[tool(
        operation = "git_credentials_create",
        fields("git_provider", "git_username", "git_email", "personal_access_token"),
        effect = write,
        answer("credential_id", "name", "git_provider", "git_username")
    )]
    CreateGitCredential,
    /// Delete a saved credential for a Git provider.
    #[tool(
        operation = "git_credentials_delete",
        fields("credential_id"),
        effect = destroy,
        idempotent,
        done = "The credential is deleted."
    )]
    DeleteGitCredential,
    /// Whether a path such as /Shared/etl exists in the workspace, and what it is: notebook, file or folder; id,
    /// language, times of change.
    #[tool(
        title = "Look at a workspace path",
        operation = "workspace_get_status",
        answer(
            "path",
            "object_type",
            "object_id",
            "language",
            "size",
            "created_at",
            "modified_at",
            "resource_id"
        )
    )]
    GetWorkspaceObject,
}

/// Arguments of `read_workspace_file`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ReadWorkspaceFile {
    /// Absolute path, such as /Users/someone@example.com/notebook.
    path: String,
    /// source: the code of a notebook, the text of a file; jupyter: a notebook with its outputs as .ipynb. source
    /// unless set.
    format: Option<ReadFormat>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ReadFormat {
    Source,
    Jupyter,
}

impl Compound for ReadWorkspaceFile {
    async fn call(self, context: &Context) -> Result<Answer, ToolError> {
        let format = match self.format.unwrap_or(ReadFormat::Source) {
            ReadFormat::Source => ExportFormat::Source,
            ReadFormat::Jupyter => ExportFormat::Jupyter,
        };
        let export = context.workspace().workspace().export().path(&self.path).format(format);
        let exported = export.send().await?;
        let bytes = STANDARD.decode(exported.content.unwrap_or_default()).map_err(|error| {
            ToolError::Failed(format!("{}: the content is not base64: {error}", self.path))
        })?;
        match String::from_utf8(bytes) {
            Ok(content) => Ok(Answer::new(json!({
                "path": self.path, "file_type": exported.file_type, "content": content
            }))),
            Err(error) => Err(ToolError::Failed(format!(
                "{} is not text: {} bytes of {}",
                self.path,
                error.as_bytes().len(),
                exported.file_type.as_deref().unwrap_or("unknown type")
            ))),
        }
    }
}

/// Arguments of `write_workspace_file`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct WriteWorkspaceFile {
    /// Absolute path, such as /Users/someone@example.com/notebook.
    path: String,
    /// The whole text.
    content: String,
    /// Language of a notebook; leave out for a file that is no notebook, or with format jupyter.
    language: Option<NotebookLanguage>,
    /// source: code, one notebook language; jupyter: .ipynb; auto: by the path's ending and the content. source for a
    /// notebook and auto for a file unless set.
    format: Option<WriteFormat>,
    /// Replace what is there; otherwise that is an error. false unless set.
    overwrite: Option<bool>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum NotebookLanguage {
    Python,
    Sql,
    Scala,
    R,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum WriteFormat {
    Source,
    Jupyter,
    Auto,
}

impl Compound for WriteWorkspaceFile {
    async fn call(self, context: &Context) -> Result<Answer, ToolError> {
        let client = context.workspace();
        let format = match (self.format, self.language) {
            (Some(WriteFormat::Source), _) | (None, Some(_)) => ImportFormat::Source,
            (Some(WriteFormat::Jupyter), _) => ImportFormat::Jupyter,
            (Some(WriteFormat::Auto) | None, _) => ImportFormat::Auto,
        };
        let language = self.language.map(|language| match language {
            NotebookLanguage::Python => Language::Python,
            NotebookLanguage::Sql => Language::Sql,
            NotebookLanguage::Scala => Language::Scala,
            NotebookLanguage::R => Language::R,
        });
        if let Some((folder, _)) = self.path.rsplit_once('/').filter(|(folder, _)| !folder.is_empty()) {
            client.workspace().mkdirs().path(folder).send().await?;
        }
        let import = client.workspace().import();
        let import = import
            .path(&self.path)
            .content(STANDARD.encode(&self.content))
            .format(format)
            .language(language)
            .overwrite(self.overwrite.unwrap_or(false));
        import.send().await?;
        Ok(Answer::new(json!({ "done": "Written.", "path": self.path, "bytes": self.content.len() })))
    }
}
