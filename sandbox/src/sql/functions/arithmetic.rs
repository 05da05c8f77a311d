//! `/`, `DIV` and `%` as Spark has them: `/` of whole numbers is a DOUBLE, and a divisor of zero is an error.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::kernels::numeric;
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Float32Type, Float64Type};
use datafusion::common::{DFSchema, DataFusionError, Result, plan_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use crate::sql::error::SqlError;

/// Plans the operators as calls of [`Division`].
#[derive(Debug)]
pub(super) struct SparkOperators;

impl ExprPlanner for SparkOperators {
    fn plan_binary_op(&self, expr: RawBinaryExpr, _: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let operator = match expr.op {
            BinaryOperator::Divide => Operator::Divide,
            BinaryOperator::MyIntegerDivide => Operator::Div,
            BinaryOperator::Modulo => Operator::Remainder,
            _ => return Ok(PlannerResult::Original(expr)),
        };
        let function = Arc::new(ScalarUDF::from(Division::new(operator)));
        Ok(PlannerResult::Planned(Expr::ScalarFunction(ScalarFunction::new_udf(function, vec![expr.left, expr.right]))))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Operator {
    Divide,
    Div,
    Remainder,
}

/// One of the three operators.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Division {
    operator: Operator,
    signature: Signature,
}

impl Division {
    fn new(operator: Operator) -> Self {
        Self { operator, signature: Signature::user_defined(Volatility::Immutable) }
    }

    /// The type that both operands are brought to.
    fn operand(&self, left: &DataType, right: &DataType) -> Result<DataType> {
        use DataType::{Decimal128, Float32, Float64, Int8, Int16, Int32, Int64, Null, Utf8};
        let decimal = |kind: &DataType| match kind {
            Decimal128(p, s) => Some((*p, *s)),
            Int8 => Some((3, 0)),
            Int16 => Some((5, 0)),
            Int32 => Some((10, 0)),
            Int64 | DataType::UInt64 | DataType::UInt32 => Some((20, 0)),
            _ => None,
        };
        let fractional = |kind: &DataType| matches!(kind, Float32 | Float64 | Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
        if fractional(left) || fractional(right) {
            return Ok(Float64);
        }
        match (left, right) {
            (Null, Null) => Ok(if self.operator == Operator::Div { Int64 } else { Float64 }),
            (Decimal128(..), _) | (_, Decimal128(..)) => match (decimal(left).or(decimal(right)), decimal(right).or(decimal(left))) {
                (Some((p1, s1)), Some((p2, s2))) => {
                    let scale = s1.max(s2);
                    let whole = i16::from(p1) - i16::from(s1);
                    let whole = whole.max(i16::from(p2) - i16::from(s2));
                    let precision = u8::try_from(whole + i16::from(scale)).unwrap_or(38).min(38);
                    Ok(Decimal128(precision, scale))
                }
                _ => plan_err!("the operator does not support {left} and {right}"),
            },
            (left, right) if (left.is_integer() || left.is_null()) && (right.is_integer() || right.is_null()) => Ok(match self.operator {
                Operator::Divide => Float64,
                Operator::Div => Int64,
                // the wider of the two
                Operator::Remainder => {
                    let widest = [Int64, Int32, Int16, Int8].into_iter().find(|kind| left == kind || right == kind);
                    widest.unwrap_or(Int64)
                }
            }),
            _ => plan_err!("the operator does not support {left} and {right}"),
        }
    }
}

impl ScalarUDFImpl for Division {
    fn name(&self) -> &'static str {
        match self.operator {
            Operator::Divide => "divide",
            Operator::Div => "div",
            Operator::Remainder => "remainder",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, kinds: &[DataType]) -> Result<Vec<DataType>> {
        match kinds {
            [left, right] => Ok(vec![self.operand(left, right)?; 2]),
            _ => plan_err!("{} expects two arguments", self.name()),
        }
    }

    fn return_type(&self, kinds: &[DataType]) -> Result<DataType> {
        let kind = match kinds {
            [left, right] => self.operand(left, right)?,
            _ => return plan_err!("{} expects two arguments", self.name()),
        };
        Ok(match (self.operator, kind) {
            (Operator::Div, _) => DataType::Int64,
            (Operator::Divide, DataType::Decimal128(p, s)) => quotient(p, s),
            (_, kind) => kind,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [left, right] = arrays.as_slice() else { return plan_err!("{} expects two arguments", self.name()) };
        if divides_by_zero(left, right) {
            let error = match self.operator {
                Operator::Remainder => SqlError::new("REMAINDER_BY_ZERO", "Remainder by zero. Use `try_mod` to tolerate divisor being 0 and return NULL instead"),
                _ => SqlError::new("DIVIDE_BY_ZERO", crate::sql::plan::DIVIDE_BY_ZERO),
            };
            return Err(DataFusionError::External(Box::new(error)));
        }
        let result = match self.operator {
            Operator::Remainder => numeric::rem(left, right)?,
            _ => numeric::div(left, right)?,
        };
        let wanted = args.return_field.data_type();
        let strict = CastOptions { safe: false, ..CastOptions::default() };
        Ok(ColumnarValue::Array(cast_with_options(&result, wanted, &strict)?))
    }
}

/// The type of a quotient of two decimals of one precision and scale, by Spark's rule for them.
fn quotient(precision: u8, scale: i8) -> DataType {
    let (p, s) = (i32::from(precision), i32::from(scale));
    let wanted_scale = 6.max(s + p + 1);
    let whole = p - s + s;
    let wanted = whole + wanted_scale;
    let scale = if wanted > 38 { (38 - whole).max(wanted_scale.min(6)) } else { wanted_scale };
    DataType::Decimal128(u8::try_from(wanted.min(38)).unwrap_or(38), i8::try_from(scale).unwrap_or(6))
}

/// Whether some row has a divisor of zero and a dividend that is not NULL.
fn divides_by_zero(left: &ArrayRef, right: &ArrayRef) -> bool {
    let zero = |row: usize| match right.data_type() {
        DataType::Float64 => right.as_primitive::<Float64Type>().value(row) == 0.0,
        DataType::Float32 => right.as_primitive::<Float32Type>().value(row) == 0.0,
        DataType::Int64 => right.as_primitive::<datafusion::arrow::datatypes::Int64Type>().value(row) == 0,
        DataType::Int32 => right.as_primitive::<datafusion::arrow::datatypes::Int32Type>().value(row) == 0,
        DataType::Int16 => right.as_primitive::<datafusion::arrow::datatypes::Int16Type>().value(row) == 0,
        DataType::Int8 => right.as_primitive::<datafusion::arrow::datatypes::Int8Type>().value(row) == 0,
        DataType::Decimal128(..) => right.as_primitive::<datafusion::arrow::datatypes::Decimal128Type>().value(row) == 0,
        _ => false,
    };
    (0..right.len()).any(|row| !right.is_null(row) && !left.is_null(row) && zero(row))
}
