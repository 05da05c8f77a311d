//! A Databricks workspace in a process.
