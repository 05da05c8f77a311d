//! A scalar function written as a closure over columns: what most of Spark's own functions are.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;

use crate::sql::error::SqlError;

/// What computes a column from columns of equal length.
pub(super) type Compute = fn(&[ArrayRef]) -> Result<ArrayRef>;

/// A function with fixed types.
#[derive(Debug)]
struct Simple {
    name: &'static str,
    signature: Signature,
    /// The types that the arguments are cast to; `Null` leaves an argument as it is.
    takes: Vec<DataType>,
    returns: DataType,
    compute: Compute,
}

/// Names are given once, so they tell functions apart.
impl PartialEq for Simple {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Simple {}

impl Hash for Simple {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

/// Makes a function. Its arguments are cast to `takes`, where `Null` stands for any type.
pub(super) fn simple(
    name: &'static str,
    takes: &[DataType],
    returns: DataType,
    compute: Compute,
) -> ScalarUDF {
    let signature = Signature::user_defined(Volatility::Immutable);
    ScalarUDF::from(Simple { name, signature, takes: takes.to_vec(), returns, compute })
}

/// An error of a statement, on its way through the engine.
pub(super) fn failure(error: SqlError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// An array behind a pointer.
pub(super) fn array(array: impl Array + 'static) -> ArrayRef {
    Arc::new(array)
}

impl ScalarUDFImpl for Simple {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        if given.len() != self.takes.len() {
            return plan_err!("{} expects {} arguments, not {}", self.name, self.takes.len(), given.len());
        }
        let each = self.takes.iter().zip(given);
        Ok(each.map(|(takes, given)| if takes.is_null() { given.clone() } else { takes.clone() }).collect())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.returns.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let result = (self.compute)(&ColumnarValue::values_to_arrays(&args.args)?)?;
        if constant && result.len() == 1 {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
        }
        Ok(ColumnarValue::Array(result))
    }
}
