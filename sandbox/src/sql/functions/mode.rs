//! `mode`: the value that a list of a group's values has most often.

use std::collections::HashMap;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;

#[derive(Debug, PartialEq, Eq, Hash)]
struct Mode {
    signature: Signature,
}

pub(super) fn function() -> ScalarUDF {
    ScalarUDF::from(Mode { signature: Signature::any(1, Volatility::Immutable) })
}

impl ScalarUDFImpl for Mode {
    fn name(&self) -> &str {
        "spark_mode"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        match given {
            [DataType::List(item)] => Ok(item.data_type().clone()),
            _ => plan_err!("mode expects one argument"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let Some(lists) = arrays.first().and_then(|array| array.as_list_opt::<i32>()) else {
            return exec_err!("a list was expected");
        };
        let kind = args.return_field.data_type();
        let found = lists.iter().map(|list| match list {
            Some(list) => most_often(list.as_ref(), kind),
            None => ScalarValue::try_from(kind),
        });
        let found = found.collect::<Result<Vec<_>>>()?;
        Ok(ColumnarValue::Array(match found.is_empty() {
            true => datafusion::arrow::array::new_empty_array(kind),
            false => ScalarValue::iter_to_array(found)?,
        }))
    }
}

/// Of values that are there equally often, the first one; NULLs do not count.
fn most_often(list: &dyn Array, kind: &DataType) -> Result<ScalarValue> {
    let mut counts: HashMap<ScalarValue, (usize, usize)> = HashMap::new();
    for at in (0..list.len()).filter(|at| !list.is_null(*at)) {
        counts.entry(ScalarValue::try_from_array(list, at)?).or_insert((0, at)).0 += 1;
    }
    let best = counts.into_iter().max_by_key(|(_, (count, at))| (*count, std::cmp::Reverse(*at)));
    best.map_or_else(|| ScalarValue::try_from(kind), |(value, _)| Ok(value))
}
