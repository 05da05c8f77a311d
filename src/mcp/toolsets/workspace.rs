//! Notebooks, files and folders of the workspace.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use databricks_toolkit_macros::Toolset;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::files::Written;
use crate::mcp::{Compound, Context, ToolError};
use crate::workspace::types::{ExportFormat, ImportFormat, Language};

/// Notebooks, files and folders: list, read, write, delete.
#[derive(Debug, Toolset)]
#[toolset(name = "workspace", document = "workspace")]
pub enum Workspace {
    /// What is in a folder of the workspace, such as /Shared or a user's home (ls): notebooks, files, folders.
    #[tool(
        title = "List the notebooks and files of a folder",
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
    /// Read (open, show, review, export) a notebook's code (Python, SQL), or a file such as /Shared/lib/helpers.py.
    #[tool(title = "Show the code of a notebook", effect = read)]
    ReadWorkspaceFile(ReadWorkspaceFile),
    /// Create a notebook (Python, SQL script, …) or file, or edit, fix, replace and save one.
    #[tool(title = "Create or edit a notebook", effect = write, idempotent)]
    WriteWorkspaceFile(WriteWorkspaceFile),
    /// Make a new folder (directory) in the workspace, with those above it that are missing.
    #[tool(title = "Make a folder in the workspace", operation = "workspace_mkdirs", effect = write, idempotent, done = "The folder is there.")]
    CreateWorkspaceFolder,
    /// Delete a notebook, file or folder of the workspace for good.
    #[tool(
        title = "Delete a notebook, file or folder",
        operation = "workspace_delete", effect = destroy, done = "Deleted.",
    )]
    DeleteWorkspaceObject,
    /// List Git folders (repos): remote, branch, commit.
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
    /// Clone (add, check out) a Git repository such as github.com/acme/project of GitHub, GitLab, … into the workspace
    /// as a Git folder.
    #[tool(
        title = "Add a Git folder (clone a repo)",
        operation = "repos_create",
        fields("url", "provider", "path", "sparse_checkout.patterns"),
        effect = write,
        answer("id", "path", "url", "branch", "head_commit_id")
    )]
    CreateRepo,
    /// Update a Git folder (repo): git pull the newest commits, or switch to (check out) another branch or tag.
    /// Conflicts with local changes are an error.
    #[tool(
        title = "Pull or switch the branch of a repo",
        operation = "repos_update",
        fields("repo_id", "branch", "tag"),
        effect = write,
        idempotent,
        done = "The Git folder is at the newest commit of that branch or tag."
    )]
    UpdateRepo,
    /// Delete a Git folder (repo) with changes that were not pushed. The remote repository stays.
    #[tool(
        title = "Remove a Git folder (repo)",
        operation = "repos_delete",
        effect = destroy,
        idempotent,
        done = "The Git folder is deleted."
    )]
    DeleteRepo,
    /// Which tokens for Git providers such as GitHub or GitLab the caller has saved (linked), with id and Git user
    /// name.
    #[tool(
        title = "Linked Git accounts (credentials)",
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
    /// Connect a GitHub, GitLab, … account: save a personal access token, so that Git folders can use private
    /// repositories.
    #[tool(
        title = "Save a Git token",
        operation = "git_credentials_create",
        fields("git_provider", "git_username", "git_email", "personal_access_token"),
        effect = write,
        answer("credential_id", "name", "git_provider", "git_username")
    )]
    CreateGitCredential,
    /// Delete (unlink) the saved token of a Git provider such as GitHub or GitLab.
    #[tool(
        title = "Delete a Git credential",
        operation = "git_credentials_delete",
        fields("credential_id"),
        effect = destroy,
        idempotent,
        done = "The credential is deleted."
    )]
    DeleteGitCredential,
    /// Whether there is something at a path such as /Users/someone@example.com/etl in the workspace, and what:
    /// notebook, file or folder; object id, when it was changed.
    #[tool(
        title = "Is a workspace path a notebook, file or folder?",
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

/// The text of a notebook or file.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WorkspaceFile {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_type: Option<String>,
    content: String,
}

impl Compound for ReadWorkspaceFile {
    type Output = WorkspaceFile;
    const UNTRUSTED: &'static [&'static str] = &["content"];

    async fn call(self, context: &Context) -> Result<WorkspaceFile, ToolError> {
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
            Ok(content) => Ok(WorkspaceFile { path: self.path, file_type: exported.file_type, content }),
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
    /// source: code; jupyter: .ipynb; auto: by ending and content. source for a notebook, auto for a file unless set.
    format: Option<WriteFormat>,
    /// Replace what is there, else an error; false unless set.
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
    type Output = Written;

    async fn call(self, context: &Context) -> Result<Written, ToolError> {
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
        Ok(Written::new(self.path, self.content.len()))
    }
}
