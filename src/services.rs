//! The generated modules, one a document, and the way to them from a [`Workspace`](crate::Workspace).

/// Declares the module of each document and its accessor on `Workspace`. Called by generated code
/// with the documents whose features are on.
macro_rules! services {
    ($($name:ident),* $(,)?) => {
        $(
            #[doc = concat!("Generated from `openapi/", stringify!($name), ".json`: a `Client` with one method an operation, and `types`.")]
            #[allow(
                missing_docs, unused_mut, unused_imports, unreachable_pub, dead_code, non_camel_case_types,
                clippy::all, clippy::unwrap_used, clippy::expect_used, clippy::panic, rustdoc::all,
            )]
            pub mod $name {
                include!(concat!(env!("OUT_DIR"), "/", stringify!($name), ".rs"));
            }
        )*

        /// A client for each document.
        #[derive(Debug)]
        pub(crate) struct Services {
            $($name: $name::Client,)*
        }

        impl Services {
            pub(crate) fn new(transport: &crate::transport::Transport) -> Self {
                let _ = transport;
                Self { $($name: $name::Client::new(transport.clone()),)* }
            }
        }

        impl crate::Workspace {
            $(
                #[doc = concat!("The calls of the `", stringify!($name), "` document.")]
                pub fn $name(&self) -> &$name::Client {
                    &self.services().$name
                }
            )*
        }
    };
}
pub(crate) use services;

include!(concat!(env!("OUT_DIR"), "/services.rs"));
