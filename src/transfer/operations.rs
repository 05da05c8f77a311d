//! The operations of large files, which the documents do not have: the SDKs of the service write
//! them by hand too. And the download, whose document says nothing of ranges.

use crate::transport::{Operation, RetryClass};

const fn operation(
    id: &'static str,
    method: &'static str,
    path: &'static str,
    retry: RetryClass,
) -> Operation {
    Operation { service: "files", id, method, path, retry }
}

/// A part of a file, by the header `range`.
pub(super) static DOWNLOAD: Operation =
    operation("files_download", "GET", "/api/2.0/fs/files{file_path}", RetryClass::Safe);

/// Begins an upload in parts, or completes it: the query says which.
pub(super) static BEGIN: Operation =
    operation("files_initiate_upload", "POST", "/api/2.0/fs/files{file_path}", RetryClass::Safe);
pub(super) static COMPLETE: Operation =
    operation("files_complete_upload", "POST", "/api/2.0/fs/files{file_path}", RetryClass::Write);

/// Asks for addresses that parts are sent to, without our token.
pub(super) static PART_URLS: Operation = operation(
    "files_create_upload_part_urls",
    "POST",
    "/api/2.0/fs/create-upload-part-urls",
    RetryClass::Safe,
);

/// Asks for the address by which an upload is given up.
pub(super) static ABORT_URL: Operation = operation(
    "files_create_abort_upload_url",
    "POST",
    "/api/2.0/fs/create-abort-upload-url",
    RetryClass::Safe,
);
