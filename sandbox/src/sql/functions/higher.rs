//! Functions that take functions, which the engine has not: `aggregate`, `zip_with`, those over maps, and `transform` and
//! `filter` with the place of each element.
//!
//! A lambda is evaluated over all elements of all rows at once; only `aggregate` goes from one place in its lists to the next.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int32Array, ListArray, MapArray, StructArray, UInt32Array,
};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::{cast, interleave, prep_null_mask_filter, take, take_arrays};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, HigherOrderFunctionArgs, HigherOrderReturnFieldArgs, HigherOrderSignature, HigherOrderUDF,
    HigherOrderUDFImpl, LambdaArgument, LambdaParametersProgress, ValueOrLambda, Volatility,
};

use crate::sql::types;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Transform,
    Filter,
    ZipWith,
    Aggregate,
    MapFilter,
    TransformKeys,
    TransformValues,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Higher {
    name: &'static str,
    kind: Kind,
    signature: HigherOrderSignature,
}

pub(super) fn functions() -> Vec<HigherOrderUDF> {
    let all = [
        ("spark_transform", Kind::Transform),
        ("spark_filter", Kind::Filter),
        ("zip_with", Kind::ZipWith),
        ("aggregate", Kind::Aggregate),
        ("map_filter", Kind::MapFilter),
        ("transform_keys", Kind::TransformKeys),
        ("transform_values", Kind::TransformValues),
    ];
    let make = |(name, kind)| {
        let signature = HigherOrderSignature::variadic_any(Volatility::Immutable);
        HigherOrderUDF::new_from_impl(Higher { name, kind, signature })
    };
    all.into_iter().map(make).collect()
}

/// The element of a list, or the entry's field of a map.
fn element(field: &FieldRef) -> Result<FieldRef> {
    match field.data_type() {
        DataType::List(element) => Ok(Arc::clone(element)),
        DataType::Null => Ok(Arc::new(Field::new("item", DataType::Null, true))),
        other => plan_err!("a list was expected, not {other}"),
    }
}

fn entry(field: &FieldRef) -> Result<[FieldRef; 2]> {
    match field.data_type() {
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) => match fields.as_ref() {
                [key, value] => Ok([Arc::clone(key), Arc::clone(value)]),
                _ => plan_err!("a map was expected"),
            },
            _ => plan_err!("a map was expected"),
        },
        other => plan_err!("a map was expected, not {other}"),
    }
}

fn list_of(kind: DataType) -> FieldRef {
    Arc::new(Field::new("", DataType::List(Arc::new(Field::new("item", kind, true))), true))
}

impl HigherOrderUDFImpl for Higher {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &HigherOrderSignature {
        &self.signature
    }

    fn coerce_value_types(&self, kinds: &[DataType]) -> Result<Vec<DataType>> {
        let plain = |kind: &DataType| match kind {
            DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
                DataType::List(Arc::clone(field))
            }
            DataType::Null if self.kind != Kind::Aggregate => {
                DataType::List(Arc::new(Field::new("item", DataType::Null, true)))
            }
            other => other.clone(),
        };
        Ok(kinds.iter().map(plain).collect())
    }

    fn lambda_parameters(
        &self,
        _: usize,
        fields: &[ValueOrLambda<FieldRef, Option<FieldRef>>],
    ) -> Result<LambdaParametersProgress> {
        let values: Vec<&FieldRef> = fields
            .iter()
            .filter_map(|it| if let ValueOrLambda::Value(field) = it { Some(field) } else { None })
            .collect();
        let lambdas = fields.len() - values.len();
        let index = || Arc::new(Field::new("", DataType::Int32, false)) as FieldRef;
        let parameters = match (self.kind, values.as_slice(), lambdas) {
            (Kind::Transform | Kind::Filter, [list], 1) => vec![vec![element(list)?, index()]],
            (Kind::ZipWith, [left, right], 1) => vec![vec![element(left)?, element(right)?]],
            (Kind::Aggregate, [list, start], 1) => vec![vec![Arc::clone(start), element(list)?]],
            (Kind::Aggregate, [list, start], 2) => {
                vec![vec![Arc::clone(start), element(list)?], vec![Arc::clone(start)]]
            }
            (Kind::MapFilter | Kind::TransformKeys | Kind::TransformValues, [map], 1) => {
                vec![entry(map)?.to_vec()]
            }
            _ => return plan_err!("{} cannot be called with these arguments", self.name),
        };
        Ok(LambdaParametersProgress::Complete(parameters))
    }

    fn return_field_from_args(&self, args: HigherOrderReturnFieldArgs) -> Result<FieldRef> {
        let fields: Vec<&FieldRef> = args
            .arg_fields
            .iter()
            .map(|field| match field {
                ValueOrLambda::Value(field) | ValueOrLambda::Lambda(field) => field,
            })
            .collect();
        Ok(match (self.kind, fields.as_slice()) {
            (Kind::Transform, [_, made]) | (Kind::ZipWith, [_, _, made]) => list_of(made.data_type().clone()),
            (Kind::Filter, [list, _]) => list_of(element(list)?.data_type().clone()),
            (Kind::Aggregate, [_, start, _]) => Arc::new(Field::new("", start.data_type().clone(), true)),
            (Kind::Aggregate, [_, _, _, made]) => Arc::new(Field::new("", made.data_type().clone(), true)),
            (Kind::MapFilter, [map, _]) => {
                let [key, value] = entry(map)?;
                map_of(key.data_type(), value.data_type())
            }
            (Kind::TransformKeys, [map, made]) => map_of(made.data_type(), entry(map)?[1].data_type()),
            (Kind::TransformValues, [map, made]) => map_of(entry(map)?[0].data_type(), made.data_type()),
            _ => return plan_err!("{} cannot be called with these arguments", self.name),
        })
    }

    fn invoke_with_args(&self, args: HigherOrderFunctionArgs) -> Result<ColumnarValue> {
        let mut values = Vec::new();
        let mut lambdas = Vec::new();
        for argument in &args.args {
            match argument {
                ValueOrLambda::Value(value) => values.push(value.to_array(args.number_rows)?),
                ValueOrLambda::Lambda(lambda) => lambdas.push(lambda),
            }
        }
        let made = match (self.kind, values.as_slice(), lambdas.as_slice()) {
            (Kind::Transform, [list], [lambda]) => transform(list, lambda)?,
            (Kind::Filter, [list], [lambda]) => filter(list, lambda)?,
            (Kind::ZipWith, [left, right], [lambda]) => zip_with(left, right, lambda)?,
            (Kind::Aggregate, [list, start], [merge, finish @ ..]) => {
                let total = aggregate(list, start, merge)?;
                match finish {
                    [finish] => finish
                        .evaluate(&[&|| Ok(Arc::clone(&total))], |captures| Ok(captures.to_vec()))?
                        .into_array(total.len())?,
                    _ => total,
                }
            }
            (kind, [map], [lambda]) => over_map(kind, map, lambda)?,
            _ => return exec_err!("{} cannot be called with these arguments", self.name),
        };
        let wanted = args.return_field.data_type();
        Ok(ColumnarValue::Array(if made.data_type() == wanted { made } else { cast(&made, wanted)? }))
    }
}

fn map_of(key: &DataType, value: &DataType) -> FieldRef {
    Arc::new(Field::new("", types::map(key.clone(), value.clone()), true))
}

/// The elements of all rows side by side.
struct Flat {
    /// For each element its row, its place in its list, and its place among the values.
    rows: UInt32Array,
    places: Int32Array,
    at: UInt32Array,
    lengths: Vec<usize>,
    nulls: Option<NullBuffer>,
}

impl Flat {
    fn new(rows: usize, range: impl Fn(usize) -> (usize, usize), nulls: Option<&NullBuffer>) -> Self {
        let (mut of, mut places, mut at, mut lengths) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for row in 0..rows {
            let (start, length) =
                if nulls.is_some_and(|nulls| nulls.is_null(row)) { (0, 0) } else { range(row) };
            lengths.push(length);
            for place in 0..length {
                of.push(u32::try_from(row).unwrap_or(u32::MAX));
                places.push(i32::try_from(place).unwrap_or(i32::MAX));
                at.push(u32::try_from(start + place).unwrap_or(u32::MAX));
            }
        }
        Self { rows: of.into(), places: places.into(), at: at.into(), lengths, nulls: nulls.cloned() }
    }

    fn of_list(list: &ListArray) -> Self {
        let offsets = list.value_offsets();
        let start = |row: usize| usize::try_from(offsets[row]).unwrap_or(0);
        Self::new(list.len(), |row| (start(row), start(row + 1) - start(row)), list.nulls())
    }

    fn of_map(map: &MapArray) -> Self {
        let offsets = map.value_offsets();
        let start = |row: usize| usize::try_from(offsets[row]).unwrap_or(0);
        Self::new(map.len(), |row| (start(row), start(row + 1) - start(row)), map.nulls())
    }

    fn evaluate(&self, lambda: &LambdaArgument, first: &ArrayRef, second: &ArrayRef) -> Result<ArrayRef> {
        let made = lambda.evaluate(&[&|| Ok(Arc::clone(first)), &|| Ok(Arc::clone(second))], |captures| {
            Ok(take_arrays(captures, &self.rows, None)?)
        })?;
        made.into_array(self.at.len())
    }

    fn list(&self, values: ArrayRef) -> Result<ArrayRef> {
        let field = Arc::new(Field::new("item", values.data_type().clone(), true));
        let offsets = OffsetBuffer::from_lengths(self.lengths.iter().copied());
        Ok(Arc::new(ListArray::try_new(field, offsets, values, self.nulls.clone())?))
    }

    /// Leaves only the elements that a condition is true for.
    fn keep(&mut self, condition: &ArrayRef) -> Result<BooleanArray> {
        let Some(condition) = condition.as_boolean_opt() else {
            return exec_err!("a lambda of a filter must yield a BOOLEAN");
        };
        let condition =
            if condition.null_count() > 0 { prep_null_mask_filter(condition) } else { condition.clone() };
        self.lengths.fill(0);
        for (row, kept) in self.rows.values().iter().zip(condition.values()) {
            self.lengths[*row as usize] += usize::from(kept);
        }
        Ok(condition)
    }
}

fn as_list(array: &ArrayRef) -> Result<&ListArray> {
    match array.as_list_opt::<i32>() {
        Some(list) => Ok(list),
        None => exec_err!("a list was expected, not {}", array.data_type()),
    }
}

fn transform(list: &ArrayRef, lambda: &LambdaArgument) -> Result<ArrayRef> {
    let list = as_list(list)?;
    let flat = Flat::of_list(list);
    let values = take(list.values(), &flat.at, None)?;
    let places: ArrayRef = Arc::new(flat.places.clone());
    flat.list(flat.evaluate(lambda, &values, &places)?)
}

fn filter(list: &ArrayRef, lambda: &LambdaArgument) -> Result<ArrayRef> {
    let list = as_list(list)?;
    let mut flat = Flat::of_list(list);
    let values = take(list.values(), &flat.at, None)?;
    let places: ArrayRef = Arc::new(flat.places.clone());
    let held = flat.evaluate(lambda, &values, &places)?;
    let kept = flat.keep(&held)?;
    flat.list(datafusion::arrow::compute::filter(&values, &kept)?)
}

/// The shorter list is filled with NULLs.
fn zip_with(left: &ArrayRef, right: &ArrayRef, lambda: &LambdaArgument) -> Result<ArrayRef> {
    let (left, right) = (as_list(left)?, as_list(right)?);
    let nulls = NullBuffer::union(left.nulls(), right.nulls());
    let length = |list: &ListArray, row: usize| usize::try_from(list.value_length(row)).unwrap_or(0);
    let longest = |row: usize| (0, length(left, row).max(length(right, row)));
    let flat = Flat::new(left.len(), longest, nulls.as_ref());
    let side = |list: &ListArray| {
        let offsets = list.value_offsets();
        let each = flat.rows.values().iter().zip(flat.places.values()).map(|(row, place)| {
            let at = offsets[*row as usize] + place;
            (at < offsets[*row as usize + 1]).then(|| u32::try_from(at).unwrap_or(u32::MAX))
        });
        take(list.values(), &UInt32Array::from_iter(each), None)
    };
    let (first, second) = (side(left)?, side(right)?);
    flat.list(flat.evaluate(lambda, &first, &second)?)
}

fn aggregate(list: &ArrayRef, start: &ArrayRef, merge: &LambdaArgument) -> Result<ArrayRef> {
    let list = as_list(list)?;
    let flat = Flat::of_list(list);
    let offsets = list.value_offsets();
    let mut total = Arc::clone(start);
    for place in 0..flat.lengths.iter().copied().max().unwrap_or(0) {
        let going: Vec<u32> = (0..list.len())
            .filter(|row| flat.lengths[*row] > place)
            .map(|row| u32::try_from(row).unwrap_or(u32::MAX))
            .collect();
        let at = going.iter().map(|row| {
            u32::try_from(offsets[*row as usize]).unwrap_or(0) + u32::try_from(place).unwrap_or(0)
        });
        let values = take(list.values(), &UInt32Array::from_iter_values(at), None)?;
        let rows = UInt32Array::from(going.clone());
        let before = take(&total, &rows, None)?;
        let merged = merge
            .evaluate(&[&|| Ok(Arc::clone(&before)), &|| Ok(Arc::clone(&values))], |captures| {
                Ok(take_arrays(captures, &rows, None)?)
            })?;
        let merged = cast(&merged.into_array(going.len())?, total.data_type())?;
        let mut choice: Vec<(usize, usize)> = (0..list.len()).map(|row| (0, row)).collect();
        for (from, row) in going.iter().enumerate() {
            choice[*row as usize] = (1, from);
        }
        total = interleave(&[total.as_ref(), merged.as_ref()], &choice)?;
    }
    // nothing comes of a list that is NULL
    let rows =
        (0..list.len()).map(|row| (!list.is_null(row)).then(|| u32::try_from(row).unwrap_or(u32::MAX)));
    Ok(take(&total, &UInt32Array::from_iter(rows), None)?)
}

fn over_map(kind: Kind, map: &ArrayRef, lambda: &LambdaArgument) -> Result<ArrayRef> {
    let Some(map) = map.as_map_opt() else { return exec_err!("a map was expected, not {}", map.data_type()) };
    let mut flat = Flat::of_map(map);
    let (mut keys, mut values) = (take(map.keys(), &flat.at, None)?, take(map.values(), &flat.at, None)?);
    let made = flat.evaluate(lambda, &keys, &values)?;
    match kind {
        Kind::TransformKeys => keys = made,
        Kind::TransformValues => values = made,
        _ => {
            let kept = flat.keep(&made)?;
            keys = datafusion::arrow::compute::filter(&keys, &kept)?;
            values = datafusion::arrow::compute::filter(&values, &kept)?;
        }
    }
    let DataType::Map(entries, _) = types::map(keys.data_type().clone(), values.data_type().clone()) else {
        return exec_err!("no map");
    };
    let DataType::Struct(fields) = entries.data_type().clone() else { return exec_err!("no entries") };
    let both = StructArray::try_new(fields, vec![keys, values], None)?;
    let offsets = OffsetBuffer::from_lengths(flat.lengths.iter().copied());
    Ok(Arc::new(MapArray::try_new(entries, offsets, both, flat.nulls.clone(), false)?))
}
