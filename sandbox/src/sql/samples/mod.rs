//! The catalog `samples`: tables to query at once, as every workspace has them.
//!
//! The rows are generated when a table is first read and then kept in memory. TPC-H comes from its own generator at
//! scale factor 0.01, the taxi trips from [`trips`].

mod trips;

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use tpchgen::generators as tpch;
use tpchgen_arrow as arrow_tpch;

use super::types;

/// How much of TPC-H there is: 60,000 line items.
const SCALE: f64 = 0.01;

/// A table and its columns.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [(&'static str, &'static str)],
}

/// The schemas of the catalog and their tables.
pub(crate) const SCHEMAS: &[(&str, &[Sample])] = &[
    (
        "nyctaxi",
        &[Sample {
            name: "trips",
            columns: &[
                ("tpep_pickup_datetime", "timestamp"),
                ("tpep_dropoff_datetime", "timestamp"),
                ("trip_distance", "double"),
                ("fare_amount", "double"),
                ("pickup_zip", "int"),
                ("dropoff_zip", "int"),
            ],
        }],
    ),
    (
        "tpch",
        &[
            Sample {
                name: "customer",
                columns: &[
                    ("c_custkey", "bigint"),
                    ("c_name", "string"),
                    ("c_address", "string"),
                    ("c_nationkey", "bigint"),
                    ("c_phone", "string"),
                    ("c_acctbal", "decimal(18,2)"),
                    ("c_mktsegment", "string"),
                    ("c_comment", "string"),
                ],
            },
            Sample {
                name: "lineitem",
                columns: &[
                    ("l_orderkey", "bigint"),
                    ("l_partkey", "bigint"),
                    ("l_suppkey", "bigint"),
                    ("l_linenumber", "int"),
                    ("l_quantity", "decimal(18,2)"),
                    ("l_extendedprice", "decimal(18,2)"),
                    ("l_discount", "decimal(18,2)"),
                    ("l_tax", "decimal(18,2)"),
                    ("l_returnflag", "string"),
                    ("l_linestatus", "string"),
                    ("l_shipdate", "date"),
                    ("l_commitdate", "date"),
                    ("l_receiptdate", "date"),
                    ("l_shipinstruct", "string"),
                    ("l_shipmode", "string"),
                    ("l_comment", "string"),
                ],
            },
            Sample {
                name: "nation",
                columns: &[
                    ("n_nationkey", "bigint"),
                    ("n_name", "string"),
                    ("n_regionkey", "bigint"),
                    ("n_comment", "string"),
                ],
            },
            Sample {
                name: "orders",
                columns: &[
                    ("o_orderkey", "bigint"),
                    ("o_custkey", "bigint"),
                    ("o_orderstatus", "string"),
                    ("o_totalprice", "decimal(18,2)"),
                    ("o_orderdate", "date"),
                    ("o_orderpriority", "string"),
                    ("o_clerk", "string"),
                    ("o_shippriority", "int"),
                    ("o_comment", "string"),
                ],
            },
            Sample {
                name: "part",
                columns: &[
                    ("p_partkey", "bigint"),
                    ("p_name", "string"),
                    ("p_mfgr", "string"),
                    ("p_brand", "string"),
                    ("p_type", "string"),
                    ("p_size", "int"),
                    ("p_container", "string"),
                    ("p_retailprice", "decimal(18,2)"),
                    ("p_comment", "string"),
                ],
            },
            Sample {
                name: "partsupp",
                columns: &[
                    ("ps_partkey", "bigint"),
                    ("ps_suppkey", "bigint"),
                    ("ps_availqty", "int"),
                    ("ps_supplycost", "decimal(18,2)"),
                    ("ps_comment", "string"),
                ],
            },
            Sample {
                name: "region",
                columns: &[("r_regionkey", "bigint"), ("r_name", "string"), ("r_comment", "string")],
            },
            Sample {
                name: "supplier",
                columns: &[
                    ("s_suppkey", "bigint"),
                    ("s_name", "string"),
                    ("s_address", "string"),
                    ("s_nationkey", "bigint"),
                    ("s_phone", "string"),
                    ("s_acctbal", "decimal(18,2)"),
                    ("s_comment", "string"),
                ],
            },
        ],
    ),
];

/// Generates the rows of a table. A name that is not in [`SCHEMAS`] has none.
pub(crate) fn generate(table: &str) -> Result<Vec<RecordBatch>, ArrowError> {
    let raw: Vec<RecordBatch> = match table {
        "trips" => return Ok(vec![trips::generate()?]),
        "customer" => arrow_tpch::CustomerArrow::new(tpch::CustomerGenerator::new(SCALE, 1, 1))
            .collect::<Result<_, _>>(),
        "lineitem" => arrow_tpch::LineItemArrow::new(tpch::LineItemGenerator::new(SCALE, 1, 1)).collect(),
        "nation" => arrow_tpch::NationArrow::new(tpch::NationGenerator::new(SCALE, 1, 1)).collect(),
        "orders" => arrow_tpch::OrderArrow::new(tpch::OrderGenerator::new(SCALE, 1, 1)).collect(),
        "part" => arrow_tpch::PartArrow::new(tpch::PartGenerator::new(SCALE, 1, 1)).collect(),
        "partsupp" => arrow_tpch::PartSuppArrow::new(tpch::PartSuppGenerator::new(SCALE, 1, 1)).collect(),
        "region" => arrow_tpch::RegionArrow::new(tpch::RegionGenerator::new(SCALE, 1, 1)).collect(),
        "supplier" => arrow_tpch::SupplierArrow::new(tpch::SupplierGenerator::new(SCALE, 1, 1)).collect(),
        _ => Ok(Vec::new()),
    }?;
    let schema = schema(table);
    raw.iter().map(|batch| conform(batch, &schema)).collect()
}

/// The Arrow schema of a table's rows.
pub(crate) fn schema(table: &str) -> SchemaRef {
    let sample = SCHEMAS.iter().flat_map(|(_, tables)| *tables).find(|sample| sample.name == table);
    let fields: Vec<Field> = sample
        .map_or(&[][..], |sample| sample.columns)
        .iter()
        .filter_map(|(name, kind)| Some(Field::new(*name, types::parse(kind)?, true)))
        .collect();
    Arc::new(Schema::new(fields))
}

/// The same rows in the types that the service declares.
fn conform(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| cast(column, field.data_type())).collect::<Result<_, _>>()?;
    RecordBatch::try_new(Arc::clone(schema), columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_declared_table_has_rows_of_its_types() {
        for (_, tables) in SCHEMAS {
            for sample in *tables {
                let batches = generate(sample.name).unwrap();
                assert!(batches.iter().map(RecordBatch::num_rows).sum::<usize>() > 0, "{}", sample.name);
                assert_eq!(batches[0].num_columns(), sample.columns.len(), "{}", sample.name);
            }
        }
        assert!(generate("nothing").unwrap().is_empty());
    }
}
