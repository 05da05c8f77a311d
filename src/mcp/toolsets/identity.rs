//! Who calls, who else there is, and who may do what.

use databricks_toolkit_macros::Toolset;

use super::UpdatePermissions;

/// The caller, users, groups, service principals, and permissions.
#[derive(Debug, Toolset)]
#[toolset(name = "identity", document = "iam")]
pub enum Identity {
    /// My user name, identity and groups such as admins.
    #[tool(
        title = "Who am I? The user in use",
        operation = "current_user_me",
        fields("attributes"),
        answer("id", "userName", "displayName", "active", "emails.value", "groups.display")
    )]
    WhoAmI,
    /// Which users (people) have access to the workspace; find one's id by name or e-mail.
    #[tool(
        title = "List users (people)",
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
    /// Remove a user or colleague, such as someone who left the company, from the workspace.
    #[tool(
        title = "Remove a user",
        operation = "users_delete",
        effect = destroy,
        done = "The user is removed."
    )]
    DeleteUser,
    /// Which groups there are in the workspace. get_group lists the members of one.
    #[tool(
        title = "List groups",
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
    /// Who is in a group such as data-science: its members (users, service principals), parent groups and entitlements.
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
        title = "Create a group of users",
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
    /// Which people and groups can run or manage a job, attach to or restart a cluster, use a warehouse, edit a
    /// notebook, view a dashboard, …. get_grants is for tables.
    #[tool(
        title = "Who can use a job, cluster, notebook or dashboard",
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
    /// Let someone use or restart a cluster, run or manage a job, use a warehouse, edit a notebook, view a dashboard,
    /// …: CAN_USE, CAN_RUN, CAN_RESTART, CAN_MANAGE. The others keep theirs.
    #[tool(title = "Give someone permissions", effect = destroy, idempotent)]
    UpdatePermissions(UpdatePermissions),
}
