//! Any operation of the API, found by words, described and called by its id.
//!
//! The tools of the other toolsets are typed; these three are the dynamic ones. They read the same
//! documents, which the build packed into the binary, and send through the same transport. Nothing
//! is unpacked before the first use.

mod call;
mod describe;
mod document;
mod effect;
mod fields;
mod mask;
mod operations;
mod packed;
mod paging;
mod question;
mod said;
mod search;
mod verbs;
mod words;

#[cfg(test)]
mod call_tests;
#[cfg(test)]
mod tests;

pub(crate) use call::{call, call_each};
pub(crate) use describe::describe;
pub use effect::effect_of;
pub(crate) use fields::answer_field;
pub(crate) use search::search;
