//! A thin view over Python's syntax tree: what the SDK's generated source needs, each form by one name.
//!
//! Short expressions are compared as text (`text(expr) == "cfg.workspace_id"`), written back from the tree and so
//! independent of the source's layout. That keeps the tables of known forms readable.

use rustpython_ast::text_size::TextSize;
use rustpython_ast::{Constant, Expr, ExprCall, Ranged, Stmt, StmtFunctionDef, Visitor};
use rustpython_parser::{Parse, ast};

use crate::error::{Place, Problem};

/// A parsed source file.
pub(crate) struct Module {
    /// The path in the SDK's package.
    pub(crate) file: String,
    /// Its statements.
    pub(crate) body: Vec<Stmt>,
    /// Where each line starts.
    lines: Vec<TextSize>,
}

impl Module {
    /// Parses a file.
    pub(crate) fn parse(file: &str, source: &str) -> Result<Self, Problem> {
        let mut lines = vec![TextSize::default()];
        lines.extend(
            source.match_indices('\n').filter_map(|(i, _)| u32::try_from(i + 1).ok()).map(TextSize::from),
        );
        let module = Module { file: file.to_owned(), body: Vec::new(), lines };
        match ast::Suite::parse(source, file) {
            Ok(body) => Ok(Module { body, ..module }),
            Err(error) => Err(Problem {
                place: Place {
                    file: file.to_owned(),
                    line: module.line(error.offset),
                    class: None,
                    method: None,
                },
                message: format!("not Python: {}", error.error),
            }),
        }
    }

    fn line(&self, at: TextSize) -> usize {
        self.lines.partition_point(|start| *start <= at)
    }

    /// The scope of the whole file.
    pub(crate) fn scope(&self) -> Scope<'_> {
        Scope { module: self, class: None, method: None }
    }
}

/// Where the reader is, for messages.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    module: &'a Module,
    class: Option<&'a str>,
    method: Option<&'a str>,
}

impl<'a> Scope<'a> {
    pub(crate) fn class(self, class: &'a str) -> Self {
        Scope { class: Some(class), ..self }
    }

    pub(crate) fn method(self, method: &'a str) -> Self {
        Scope { method: Some(method), ..self }
    }

    /// The place of a node.
    pub(crate) fn place(&self, node: &impl Ranged) -> Place {
        self.at(node.start())
    }

    fn at(&self, start: TextSize) -> Place {
        Place {
            file: self.module.file.clone(),
            line: self.module.line(start),
            class: self.class.map(str::to_owned),
            method: self.method.map(str::to_owned),
        }
    }

    /// "This is not understood", at a node.
    pub(crate) fn problem(&self, node: &impl Ranged, message: impl Into<String>) -> Problem {
        Problem { place: self.place(node), message: message.into() }
    }

    /// "This is not there", for what has no node.
    pub(crate) fn missing(&self, message: &str) -> Problem {
        Problem { place: self.at(TextSize::default()), message: message.to_owned() }
    }
}

/// An expression as text, in Python's own canonical spelling.
pub(crate) fn text(expr: &Expr) -> String {
    expr.to_string()
}

/// Parses an annotation that is written as a string, because its class comes later in the file.
pub(crate) fn expression(source: &str) -> Option<Expr> {
    Expr::parse(source, "annotation").ok()
}

/// `name`
pub(crate) fn name(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Name(name) => Some(name.id.as_str()),
        _ => None,
    }
}

/// `"text"`
pub(crate) fn string(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Constant(constant) => match &constant.value {
            Constant::Str(value) => Some(value),
            _ => None,
        },
        _ => None,
    }
}

/// `42`
pub(crate) fn integer(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Constant(constant) => match &constant.value {
            Constant::Int(value) => value.try_into().ok(),
            _ => None,
        },
        _ => None,
    }
}

/// `name["key"]`
pub(crate) fn item(expr: &Expr) -> Option<(&str, &str)> {
    match expr {
        Expr::Subscript(subscript) => Some((name(&subscript.value)?, string(&subscript.slice)?)),
        _ => None,
    }
}

/// `self.name`, without what keeps it private: `self._clusters` → `clusters`.
pub(crate) fn own_attribute(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Attribute(attribute) if name(&attribute.value) == Some("self") => {
            Some(attribute.attr.trim_start_matches('_'))
        }
        _ => None,
    }
}

/// `function(…)`
pub(crate) fn call(expr: &Expr) -> Option<&ExprCall> {
    match expr {
        Expr::Call(call) => Some(call),
        _ => None,
    }
}

/// `Class.from_dict(argument)` → the class and the argument.
pub(crate) fn from_dict(expr: &Expr) -> Option<(&Expr, &Expr)> {
    let call = call(expr)?;
    match (&*call.func, call.args.as_slice()) {
        (Expr::Attribute(attribute), [argument])
            if call.keywords.is_empty() && attribute.attr.as_str() == "from_dict" =>
        {
            Some((&attribute.value, argument))
        }
        _ => None,
    }
}

/// `target = value`, with one target.
pub(crate) fn assignment(stmt: &Stmt) -> Option<(&Expr, &Expr)> {
    match stmt {
        Stmt::Assign(assign) => match assign.targets.as_slice() {
            [target] => Some((target, &assign.value)),
            _ => None,
        },
        _ => None,
    }
}

/// A string that stands alone: a docstring.
pub(crate) fn documentation(stmt: &Stmt) -> Option<&str> {
    match stmt {
        Stmt::Expr(expr) => string(&expr.value),
        _ => None,
    }
}

/// The functions of a class.
pub(crate) fn functions(body: &[Stmt]) -> impl Iterator<Item = &StmtFunctionDef> {
    body.iter().filter_map(|stmt| match stmt {
        Stmt::FunctionDef(function) => Some(function),
        _ => None,
    })
}

/// The docstring of a body without its indentation, or nothing.
pub(crate) fn docstring(body: &[Stmt]) -> String {
    body.first().and_then(documentation).map(dedent).unwrap_or_default()
}

/// Takes the common indentation of all lines but the first away, and empty lines at both ends.
fn dedent(doc: &str) -> String {
    let margin = doc
        .lines()
        .skip(1)
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start().len())
        .min()
        .unwrap_or(0);
    let lines: Vec<&str> = doc
        .lines()
        .enumerate()
        .map(|(i, line)| if i == 0 { line.trim_start() } else { line.get(margin..).unwrap_or_default() })
        .collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

/// What every call below some statements calls, as text, wherever it is nested.
pub(crate) fn called(body: &[Stmt]) -> Vec<String> {
    struct Calls(Vec<String>);
    impl Visitor for Calls {
        fn visit_expr_call(&mut self, node: ExprCall) {
            self.0.push(text(&node.func));
            self.generic_visit_expr_call(node);
        }
    }
    let mut calls = Calls(Vec::new());
    for stmt in body {
        // the visitor takes its nodes by value
        calls.visit_stmt(stmt.clone());
    }
    calls.0
}
