//! `CAST(… AS STRING)`, which prints as Spark does.

use std::sync::Arc;

use datafusion::arrow::array::{Array, StringArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use datafusion::scalar::ScalarValue;

use crate::sql::text::{Style, cell};

/// Any value as text.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ToString {
    signature: Signature,
}

impl Default for ToString {
    fn default() -> Self {
        Self { signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for ToString {
    fn name(&self) -> &'static str {
        "spark_string"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let print = |array: &dyn Array| StringArray::from_iter((0..array.len()).map(|row| cell(array, row, Style::Cast)));
        match args.args.into_iter().next() {
            Some(ColumnarValue::Array(array)) => Ok(ColumnarValue::Array(Arc::new(print(array.as_ref())))),
            Some(ColumnarValue::Scalar(value)) => {
                let array = value.to_array()?;
                Ok(ColumnarValue::Scalar(ScalarValue::Utf8(cell(array.as_ref(), 0, Style::Cast))))
            }
            None => Ok(ColumnarValue::Scalar(ScalarValue::Utf8(None))),
        }
    }
}
