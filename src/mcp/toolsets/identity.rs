//! Who calls, who else there is, and who may do what.

use databricks_toolkit_macros::Toolset;

use super::UpdatePermissions;

/// The caller, users, groups, service principals, and permissions.
#[derive(Debug, Toolset)]
#[toolset(name = "identity", document = "iam")]
pub enum Identity {
    /// My user name, identity and groups such as admins.
    #[tool(
        title = "User and account in use",
        operation = "current_user_me",
        fields("attributes"),
        answer("id", "userName", "displayName", "active", "emails.value", "groups.display")
    )]
    WhoAmI,
    /// Which users (people) are in the workspace; find one's id by e-mail.
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
    /// Add a new user to the workspace by e-mail address.
    #[tool(
        title = "Add a user",
        operation = "users_create",
        fields("userName", "displayName"),
        effect = write,
        answer("id", "userName", "displayName", "active")
    )]
    CreateUser,
    /// Remove a user, such as someone who left, from the workspace.
    #[tool(
        title = "Remove a user",
        operation = "users_delete",
        effect = destroy,
        done = "The user is removed."
    )]
    DeleteUser,
    /// List or find groups. get_group lists the members of one.
    #[tool(
        title = "List or find groups",
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
    /// Who is in a group: its users, parent groups and entitlements.
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
    /// List or find service principals, the identities of programs (bots, technical accounts, automation).
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
    /// Who can run a certain job, attach to a cluster, edit a notebook, view a dashboard, …. get_grants is for tables.
    #[tool(
        title = "Who may use an object",
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
    /// Give a user or group a permission (CAN_USE, CAN_RUN, CAN_MANAGE) on a job, cluster, notebook, warehouse, …. The
    /// others keep theirs.
    #[tool(title = "Give permissions", effect = destroy, idempotent)]
    UpdatePermissions(UpdatePermissions),
}
