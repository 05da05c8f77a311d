//! `bround`: rounding in which a half goes to the even neighbour.

use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, Decimal128Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef, Float64Type, Int64Type};
use datafusion::common::{Result, internal_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;

#[derive(Debug, PartialEq, Eq, Hash)]
struct HalfEven {
    signature: Signature,
}

pub(super) fn function() -> ScalarUDF {
    ScalarUDF::from(HalfEven { signature: Signature::user_defined(Volatility::Immutable) })
}

/// The number of digits behind the point, which is written out; none is 0.
fn digits(scalar: Option<&ScalarValue>) -> Result<i32> {
    match scalar.cloned() {
        None => Ok(0),
        Some(ScalarValue::Int32(Some(digits))) => Ok(digits),
        Some(ScalarValue::Int64(Some(digits))) => Ok(i32::try_from(digits).unwrap_or(i32::MAX)),
        Some(other) => plan_err!("bround expects a number of digits that is written out, not {other}"),
    }
}

/// A whole number divided by a power of ten, with a half to the even side.
fn halved(value: i128, power: u32) -> i128 {
    let Some(unit) = 10_i128.checked_pow(power) else { return 0 };
    let (whole, rest) = (value.div_euclid(unit), value.rem_euclid(unit));
    match (rest * 2).cmp(&unit) {
        std::cmp::Ordering::Less => whole,
        std::cmp::Ordering::Greater => whole + 1,
        std::cmp::Ordering::Equal => whole + (whole & 1),
    }
}

impl ScalarUDFImpl for HalfEven {
    fn name(&self) -> &str {
        "bround"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let Some(first) = given.first() else { return plan_err!("bround expects a number") };
        let kind = match first {
            kind if kind.is_integer() || matches!(kind, DataType::Decimal128(..)) => kind.clone(),
            _ => DataType::Float64,
        };
        match given.len() {
            1 => Ok(vec![kind]),
            2 => Ok(vec![kind, DataType::Int32]),
            n => plan_err!("bround expects 1 or 2 arguments, not {n}"),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("the type of bround depends on the digits")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let digits = digits(args.scalar_arguments.get(1).copied().flatten())?;
        let kind = match args.arg_fields.first().map(|field| field.data_type()) {
            Some(DataType::Decimal128(precision, scale)) => {
                let kept = i8::try_from(digits.clamp(0, i32::from(*scale))).unwrap_or(*scale);
                let whole = i16::from(*precision) - i16::from(*scale) + i16::from(kept < *scale);
                DataType::Decimal128(u8::try_from(whole + i16::from(kept)).unwrap_or(38).clamp(1, 38), kept)
            }
            Some(kind) => kind.clone(),
            None => return plan_err!("bround expects a number"),
        };
        Ok(Arc::new(Field::new("", kind, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let digits = match args.args.get(1) {
            None => 0,
            Some(ColumnarValue::Scalar(scalar)) => digits(Some(scalar))?,
            Some(ColumnarValue::Array(_)) => {
                return plan_err!("bround expects a number of digits that is written out");
            }
        };
        let column = args.args[0].to_array(args.number_rows)?;
        let wanted = args.return_field.data_type();
        let power = |from: i32| u32::try_from(from - digits).unwrap_or(0);
        let array = match (column.data_type(), wanted) {
            (DataType::Decimal128(_, scale), DataType::Decimal128(precision, kept)) => {
                let (away, unit) = (power(i32::from(*scale)), u32::try_from(-digits).unwrap_or(0));
                let back = 10_i128.checked_pow(unit).unwrap_or(0);
                let numbers = column.as_primitive::<Decimal128Type>().iter();
                let rounded = numbers.map(|number| number.map(|number| halved(number, away) * back));
                let rounded: Decimal128Array = rounded.collect();
                Arc::new(rounded.with_precision_and_scale(*precision, *kept)?) as _
            }
            (DataType::Float64, _) => {
                let factor = 10_f64.powi(digits);
                let numbers = column.as_primitive::<Float64Type>();
                Arc::new(
                    numbers.unary::<_, Float64Type>(|number| (number * factor).round_ties_even() / factor),
                ) as _
            }
            (kind, _) => {
                let long = cast(&column, &DataType::Int64)?;
                let back = 10_i128.checked_pow(power(0)).unwrap_or(0);
                let rounded = long.as_primitive::<Int64Type>().unary::<_, Int64Type>(|number| {
                    if digits >= 0 {
                        return number;
                    }
                    i64::try_from(halved(i128::from(number), power(0)) * back).unwrap_or(number)
                });
                cast(&rounded, kind)?
            }
        };
        Ok(ColumnarValue::Array(array))
    }
}
