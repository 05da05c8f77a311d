//! What the runtime knows about a generated call.

/// One operation of a document. Generated, one constant a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// The document, such as `jobs`.
    pub service: &'static str,
    /// The `operationId`, such as `jobs_list`.
    pub id: &'static str,
    /// The method in capitals.
    pub method: &'static str,
    /// The path template.
    pub path: &'static str,
    /// Whether it may be sent twice.
    pub retry: RetryClass,
}

/// Whether an operation may be sent again when it is not known what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryClass {
    /// It reads, or the service knows it by a token: any failure that may pass is tried again.
    Safe,
    /// It writes: only what surely had no effect is tried again.
    Write,
}
