//! What calls may do, whoever asks for them.

use super::{Effect, ToolError};

/// What calls may do to the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// Nothing but reads; wins over all else.
    pub read_only: bool,
    /// What becomes of calls that delete or stop something.
    pub destructive: Destructive,
}

/// What becomes of calls that delete or stop something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Destructive {
    /// They are made.
    #[default]
    Allow,
    /// They are refused.
    Deny,
    /// A person is asked; where the client cannot ask, they are refused.
    Ask,
}

impl Policy {
    /// Whether a call with this effect may be made without asking; `what` names it.
    ///
    /// # Errors
    /// Why it is refused, and that no other spelling of it helps.
    pub fn check(&self, effect: Effect, what: &str) -> Result<(), ToolError> {
        let refused = match (self.read_only, effect, self.destructive) {
            (_, Effect::Read, _)
            | (false, Effect::Write, _)
            | (false, Effect::Destroy, Destructive::Allow) => {
                return Ok(());
            }
            (true, ..) => "the server is read-only, and this changes something",
            (false, _, Destructive::Deny) => {
                "it deletes or stops something, which the server's settings forbid"
            }
            (false, _, Destructive::Ask) => {
                "it deletes or stops something: a person has to agree, and this client cannot ask one"
            }
        };
        Err(ToolError::Failed(format!("{what} was not called: {refused}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_only_wins_and_what_destroys_may_be_refused() {
        let policy = |read_only, destructive| Policy { read_only, destructive };
        let may = |policy: Policy| {
            [Effect::Read, Effect::Write, Effect::Destroy].map(|effect| policy.check(effect, "it").is_ok())
        };
        assert_eq!(may(Policy::default()), [true, true, true]);
        assert_eq!(may(policy(true, Destructive::Allow)), [true, false, false]);
        assert_eq!(may(policy(false, Destructive::Deny)), [true, true, false]);
        assert_eq!(may(policy(false, Destructive::Ask)), [true, true, false]);
    }
}
