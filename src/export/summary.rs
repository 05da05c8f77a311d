//! What the rows of a result are like: how many are NULL, how many differ, and between what they lie.

use std::collections::HashSet;
use std::fmt;
use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::row::{OwnedRow, RowConverter, SortField};

use crate::statements::{Column, SqlType, arrow as values};

/// Counts over batches, in memory that does not grow with them.
///
/// ```no_run
/// # async fn example(workspace: databricks_toolkit::Workspace) -> Result<(), Box<dyn std::error::Error>> {
/// use databricks_toolkit::export::Summary;
///
/// let trips = workspace.statement("SELECT * FROM samples.nyctaxi.trips").execute().await?;
/// let mut summary = Summary::new(trips.columns());
/// let mut batches = trips.batches();
/// while let Some(batch) = batches.next().await {
///     summary.add(&batch?)?;
/// }
/// for column in summary.columns() {
///     println!("{}: {} NULLs, {:?} to {:?}", column.name, column.nulls, column.min, column.max);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Summary {
    rows: u64,
    columns: Vec<Seen>,
}

/// What one column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ColumnSummary {
    /// The name.
    pub name: String,
    /// The type.
    pub sql_type: SqlType,
    /// Rows that are NULL.
    pub nulls: u64,
    /// How many values differ: exact up to a thousand, then an estimate within some 2 %. `None` for types that cannot
    /// be compared.
    pub distinct: Option<u64>,
    /// The least value as text; `None` where there is none, and for types without an order.
    pub min: Option<String>,
    /// The greatest one.
    pub max: Option<String>,
}

struct Seen {
    column: Column,
    nulls: u64,
    values: Option<Comparable>,
}

/// Values as bytes in the order of the values.
struct Comparable {
    converter: RowConverter,
    kind: DataType,
    distinct: Distinct,
    extremes: Option<(OwnedRow, OwnedRow)>,
}

impl fmt::Debug for Seen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Seen").field("column", &self.column).finish_non_exhaustive()
    }
}

impl Summary {
    /// Of nothing yet.
    pub fn new(columns: &[Column]) -> Self {
        let seen = |column: &Column| Seen { column: column.clone(), nulls: 0, values: None };
        Self { rows: 0, columns: columns.iter().map(seen).collect() }
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Counts a batch.
    ///
    /// # Errors
    /// Columns that are not those of the batches before.
    pub fn add(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        if batch.num_columns() != self.columns.len() {
            let message =
                format!("a batch has {} columns in the place of {}", batch.num_columns(), self.columns.len());
            return Err(ArrowError::SchemaError(message));
        }
        self.rows += batch.num_rows() as u64;
        self.columns.iter_mut().zip(batch.columns()).try_for_each(|(seen, array)| seen.add(array))
    }

    /// What is known of each column, in their order.
    pub fn columns(&self) -> Vec<ColumnSummary> {
        self.columns.iter().map(Seen::summary).collect()
    }
}

impl Seen {
    fn add(&mut self, array: &ArrayRef) -> Result<(), ArrowError> {
        self.nulls += array.logical_null_count() as u64;
        if self.values.is_none() {
            self.values = Comparable::of(array.data_type())?;
        }
        match &mut self.values {
            Some(values) => values.add(array),
            None => Ok(()),
        }
    }

    fn summary(&self) -> ColumnSummary {
        let Column { name, sql_type } = &self.column;
        let extremes = self.values.as_ref().filter(|_| has_order(sql_type));
        let (min, max) = extremes.and_then(|values| values.extremes(sql_type)).unzip();
        ColumnSummary {
            name: name.clone(),
            sql_type: sql_type.clone(),
            nulls: self.nulls,
            distinct: self.values.as_ref().map(|values| values.distinct.count()),
            min,
            max,
        }
    }
}

/// Whether a least value says something.
fn has_order(kind: &SqlType) -> bool {
    !matches!(
        kind,
        SqlType::Binary
            | SqlType::Array(_)
            | SqlType::Map(..)
            | SqlType::Struct(_)
            | SqlType::Variant
            | SqlType::Interval
            | SqlType::Void
            | SqlType::Other(_)
    )
}

impl Comparable {
    fn of(kind: &DataType) -> Result<Option<Self>, ArrowError> {
        let fields = vec![SortField::new(kind.clone())];
        if !RowConverter::supports_fields(&fields) {
            return Ok(None);
        }
        let converter = RowConverter::new(fields)?;
        Ok(Some(Self { converter, kind: kind.clone(), distinct: Distinct::default(), extremes: None }))
    }

    fn add(&mut self, array: &ArrayRef) -> Result<(), ArrowError> {
        if *array.data_type() != self.kind {
            let message = format!("a batch has {} in the place of {}", array.data_type(), self.kind);
            return Err(ArrowError::SchemaError(message));
        }
        let rows = self.converter.convert_columns(&[Arc::clone(array)])?;
        let nulls = array.logical_nulls();
        let there = |at: &usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(*at));
        let (mut least, mut most) = (None, None);
        for row in (0..rows.num_rows()).filter(there).map(|at| rows.row(at)) {
            self.distinct.add(row.as_ref());
            least = Some(least.map_or(row, |least| row.min(least)));
            most = Some(most.map_or(row, |most| row.max(most)));
        }
        if let (Some(least), Some(most)) = (least, most) {
            let (min, max) = self.extremes.get_or_insert_with(|| (least.owned(), most.owned()));
            if least < min.row() {
                *min = least.owned();
            }
            if most > max.row() {
                *max = most.owned();
            }
        }
        Ok(())
    }

    fn extremes(&self, kind: &SqlType) -> Option<(String, String)> {
        let (min, max) = self.extremes.as_ref()?;
        let array = self.converter.convert_rows([min.row(), max.row()]).ok()?;
        let text = |at| values::value(array.first()?, at, Some(kind)).ok()?.text();
        Some((text(0)?, text(1)?))
    }
}

/// Hashes that are kept before their number is estimated.
const EXACT: usize = 1_000;

/// Bits of a hash that choose a register of HyperLogLog: 4,096 of them, an error of 1.6 %.
const BITS: u32 = 12;

/// How many different values there were.
#[derive(Debug)]
enum Distinct {
    Exact(HashSet<u64>),
    /// The longest run of zeros that hashes of each register began with.
    Estimate(Vec<u8>),
}

impl Default for Distinct {
    fn default() -> Self {
        Self::Exact(HashSet::new())
    }
}

impl Distinct {
    fn add(&mut self, value: &[u8]) {
        let mut hasher = DefaultHasher::new();
        hasher.write(value);
        let hash = hasher.finish();
        match self {
            Self::Exact(hashes) => {
                hashes.insert(hash);
                if hashes.len() > EXACT {
                    let mut registers = vec![0; 1 << BITS];
                    hashes.iter().for_each(|hash| note(&mut registers, *hash));
                    *self = Self::Estimate(registers);
                }
            }
            Self::Estimate(registers) => note(registers, hash),
        }
    }

    fn count(&self) -> u64 {
        let registers = match self {
            Self::Exact(hashes) => return hashes.len() as u64,
            Self::Estimate(registers) => registers,
        };
        let size = registers.len() as f64;
        let sum: f64 = registers.iter().map(|zeros| 0.5_f64.powi(i32::from(*zeros))).sum();
        let estimate = 0.7213 / (1.0 + 1.079 / size) * size * size / sum;
        let empty = registers.iter().filter(|zeros| **zeros == 0).count();
        // Where many registers are empty, their number tells more.
        let count = match estimate <= 2.5 * size && empty > 0 {
            true => size * (size / empty as f64).ln(),
            false => estimate,
        };
        count.round() as u64
    }
}

fn note(registers: &mut [u8], hash: u64) {
    let register = (hash >> (u64::BITS - BITS)) as usize;
    // A mark where the bits of the register were ends the run.
    let zeros = ((hash << BITS) | 1 << (BITS - 1)).leading_zeros() + 1;
    registers[register] = registers[register].max(zeros as u8);
}

#[cfg(test)]
mod tests {
    use arrow::array::{Decimal128Array, Float64Array, Int64Array, ListArray, NullArray, StringArray};
    use arrow::datatypes::Int32Type;

    use super::*;

    fn column(name: &str, sql_type: SqlType) -> Column {
        Column { name: name.to_owned(), sql_type }
    }

    fn summary(columns: Vec<(Column, Vec<ArrayRef>)>) -> Vec<ColumnSummary> {
        let (columns, arrays): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        let mut summary = Summary::new(&columns);
        for at in 0..arrays[0].len() {
            let arrays =
                columns.iter().zip(&arrays).map(|(column, arrays)| (&column.name, arrays[at].clone()));
            summary.add(&RecordBatch::try_from_iter(arrays).unwrap()).unwrap();
        }
        summary.columns()
    }

    fn texts(column: &ColumnSummary) -> (u64, Option<u64>, Option<&str>, Option<&str>) {
        (column.nulls, column.distinct, column.min.as_deref(), column.max.as_deref())
    }

    #[test]
    fn each_type_has_what_can_be_said_of_it() {
        let numbers = |numbers: Vec<Option<i64>>| Arc::new(Int64Array::from(numbers)) as ArrayRef;
        let words = |words: Vec<Option<&str>>| Arc::new(StringArray::from(words)) as ArrayRef;
        let decimals = |numbers: Vec<i128>| {
            let array = Decimal128Array::from(numbers).with_precision_and_scale(9, 2);
            Arc::new(array.unwrap()) as ArrayRef
        };
        let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(vec![
            Some(vec![Some(1)]),
            None,
            Some(vec![Some(1)]),
        ]));
        let nothing: ArrayRef = Arc::new(NullArray::new(3));
        let double: ArrayRef = Arc::new(Float64Array::from(vec![f64::INFINITY, -1.5, 0.0]));
        let columns = summary(vec![
            (
                column("n", SqlType::BigInt),
                vec![numbers(vec![Some(-3), None, Some(7)]), numbers(vec![Some(-30), Some(7), None])],
            ),
            (
                column("w", SqlType::String),
                vec![words(vec![Some("b"), Some(""), None]), words(vec![Some("é"), Some("b"), None])],
            ),
            (
                column("d", SqlType::Decimal { precision: 9, scale: 2 }),
                vec![decimals(vec![150, -5, 0]), decimals(vec![1, 2, 3])],
            ),
            (column("l", SqlType::Array(Box::new(SqlType::Int))), vec![list.clone(), list]),
            (column("v", SqlType::Void), vec![nothing.clone(), nothing]),
            (column("f", SqlType::Double), vec![double.clone(), double]),
        ]);
        assert_eq!(texts(&columns[0]), (2, Some(3), Some("-30"), Some("7")));
        assert_eq!(texts(&columns[1]), (2, Some(3), Some(""), Some("é")));
        assert_eq!(texts(&columns[2]), (0, Some(6), Some("-0.05"), Some("1.50")));
        assert_eq!(texts(&columns[3]), (2, Some(1), None, None));
        assert_eq!((columns[4].nulls, columns[4].min.as_ref()), (6, None));
        assert_eq!(columns[5].min.as_deref(), Some("-1.5"));
        assert_eq!(columns[5].distinct, Some(3));
    }

    #[test]
    fn many_values_are_estimated_within_some_percent() {
        for count in [1_000_i64, 5_000, 12_000, 20_000, 300_000] {
            let twice: ArrayRef = Arc::new(Int64Array::from_iter_values((0..count).chain(0..count)));
            let columns = summary(vec![(column("n", SqlType::BigInt), vec![twice])]);
            let distinct = columns[0].distinct.unwrap() as f64 / count as f64;
            assert!((0.95..1.05).contains(&distinct), "{count}: {distinct}");
        }
    }

    #[test]
    fn batches_of_another_result_are_refused() {
        let mut summary = Summary::new(&[column("n", SqlType::BigInt)]);
        let one: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        let word: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
        summary.add(&RecordBatch::try_from_iter([("n", one.clone())]).unwrap()).unwrap();
        assert!(summary.add(&RecordBatch::try_from_iter([("n", word)]).unwrap()).is_err());
        let two = RecordBatch::try_from_iter([("n", one.clone()), ("m", one)]).unwrap();
        assert!(summary.add(&two).unwrap_err().to_string().contains("2 columns in the place of 1"));
    }
}
