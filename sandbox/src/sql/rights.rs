//! Who may do what: grants, and the checks before statements.

use super::catalog::{Kind, TableName};
use super::error::SqlError;
use super::outside::{Granting, denied};
use super::parse::{Name, Securable};
use super::{Output, Run};

impl Run<'_> {
    /// The kind and the full name of what a grant is on; it must be there.
    fn securable(&self, on: &Securable) -> Result<(String, String), SqlError> {
        let name = match on.kind {
            "catalog" => {
                let name = super::ddl::one_part(&on.name)?.to_owned();
                self.catalogs().catalog(&name)?;
                name
            }
            "schema" => {
                let name = self.session.schema_name(&on.name)?;
                self.catalogs().schema(&name)?;
                format!("{}.{}", name.catalog, name.schema)
            }
            "table" => self.existing(&on.name)?.0.to_string(),
            "volume" => {
                let name = self.session.table(&on.name);
                self.catalogs().volume(&name)?;
                name.to_string()
            }
            "function" => self.session.table(&on.name).to_string(),
            "metastore" => crate::api::METASTORE.to_owned(),
            _ => on.name.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join("."),
        };
        Ok((on.kind.to_owned(), name))
    }

    pub(super) fn grant(
        &self,
        privileges: Vec<String>,
        on: &Securable,
        principal: String,
        revoke: bool,
    ) -> Result<Output, SqlError> {
        let (kind, name) = self.securable(on)?;
        let outside = self.outside()?;
        if !outside.may(&["MANAGE"], &kind, &name) && !self.owns(&kind, &name) {
            return Err(denied("MANAGE", &kind, &name));
        }
        // a schema is used, a table is made; older names of both are still taken
        let privileges = privileges.into_iter().map(|privilege| match privilege.as_str() {
            "ALL" => "ALL_PRIVILEGES".to_owned(),
            "USAGE" if kind == "catalog" => "USE_CATALOG".to_owned(),
            "USAGE" => "USE_SCHEMA".to_owned(),
            _ => privilege,
        });
        let privileges = privileges.collect();
        outside.grant(&Granting { kind, name, principal, privileges, revoke })?;
        Ok(Output::empty())
    }

    pub(super) fn show_grants(
        &self,
        principal: Option<String>,
        on: Option<&Securable>,
    ) -> Result<Output, SqlError> {
        let Some(on) = on else {
            return Err(SqlError::unsupported("SHOW GRANTS without ON"));
        };
        let (kind, name) = self.securable(on)?;
        let rows = self.outside()?.grants(&kind, &name)?.into_iter();
        let rows = rows.filter(|grant| {
            principal.as_ref().is_none_or(|wanted| grant.principal.eq_ignore_ascii_case(wanted))
        });
        let rows =
            rows.map(|grant| [grant.principal, grant.privilege, grant.kind, grant.name].map(Some).into());
        Ok(Output::strings(&["Principal", "ActionType", "ObjectType", "ObjectKey"], rows.collect()))
    }

    pub(super) fn principals(&self, groups: bool) -> Result<Vec<String>, SqlError> {
        Ok(self.outside()?.principals(groups))
    }

    pub(super) fn outside(&self) -> Result<&dyn super::outside::Outside, SqlError> {
        self.session.outside.as_deref().ok_or_else(|| {
            SqlError::unsupported(
                "grants and functions outside of a workspace: this engine has none around it",
            )
        })
    }

    /// Whether whoever runs the statement owns a securable, or what it lies in.
    fn owns(&self, kind: &str, name: &str) -> bool {
        let user = self.session.user();
        let parts: Vec<&str> = name.split('.').collect();
        let catalogs = self.catalogs();
        let catalog = parts.first().and_then(|catalog| catalogs.catalog(catalog).ok());
        let schema = || Some(super::catalog::SchemaName::new(parts.first()?, parts.get(1)?));
        let of_schema = || catalogs.schema(&schema()?).ok();
        let of_table = || catalogs.table(&TableName::new(parts.first()?, parts.get(1)?, parts.get(2)?)).ok();
        catalog.is_some_and(|catalog| catalog.common.owner == user)
            || (kind != "catalog" && of_schema().is_some_and(|schema| schema.common.owner == user))
            || (kind == "table" && of_table().is_some_and(|table| table.common.owner == user))
    }

    /// Refuses whoever has none of these privileges on a securable.
    pub(super) fn permitted(&self, privileges: &[&str], kind: &str, name: &str) -> Result<(), SqlError> {
        let Some(outside) =
            self.session.outside.as_deref().filter(|outside| !self.session.trusted && !outside.is_admin())
        else {
            return Ok(());
        };
        if outside.may(privileges, kind, name) || self.owns(kind, name) {
            return Ok(());
        }
        Err(denied(privileges.first().copied().unwrap_or_default(), kind, name))
    }

    /// Refuses whoever may not do that with a table, or may not enter its schema and catalog.
    pub(super) fn owned(&self, privilege: &str, name: &TableName) -> Result<(), SqlError> {
        let system = self.catalogs().catalog(&name.catalog).is_ok_and(|catalog| catalog.system);
        if system || name.schema == super::catalog::INFORMATION_SCHEMA {
            return Ok(());
        }
        self.permitted(&["USE_CATALOG"], "catalog", &name.catalog)?;
        self.permitted(&["USE_SCHEMA"], "schema", &format!("{}.{}", name.catalog, name.schema))?;
        self.permitted(&[privilege], "table", &name.to_string())
    }

    /// Refuses whoever may not drop or alter something.
    pub(super) fn managed(&self, kind: Kind, name: &Name) -> Result<(), SqlError> {
        let (kind, name) = match kind {
            Kind::Catalog => ("catalog", super::ddl::one_part(name)?.to_owned()),
            Kind::Schema => {
                let name = self.session.schema_name(name)?;
                ("schema", format!("{}.{}", name.catalog, name.schema))
            }
            Kind::Table => ("table", self.session.table(name).to_string()),
            Kind::Volume => ("volume", self.session.table(name).to_string()),
        };
        self.permitted(&["MANAGE"], kind, &name)
    }
}
