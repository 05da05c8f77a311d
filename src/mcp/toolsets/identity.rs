//! Who calls, who else there is, and who may do what.

use databricks_toolkit_macros::Toolset;

use super::UpdatePermissions;

/// The caller, users, groups, service principals, and permissions.
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
    /// List or find users of the workspace.
    #[tool(
        operation = "users_list",
        fields("filter", "startIndex", "count"),
        defaults(count = 50),
        answer(
            "Resources.id",
            "Resources.userName",
            "Resources.displayName",
            "Resources.active",
            "totalResults",
            "startIndex",
            "itemsPerPage"
        )
    )]
    ListUsers,
    /// Add a user to the workspace by e-mail address.
    #[tool(
        operation = "users_create",
        fields("userName", "displayName"),
        effect = write,
        answer("id", "userName", "displayName", "active")
    )]
    CreateUser,
    /// Remove a user from the workspace. To find the id use list_users.
    #[tool(
        operation = "users_delete",
        effect = destroy,
        done = "The user is removed."
    )]
    DeleteUser,
    /// List or find groups. get_group lists the members of one.
    #[tool(
        operation = "groups_list",
        fields("filter", "attributes", "startIndex", "count"),
        defaults(count = 50, attributes = "id,displayName,meta"),
        answer(
            "Resources.id",
            "Resources.displayName",
            "Resources.meta.resourceType",
            "totalResults",
            "startIndex",
            "itemsPerPage"
        )
    )]
    ListGroups,
    /// One group with members, parent groups and entitlements.
    #[tool(
        operation = "groups_get",
        answer(
            "id",
            "displayName",
            "members.display",
            "members.value",
            "groups.display",
            "groups.value",
            "entitlements.value",
            "roles.value"
        )
    )]
    GetGroup,
    /// Create a group in the workspace.
    #[tool(
        operation = "groups_create",
        fields("displayName", "members.value"),
        effect = write,
        answer("id", "displayName", "members.display", "members.value")
    )]
    CreateGroup,
    /// List or find service principals, the identities of programs.
    #[tool(
        operation = "service_principals_list",
        fields("filter", "startIndex", "count"),
        defaults(count = 50),
        answer(
            "Resources.id",
            "Resources.applicationId",
            "Resources.displayName",
            "Resources.active",
            "totalResults",
            "startIndex",
            "itemsPerPage"
        )
    )]
    ListServicePrincipals,
    /// Who may use a workspace object such as a job, cluster or notebook, and how. For tables use get_grants.
    #[tool(
        operation = "permissions_get",
        answer(
            "object_id",
            "object_type",
            "access_control_list.user_name",
            "access_control_list.group_name",
            "access_control_list.service_principal_name",
            "access_control_list.all_permissions.permission_level",
            "access_control_list.all_permissions.inherited"
        )
    )]
    GetPermissions,
    /// Give a user, group or service principal a permission on a workspace object; the others keep theirs.
    #[tool(effect = destroy, idempotent)]
    UpdatePermissions(UpdatePermissions),
}
