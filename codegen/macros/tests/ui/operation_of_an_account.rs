use databricks_toolkit_macros::Toolset;

/// Tools have a workspace.
#[derive(Toolset)]
#[toolset(document = "iam")]
enum Accounts {
    /// List the users of an account.
    #[tool(operation = "account_users_list")]
    ListAccountUsers,
}

fn main() {}
