//! What calls may do, whoever asks for them: one place that every call passes.
//!
//! A call is judged by what it would do ([`Effect`]), by its tool and operation, and by the names that it touches. The
//! first rule that fits decides; where none does, what reads and what writes is made, and what destroys follows
//! [`Destructive`]. A read-only server wins over all of it.

mod names;
mod rule;

use serde_json::{Map, Value};

use super::{Effect, ToolError};

use names::touched;
pub use rule::{Decision, Pattern, PatternError, Rule};

/// What calls may do to the workspace.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Nothing but reads; wins over all else.
    pub read_only: bool,
    /// What becomes of calls that delete or stop something and that no rule speaks of.
    pub destructive: Destructive,
    /// Rules; the first that fits a call decides.
    pub rules: Vec<Rule>,
}

/// What becomes of calls that delete or stop something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Destructive {
    /// A person is asked; where the client cannot ask, they are refused.
    #[default]
    Ask,
    /// They are made.
    Allow,
    /// They are refused.
    Deny,
}

/// A call before it is made.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    /// The tool's name.
    pub(crate) tool: &'static str,
    /// Its `operationId`, where it is one operation.
    pub(crate) operation: Option<String>,
    /// What it would do.
    pub(crate) effect: Effect,
    /// The names of what it touches, as far as its arguments tell.
    pub(crate) names: Vec<String>,
}

impl Judged {
    /// A call with these arguments.
    pub(crate) fn new(
        tool: &'static str,
        operation: Option<&str>,
        effect: Effect,
        arguments: &Map<String, Value>,
    ) -> Self {
        // `api_call` says which operation it is.
        let named = || arguments.get("operation").and_then(Value::as_str);
        let operation = operation.or_else(named).map(str::to_owned);
        Self { tool, operation, effect, names: touched(arguments) }
    }
}

impl Policy {
    /// Whether the calls that one call stands for may be made: a person is asked about all of them at once. Some that
    /// may not do not keep the others from it; whoever makes them decides each again.
    ///
    /// # Errors
    /// Why none of them may.
    pub(crate) fn decide_all(&self, calls: &[Judged]) -> Result<Decision, ToolError> {
        let mut decisions = calls.iter().map(|call| self.decide(call));
        // Of the refusals the first is told.
        let Some(first) = decisions.next() else { return Ok(Decision::Allow) };
        decisions.fold(first, |all, next| match (all, next) {
            (Ok(Decision::Ask), _) | (_, Ok(Decision::Ask)) => Ok(Decision::Ask),
            (Err(_), Ok(next)) => Ok(next),
            (all, _) => all,
        })
    }

    /// Whether a call may be made.
    ///
    /// # Errors
    /// Why it may not, and that no other spelling of it helps.
    pub(crate) fn decide(&self, call: &Judged) -> Result<Decision, ToolError> {
        let what = match &call.operation {
            Some(operation) if call.tool == "api_call" => format!("`{operation}`"),
            _ => call.tool.to_owned(),
        };
        let refused = |why: &str| Err(ToolError::Failed(format!("{what} was not called: {why}")));
        if self.read_only && call.effect != Effect::Read {
            return refused("the server is read-only, and this changes something");
        }
        if let Some(rule) = self.rules.iter().find(|rule| rule.fits(call)) {
            return match rule.then {
                Decision::Never => refused(&format!("a rule of the server's owner forbids it ({rule})")),
                then => Ok(then),
            };
        }
        match (call.effect, self.destructive) {
            (Effect::Read | Effect::Write, _) | (Effect::Destroy, Destructive::Allow) => Ok(Decision::Allow),
            (Effect::Destroy, Destructive::Ask) => Ok(Decision::Ask),
            (Effect::Destroy, Destructive::Deny) => {
                refused("it deletes or stops something, and this server was started with --destructive deny")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(effect: Effect, names: &[&str]) -> Judged {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Judged { tool: "a_tool", operation: None, effect, names }
    }

    fn decided(policy: &Policy, call: &Judged) -> Decision {
        policy.decide(call).unwrap_or(Decision::Never)
    }

    #[test]
    fn read_only_wins_and_what_destroys_may_be_refused() {
        use Decision::{Allow, Ask, Never};
        let rules = vec![Rule::new(Allow).names(["x"]).unwrap()];
        let policy = |read_only, destructive| Policy { read_only, destructive, rules: rules.clone() };
        let may = |policy: Policy| {
            [Effect::Read, Effect::Write, Effect::Destroy]
                .map(|effect| decided(&policy, &judged(effect, &["y"])))
        };
        assert_eq!(may(Policy::default()), [Allow, Allow, Ask]);
        assert_eq!(may(policy(true, Destructive::Allow)), [Allow, Never, Never]);
        assert_eq!(may(policy(false, Destructive::Deny)), [Allow, Allow, Never]);
        assert_eq!(may(policy(false, Destructive::Ask)), [Allow, Allow, Ask]);
        assert_eq!(decided(&policy(true, Destructive::Allow), &judged(Effect::Write, &["x"])), Never);
        assert_eq!(decided(&policy(false, Destructive::Deny), &judged(Effect::Destroy, &["x"])), Allow);
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let policy = Policy {
            rules: vec![
                Rule::new(Decision::Allow).names(["dev.*"]).unwrap(),
                Rule::new(Decision::Never).names(["prod", "prod.*"]).unwrap().effects([Effect::Destroy]),
                Rule::new(Decision::Ask).names(["prod", "prod.*"]).unwrap(),
            ],
            ..Policy::default()
        };
        assert_eq!(decided(&policy, &judged(Effect::Destroy, &["dev.a.t"])), Decision::Allow);
        assert_eq!(decided(&policy, &judged(Effect::Destroy, &["PROD.a.t"])), Decision::Never);
        assert_eq!(decided(&policy, &judged(Effect::Read, &["prod.a.t"])), Decision::Ask);
        assert_eq!(decided(&policy, &judged(Effect::Destroy, &["other"])), Decision::Ask);
        // What is allowed for one name is not allowed for another that the same call touches.
        assert_eq!(decided(&policy, &judged(Effect::Destroy, &["dev.a.t", "prod.a.t"])), Decision::Never);
        let why = policy.decide(&judged(Effect::Destroy, &["prod.x"])).unwrap_err().to_string();
        assert_eq!(
            why,
            "a_tool was not called: a rule of the server's owner forbids it (names prod, prod.*; effects destroy: never)"
        );
    }
}
