//! Functions that Spark has once and DataFusion twice: one for arrays, one for the rest.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::type_coercion::functions::fields_with_udf;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// Spark's name, the function for arrays, the function for anything else.
const PAIRS: &[(&str, &str, &str)] = &[
    ("concat", "array_concat", "concat"),
    ("reverse", "array_reverse", "reverse"),
    ("element_at", "array_element", "get_field"),
];

/// Passes a call on to one of two functions, by the type of the first argument that is not NULL.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Dispatch {
    name: &'static str,
    arrays: Arc<ScalarUDF>,
    others: Arc<ScalarUDF>,
    signature: Signature,
}

impl Dispatch {
    fn target<'a>(&self, mut kinds: impl Iterator<Item = &'a DataType>) -> &Arc<ScalarUDF> {
        let first = kinds.find(|kind| !kind.is_null());
        let array = first.is_some_and(|kind| {
            matches!(kind, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..))
        });
        if array { &self.arrays } else { &self.others }
    }
}

impl ScalarUDFImpl for Dispatch {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, kinds: &[DataType]) -> Result<Vec<DataType>> {
        let fields: Vec<FieldRef> = kinds
            .iter()
            .map(|kind| {
                Arc::new(datafusion::arrow::datatypes::Field::new("", kind.clone(), true)) as FieldRef
            })
            .collect();
        let coerced = fields_with_udf(&fields, self.target(kinds.iter()).as_ref())?;
        Ok(coerced.iter().map(|field| field.data_type().clone()).collect())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("the type of {} depends on its arguments", self.name)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        self.target(args.arg_fields.iter().map(|field| field.data_type())).return_field_from_args(args)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let target = Arc::clone(self.target(args.arg_fields.iter().map(|field| field.data_type())));
        target.invoke_with_args(args)
    }
}

/// The pairs whose functions the session has.
pub(super) fn functions(state: &SessionState) -> Vec<ScalarUDF> {
    let known = |name: &str| state.scalar_functions().get(name).cloned();
    let pairs = PAIRS.iter().filter_map(|(name, arrays, others)| {
        let signature = Signature::user_defined(Volatility::Immutable);
        Some(ScalarUDF::from(Dispatch { name, arrays: known(arrays)?, others: known(others)?, signature }))
    });
    pairs.collect()
}
