//! Who may do what: one principal at a time, in words, where the API takes lists of lists.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::catalog::types::{PermissionsChange, Privilege};
use crate::iam::types::AccessControlRequest;
use crate::mcp::{Compound, Context, ToolError};

/// Arguments of `update_grants`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct UpdateGrants {
    /// Kind of object: catalog, schema, table (views too), volume, function, external_location, metastore.
    securable_type: String,
    /// Full name of the object, such as main.default.trips.
    full_name: String,
    /// User, group or service principal (application id).
    principal: String,
    /// Privileges to grant, such as SELECT or USE_SCHEMA.
    #[serde(default)]
    grant: Vec<String>,
    /// Privileges to revoke.
    #[serde(default)]
    revoke: Vec<String>,
}

/// Who has which privileges now.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Grants {
    privilege_assignments: Vec<Grant>,
}

/// The privileges of one principal.
#[derive(Debug, Serialize, JsonSchema)]
struct Grant {
    principal: String,
    privileges: Vec<String>,
}

impl Compound for UpdateGrants {
    type Output = Grants;

    async fn call(self, context: &Context) -> Result<Grants, ToolError> {
        if self.grant.is_empty() && self.revoke.is_empty() {
            return Err(ToolError::Argument("`grant` or `revoke`: name at least one privilege".to_owned()));
        }
        let change = PermissionsChange::builder().principal(&self.principal);
        let change = change.add(privileges(&self.grant)).remove(privileges(&self.revoke)).build()?;
        let update = context.workspace().grants().update();
        let update = update.securable_type(&self.securable_type).full_name(&self.full_name);
        let updated = update.changes(vec![change]).send().await?;
        let grants = updated.privilege_assignments.unwrap_or_default().into_iter().map(|grant| Grant {
            principal: grant.principal.unwrap_or_default(),
            privileges: names(grant.privileges.unwrap_or_default().iter().map(Privilege::as_str)),
        });
        Ok(Grants { privilege_assignments: grants.collect() })
    }
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    names.map(str::to_owned).collect()
}

/// As SQL writes them or as the API does.
fn privileges(words: &[String]) -> Option<Vec<Privilege>> {
    let privilege = |word: &String| Privilege::from(word.trim().to_uppercase().replace(' ', "_"));
    (!words.is_empty()).then(|| words.iter().map(privilege).collect())
}

/// Arguments of `update_permissions`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct UpdatePermissions {
    /// Kind of object: jobs, clusters, warehouses, notebooks, directories, pipelines, serving-endpoints…
    request_object_type: String,
    /// Id of the object; for notebooks and folders the numeric object id.
    request_object_id: String,
    /// E-mail address of a user, application id of a service principal, or name of a group.
    principal: String,
    /// Level, such as CAN_MANAGE, CAN_RUN, CAN_USE, CAN_EDIT or CAN_READ.
    permission_level: String,
}

/// Who may do what on an object now.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Permissions {
    #[serde(skip_serializing_if = "Option::is_none")]
    object_id: Option<String>,
    access_control_list: Vec<Access>,
}

/// What one principal may do.
#[derive(Debug, Serialize, JsonSchema)]
struct Access {
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_principal_name: Option<String>,
    all_permissions: Vec<Level>,
}

/// One level, and whether it comes from the folder above.
#[derive(Debug, Serialize, JsonSchema)]
struct Level {
    permission_level: String,
    inherited: bool,
}

impl Compound for UpdatePermissions {
    type Output = Permissions;

    async fn call(self, context: &Context) -> Result<Permissions, ToolError> {
        let level = self.permission_level.trim().to_uppercase().replace(' ', "_");
        let request = AccessControlRequest::builder().permission_level(level.as_str());
        let request = match Principal::of(&self.principal) {
            Principal::User => request.user_name(&self.principal),
            Principal::Service => request.service_principal_name(&self.principal),
            Principal::Group => request.group_name(&self.principal),
        };
        let permissions = context.workspace().permissions();
        let (kind, id) = (&self.request_object_type, &self.request_object_id);
        let update = permissions.update().request_object_type(kind).request_object_id(id);
        let updated = match update.access_control_list(vec![request.build()?]).send().await {
            Ok(updated) => updated,
            Err(error) => {
                let levels = permissions.get_permission_levels();
                let levels = levels.request_object_type(kind).request_object_id(id).send().await;
                let levels = levels.ok().and_then(|levels| levels.permission_levels).unwrap_or_default();
                let valid: Vec<_> = levels
                    .iter()
                    .filter_map(|known| known.permission_level.as_ref().map(|level| level.as_str()))
                    .collect();
                return Err(match valid.is_empty() || valid.contains(&level.as_str()) {
                    true => error.into(),
                    false => ToolError::Argument(format!(
                        "`permission_level`: {error}; valid here are {}",
                        valid.join(", ")
                    )),
                });
            }
        };
        let access = updated.access_control_list.unwrap_or_default().into_iter().map(|access| Access {
            user_name: access.user_name,
            group_name: access.group_name,
            service_principal_name: access.service_principal_name,
            all_permissions: access
                .all_permissions
                .unwrap_or_default()
                .into_iter()
                .map(|level| Level {
                    permission_level: level
                        .permission_level
                        .map_or_else(String::new, |it| it.as_str().to_owned()),
                    inherited: level.inherited.unwrap_or(false),
                })
                .collect(),
        });
        Ok(Permissions { object_id: updated.object_id, access_control_list: access.collect() })
    }
}

/// What a name names, told by its form.
#[derive(Debug, PartialEq, Eq)]
enum Principal {
    User,
    Service,
    Group,
}

impl Principal {
    fn of(name: &str) -> Self {
        match (name.contains('@'), uuid::Uuid::try_parse(name)) {
            (true, _) => Self::User,
            (false, Ok(_)) => Self::Service,
            (false, Err(_)) => Self::Group,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn privileges_are_taken_as_sql_writes_them() {
        let words = ["select".to_owned(), "USE SCHEMA".to_owned(), "BRAND_NEW".to_owned()];
        let privileges = privileges(&words).unwrap();
        assert_eq!(privileges[..2], [Privilege::Select, Privilege::UseSchema]);
        assert_eq!(privileges[2].as_str(), "BRAND_NEW");
    }

    #[test]
    fn principals_are_told_by_their_form() {
        assert_eq!(Principal::of("someone@example.com"), Principal::User);
        assert_eq!(Principal::of("0a1b2c3d-0000-4000-8000-00805f9b34fb"), Principal::Service);
        assert_eq!(Principal::of("data engineers"), Principal::Group);
    }
}
