//! `from_json`: text of JSON as values of a schema that is written beside it.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, ListArray, MapArray, StringArray, StructArray, new_null_array,
};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;
use serde_json::Value;

use super::scalar::failure;
use crate::sql::error::SqlError;
use crate::sql::types;

#[derive(Debug, PartialEq, Eq, Hash)]
struct FromJson {
    signature: Signature,
}

pub(super) fn function() -> ScalarUDF {
    ScalarUDF::from(FromJson { signature: Signature::user_defined(Volatility::Immutable) })
}

/// A schema as the service takes it: a type, or the columns of a struct.
fn schema(text: &str) -> Option<DataType> {
    types::parse(text).or_else(|| types::parse(&format!("STRUCT<{text}>")))
}

impl ScalarUDFImpl for FromJson {
    fn name(&self) -> &str {
        "from_json"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [_, _] => Ok(vec![DataType::Utf8, DataType::Utf8]),
            [_, _, options] => Ok(vec![DataType::Utf8, DataType::Utf8, options.clone()]),
            _ => plan_err!("from_json expects a text, a schema and perhaps options"),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("the type of from_json is in its arguments")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let text = match args.scalar_arguments.get(1) {
            Some(Some(ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)))) => text,
            _ => {
                return Err(failure(SqlError::new(
                    "INVALID_SCHEMA.NON_STRING_LITERAL",
                    "The schema of from_json must be a text literal such as 'a INT, b STRING'",
                )));
            }
        };
        let kind = schema(text).ok_or_else(|| {
            failure(SqlError::new(
                "INVALID_SCHEMA.PARSE_ERROR",
                format!("The input schema \"{text}\" of from_json is not a valid schema string, such as 'a INT, b STRING'"),
            ))
        })?;
        Ok(Arc::new(Field::new(self.name(), kind, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let kind = args.return_field.data_type();
        let constant = matches!(args.args.first(), Some(ColumnarValue::Scalar(_)));
        let arrays = ColumnarValue::values_to_arrays(&args.args[..1])?;
        let texts = arrays[0].as_string::<i32>();
        // what is no JSON is a struct without values, and NULL for every other type
        let broken = Value::Object(serde_json::Map::new());
        let parse = |text: &str| match serde_json::from_str(text) {
            Ok(value) => Some(value),
            Err(_) if matches!(kind, DataType::Struct(_)) => Some(broken.clone()),
            Err(_) => None,
        };
        let values: Vec<Option<Value>> = texts.iter().map(|text| text.and_then(parse)).collect();
        let made = build(kind, &values.iter().map(Option::as_ref).collect::<Vec<_>>())?;
        if constant && made.len() == 1 {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&made, 0)?));
        }
        Ok(ColumnarValue::Array(made))
    }
}

/// Values of a type; one that does not fit is NULL.
fn build(kind: &DataType, values: &[Option<&Value>]) -> Result<ArrayRef> {
    Ok(match kind {
        DataType::Struct(fields) if !fields.is_empty() => {
            let valid: NullBuffer =
                values.iter().map(|value| value.is_some_and(Value::is_object)).collect::<Vec<_>>().into();
            let columns = fields.iter().map(|field| {
                let inner: Vec<_> = values.iter().map(|value| member((*value)?, field.name())).collect();
                build(field.data_type(), &inner)
            });
            Arc::new(StructArray::try_new(fields.clone(), columns.collect::<Result<_>>()?, Some(valid))?)
        }
        DataType::List(field) => {
            let lists: Vec<_> = values.iter().map(|value| value.and_then(Value::as_array)).collect();
            let items: Vec<_> = lists.iter().flatten().flat_map(|list| list.iter().map(Some)).collect();
            let lengths = OffsetBuffer::from_lengths(lists.iter().map(|list| list.map_or(0, Vec::len)));
            let valid: NullBuffer = lists.iter().map(Option::is_some).collect::<Vec<_>>().into();
            let items = build(field.data_type(), &items)?;
            Arc::new(ListArray::try_new(Arc::clone(field), lengths, items, Some(valid))?)
        }
        DataType::Map(entries, sorted) => {
            let DataType::Struct(fields) = entries.data_type() else {
                return internal_err!("a map without entries");
            };
            let maps: Vec<_> = values.iter().map(|value| value.and_then(Value::as_object)).collect();
            let keys: Vec<_> = maps.iter().flatten().flat_map(|map| map.keys()).collect();
            let keys = StringArray::from_iter_values(keys);
            let inner: Vec<_> = maps.iter().flatten().flat_map(|map| map.values().map(Some)).collect();
            let columns = vec![cast(&keys, fields[0].data_type())?, build(fields[1].data_type(), &inner)?];
            let lengths = OffsetBuffer::from_lengths(maps.iter().map(|map| map.map_or(0, |it| it.len())));
            let valid: NullBuffer = maps.iter().map(Option::is_some).collect::<Vec<_>>().into();
            let entries_of = StructArray::try_new(fields.clone(), columns, None)?;
            Arc::new(MapArray::try_new(Arc::clone(entries), lengths, entries_of, Some(valid), *sorted)?)
        }
        DataType::Null => new_null_array(kind, values.len()),
        _ => {
            let texts = values.iter().map(|value| match value {
                None | Some(Value::Null) => None,
                Some(Value::String(text)) => Some(text.clone()),
                // a list or an object is no number, but its text is a text
                Some(other) => Some(other.to_string()),
            });
            cast(&StringArray::from_iter(texts), kind)?
        }
    })
}

/// A field of an object, whose name is looked for as it is and then whatever its case.
fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let fields = value.as_object()?;
    fields.get(name).or_else(|| {
        fields.iter().find(|(key, _)| key.to_lowercase() == name.to_lowercase()).map(|(_, value)| value)
    })
}
