//! Who calls, who else there is, and who may do what.

use databricks_toolkit_macros::Toolset;

use super::UpdatePermissions;

/// The caller, users, groups, service principals, and permissions.
#[derive(Debug, Toolset)]
#[toolset(name = "identity", document = "iam")]
pub enum Identity {
    /// Who the calls are made as: user name, display name, groups (such as admins). Home folder is /Users/ and the user
    /// name.
    #[tool(
        title = "User and account in use",
        operation = "current_user_me",
        fields("attributes"),
        answer("id", "userName", "displayName", "active", "emails.value", "groups.display")
    )]
    WhoAmI,
    /// List or find users of the workspace.
    #[tool(
        title = "Find users",
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
        title = "Add a user",
        operation = "users_create",
        fields("userName", "displayName"),
        effect = write,
        answer("id", "userName", "displayName", "active")
    )]
    CreateUser,
    /// Remove a user, such as someone who left, from the workspace. To find the id use list_users.
    #[tool(
        title = "Remove a user",
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
    /// Members of one group, its parent groups and entitlements.
    #[tool(
        title = "Members of a group",
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
    /// Who can run a certain job, attach to a cluster, view a dashboard, …: permissions. get_grants is for tables.
    #[tool(
        title = "Who may run a job or use an object",
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
    /// Give a user, group or service principal a permission on a warehouse (CAN_USE), notebook (CAN_EDIT), job or other
    /// workspace object; the others keep theirs.
    #[tool(title = "Give CAN_USE or another permission", effect = destroy, idempotent)]
    UpdatePermissions(UpdatePermissions),
}
