//! One test binary for the importer; a file per part of it.

mod real;
