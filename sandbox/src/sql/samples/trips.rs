//! Taxi trips that look like New York's: the same ones each time, made up by a small generator of random numbers.
//!
//! Trips are more frequent by day than by night, short ones more frequent than long ones; the fare follows the meter of
//! 2016 (2.50 at the start, 2.50 a mile, waiting in traffic) with a flat fare to the airport.

use std::sync::Arc;

use datafusion::arrow::array::{Float64Array, Int32Array, RecordBatch, TimestampMicrosecondArray};
use datafusion::arrow::error::ArrowError;

const ROWS: usize = 20_000;

/// Midnight of 2016-01-01, the first of the 60 days that the trips spread over, in seconds.
const START: i64 = 1_451_606_400;
const DAYS: u64 = 60;

/// Where trips start and end, and how often relative to each other.
const ZIPS: &[(i32, u64)] = &[
    (10001, 9),
    (10002, 3),
    (10003, 8),
    (10009, 4),
    (10010, 6),
    (10011, 9),
    (10012, 6),
    (10013, 5),
    (10014, 5),
    (10016, 8),
    (10017, 7),
    (10018, 7),
    (10019, 9),
    (10021, 8),
    (10022, 8),
    (10023, 8),
    (10024, 6),
    (10025, 4),
    (10028, 7),
    (10029, 2),
    (10036, 8),
    (10065, 6),
    (10110, 4),
    (10119, 3),
    (10128, 5),
    (10154, 1),
    (10199, 2),
    (10282, 2),
    (11101, 2),
    (11201, 2),
    (11211, 3),
    (11215, 1),
    (11217, 1),
    (11371, 3),
    (11422, 2),
];

/// The airport with the flat fare.
const KENNEDY: i32 = 11422;

/// Trips that start in each hour of a day, relative to each other.
const HOURS: [u64; 24] = [5, 4, 3, 2, 2, 2, 4, 7, 9, 9, 9, 9, 9, 9, 9, 9, 8, 10, 12, 12, 11, 10, 9, 7];

/// SplitMix64: a few lines, and the same sequence on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// Evenly between 0 and 1, never 0.
    #[allow(clippy::cast_precision_loss)]
    fn fraction(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// The place of a weight in a list, chosen in proportion to the weights.
    fn weighted(&mut self, weights: impl Iterator<Item = u64> + Clone) -> usize {
        let mut left = self.below(weights.clone().sum());
        for (place, weight) in weights.enumerate() {
            if left < weight {
                return place;
            }
            left -= weight;
        }
        0
    }
}

struct Trip {
    pickup: i64,
    dropoff: i64,
    distance: f64,
    fare: f64,
    from: i32,
    to: i32,
}

#[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
fn trip(random: &mut Random) -> Trip {
    let hour = random.weighted(HOURS.iter().copied());
    let pickup =
        START + random.below(DAYS) as i64 * 86_400 + hour as i64 * 3_600 + random.below(3_600) as i64;
    let mut zip = || ZIPS[random.weighted(ZIPS.iter().map(|(_, weight)| *weight))].0;
    let (from, to) = (zip(), zip());
    let airport = (from == KENNEDY) != (to == KENNEDY);
    // short trips are the most frequent; a ride to the airport is long wherever it starts
    let miles = if airport { 14.0 + 5.0 * random.fraction() } else { 0.3 - 2.1 * random.fraction().ln() };
    let distance = (miles.min(30.0) * 100.0).round() / 100.0;
    let rush = if (8..20).contains(&hour) { 10.0 } else { 16.0 };
    let minutes = 1.5 + distance / (rush + 10.0 * random.fraction()) * 60.0;
    let metered = 2.5 + 2.5 * distance + 0.5 * (minutes * 0.15).floor();
    let fare = if airport { 52.0 } else { (metered * 2.0).round() / 2.0 };
    Trip { pickup, dropoff: pickup + (minutes * 60.0) as i64, distance, fare, from, to }
}

/// All trips, in the order of [`super::SCHEMAS`].
pub(super) fn generate() -> Result<RecordBatch, ArrowError> {
    let mut random = Random(2016);
    let mut trips: Vec<Trip> = (0..ROWS).map(|_| trip(&mut random)).collect();
    trips.sort_by_key(|trip| trip.pickup);
    let times = |time: fn(&Trip) -> i64| {
        let micros = trips.iter().map(|trip| time(trip) * 1_000_000);
        Arc::new(TimestampMicrosecondArray::from_iter_values(micros).with_timezone("UTC"))
    };
    RecordBatch::try_new(
        super::schema("trips"),
        vec![
            times(|trip| trip.pickup),
            times(|trip| trip.dropoff),
            Arc::new(Float64Array::from_iter_values(trips.iter().map(|trip| trip.distance))),
            Arc::new(Float64Array::from_iter_values(trips.iter().map(|trip| trip.fare))),
            Arc::new(Int32Array::from_iter_values(trips.iter().map(|trip| trip.from))),
            Arc::new(Int32Array::from_iter_values(trips.iter().map(|trip| trip.to))),
        ],
    )
}
