//! Numbers in the patterns of `to_char` and `to_number`, masked text, sentences.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Decimal128Array, ListBuilder, StringArray, StringBuilder,
};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::datetime::{date_format, int};
use super::scalar::{array, failure, simple};
use crate::sql::error::SqlError;
use crate::sql::text::{Style, cell};
use crate::sql::types::timestamp;

pub(super) fn functions() -> Vec<ScalarUDF> {
    let text = || DataType::Utf8;
    let words = || {
        let inner = DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)));
        DataType::List(Arc::new(Field::new("item", inner, true)))
    };
    vec![
        simple("spark_mask", &[text(), text(), text(), text(), text()], text(), mask),
        simple("spark_to_char", &[DataType::Null, text()], text(), to_char),
        simple("spark_format_number", &[DataType::Float64, DataType::Int32], text(), format_number),
        simple("spark_sentences", &[text()], words(), sentences),
        ScalarUDF::from(ToNumber::new("to_number", false)),
        ScalarUDF::from(ToNumber::new("try_to_number", true)),
    ]
}

fn mask(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let texts = columns[0].as_string::<i32>();
    let masked = texts.iter().enumerate().map(|(row, text)| {
        // NULL for a kind of character leaves it as it is
        let with = |at: usize| {
            let column = columns[at].as_string::<i32>();
            column.is_valid(row).then(|| column.value(row).chars().next()).flatten()
        };
        let (upper, lower, digit, other) = (with(1), with(2), with(3), with(4));
        text.map(|text| {
            let each = text.chars().map(|c| {
                let put = if c.is_uppercase() {
                    upper
                } else if c.is_lowercase() {
                    lower
                } else if c.is_numeric() {
                    digit
                } else {
                    other
                };
                put.unwrap_or(c)
            });
            each.collect::<String>()
        })
    });
    Ok(array(StringArray::from_iter(masked)))
}

fn to_char(columns: &[ArrayRef]) -> Result<ArrayRef> {
    use base64::Engine as _;
    let values = &columns[0];
    if matches!(values.data_type(), DataType::Date32 | DataType::Timestamp(..)) {
        let times = datafusion::arrow::compute::cast(values, &timestamp())?;
        return date_format(&[times, Arc::clone(&columns[1])]);
    }
    let patterns = columns[1].as_string::<i32>();
    let mut texts = Vec::with_capacity(values.len());
    for row in 0..values.len() {
        if values.is_null(row) || patterns.is_null(row) {
            texts.push(None);
            continue;
        }
        let pattern = patterns.value(row);
        texts.push(match values.data_type() {
            DataType::Binary => {
                let bytes = values.as_binary::<i32>().value(row);
                match pattern.to_lowercase().as_str() {
                    "base64" => Some(base64::engine::general_purpose::STANDARD.encode(bytes)),
                    "hex" => Some(bytes.iter().map(|byte| format!("{byte:02X}")).collect()),
                    "utf-8" | "utf8" => Some(String::from_utf8_lossy(bytes).into_owned()),
                    _ => return Err(wrong_pattern(pattern)),
                }
            }
            _ => {
                let number = cell(values.as_ref(), row, Style::Cast).unwrap_or_default();
                let pattern = Pattern::parse(pattern)?;
                Some(pattern.write(&number))
            }
        });
    }
    Ok(array(StringArray::from(texts)))
}

fn wrong_pattern(pattern: &str) -> datafusion::common::DataFusionError {
    failure(SqlError::new("INVALID_FORMAT.UNEXPECTED_TOKEN", format!("The format is invalid: '{pattern}'.")))
}

/// A pattern of digits, such as `$99,999.99S`.
struct Pattern {
    currency: bool,
    /// The digits before and after the point, with the separators of groups: `0` is always shown, `9` when there is one.
    whole: Vec<char>,
    fraction: Vec<char>,
    /// Where the sign stands: `S` and `MI` at an end, `PR` as angle brackets around.
    sign: Sign,
}

#[derive(PartialEq, Clone, Copy)]
enum Sign {
    None,
    Before,
    After,
    Brackets,
}

impl Pattern {
    fn parse(text: &str) -> Result<Self> {
        let upper = text.to_uppercase();
        let mut rest = upper.as_str();
        let mut sign = Sign::None;
        if let Some(inner) = rest.strip_prefix("MI").or_else(|| rest.strip_prefix('S')) {
            (rest, sign) = (inner, Sign::Before);
        }
        if let Some(inner) = rest.strip_suffix("MI").or_else(|| rest.strip_suffix('S')) {
            (rest, sign) = (inner, Sign::After);
        } else if let Some(inner) = rest.strip_suffix("PR") {
            (rest, sign) = (inner, Sign::Brackets);
        }
        let currency = rest.starts_with('$');
        let rest = rest.trim_start_matches('$');
        let (whole, fraction) = rest.split_once(['.', 'D']).unwrap_or((rest, ""));
        let good = |part: &str, groups: bool| {
            part.chars().all(|c| matches!(c, '0' | '9') || (groups && matches!(c, ',' | 'G')))
        };
        if (whole.is_empty() && fraction.is_empty()) || !good(whole, true) || !good(fraction, false) {
            return Err(wrong_pattern(text));
        }
        Ok(Self { currency, whole: whole.chars().collect(), fraction: fraction.chars().collect(), sign })
    }

    fn digits(&self) -> usize {
        self.whole.iter().filter(|c| c.is_ascii_digit()).count()
    }

    /// A number in the pattern; one that has too many digits becomes signs of a number.
    fn write(&self, number: &str) -> String {
        let (negative, number) = number.strip_prefix('-').map_or((false, number), |rest| (true, rest));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let whole = whole.trim_start_matches('0');
        let mut text = String::new();
        if whole.len() > self.digits() || fraction.trim_end_matches('0').len() > self.fraction.len() {
            let each = |part: &[char]| {
                part.iter().map(|c| if c.is_ascii_digit() { '#' } else { ',' }).collect::<String>()
            };
            text += &each(&self.whole);
            if !self.fraction.is_empty() {
                text.push('.');
                text += &each(&self.fraction);
            }
        } else {
            let mut left = self.digits();
            let mut started = false;
            for c in &self.whole {
                if !c.is_ascii_digit() {
                    // a separator stands between digits only
                    if started {
                        text.push(',');
                    }
                    continue;
                }
                let digit = (left <= whole.len()).then(|| whole.as_bytes()[whole.len() - left] as char);
                left -= 1;
                match digit {
                    Some(digit) => {
                        started = true;
                        text.push(digit);
                    }
                    None if *c == '0' => {
                        started = true;
                        text.push('0');
                    }
                    None => {}
                }
            }
            if !self.fraction.is_empty() {
                text.push('.');
                let digits = fraction.chars().chain(std::iter::repeat('0'));
                text.extend(digits.take(self.fraction.len()));
            }
        }
        if self.currency {
            text.insert(0, '$');
        }
        match (self.sign, negative) {
            (Sign::Before, true) => format!("-{text}"),
            (Sign::After, true) => format!("{text}-"),
            (Sign::Brackets, true) => format!("<{text}>"),
            (Sign::None, true) => format!("-{text}"),
            (Sign::Before, false) => format!("+{text}"),
            (Sign::After, false) => format!("{text}+"),
            _ => text,
        }
    }

    /// The digits that a text in the pattern stands for, as a whole number of the last decimal place.
    fn read(&self, text: &str) -> Option<i128> {
        let mut rest = text.trim();
        let mut negative = false;
        let strip = |rest: &mut &str, c: char, front: bool| {
            let stripped = if front { rest.strip_prefix(c) } else { rest.strip_suffix(c) };
            if let Some(inner) = stripped {
                *rest = inner;
            }
            stripped.is_some()
        };
        match self.sign {
            Sign::Before => {
                negative = strip(&mut rest, '-', true);
                strip(&mut rest, '+', true);
            }
            Sign::After => {
                negative = strip(&mut rest, '-', false);
                strip(&mut rest, '+', false);
            }
            Sign::Brackets => {
                negative = strip(&mut rest, '<', true);
                if negative && !strip(&mut rest, '>', false) {
                    return None;
                }
            }
            Sign::None => {}
        }
        if self.currency && !strip(&mut rest, '$', true) {
            return None;
        }
        let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
        let digits: String = whole.chars().filter(|c| *c != ',').collect();
        let groups = self.whole.iter().any(|c| !c.is_ascii_digit());
        let plain = digits.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
        let fits = digits.len() <= self.digits() && fraction.len() <= self.fraction.len();
        if !plain || !fits || digits.len() + fraction.len() == 0 || (whole.contains(',') && !groups) {
            return None;
        }
        let number: i128 =
            format!("{digits}{fraction:0<width$}", width = self.fraction.len()).parse().ok()?;
        Some(if negative { -number } else { number })
    }
}

/// Text to a number by a pattern, which must be a literal: it says how many digits the number has.
#[derive(Debug, PartialEq, Eq, Hash)]
struct ToNumber {
    name: &'static str,
    lenient: bool,
    signature: Signature,
}

impl ToNumber {
    fn new(name: &'static str, lenient: bool) -> Self {
        let signature = Signature::exact(vec![DataType::Utf8, DataType::Utf8], Volatility::Immutable);
        Self { name, lenient, signature }
    }
}

impl ScalarUDFImpl for ToNumber {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        plan_err!("the type of {} depends on its format", self.name)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let Some(Some(ScalarValue::Utf8(Some(pattern)) | ScalarValue::Utf8View(Some(pattern)))) =
            args.scalar_arguments.get(1)
        else {
            return plan_err!("the format of {} must be a string literal", self.name);
        };
        let pattern = Pattern::parse(pattern)?;
        let scale = i8::try_from(pattern.fraction.len()).unwrap_or(i8::MAX);
        let precision = u8::try_from(pattern.digits() + pattern.fraction.len()).unwrap_or(38).clamp(1, 38);
        Ok(Arc::new(Field::new(self.name, DataType::Decimal128(precision, scale), true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = ColumnarValue::values_to_arrays(&args.args)?;
        let (texts, patterns) = (columns[0].as_string::<i32>(), columns[1].as_string::<i32>());
        let mut numbers = Vec::with_capacity(texts.len());
        for (text, pattern) in texts.iter().zip(patterns) {
            let (Some(text), Some(pattern)) = (text, pattern) else {
                numbers.push(None);
                continue;
            };
            let number = Pattern::parse(pattern)?.read(text);
            if number.is_none() && !self.lenient {
                return Err(failure(SqlError::new(
                    "INVALID_FORMAT.MISMATCH_INPUT",
                    format!("The input \"STRING\" '{text}' does not match the format '{pattern}'."),
                )));
            }
            numbers.push(number);
        }
        let numbers = Decimal128Array::from(numbers).with_data_type(args.return_field.data_type().clone());
        Ok(ColumnarValue::Array(array(numbers)))
    }
}

fn format_number(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let numbers = columns[0].as_primitive::<datafusion::arrow::datatypes::Float64Type>();
    let texts = numbers.iter().enumerate().map(|(row, number)| {
        let places = usize::try_from(int(&columns[1], row)).ok()?;
        let text = format!("{:.*}", places.min(100), number?);
        let (negative, text) = text.strip_prefix('-').map_or((false, text.as_str()), |rest| (true, rest));
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let mut grouped = String::new();
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && (whole.len() - at) % 3 == 0 {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        let point = if fraction.is_empty() { "" } else { "." };
        Some(format!("{}{grouped}{point}{fraction}", if negative { "-" } else { "" }))
    });
    Ok(array(StringArray::from_iter(texts)))
}

fn sentences(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let mut lists = ListBuilder::new(ListBuilder::new(StringBuilder::new()));
    for text in columns[0].as_string::<i32>() {
        let Some(text) = text else {
            lists.append_null();
            continue;
        };
        for sentence in text.split(['.', '!', '?']).filter(|sentence| !sentence.trim().is_empty()) {
            let words =
                sentence.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty());
            words.for_each(|word| lists.values().values().append_value(word));
            lists.values().append(true);
        }
        lists.append(true);
    }
    Ok(array(lists.finish()))
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn patterns_write_and_read_numbers() {
        for (pattern, number, text) in [
            ("99G999D9S", "-12454.8", "12,454.8-"),
            ("99G999", "12454", "12,454"),
            ("000D00", "454.00", "454.00"),
            ("$99.99", "78.12", "$78.12"),
            ("9,999", "12", "12"),
            ("0,000", "12", "0,012"),
            ("99", "454", "##"),
        ] {
            let Ok(parsed) = Pattern::parse(pattern) else { panic!("{pattern}") };
            assert_eq!(parsed.write(number), text, "{pattern}");
        }
        let read =
            |pattern: &str, text: &str| Pattern::parse(pattern).ok().and_then(|pattern| pattern.read(text));
        assert_eq!(read("99,999.9S", "12,454.8-"), Some(-124_548));
        assert_eq!(read("$99.99", "$78.12"), Some(7_812));
        assert_eq!(read("999", "4545"), None);
        assert!(Pattern::parse("99X").is_err());
    }
}
