//! Who calls.

use databricks_toolkit_macros::Toolset;

/// The user or service principal behind the calls.
#[derive(Debug, Toolset)]
#[toolset(name = "identity", document = "iam")]
pub enum Identity {
    /// Who the calls are made as: user name, display name, groups. Home folder is /Users/ and the user name.
    #[tool(
        operation = "current_user_me",
        fields("attributes"),
        answer("id", "userName", "displayName", "active", "emails.value", "groups.display")
    )]
    WhoAmI,
}
