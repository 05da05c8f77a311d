//! `array_sort` by a comparison that is a lambda: negative, zero or positive, as the first element goes before the second.

use std::cmp::Ordering;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, UInt32Array};
use datafusion::arrow::compute::{cast, take, take_arrays};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, HigherOrderFunctionArgs, HigherOrderReturnFieldArgs, HigherOrderSignature, HigherOrderUDF,
    HigherOrderUDFImpl, LambdaArgument, LambdaParametersProgress, ValueOrLambda, Volatility,
};

/// The longest list: each element is compared with each.
const LONGEST: usize = 2_000;

#[derive(Debug, PartialEq, Eq, Hash)]
struct SortBy {
    signature: HigherOrderSignature,
}

pub(super) fn function() -> HigherOrderUDF {
    HigherOrderUDF::new_from_impl(SortBy {
        signature: HigherOrderSignature::variadic_any(Volatility::Immutable),
    })
}

impl HigherOrderUDFImpl for SortBy {
    fn name(&self) -> &str {
        "spark_sort_by"
    }

    fn signature(&self) -> &HigherOrderSignature {
        &self.signature
    }

    fn lambda_parameters(
        &self,
        _: usize,
        fields: &[ValueOrLambda<FieldRef, Option<FieldRef>>],
    ) -> Result<LambdaParametersProgress> {
        match fields {
            [ValueOrLambda::Value(list), ValueOrLambda::Lambda(_)] => match list.data_type() {
                DataType::List(item) => {
                    Ok(LambdaParametersProgress::Complete(vec![vec![Arc::clone(item), Arc::clone(item)]]))
                }
                other => plan_err!("array_sort expects an array, not {other}"),
            },
            _ => plan_err!("array_sort expects an array and a comparison"),
        }
    }

    fn return_field_from_args(&self, args: HigherOrderReturnFieldArgs) -> Result<FieldRef> {
        match args.arg_fields.first() {
            Some(ValueOrLambda::Value(list)) => Ok(Arc::new(Field::new("", list.data_type().clone(), true))),
            _ => plan_err!("array_sort expects an array and a comparison"),
        }
    }

    fn invoke_with_args(&self, args: HigherOrderFunctionArgs) -> Result<ColumnarValue> {
        let [ValueOrLambda::Value(list), ValueOrLambda::Lambda(compare)] = args.args.as_slice() else {
            return exec_err!("array_sort expects an array and a comparison");
        };
        let list = list.to_array(args.number_rows)?;
        let Some(list) = list.as_list_opt::<i32>() else { return exec_err!("array_sort expects an array") };
        let mut order: Vec<u32> = Vec::with_capacity(list.values().len());
        let mut lengths = Vec::with_capacity(list.len());
        for row in 0..list.len() {
            let start = usize::try_from(list.value_offsets()[row]).unwrap_or(0);
            let length =
                if list.is_null(row) { 0 } else { usize::try_from(list.value_length(row)).unwrap_or(0) };
            lengths.push(length);
            order.extend(sorted(list, row, start, length, compare)?);
        }
        let values = take(list.values(), &UInt32Array::from(order), None)?;
        let DataType::List(item) = list.data_type() else { return exec_err!("array_sort expects an array") };
        let offsets = datafusion::arrow::buffer::OffsetBuffer::from_lengths(lengths);
        let sorted = ListArray::try_new(Arc::clone(item), offsets, values, list.nulls().cloned())?;
        Ok(ColumnarValue::Array(Arc::new(sorted)))
    }
}

/// The places of a list's elements in their new order. All pairs are compared at once.
fn sorted(
    list: &ListArray,
    row: usize,
    start: usize,
    length: usize,
    compare: &LambdaArgument,
) -> Result<Vec<u32>> {
    if length > LONGEST {
        return exec_err!("array_sort by a comparison takes at most {LONGEST} elements, not {length}");
    }
    let place = |at: usize| u32::try_from(start + at).unwrap_or(u32::MAX);
    let pairs = (0..length).flat_map(|left| (0..length).map(move |right| (left, right)));
    let (left, right): (Vec<u32>, Vec<u32>) = pairs.map(|(left, right)| (place(left), place(right))).unzip();
    let rows = UInt32Array::from(vec![u32::try_from(row).unwrap_or(u32::MAX); left.len()]);
    let side = |places: Vec<u32>| take(list.values(), &UInt32Array::from(places), None);
    let (left, right): (ArrayRef, ArrayRef) = (side(left)?, side(right)?);
    let compared = compare
        .evaluate(&[&|| Ok(Arc::clone(&left)), &|| Ok(Arc::clone(&right))], |captures| {
            Ok(take_arrays(captures, &rows, None)?)
        })?
        .into_array(left.len())?;
    let compared = cast(&compared, &DataType::Int64)?;
    let compared = compared.as_primitive::<Int64Type>();
    if compared.null_count() > 0 {
        return exec_err!("The comparison of array_sort yields NULL");
    }
    let mut order: Vec<usize> = (0..length).collect();
    // a comparison that contradicts itself must not end in a panic: a merge of its answers is some order
    merge_sort(&mut order, &|a, b| compared.value(a * length + b).cmp(&0));
    Ok(order.into_iter().map(place).collect())
}

fn merge_sort(items: &mut Vec<usize>, compare: &impl Fn(usize, usize) -> Ordering) {
    if items.len() < 2 {
        return;
    }
    let mut right = items.split_off(items.len() / 2);
    merge_sort(items, compare);
    merge_sort(&mut right, compare);
    let left = std::mem::take(items);
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let next = if compare(*a, *b) == Ordering::Greater { right.next() } else { left.next() };
        items.extend(next);
    }
    items.extend(left);
    items.extend(right);
}
