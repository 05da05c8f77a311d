//! `+ - * / DIV %` as Spark has them: `/` of whole numbers is a DOUBLE, a divisor of zero and an overflow are errors; and an
//! array's elements are counted from 0.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, Scalar, new_null_array};
use datafusion::arrow::compute::kernels::numeric;
use datafusion::arrow::compute::kernels::{boolean, cmp, zip};
use datafusion::arrow::compute::{CastOptions, cast, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, i256};
use datafusion::arrow::error::ArrowError;
use datafusion::common::{DFSchema, Result, ScalarValue, plan_err};
use datafusion::functions_nested::extract::array_element;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr, RawFieldAccessExpr};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, GetFieldAccess, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility, lit,
};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::scalar::failure;
use crate::sql::error::SqlError;

/// Plans the operators as calls of [`Arithmetic`].
#[derive(Debug)]
pub(super) struct SparkOperators;

impl ExprPlanner for SparkOperators {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let operator = match expr.op {
            BinaryOperator::Divide => Operator::Divide,
            BinaryOperator::MyIntegerDivide => Operator::Div,
            BinaryOperator::Modulo => Operator::Remainder,
            BinaryOperator::Plus => Operator::Add,
            BinaryOperator::Minus => Operator::Subtract,
            BinaryOperator::Multiply => Operator::Multiply,
            _ => return Ok(PlannerResult::Original(expr)),
        };
        // of the others, DataFusion has everything right but the overflow of whole numbers
        let whole = |side: &Expr| is_sum(side) || side.get_type(schema).is_ok_and(|kind| kind.is_integer());
        if SUMS.contains(&operator) && !(whole(&expr.left) && whole(&expr.right)) {
            return Ok(PlannerResult::Original(expr));
        }
        // a + b + c is one call with three arguments: a deep tree would make every look at its type expensive
        let function = Arithmetic::strict(operator);
        let call = match expr.left {
            Expr::ScalarFunction(mut call) if joins(&call, operator) => {
                call.args.push(expr.right);
                call
            }
            left => ScalarFunction::new_udf(Arc::new(function), vec![left, expr.right]),
        };
        Ok(PlannerResult::Planned(Expr::ScalarFunction(call)))
    }

    fn plan_field_access(
        &self,
        expr: RawFieldAccessExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawFieldAccessExpr>> {
        match &expr.field_access {
            GetFieldAccess::ListIndex { key }
                if !matches!(expr.expr.get_type(schema)?, DataType::Map(..) | DataType::Struct(_)) =>
            {
                Ok(PlannerResult::Planned(array_element(expr.expr.clone(), key.as_ref().clone() + lit(1))))
            }
            _ => Ok(PlannerResult::Original(expr)),
        }
    }
}

/// Whether an expression is a sum or product of whole numbers that was planned here.
fn is_sum(expr: &Expr) -> bool {
    matches!(expr, Expr::ScalarFunction(call) if SUMS.iter().any(|operator| joins(call, *operator)))
}

const SUMS: [Operator; 3] = [Operator::Add, Operator::Subtract, Operator::Multiply];

/// Whether a call is one of this operator that takes a further operand.
fn joins(call: &ScalarFunction, operator: Operator) -> bool {
    SUMS.contains(&operator)
        && call
            .func
            .inner()
            .downcast_ref::<Arithmetic>()
            .is_some_and(|own| own.operator == operator && !own.lenient)
}

/// `try_add` and its like, which yield NULL instead of an error.
pub(super) fn functions() -> Vec<ScalarUDF> {
    SUMS.map(|operator| ScalarUDF::from(Arithmetic::new(operator, true))).into()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Div,
    Remainder,
}

/// An operator as a function.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Arithmetic {
    operator: Operator,
    /// NULL instead of an error.
    lenient: bool,
    signature: Signature,
}

impl Arithmetic {
    fn new(operator: Operator, lenient: bool) -> Self {
        Self { operator, lenient, signature: Signature::user_defined(Volatility::Immutable) }
    }

    fn strict(operator: Operator) -> ScalarUDF {
        ScalarUDF::from(Self::new(operator, false))
    }

    fn divides(&self) -> bool {
        matches!(self.operator, Operator::Divide | Operator::Div | Operator::Remainder)
    }

    /// The type that both operands are brought to.
    fn operand(&self, left: &DataType, right: &DataType) -> Result<DataType> {
        use DataType::{Decimal128, Float32, Float64, Int8, Int16, Int32, Int64, Null};
        let fractional = |kind: &DataType| {
            matches!(kind, Float32 | Float64 | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
        };
        if fractional(left) || fractional(right) {
            return Ok(Float64);
        }
        match (left, right) {
            (Null, Null) => Ok(if self.operator == Operator::Div { Int64 } else { Float64 }),
            (Decimal128(..), _) | (_, Decimal128(..)) => {
                match (decimal(left).or(decimal(right)), decimal(right).or(decimal(left))) {
                    (Some((p1, s1)), Some((p2, s2))) => {
                        let scale = s1.max(s2);
                        let whole = (i16::from(p1) - i16::from(s1)).max(i16::from(p2) - i16::from(s2));
                        Ok(Decimal128(u8::try_from(whole + i16::from(scale)).unwrap_or(38).min(38), scale))
                    }
                    _ => plan_err!("the operator {} does not support {left} and {right}", self.name()),
                }
            }
            (left, right)
                if (left.is_integer() || left.is_null()) && (right.is_integer() || right.is_null()) =>
            {
                Ok(match self.operator {
                    Operator::Divide => Float64,
                    Operator::Div => Int64,
                    _ => [Int64, Int32, Int16, Int8]
                        .into_iter()
                        .find(|kind| left == kind || right == kind)
                        .unwrap_or(Int64),
                })
            }
            _ => plan_err!("the operator {} does not support {left} and {right}", self.name()),
        }
    }

    fn apply(&self, left: &ArrayRef, right: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        match self.operator {
            Operator::Add => numeric::add(left, right),
            Operator::Subtract => numeric::sub(left, right),
            Operator::Multiply => numeric::mul(left, right),
            Operator::Divide | Operator::Div => numeric::div(left, right),
            Operator::Remainder => numeric::rem(left, right),
        }
    }

    /// Row by row, where one row's error is another's NULL.
    fn apply_leniently(&self, left: &ArrayRef, right: &ArrayRef) -> Result<ArrayRef> {
        let rows = (0..left.len()).map(|row| {
            let one = self
                .apply(&left.slice(row, 1), &right.slice(row, 1))
                .unwrap_or_else(|_| new_null_array(left.data_type(), 1));
            ScalarValue::try_from_array(&one, 0)
        });
        ScalarValue::iter_to_array(rows.collect::<Result<Vec<_>>>()?)
    }
}

impl ScalarUDFImpl for Arithmetic {
    fn name(&self) -> &'static str {
        match (self.operator, self.lenient) {
            (Operator::Add, false) => "add",
            (Operator::Subtract, false) => "subtract",
            (Operator::Multiply, false) => "multiply",
            (Operator::Add, true) => "try_add",
            (Operator::Subtract, true) => "try_subtract",
            (Operator::Multiply, true) => "try_multiply",
            (Operator::Divide, _) => "divide",
            (Operator::Div, _) => "div",
            (Operator::Remainder, _) => "remainder",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, kinds: &[DataType]) -> Result<Vec<DataType>> {
        match kinds {
            // each operand keeps its own scale, of which the quotient's depends
            [left, right]
                if self.operator == Operator::Divide
                    && matches!(self.operand(left, right)?, DataType::Decimal128(..)) =>
            {
                Ok([left, right]
                    .map(|kind| {
                        decimal(kind).map_or(DataType::Decimal128(1, 0), |(p, s)| DataType::Decimal128(p, s))
                    })
                    .to_vec())
            }
            [left, rest @ ..] if !rest.is_empty() && (rest.len() == 1 || SUMS.contains(&self.operator)) => {
                let kind = rest.iter().try_fold(left.clone(), |kind, next| self.operand(&kind, next))?;
                Ok(vec![kind; kinds.len()])
            }
            _ => plan_err!("{} expects two arguments", self.name()),
        }
    }

    fn return_type(&self, kinds: &[DataType]) -> Result<DataType> {
        match kinds {
            [left, right] => Ok(match (self.operator, self.operand(left, right)?) {
                (Operator::Div, _) => DataType::Int64,
                (Operator::Divide, DataType::Decimal128(..)) => {
                    quotient(decimal(left).unwrap_or((1, 0)), decimal(right).unwrap_or((1, 0)))
                }
                (_, kind) => kind,
            }),
            [left, rest @ ..] if SUMS.contains(&self.operator) => {
                rest.iter().try_fold(left.clone(), |kind, next| self.operand(&kind, next))
            }
            _ => plan_err!("{} expects two arguments", self.name()),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [left, right, more @ ..] = arrays.as_slice() else {
            return plan_err!("{} expects two arguments", self.name());
        };
        if self.lenient {
            return Ok(ColumnarValue::Array(self.apply_leniently(left, right)?));
        }
        // a NULL divided by zero is NULL, and no reason for an error
        let right = if self.divides() { &guard(left, right, self.operator)? } else { right };
        let wanted = args.return_field.data_type();
        if let (Operator::Divide, DataType::Decimal128(precision, scale)) = (self.operator, wanted) {
            return Ok(ColumnarValue::Array(divide(left, right, *precision, *scale)?));
        }
        let overflow = |cause| match cause {
            ArrowError::ArithmeticOverflow(_) => failure(SqlError::new(
                "ARITHMETIC_OVERFLOW",
                format!(
                    "Overflow in {}. Use `try_{}` to tolerate overflow and return NULL instead. If necessary set \"ansi_mode\" to \"false\" to bypass this error",
                    self.name(),
                    self.name()
                ),
            )),
            other => other.into(),
        };
        let first = self.apply(left, right).map_err(overflow)?;
        let result =
            more.iter().try_fold(first, |result, next| self.apply(&result, next)).map_err(overflow)?;
        let strict = CastOptions { safe: false, ..CastOptions::default() };
        Ok(ColumnarValue::Array(cast_with_options(&result, wanted, &strict)?))
    }
}

/// Whole numbers as decimals.
fn decimal(kind: &DataType) -> Option<(u8, i8)> {
    match kind {
        DataType::Decimal128(p, s) => Some((*p, *s)),
        DataType::Int8 => Some((3, 0)),
        DataType::Int16 => Some((5, 0)),
        DataType::Int32 => Some((10, 0)),
        DataType::Int64 | DataType::UInt64 | DataType::UInt32 => Some((20, 0)),
        _ => None,
    }
}

/// The type of a quotient of two decimals, by Spark's rule.
fn quotient((p1, s1): (u8, i8), (p2, s2): (u8, i8)) -> DataType {
    let (p1, s1, p2, s2) = (i32::from(p1), i32::from(s1), i32::from(p2), i32::from(s2));
    let scale = 6.max(s1 + p2 + 1);
    let precision = p1 - s1 + s2 + scale;
    // beyond 38 digits the fraction gives way, down to six
    let scale = if precision > 38 { (38 - (precision - scale)).max(scale.min(6)) } else { scale };
    DataType::Decimal128(u8::try_from(precision.min(38)).unwrap_or(38), i8::try_from(scale).unwrap_or(6))
}

/// Divides decimals, rounding half up. The detour over 256 bits has room for any scale.
fn divide(left: &ArrayRef, right: &ArrayRef, precision: u8, scale: i8) -> Result<ArrayRef> {
    let (Some((_, s1)), Some((_, s2))) = (decimal(left.data_type()), decimal(right.data_type())) else {
        return plan_err!("divide does not support {} and {}", left.data_type(), right.data_type());
    };
    let overflow = || {
        failure(SqlError::new(
            "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION",
            format!("A quotient cannot be represented as Decimal({precision}, {scale})"),
        ))
    };
    let shift = u32::try_from(i16::from(scale) + i16::from(s2) - i16::from(s1)).unwrap_or(0);
    let factor = i256::from_i128(10).checked_pow(shift).ok_or_else(overflow)?;
    let (left, right) = (left.as_primitive::<Decimal128Type>(), right.as_primitive::<Decimal128Type>());
    let mut quotients = Vec::with_capacity(left.len());
    for (a, b) in left.iter().zip(right.iter()) {
        let (Some(a), Some(b)) = (a, b) else {
            quotients.push(None);
            continue;
        };
        let (a, b) = (i256::from_i128(a).checked_mul(factor).ok_or_else(overflow)?, i256::from_i128(b));
        let whole = a.checked_div(b).ok_or_else(overflow)?;
        let rest = a.checked_rem(b).ok_or_else(overflow)?.wrapping_abs();
        let half = rest.wrapping_add(rest) >= b.wrapping_abs();
        let away = if a.is_negative() == b.is_negative() { i256::ONE } else { i256::MINUS_ONE };
        let rounded = if half { whole.wrapping_add(away) } else { whole };
        quotients.push(Some(rounded.to_i128().ok_or_else(overflow)?));
    }
    let array = Decimal128Array::from(quotients).with_precision_and_scale(precision, scale)?;
    array.validate_decimal_precision(precision).map_err(|_| overflow())?;
    Ok(Arc::new(array))
}

/// The divisors, with NULL for a zero that does not matter; a zero that does is an error.
fn guard(left: &ArrayRef, right: &ArrayRef, operator: Operator) -> Result<ArrayRef> {
    let zero = cast(&ScalarValue::Int32(Some(0)).to_array()?, right.data_type())?;
    let zeros = cmp::eq(right, &Scalar::new(zero))?;
    if zeros.true_count() == 0 {
        return Ok(Arc::clone(right));
    }
    let bad = boolean::and(&zeros, &boolean::is_not_null(left)?)?;
    if bad.true_count() > 0 {
        return Err(failure(match operator {
            Operator::Remainder => SqlError::new(
                "REMAINDER_BY_ZERO",
                "Remainder by zero. Use `try_mod` to tolerate divisor being 0 and return NULL instead. If necessary set \"ansi_mode\" to \"false\" to bypass this error",
            ),
            _ => SqlError::new("DIVIDE_BY_ZERO", crate::sql::plan::DIVIDE_BY_ZERO),
        }));
    }
    Ok(zip::zip(&zeros, &Scalar::new(new_null_array(right.data_type(), 1)), right)?)
}
