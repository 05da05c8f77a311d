//! Identifiers in the forms the service gives them.

use uuid::Uuid;

/// `dapi…`, as a personal access token looks.
pub(crate) fn token() -> String {
    format!("dapi{}", Uuid::new_v4().simple())
}

/// 32 hexadecimal digits: contexts and commands.
pub(crate) fn hex32() -> String {
    Uuid::new_v4().simple().to_string()
}

/// 16 hexadecimal digits: warehouses.
pub(crate) fn hex16() -> String {
    let mut id = hex32();
    id.truncate(16);
    id
}

/// A UUID with its dashes: statements and requests.
pub(crate) fn uuid() -> String {
    Uuid::new_v4().to_string()
}

/// `MMDD-HHMMSS-` and eight hexadecimal digits: clusters.
pub(crate) fn cluster(now_ms: i64) -> String {
    let time = chrono::DateTime::from_timestamp_millis(now_ms).unwrap_or_default();
    let mut tail = hex32();
    tail.truncate(8);
    format!("{}-{tail}", time.format("%m%d-%H%M%S"))
}

/// A positive number of up to 15 digits, which a JSON reader that knows only doubles keeps exactly: jobs, runs, objects.
pub(crate) fn number() -> i64 {
    let bits = Uuid::new_v4().as_u64_pair().0;
    i64::try_from(bits % 900_000_000_000_000).unwrap_or(0) + 100_000_000_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_forms_of_the_service() {
        assert!(cluster(0).starts_with("0101-000000-") && cluster(0).len() == 20);
        assert_eq!(hex16().len(), 16);
        assert_eq!(number().to_string().len(), 15);
    }
}
