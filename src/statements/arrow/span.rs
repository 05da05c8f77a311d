//! Intervals as the service writes them in JSON: `1-2` for years and months, `1 02:03:04.000000000` for days and less.

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType, DurationSecondType,
    IntervalDayTimeType, IntervalMonthDayNanoType, IntervalUnit, IntervalYearMonthType, TimeUnit,
};

const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;

/// The text of an interval; `None` for what is no interval, or has months beside days, which no type of Databricks has.
pub(super) fn text(array: &ArrayRef, at: usize) -> Option<String> {
    let nanos = match array.data_type() {
        DataType::Interval(IntervalUnit::YearMonth) => {
            return Some(months(array.as_primitive::<IntervalYearMonthType>().value(at)));
        }
        DataType::Interval(IntervalUnit::DayTime) => {
            let span = array.as_primitive::<IntervalDayTimeType>().value(at);
            i128::from(span.days) * DAY + i128::from(span.milliseconds) * (SECOND / 1_000)
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let span = array.as_primitive::<IntervalMonthDayNanoType>().value(at);
            match (span.months, span.days, span.nanoseconds) {
                (0, days, nanos) => i128::from(days) * DAY + i128::from(nanos),
                (count, 0, 0) => return Some(months(count)),
                _ => return None,
            }
        }
        DataType::Duration(unit) => match unit {
            TimeUnit::Second => i128::from(array.as_primitive::<DurationSecondType>().value(at)) * SECOND,
            TimeUnit::Millisecond => {
                i128::from(array.as_primitive::<DurationMillisecondType>().value(at)) * (SECOND / 1_000)
            }
            TimeUnit::Microsecond => {
                i128::from(array.as_primitive::<DurationMicrosecondType>().value(at)) * (SECOND / 1_000_000)
            }
            TimeUnit::Nanosecond => i128::from(array.as_primitive::<DurationNanosecondType>().value(at)),
        },
        _ => return None,
    };
    Some(days(nanos))
}

fn months(count: i32) -> String {
    let (sign, count) = (if count < 0 { "-" } else { "" }, count.unsigned_abs());
    format!("{sign}{}-{}", count / 12, count % 12)
}

fn days(nanos: i128) -> String {
    let (sign, nanos) = (if nanos < 0 { "-" } else { "" }, nanos.abs());
    let (days, rest) = (nanos / DAY, nanos % DAY);
    let (seconds, nanos) = (rest / SECOND, rest % SECOND);
    format!("{sign}{days} {:02}:{:02}:{:02}.{nanos:09}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        DurationMicrosecondArray, Int64Array, IntervalDayTimeArray, IntervalMonthDayNanoArray,
        IntervalYearMonthArray,
    };
    use arrow::datatypes::{IntervalDayTime, IntervalMonthDayNano};

    use super::*;

    fn texts(array: impl arrow::array::Array + 'static) -> Vec<Option<String>> {
        let array: ArrayRef = Arc::new(array);
        (0..array.len()).map(|at| text(&array, at)).collect()
    }

    #[test]
    fn each_form_of_arrow_has_the_text_of_the_service() {
        let some = |texts: &[&str]| texts.iter().map(|text| Some((*text).to_owned())).collect::<Vec<_>>();
        assert_eq!(texts(IntervalYearMonthArray::from(vec![14, -14, 0])), some(&["1-2", "-1-2", "0-0"]));
        assert_eq!(
            texts(DurationMicrosecondArray::from(vec![93_784_000_005, -1, i64::MIN])),
            some(&["1 02:03:04.000005000", "-0 00:00:00.000001000", "-106751991 04:00:54.775808000"])
        );
        let half = IntervalDayTime { days: -1, milliseconds: 43_200_000 };
        assert_eq!(texts(IntervalDayTimeArray::from(vec![half])), some(&["-0 12:00:00.000000000"]));
        let mixed = |months, days, nanoseconds| IntervalMonthDayNano { months, days, nanoseconds };
        assert_eq!(
            texts(IntervalMonthDayNanoArray::from(vec![mixed(0, 1, 1), mixed(25, 0, 0), mixed(1, 1, 0)])),
            [Some("1 00:00:00.000000001".to_owned()), Some("2-1".to_owned()), None]
        );
        assert_eq!(texts(Int64Array::from(vec![1])), [None]);
    }
}
