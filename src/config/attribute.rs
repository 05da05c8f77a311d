//! Every setting there is, in one table: what it is called, where it is read from, whether it is
//! secret, and to which ways of logging in it belongs.

/// Makes the enum and the table of one list, so that they cannot disagree.
macro_rules! attributes {
    ($($variant:ident $name:literal $variables:tt $secrecy:ident $groups:tt $about:literal;)*) => {
        /// A setting of a workspace or account.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Attribute {
            $(#[doc = concat!("`", $name, "`: ", $about, ".")] $variant,)*
        }

        impl Attribute {
            /// All of them, in the order in which they are shown.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            const fn facts(self) -> Facts {
                match self {
                    $(Self::$variant => Facts {
                        name: $name,
                        variables: &$variables,
                        secret: attributes!(@ $secrecy),
                        groups: &$groups,
                        about: $about,
                    },)*
                }
            }
        }
    };
    (@ secret) => { true };
    (@ open) => { false };
}

struct Facts {
    name: &'static str,
    variables: &'static [&'static str],
    secret: bool,
    groups: &'static [&'static str],
    about: &'static str,
}

attributes! {
    Host "host" ["DATABRICKS_HOST"] open [] "address of the workspace, or of the account's console";
    AccountId "account_id" ["DATABRICKS_ACCOUNT_ID"] open [] "the account, for the calls of an account";
    WorkspaceId "workspace_id" ["DATABRICKS_WORKSPACE_ID"] open [] "the workspace, told with every call of one, where one address serves several";
    Cloud "cloud" ["DATABRICKS_CLOUD"] open [] "AWS, AZURE or GCP, where the address does not tell";
    Profile "profile" ["DATABRICKS_CONFIG_PROFILE"] open [] "which profile of the file to read";
    ConfigFile "config_file" ["DATABRICKS_CONFIG_FILE"] open [] "the file of profiles, ~/.databrickscfg unless set";
    AuthType "auth_type" ["DATABRICKS_AUTH_TYPE"] open [] "the one way to log in, where several would do";
    Token "token" ["DATABRICKS_TOKEN"] secret ["pat"] "a personal access token";
    Username "username" ["DATABRICKS_USERNAME"] open ["basic"] "name of the user, for basic";
    Password "password" ["DATABRICKS_PASSWORD"] secret ["basic"] "password of the user, for basic";
    ClientId "client_id" ["DATABRICKS_CLIENT_ID"] open ["oauth", "env-oidc", "file-oidc"] "OAuth client: the service principal's application id";
    ClientSecret "client_secret" ["DATABRICKS_CLIENT_SECRET"] secret ["oauth"] "OAuth secret of the service principal";
    Scopes "scopes" [] open [] "OAuth scopes with commas between, all-apis unless set";
    DiscoveryUrl "discovery_url" ["DATABRICKS_DISCOVERY_URL"] open [] "where the OAuth server describes itself, if not at the host";
    TokenAudience "token_audience" ["DATABRICKS_TOKEN_AUDIENCE"] open [] "audience to ask an OIDC provider for";
    OidcTokenEnv "oidc_token_env" ["DATABRICKS_OIDC_TOKEN_ENV"] open ["env-oidc"] "variable that holds an OIDC token, DATABRICKS_OIDC_TOKEN unless set";
    OidcTokenFilepath "oidc_token_filepath" ["DATABRICKS_OIDC_TOKEN_FILEPATH", "DATABRICKS_OIDC_TOKEN_FILE"] open ["file-oidc"] "file that holds an OIDC token";
    MetadataServiceUrl "metadata_service_url" ["DATABRICKS_METADATA_SERVICE_URL"] secret ["metadata-service"] "local service that hands out tokens";
    DatabricksCliPath "databricks_cli_path" ["DATABRICKS_CLI_PATH"] open [] "the Databricks CLI, where it is not on the PATH";
    AzureWorkspaceResourceId "azure_workspace_resource_id" ["DATABRICKS_AZURE_RESOURCE_ID"] open ["azure"] "Azure resource id of the workspace";
    AzureUseMsi "azure_use_msi" ["ARM_USE_MSI"] open ["azure"] "true to log in as the machine's managed identity";
    AzureClientId "azure_client_id" ["ARM_CLIENT_ID"] open ["azure"] "application id in Microsoft Entra ID";
    AzureClientSecret "azure_client_secret" ["ARM_CLIENT_SECRET"] secret ["azure"] "secret of that application";
    AzureTenantId "azure_tenant_id" ["ARM_TENANT_ID"] open ["azure"] "tenant of that application; asked of the workspace unless set";
    AzureEnvironment "azure_environment" ["ARM_ENVIRONMENT"] open [] "PUBLIC, USGOVERNMENT or CHINA, where the address does not tell";
    GoogleServiceAccount "google_service_account" ["DATABRICKS_GOOGLE_SERVICE_ACCOUNT"] open ["google"] "service account to act as";
    GoogleCredentials "google_credentials" ["GOOGLE_CREDENTIALS"] secret ["google"] "key of a service account: the JSON, or a file of it";
    ClusterId "cluster_id" ["DATABRICKS_CLUSTER_ID"] open [] "the cluster for commands unless one is named";
    WarehouseId "warehouse_id" ["DATABRICKS_WAREHOUSE_ID"] open [] "the warehouse for statements unless one is named";
    ServerlessComputeId "serverless_compute_id" ["DATABRICKS_SERVERLESS_COMPUTE_ID"] open [] "for the Spark client of the official tools; of no effect on calls";
    HttpTimeoutSeconds "http_timeout_seconds" [] open [] "longest silence of the service in one attempt, 60 unless set";
    RetryTimeoutSeconds "retry_timeout_seconds" [] open [] "all attempts of a call together, 300 unless set";
    RateLimit "rate_limit" ["DATABRICKS_RATE_LIMIT"] open [] "most requests a second, 15 unless set; 0 for no limit";
    DebugTruncateBytes "debug_truncate_bytes" ["DATABRICKS_DEBUG_TRUNCATE_BYTES"] open [] "longest text of a body that traces show whole, 96 unless set";
    DebugHeaders "debug_headers" ["DATABRICKS_DEBUG_HEADERS"] open [] "true for headers in traces, with the values of those that are no secret";
}

impl Attribute {
    /// The name in code and in a profile, such as `host`.
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// The environment variables it is read from; the first that is set counts.
    pub const fn variables(self) -> &'static [&'static str] {
        self.facts().variables
    }

    /// Whether its value must not be shown.
    pub const fn is_secret(self) -> bool {
        self.facts().secret
    }

    /// What it is, in a few words.
    pub const fn about(self) -> &'static str {
        self.facts().about
    }

    /// The groups of credentials it can be part of; empty for what is no credential. Settings that
    /// have no group in common are two ways to log in.
    pub(crate) const fn groups(self) -> &'static [&'static str] {
        self.facts().groups
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|attribute| attribute.name() == name)
    }
}

impl std::fmt::Display for Attribute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
