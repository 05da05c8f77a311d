//! Spark functions that are expressions over other functions: one line each.
//!
//! A line is a call with its parameters and what it stands for, in the engine's own SQL – which knows Spark's literals and
//! casts, but expands no macro again. Several lines with one name differ in the number of parameters.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, visit_expressions_mut,
};
use datafusion::sql::sqlparser::parser::Parser;

use crate::sql::parse::Databricks;

const MACROS: &[(&str, &str)] = &[
    // dates and times; Spark takes text wherever it takes a date
    ("add_months(d, n)", "add_months(CAST(d AS DATE), CAST(n AS INT))"),
    ("curdate()", "current_date()"),
    ("date_add(d, n)", "date_add(CAST(d AS DATE), CAST(n AS INT))"),
    ("date_diff(a, b)", "CAST(date_diff(CAST(a AS DATE), CAST(b AS DATE)) AS INT)"),
    ("date_format(t, f)", "spark_date_format(CAST(t AS TIMESTAMP), f)"),
    ("date_from_unix_date(n)", "date_add(DATE '1970-01-01', CAST(n AS INT))"),
    ("date_sub(d, n)", "date_sub(CAST(d AS DATE), CAST(n AS INT))"),
    ("date_trunc(f, t)", "date_trunc(f, CAST(t AS TIMESTAMP))"),
    ("dateadd(d, n)", "date_add(CAST(d AS DATE), CAST(n AS INT))"),
    ("datediff(a, b)", "CAST(date_diff(CAST(a AS DATE), CAST(b AS DATE)) AS INT)"),
    ("day(d)", "date_part('day', CAST(d AS TIMESTAMP))"),
    ("dayname(d)", "spark_date_format(CAST(d AS TIMESTAMP), 'EEE')"),
    ("dayofmonth(d)", "date_part('day', CAST(d AS TIMESTAMP))"),
    ("dayofweek(d)", "date_part('dow', CAST(d AS TIMESTAMP))"),
    ("dayofyear(d)", "date_part('doy', CAST(d AS TIMESTAMP))"),
    ("from_unixtime(n)", "spark_date_format(CAST(CAST(n AS BIGINT) AS TIMESTAMP), 'yyyy-MM-dd HH:mm:ss')"),
    ("from_unixtime(n, f)", "spark_date_format(CAST(CAST(n AS BIGINT) AS TIMESTAMP), f)"),
    ("from_utc_timestamp(t, z)", "CAST(from_utc_timestamp(CAST(t AS TIMESTAMP_NTZ), z) AS TIMESTAMP)"),
    ("hour(t)", "date_part('hour', CAST(t AS TIMESTAMP))"),
    ("last_day(d)", "last_day(CAST(d AS DATE))"),
    ("localtimestamp()", "CAST(now() AS TIMESTAMP_NTZ)"),
    ("make_timestamp(y, mo, d, h, mi, s)", "spark_make_timestamp(y, mo, d, h, mi, CAST(s AS DOUBLE), false)"),
    (
        "make_timestamp(y, mo, d, h, mi, s, z)",
        "CAST(to_utc_timestamp(CAST(spark_make_timestamp(y, mo, d, h, mi, CAST(s AS DOUBLE), false) AS TIMESTAMP_NTZ), z) AS TIMESTAMP)",
    ),
    ("make_timestamp(d)", "CAST(d AS TIMESTAMP)"),
    (
        "make_timestamp(d, t)",
        "CAST(CAST(d AS DATE) AS TIMESTAMP) + make_dt_interval(CAST(0 AS INT), CAST(0 AS INT), CAST(0 AS INT), CAST(spark_micros_of(t) AS DOUBLE) / CAST('1000000' AS DOUBLE))",
    ),
    (
        "make_timestamp(d, t, z)",
        "CAST(to_utc_timestamp(CAST(CAST(CAST(d AS DATE) AS TIMESTAMP) + make_dt_interval(CAST(0 AS INT), CAST(0 AS INT), CAST(0 AS INT), CAST(spark_micros_of(t) AS DOUBLE) / CAST('1000000' AS DOUBLE)) AS TIMESTAMP_NTZ), z) AS TIMESTAMP)",
    ),
    (
        "try_make_timestamp(y, mo, d, h, mi, s)",
        "spark_make_timestamp(y, mo, d, h, mi, CAST(s AS DOUBLE), true)",
    ),
    (
        "try_make_timestamp(y, mo, d, h, mi, s, z)",
        "CAST(to_utc_timestamp(CAST(spark_make_timestamp(y, mo, d, h, mi, CAST(s AS DOUBLE), true) AS TIMESTAMP_NTZ), z) AS TIMESTAMP)",
    ),
    ("try_make_timestamp(d)", "CAST(d AS TIMESTAMP)"),
    (
        "try_make_timestamp(d, t)",
        "CAST(CAST(d AS DATE) AS TIMESTAMP) + make_dt_interval(CAST(0 AS INT), CAST(0 AS INT), CAST(0 AS INT), CAST(spark_micros_of(t) AS DOUBLE) / CAST('1000000' AS DOUBLE))",
    ),
    (
        "try_make_timestamp(d, t, z)",
        "CAST(to_utc_timestamp(CAST(CAST(CAST(d AS DATE) AS TIMESTAMP) + make_dt_interval(CAST(0 AS INT), CAST(0 AS INT), CAST(0 AS INT), CAST(spark_micros_of(t) AS DOUBLE) / CAST('1000000' AS DOUBLE)) AS TIMESTAMP_NTZ), z) AS TIMESTAMP)",
    ),
    (
        "make_timestamp_ltz(y, mo, d, h, mi, s)",
        "spark_make_timestamp(y, mo, d, h, mi, CAST(s AS DOUBLE), false)",
    ),
    (
        "make_timestamp_ltz(y, mo, d, h, mi, s, z)",
        "CAST(to_utc_timestamp(CAST(spark_make_timestamp(y, mo, d, h, mi, CAST(s AS DOUBLE), false) AS TIMESTAMP_NTZ), z) AS TIMESTAMP)",
    ),
    ("make_timestamp_ltz(d)", "CAST(d AS TIMESTAMP)"),
    (
        "make_timestamp_ltz(d, t)",
        "CAST(CAST(d AS DATE) AS TIMESTAMP) + make_dt_interval(CAST(0 AS INT), CAST(0 AS INT), CAST(0 AS INT), CAST(spark_micros_of(t) AS DOUBLE) / CAST('1000000' AS DOUBLE))",
    ),
    (
        "make_timestamp_ltz(d, t, z)",
        "CAST(to_utc_timestamp(CAST(CAST(CAST(d AS DATE) AS TIMESTAMP) + make_dt_interval(CAST(0 AS INT), CAST(0 AS INT), CAST(0 AS INT), CAST(spark_micros_of(t) AS DOUBLE) / CAST('1000000' AS DOUBLE)) AS TIMESTAMP_NTZ), z) AS TIMESTAMP)",
    ),
    (
        "try_make_timestamp_ltz(y, mo, d, h, mi, s)",
        "spark_make_timestamp(y, mo, d, h, mi, CAST(s AS DOUBLE), true)",
    ),
    (
        "try_make_timestamp_ltz(y, mo, d, h, mi, s, z)",
        "CAST(to_utc_timestamp(CAST(spark_make_timestamp(y, mo, d, h, mi, CAST(s AS DOUBLE), true) AS TIMESTAMP_NTZ), z) AS TIMESTAMP)",
    ),
    ("try_make_timestamp_ltz(d)", "CAST(d AS TIMESTAMP)"),
    (
        "try_make_timestamp_ltz(d, t)",
        "CAST(CAST(d AS DATE) AS TIMESTAMP) + make_dt_interval(CAST(0 AS INT), CAST(0 AS INT), CAST(0 AS INT), CAST(spark_micros_of(t) AS DOUBLE) / CAST('1000000' AS DOUBLE))",
    ),
    (
        "try_make_timestamp_ltz(d, t, z)",
        "CAST(to_utc_timestamp(CAST(CAST(CAST(d AS DATE) AS TIMESTAMP) + make_dt_interval(CAST(0 AS INT), CAST(0 AS INT), CAST(0 AS INT), CAST(spark_micros_of(t) AS DOUBLE) / CAST('1000000' AS DOUBLE)) AS TIMESTAMP_NTZ), z) AS TIMESTAMP)",
    ),
    (
        "make_timestamp_ntz(y, mo, d, h, mi, s)",
        "CAST(spark_make_timestamp(y, mo, d, h, mi, CAST(s AS DOUBLE), false) AS TIMESTAMP_NTZ)",
    ),
    (
        "make_timestamp_ntz(d, t)",
        "CAST(CAST(CAST(d AS DATE) AS TIMESTAMP) + make_dt_interval(CAST(0 AS INT), CAST(0 AS INT), CAST(0 AS INT), CAST(spark_micros_of(t) AS DOUBLE) / CAST('1000000' AS DOUBLE)) AS TIMESTAMP_NTZ)",
    ),
    (
        "try_make_timestamp_ntz(y, mo, d, h, mi, s)",
        "CAST(spark_make_timestamp(y, mo, d, h, mi, CAST(s AS DOUBLE), true) AS TIMESTAMP_NTZ)",
    ),
    (
        "try_make_timestamp_ntz(d, t)",
        "CAST(CAST(CAST(d AS DATE) AS TIMESTAMP) + make_dt_interval(CAST(0 AS INT), CAST(0 AS INT), CAST(0 AS INT), CAST(spark_micros_of(t) AS DOUBLE) / CAST('1000000' AS DOUBLE)) AS TIMESTAMP_NTZ)",
    ),
    ("convert_timezone(b, t)", "from_utc_timestamp(CAST(t AS TIMESTAMP_NTZ), b)"),
    ("convert_timezone(a, b, t)", "from_utc_timestamp(to_utc_timestamp(CAST(t AS TIMESTAMP_NTZ), a), b)"),
    ("time_from_micros(n)", "spark_time_of(CAST(n AS BIGINT))"),
    ("time_from_millis(n)", "spark_time_of(CAST(n AS BIGINT) * CAST(1000 AS BIGINT))"),
    (
        "time_from_seconds(n)",
        "spark_time_of(CAST(round(CAST(n AS DOUBLE) * CAST('1000000' AS DOUBLE)) AS BIGINT))",
    ),
    ("time_to_micros(t)", "spark_micros_of(t)"),
    ("time_to_millis(t)", "spark_micros_of(t) DIV CAST(1000 AS BIGINT)"),
    ("time_to_seconds(t)", "spark_seconds_of(t)"),
    ("try_make_interval(a)", "make_interval(a)"),
    ("try_make_interval(a, b)", "make_interval(a, b)"),
    ("try_make_interval(a, b, c)", "make_interval(a, b, c)"),
    ("try_make_interval(a, b, c, d)", "make_interval(a, b, c, d)"),
    ("try_make_interval(a, b, c, d, e)", "make_interval(a, b, c, d, e)"),
    ("try_make_interval(a, b, c, d, e, f)", "make_interval(a, b, c, d, e, f)"),
    ("try_make_interval(a, b, c, d, e, f, g)", "make_interval(a, b, c, d, e, f, g)"),
    ("minute(t)", "date_part('minute', CAST(t AS TIMESTAMP))"),
    ("month(d)", "date_part('month', CAST(d AS TIMESTAMP))"),
    ("monthname(d)", "monthname(CAST(d AS DATE))"),
    ("months_between(a, b)", "spark_months_between(CAST(a AS TIMESTAMP), CAST(b AS TIMESTAMP), true)"),
    ("months_between(a, b, r)", "spark_months_between(CAST(a AS TIMESTAMP), CAST(b AS TIMESTAMP), r)"),
    ("next_day(d, w)", "next_day(CAST(d AS DATE), w)"),
    ("quarter(d)", "date_part('quarter', CAST(d AS TIMESTAMP))"),
    ("second(t)", "CAST(floor(date_part('second', CAST(t AS TIMESTAMP))) AS INT)"),
    ("timestamp_micros(n)", "arrow_cast(CAST(n AS BIGINT), 'Timestamp(Microsecond, Some(\"UTC\"))')"),
    (
        "timestamp_millis(n)",
        "arrow_cast(CAST(n AS BIGINT) * CAST(1000 AS BIGINT), 'Timestamp(Microsecond, Some(\"UTC\"))')",
    ),
    ("timestamp_seconds(n)", "CAST(n AS TIMESTAMP)"),
    (
        "timestampadd_year(n, t)",
        "CAST(t AS TIMESTAMP) + make_interval(n, CAST(0 AS INT), CAST(0 AS INT), CAST(0 AS INT), CAST(0 AS INT), CAST(0 AS INT))",
    ),
    (
        "timestampadd_quarter(n, t)",
        "CAST(t AS TIMESTAMP) + make_interval(CAST(0 AS INT), CAST(n AS INT) * 3, CAST(0 AS INT), CAST(0 AS INT), CAST(0 AS INT), CAST(0 AS INT))",
    ),
    (
        "timestampadd_month(n, t)",
        "CAST(t AS TIMESTAMP) + make_interval(CAST(0 AS INT), n, CAST(0 AS INT), CAST(0 AS INT), CAST(0 AS INT), CAST(0 AS INT))",
    ),
    (
        "timestampadd_week(n, t)",
        "CAST(t AS TIMESTAMP) + make_interval(CAST(0 AS INT), CAST(0 AS INT), n, CAST(0 AS INT), CAST(0 AS INT), CAST(0 AS INT))",
    ),
    (
        "timestampadd_day(n, t)",
        "CAST(t AS TIMESTAMP) + make_interval(CAST(0 AS INT), CAST(0 AS INT), CAST(0 AS INT), n, CAST(0 AS INT), CAST(0 AS INT))",
    ),
    (
        "timestampadd_hour(n, t)",
        "CAST(t AS TIMESTAMP) + make_interval(CAST(0 AS INT), CAST(0 AS INT), CAST(0 AS INT), CAST(0 AS INT), n, CAST(0 AS INT))",
    ),
    (
        "timestampadd_minute(n, t)",
        "CAST(t AS TIMESTAMP) + make_interval(CAST(0 AS INT), CAST(0 AS INT), CAST(0 AS INT), CAST(0 AS INT), CAST(0 AS INT), n)",
    ),
    (
        "timestampadd_second(n, t)",
        "CAST(t AS TIMESTAMP) + make_interval(CAST(0 AS INT), CAST(0 AS INT), CAST(0 AS INT), CAST(0 AS INT), CAST(0 AS INT), CAST(0 AS INT), CAST(n AS DOUBLE))",
    ),
    (
        "timestampdiff_year(a, b)",
        "CAST(spark_months_between(CAST(b AS TIMESTAMP), CAST(a AS TIMESTAMP), false) / 12 AS BIGINT)",
    ),
    (
        "timestampdiff_quarter(a, b)",
        "CAST(spark_months_between(CAST(b AS TIMESTAMP), CAST(a AS TIMESTAMP), false) / 3 AS BIGINT)",
    ),
    (
        "timestampdiff_month(a, b)",
        "CAST(spark_months_between(CAST(b AS TIMESTAMP), CAST(a AS TIMESTAMP), false) AS BIGINT)",
    ),
    (
        "timestampdiff_week(a, b)",
        "(to_unixtime(CAST(b AS TIMESTAMP)) - to_unixtime(CAST(a AS TIMESTAMP))) DIV 604800",
    ),
    (
        "timestampdiff_day(a, b)",
        "(to_unixtime(CAST(b AS TIMESTAMP)) - to_unixtime(CAST(a AS TIMESTAMP))) DIV 86400",
    ),
    (
        "timestampdiff_hour(a, b)",
        "(to_unixtime(CAST(b AS TIMESTAMP)) - to_unixtime(CAST(a AS TIMESTAMP))) DIV 3600",
    ),
    (
        "timestampdiff_minute(a, b)",
        "(to_unixtime(CAST(b AS TIMESTAMP)) - to_unixtime(CAST(a AS TIMESTAMP))) DIV 60",
    ),
    (
        "timestampdiff_second(a, b)",
        "(to_unixtime(CAST(b AS TIMESTAMP)) - to_unixtime(CAST(a AS TIMESTAMP))) DIV 1",
    ),
    ("to_date(s)", "CAST(s AS DATE)"),
    ("to_date(s, f)", "CAST(spark_parse_timestamp(s, f, false) AS DATE)"),
    ("to_timestamp(s)", "CAST(s AS TIMESTAMP)"),
    ("to_timestamp(s, f)", "spark_parse_timestamp(s, f, false)"),
    ("to_timestamp_ltz(s)", "CAST(s AS TIMESTAMP)"),
    ("to_timestamp_ltz(s, f)", "spark_parse_timestamp(s, f, false)"),
    ("to_timestamp_ntz(s)", "CAST(s AS TIMESTAMP_NTZ)"),
    ("to_timestamp_ntz(s, f)", "CAST(spark_parse_timestamp(s, f, false) AS TIMESTAMP_NTZ)"),
    ("to_unix_timestamp(s)", "to_unixtime(CAST(s AS TIMESTAMP))"),
    ("to_unix_timestamp(s, f)", "to_unixtime(spark_parse_timestamp(s, f, false))"),
    ("to_utc_timestamp(t, z)", "CAST(to_utc_timestamp(CAST(t AS TIMESTAMP_NTZ), z) AS TIMESTAMP)"),
    ("try_to_date(s)", "TRY_CAST(s AS DATE)"),
    ("try_to_date(s, f)", "CAST(spark_parse_timestamp(s, f, true) AS DATE)"),
    ("try_to_timestamp(s)", "TRY_CAST(s AS TIMESTAMP)"),
    ("try_to_timestamp(s, f)", "spark_parse_timestamp(s, f, true)"),
    ("unix_timestamp()", "to_unixtime(now())"),
    ("unix_timestamp(s)", "to_unixtime(CAST(s AS TIMESTAMP))"),
    ("unix_timestamp(s, f)", "to_unixtime(spark_parse_timestamp(s, f, false))"),
    ("weekday(d)", "weekday(CAST(d AS DATE))"),
    ("weekofyear(d)", "date_part('week', CAST(d AS TIMESTAMP))"),
    ("year(d)", "date_part('year', CAST(d AS TIMESTAMP))"),
    // text
    ("charindex(t, s)", "CAST(strpos(s, t) AS INT)"),
    (
        "charindex(t, s, n)",
        "CAST(CASE WHEN strpos(substr(s, n), t) = 0 THEN 0 ELSE strpos(substr(s, n), t) + n - 1 END AS INT)",
    ),
    ("bit_length(s)", "spark_bit_length(s)"),
    ("collation(x)", "'SYSTEM.BUILTIN.UTF8_BINARY'"),
    ("contains(s, t)", "spark_contains(s, t)"),
    ("format_number(x, n)", "spark_format_number(x, n)"),
    ("levenshtein(a, b, n)", "CASE WHEN levenshtein(a, b) <= n THEN levenshtein(a, b) ELSE -1 END"),
    ("mask(s)", "spark_mask(s, 'X', 'x', 'n', NULL)"),
    ("mask(s, u)", "spark_mask(s, u, 'x', 'n', NULL)"),
    ("mask(s, u, l)", "spark_mask(s, u, l, 'n', NULL)"),
    ("mask(s, u, l, d)", "spark_mask(s, u, l, d, NULL)"),
    ("mask(s, u, l, d, o)", "spark_mask(s, u, l, d, o)"),
    ("octet_length(s)", "spark_octet_length(s)"),
    ("sentences(s)", "spark_sentences(s)"),
    ("sentences(s, x)", "spark_sentences(s)"),
    ("sentences(s, x, n)", "spark_sentences(s)"),
    ("to_char(v, f)", "spark_to_char(v, f)"),
    ("to_varchar(v, f)", "spark_to_char(v, f)"),
    ("decode(b, e)", "spark_decode(b, e)"),
    ("encode(s, e)", "spark_encode(s, e)"),
    ("endswith(s, t)", "spark_ends_with(s, t)"),
    ("locate(t, s)", "CAST(strpos(s, t) AS INT)"),
    (
        "locate(t, s, n)",
        "CAST(CASE WHEN strpos(substr(s, n), t) = 0 THEN 0 ELSE strpos(substr(s, n), t) + n - 1 END AS INT)",
    ),
    ("position(t, s)", "CAST(strpos(s, t) AS INT)"),
    (
        "position(t, s, n)",
        "CAST(CASE WHEN strpos(substr(s, n), t) = 0 THEN 0 ELSE strpos(substr(s, n), t) + n - 1 END AS INT)",
    ),
    ("regexp(s, p)", "regexp_like(s, p)"),
    ("regexp_extract(s, p)", "spark_regexp_extract(s, p, CAST(1 AS INT))"),
    ("regexp_extract(s, p, n)", "spark_regexp_extract(s, p, n)"),
    ("regexp_extract_all(s, p)", "spark_regexp_extract_all(s, p, CAST(1 AS INT))"),
    ("regexp_extract_all(s, p, n)", "spark_regexp_extract_all(s, p, n)"),
    ("regexp_replace(s, p, r)", "regexp_replace(s, p, r, 'g')"),
    ("regexp_substr(s, p)", "nullif(spark_regexp_extract(s, p, CAST(0 AS INT)), '')"),
    ("rlike(s, p)", "regexp_like(s, p)"),
    ("split(s, p)", "spark_split(s, p, CAST(-1 AS INT))"),
    ("split(s, p, n)", "spark_split(s, p, n)"),
    ("startswith(s, t)", "spark_starts_with(s, t)"),
    // numbers
    ("ceil(x, n)", "ceil(x * power(10.0, n)) / power(10.0, n)"),
    ("ceiling(x, n)", "ceil(x * power(10.0, n)) / power(10.0, n)"),
    ("e()", "exp(CAST('1' AS DOUBLE))"),
    ("floor(x, n)", "floor(x * power(10.0, n)) / power(10.0, n)"),
    ("log(x)", "ln(x)"),
    ("log1p(x)", "ln(CAST(x AS DOUBLE) + CAST('1' AS DOUBLE))"),
    ("positive(x)", "x"),
    ("rand(x)", "random()"),
    ("random(x)", "random()"),
    ("rint(x)", "rint(CAST(x AS DOUBLE))"),
    ("sign(x)", "signum(x)"),
    ("try_divide(a, b)", "a / nullif(b, 0)"),
    ("try_mod(a, b)", "a % nullif(b, 0)"),
    // casts
    ("bigint(x)", "CAST(x AS BIGINT)"),
    ("binary(x)", "CAST(x AS BINARY)"),
    ("boolean(x)", "CAST(x AS BOOLEAN)"),
    ("date(x)", "CAST(x AS DATE)"),
    ("decimal(x)", "CAST(x AS DECIMAL)"),
    ("double(x)", "CAST(x AS DOUBLE)"),
    ("float(x)", "CAST(x AS FLOAT)"),
    ("int(x)", "CAST(x AS INT)"),
    ("smallint(x)", "CAST(x AS SMALLINT)"),
    ("string(x)", "CAST(x AS STRING)"),
    ("timestamp(x)", "CAST(x AS TIMESTAMP)"),
    ("tinyint(x)", "CAST(x AS TINYINT)"),
    // what carries its type along
    ("variant_get(v, p)", "spark_variant_at(v, p)"),
    ("try_variant_get(v, p)", "spark_variant_at(v, p)"),
    // conditions
    ("raise_error(m)", "spark_assert(false, m)"),
    ("try_to_binary(s)", "unhex(s)"),
    ("assert_true(c)", "spark_assert(c, 'The condition is not true')"),
    ("assert_true(c, m)", "spark_assert(c, m)"),
    ("equal_null(a, b)", "a IS NOT DISTINCT FROM b"),
    ("ifnull(a, b)", "coalesce(a, b)"),
    ("isnotnull(x)", "x IS NOT NULL"),
    ("isnull(x)", "x IS NULL"),
    ("nullifzero(x)", "nullif(x, 0)"),
    ("nvl(a, b)", "coalesce(a, b)"),
    ("typeof(x)", "spark_typeof(x)"),
    ("zeroifnull(x)", "coalesce(x, 0)"),
    // arrays and maps
    (
        "array_position(a, x)",
        "CASE WHEN a IS NULL OR x IS NULL THEN NULL ELSE coalesce(CAST(array_position(a, x) AS BIGINT), CAST(0 AS BIGINT)) END",
    ),
    ("array_prepend(a, x)", "CASE WHEN a IS NULL THEN NULL ELSE array_prepend(x, a) END"),
    ("array_append(a, x)", "CASE WHEN a IS NULL THEN NULL ELSE array_append(a, x) END"),
    ("array_remove(a, x)", "array_remove_all(a, x)"),
    ("array_size(a)", "CAST(array_length(a) AS INT)"),
    ("array_sort(a)", "array_sort(a, 'ASC', 'NULLS LAST')"),
    ("get(a, n)", "array_element(a, n + 1)"),
    ("map()", "map_from_arrays(make_array(), make_array())"),
    ("map_concat(a)", "a"),
    ("map_concat(a, b)", "map_from_entries(array_concat(map_entries(a), map_entries(b)))"),
    ("map_concat(a, b, c)", "map_from_entries(array_concat(map_entries(a), map_entries(b), map_entries(c)))"),
    ("map_contains_key(m, k)", "array_has(map_keys(m), k)"),
    ("sequence(a, b)", "generate_series(a, b, CASE WHEN a <= b THEN 1 ELSE -1 END)"),
    ("sequence(a, b, s)", "generate_series(a, b, s)"),
    (
        "array_insert(a, p, x)",
        "CASE WHEN p > 0 THEN concat(slice(a, 1, p - 1), array(x), slice(a, p, size(a))) ELSE concat(slice(a, 1, size(a) + p + 1), array(x), slice(a, size(a) + p + 2, size(a))) END",
    ),
    ("sort_array(a)", "array_sort(a, 'ASC', 'NULLS FIRST')"),
    (
        "sort_array(a, up)",
        "CASE WHEN up THEN array_sort(a, 'ASC', 'NULLS FIRST') ELSE array_sort(a, 'DESC', 'NULLS LAST') END",
    ),
    ("try_element_at(x, k)", "element_at(x, k)"),
    // aggregates
    ("any_value(x, skip)", "first_value(x) IGNORE NULLS"),
    ("approx_percentile(x, p)", "approx_percentile_cont(x, p)"),
    ("approx_percentile(x, p, n)", "approx_percentile_cont(x, p)"),
    ("count_if(x)", "count(CASE WHEN x THEN true END)"),
    ("first(x, skip)", "first_value(x) IGNORE NULLS"),
    ("first_value(x, skip)", "first_value(x) IGNORE NULLS"),
    ("last(x, skip)", "last_value(x) IGNORE NULLS"),
    ("last_value(x, skip)", "last_value(x) IGNORE NULLS"),
    ("listagg(x)", "string_agg(x, '')"),
    ("max_by(x, y)", "first_value(x ORDER BY y DESC NULLS LAST)"),
    ("mode(x)", "spark_mode(array_agg(x))"),
    ("min_by(x, y)", "first_value(x ORDER BY y ASC NULLS LAST)"),
    ("percentile(x, p)", "percentile_cont(CAST(x AS DOUBLE), CAST(p AS DOUBLE))"),
    ("percentile_approx(x, p)", "approx_percentile_cont(x, p)"),
    ("percentile_approx(x, p, n)", "approx_percentile_cont(x, p)"),
    ("rank(x)", "rank()"),
    ("dense_rank(x)", "dense_rank()"),
    ("percent_rank(x)", "percent_rank()"),
    ("try_avg(v)", "avg(v)"),
    // no warehouse runs the statement, so the version is the sandbox's own
    (
        "current_version()",
        concat!(
            "named_struct('dbr_version', CAST(NULL AS STRING), 'dbsql_version', 'sandbox-",
            env!("CARGO_PKG_VERSION"),
            "', 'u_build_hash', CAST(NULL AS STRING), 'r_build_hash', CAST(NULL AS STRING))"
        ),
    ),
    ("monotonically_increasing_id()", "CAST(row_number() OVER () AS BIGINT) - CAST(1 AS BIGINT)"),
    ("input_file_block_length()", "CAST(-1 AS BIGINT)"),
    ("input_file_block_start()", "CAST(-1 AS BIGINT)"),
    ("spark_partition_id()", "CAST(0 AS INT)"),
    ("string_agg(x)", "string_agg(x, '')"),
];

struct Macro {
    parameters: Vec<String>,
    body: Expr,
}

static PARSED: LazyLock<HashMap<(String, usize), Macro>> =
    LazyLock::new(|| MACROS.iter().filter_map(|(head, body)| parse(head, body)).collect());

fn parse(head: &str, body: &str) -> Option<((String, usize), Macro)> {
    let (name, parameters) = head.strip_suffix(')')?.split_once('(')?;
    let parameters: Vec<String> =
        parameters.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    let body = Parser::new(&Databricks).try_with_sql(body).ok()?.parse_expr().ok()?;
    Some(((name.to_owned(), parameters.len()), Macro { parameters, body }))
}

/// The names of all macros.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    MACROS.iter().filter_map(|(head, _)| head.split('(').next())
}

/// What a call stands for, if it calls a macro.
pub(crate) fn expand(name: &str, call: &Function) -> Option<Expr> {
    let arguments = arguments(call)?;
    let found = PARSED.get(&(name.to_owned(), arguments.len()))?;
    let mut body = found.body.clone();
    let _ = visit_expressions_mut(&mut body, |expr| {
        if let Expr::Identifier(name) = expr
            && let Some(at) = found.parameters.iter().position(|parameter| *parameter == name.value)
        {
            *expr = match &arguments[at] {
                simple @ (Expr::Identifier(_) | Expr::Value(_) | Expr::Function(_)) => simple.clone(),
                other => Expr::Nested(Box::new(other.clone())),
            };
        }
        ControlFlow::<()>::Continue(())
    });
    // what belongs to a call of an aggregate goes to the aggregate that it stands for
    if let Expr::Function(inner) = &mut body {
        let inner = if inner.name.to_string() == "spark_mode" { first_call(inner)? } else { inner };
        inner.over.clone_from(&call.over);
        inner.filter.clone_from(&call.filter);
        inner.null_treatment = inner.null_treatment.or(call.null_treatment);
        if let (FunctionArguments::List(inner), FunctionArguments::List(outer)) =
            (&mut inner.args, &call.args)
        {
            inner.duplicate_treatment = outer.duplicate_treatment;
        }
        Some(body)
    } else if call.over.is_some() || call.filter.is_some() {
        None
    } else {
        Some(Expr::Nested(Box::new(body)))
    }
}

/// The call that is the first argument of another.
fn first_call(outer: &mut Function) -> Option<&mut Function> {
    let FunctionArguments::List(list) = &mut outer.args else { return None };
    match list.args.first_mut()? {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Function(inner))) => Some(inner),
        _ => None,
    }
}

/// The plain arguments of a call; none if it has others.
fn arguments(call: &Function) -> Option<Vec<Expr>> {
    match &call.args {
        FunctionArguments::None => Some(Vec::new()),
        FunctionArguments::List(list) => list
            .args
            .iter()
            .map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
                _ => None,
            })
            .collect(),
        FunctionArguments::Subquery(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_parses_and_uses_its_parameters() {
        for (head, body) in MACROS {
            let ((name, _), found) = parse(head, body).unwrap_or_else(|| panic!("{head} => {body}"));
            assert!(!name.is_empty());
            for parameter in
                found.parameters.iter().filter(|name| !matches!(name.as_str(), "skip" | "n" | "x"))
            {
                assert!(body.contains(parameter.as_str()), "{head}");
            }
        }
        assert_eq!(PARSED.len(), MACROS.len());
    }
}
