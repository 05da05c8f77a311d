//! The generated modules, one a document, and the way to their APIs from [`Workspace`](crate::Workspace)
//! and [`Account`](crate::Account).

/// Declares the module of each document and the accessors of its APIs. Called by generated code with
/// the documents whose features are on.
macro_rules! services {
    ($($module:ident from $document:literal { $($owner:ident . $accessor:ident -> $handle:ident;)* })*) => {
        $(
            #[doc = concat!("Generated from `openapi/", $document, ".json`: the calls of its APIs, and `types`.")]
            #[allow(
                missing_docs, unused_mut, unused_imports, unreachable_pub, dead_code, non_camel_case_types,
                clippy::all, clippy::unwrap_used, clippy::expect_used, clippy::panic, rustdoc::all,
            )]
            pub mod $module {
                include!(concat!(env!("OUT_DIR"), "/", $document, ".rs"));
            }

            $(
                impl crate::$owner {
                    #[doc = concat!("The calls of the [`", stringify!($accessor), "`](", stringify!($module), "::", stringify!($handle), ") API.")]
                    pub fn $accessor(&self) -> $module::$handle {
                        $module::$handle::new(self.transport())
                    }
                }
            )*
        )*
    };
}
pub(crate) use services;

include!(concat!(env!("OUT_DIR"), "/services.rs"));
