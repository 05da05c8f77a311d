//! The query of an operation. An object there is sent as one parameter per field, with dotted names.

use crate::error::Problem;
use crate::methods::{Argument, Operation};
use crate::model::World;
use crate::types::Type;

/// A parameter of a query.
#[derive(Debug)]
pub(crate) struct QueryParameter {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) required: bool,
}

/// How deep objects are followed. A resource can hold its parent, which is a resource again, without end; no other
/// query comes near this.
const DEEPEST: usize = 5;

/// The parameters of an operation's query.
pub(crate) fn flatten(world: &World, operation: &Operation) -> Result<Vec<QueryParameter>, Problem> {
    let mut out = Vec::new();
    for (name, argument) in &operation.query {
        add(world, operation, name, argument, 0, &mut out)?;
    }
    Ok(out)
}

fn add(
    world: &World,
    operation: &Operation,
    name: &str,
    argument: &Argument,
    depth: usize,
    out: &mut Vec<QueryParameter>,
) -> Result<(), Problem> {
    let problem = |what: &str| Problem {
        place: operation.place.clone(),
        message: format!("the query parameter {name} is {what}, which a query cannot say"),
    };
    let record = argument.ty.class().and_then(|class| world.records.get(class));
    if let Some(record) = record {
        if depth == DEEPEST {
            return Ok(());
        }
        for field in &record.fields {
            let inner = Argument { ty: field.ty.clone(), required: argument.required && field.required };
            add(world, operation, &format!("{name}.{}", field.json), &inner, depth + 1, out)?;
        }
        return Ok(());
    }
    match &argument.ty {
        Type::Object | Type::Map(_) => Err(problem("a map")),
        Type::List(item) if item.class().is_some_and(|class| world.records.contains_key(class)) => {
            Err(problem("a list of objects"))
        }
        ty => {
            out.push(QueryParameter { name: name.to_owned(), ty: ty.clone(), required: argument.required });
            Ok(())
        }
    }
}
