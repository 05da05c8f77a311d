//! `hash` and `xxhash64` over values of any type, as Spark folds them: the hash of one value is the seed of the next.

use datafusion::arrow::array::{Array, AsArray, Int32Array, Int64Array, StructArray};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType,
};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::scalar::array;

/// Spark's seed of both.
const SEED: i64 = 42;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Murmur3,
    Xx64,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Fold {
    kind: Kind,
    signature: Signature,
}

pub(super) fn functions() -> Vec<ScalarUDF> {
    [Kind::Murmur3, Kind::Xx64]
        .map(|kind| ScalarUDF::from(Fold { kind, signature: Signature::variadic_any(Volatility::Immutable) }))
        .into()
}

impl ScalarUDFImpl for Fold {
    fn name(&self) -> &str {
        match self.kind {
            Kind::Murmur3 => "hash",
            Kind::Xx64 => "xxhash64",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.kind {
            Kind::Murmur3 => DataType::Int32,
            Kind::Xx64 => DataType::Int64,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = args
            .args
            .iter()
            .map(|argument| argument.to_array(args.number_rows))
            .collect::<Result<Vec<_>>>()?;
        let mut hashes = vec![SEED; args.number_rows];
        for column in &columns {
            for (row, hash) in hashes.iter_mut().enumerate() {
                *hash = self.kind.fold(column.as_ref(), row, *hash)?;
            }
        }
        Ok(ColumnarValue::Array(match self.kind {
            Kind::Murmur3 => array(Int32Array::from_iter_values(hashes.into_iter().map(low))),
            Kind::Xx64 => array(Int64Array::from(hashes)),
        }))
    }
}

/// The lower half of a number, which is all that a hash of 32 bits uses.
#[expect(clippy::cast_possible_truncation, reason = "the upper half is meant to go")]
fn low(number: i64) -> i32 {
    number as i32
}

impl Kind {
    /// A NULL leaves the hash as it is.
    fn fold(self, column: &dyn Array, row: usize, seed: i64) -> Result<i64> {
        if column.is_null(row) {
            return Ok(seed);
        }
        Ok(match column.data_type() {
            DataType::Null => seed,
            DataType::Boolean => self.int(i32::from(column.as_boolean().value(row)), seed),
            DataType::Int8 => self.int(i32::from(column.as_primitive::<Int8Type>().value(row)), seed),
            DataType::Int16 => self.int(i32::from(column.as_primitive::<Int16Type>().value(row)), seed),
            DataType::Int32 => self.int(column.as_primitive::<Int32Type>().value(row), seed),
            DataType::Date32 => self.int(column.as_primitive::<Date32Type>().value(row), seed),
            DataType::Int64 => self.long(column.as_primitive::<Int64Type>().value(row), seed),
            DataType::Timestamp(..) => match column.as_primitive_opt::<TimestampMicrosecondType>() {
                Some(times) => self.long(times.value(row), seed),
                None => return plan_err!("no hash of {}", column.data_type()),
            },
            DataType::Float32 => {
                let value = column.as_primitive::<Float32Type>().value(row);
                // -0.0 is 0.0
                self.int(if value == 0.0 { 0 } else { value.to_bits().cast_signed() }, seed)
            }
            DataType::Float64 => {
                let value = column.as_primitive::<Float64Type>().value(row);
                self.long(if value == 0.0 { 0 } else { value.to_bits().cast_signed() }, seed)
            }
            DataType::Decimal128(precision, _) => {
                let value = column.as_primitive::<Decimal128Type>().value(row);
                match i64::try_from(value) {
                    Ok(value) if *precision <= 18 => self.long(value, seed),
                    // as the shortest big-endian number in two's complement
                    _ => self.bytes(shortest(&value.to_be_bytes()), seed),
                }
            }
            DataType::Utf8 => self.bytes(column.as_string::<i32>().value(row).as_bytes(), seed),
            DataType::LargeUtf8 => self.bytes(column.as_string::<i64>().value(row).as_bytes(), seed),
            DataType::Utf8View => self.bytes(column.as_string_view().value(row).as_bytes(), seed),
            DataType::Binary => self.bytes(column.as_binary::<i32>().value(row), seed),
            DataType::List(_) => self.each(column.as_list::<i32>().value(row).as_ref(), seed)?,
            DataType::Struct(_) => self.fields(column.as_struct(), row, seed)?,
            other => return plan_err!("no hash of the type {other}"),
        })
    }

    fn each(self, items: &dyn Array, seed: i64) -> Result<i64> {
        (0..items.len()).try_fold(seed, |seed, at| self.fold(items, at, seed))
    }

    fn fields(self, all: &StructArray, row: usize, seed: i64) -> Result<i64> {
        all.columns().iter().try_fold(seed, |seed, column| self.fold(column.as_ref(), row, seed))
    }

    fn int(self, value: i32, seed: i64) -> i64 {
        match self {
            Self::Murmur3 => i64::from(murmur3::int(value, low(seed))),
            Self::Xx64 => xx64::hash(&value.to_le_bytes(), seed),
        }
    }

    fn long(self, value: i64, seed: i64) -> i64 {
        match self {
            Self::Murmur3 => i64::from(murmur3::long(value, low(seed))),
            Self::Xx64 => xx64::hash(&value.to_le_bytes(), seed),
        }
    }

    fn bytes(self, bytes: &[u8], seed: i64) -> i64 {
        match self {
            Self::Murmur3 => i64::from(murmur3::bytes(bytes, low(seed))),
            Self::Xx64 => xx64::hash(bytes, seed),
        }
    }
}

fn shortest(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let [first, second, ..] = rest
        && ((*first == 0 && second & 0x80 == 0) || (*first == 0xff && second & 0x80 != 0))
    {
        rest = &rest[1..];
    }
    rest
}

/// Murmur3 with Spark's way with what is left of four bytes: each byte, with its sign, is mixed in as a number.
mod murmur3 {
    fn mix_k(k: u32) -> u32 {
        k.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593)
    }

    fn mix_h(h: u32, k: u32) -> u32 {
        (h ^ k).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64)
    }

    fn finish(h: u32, length: u32) -> i32 {
        let mut h = h ^ length;
        h = (h ^ (h >> 16)).wrapping_mul(0x85eb_ca6b);
        h = (h ^ (h >> 13)).wrapping_mul(0xc2b2_ae35);
        (h ^ (h >> 16)).cast_signed()
    }

    pub(super) fn int(value: i32, seed: i32) -> i32 {
        finish(mix_h(seed.cast_unsigned(), mix_k(value.cast_unsigned())), 4)
    }

    pub(super) fn long(value: i64, seed: i32) -> i32 {
        let [low, high] = [super::low(value), super::low(value >> 32)].map(i32::cast_unsigned);
        finish(mix_h(mix_h(seed.cast_unsigned(), mix_k(low)), mix_k(high)), 8)
    }

    pub(super) fn bytes(bytes: &[u8], seed: i32) -> i32 {
        let (words, rest) = bytes.as_chunks::<4>();
        let mut h = seed.cast_unsigned();
        for word in words {
            h = mix_h(h, mix_k(u32::from_le_bytes(*word)));
        }
        for byte in rest {
            h = mix_h(h, mix_k(i32::from(byte.cast_signed()).cast_unsigned()));
        }
        finish(h, u32::try_from(bytes.len()).unwrap_or(u32::MAX))
    }
}

mod xx64 {
    const P1: u64 = 0x9e37_79b1_85eb_ca87;
    const P2: u64 = 0xc2b2_ae3d_27d4_eb4f;
    const P3: u64 = 0x1656_67b1_9e37_79f9;
    const P4: u64 = 0x85eb_ca77_c2b2_ae63;
    const P5: u64 = 0x27d4_eb2f_1656_67c5;

    fn round(acc: u64, input: u64) -> u64 {
        acc.wrapping_add(input.wrapping_mul(P2)).rotate_left(31).wrapping_mul(P1)
    }

    pub(super) fn hash(bytes: &[u8], seed: i64) -> i64 {
        let seed = seed.cast_unsigned();
        let (stripes, rest) = bytes.as_chunks::<32>();
        let mut h = if stripes.is_empty() {
            seed.wrapping_add(P5)
        } else {
            let mut lanes =
                [seed.wrapping_add(P1).wrapping_add(P2), seed.wrapping_add(P2), seed, seed.wrapping_sub(P1)];
            for stripe in stripes {
                for (lane, word) in lanes.iter_mut().zip(stripe.as_chunks::<8>().0) {
                    *lane = round(*lane, u64::from_le_bytes(*word));
                }
            }
            let [a, b, c, d] = lanes;
            let mixed = a.rotate_left(1).wrapping_add(b.rotate_left(7)).wrapping_add(c.rotate_left(12));
            lanes.into_iter().fold(mixed.wrapping_add(d.rotate_left(18)), |h, lane| {
                (h ^ round(0, lane)).wrapping_mul(P1).wrapping_add(P4)
            })
        };
        h = h.wrapping_add(bytes.len() as u64);
        let (words, rest) = rest.as_chunks::<8>();
        for word in words {
            h = (h ^ round(0, u64::from_le_bytes(*word))).rotate_left(27).wrapping_mul(P1).wrapping_add(P4);
        }
        let (halves, rest) = rest.as_chunks::<4>();
        for half in halves {
            h ^= u64::from(u32::from_le_bytes(*half)).wrapping_mul(P1);
            h = h.rotate_left(23).wrapping_mul(P2).wrapping_add(P3);
        }
        for byte in rest {
            h = (h ^ u64::from(*byte).wrapping_mul(P5)).rotate_left(11).wrapping_mul(P1);
        }
        h = (h ^ (h >> 33)).wrapping_mul(P2);
        h = (h ^ (h >> 29)).wrapping_mul(P3);
        (h ^ (h >> 32)).cast_signed()
    }
}
