//! Vectors: lists of floats of one length.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float32Array, Float32Builder, ListBuilder};
use datafusion::arrow::datatypes::{DataType, Field, Float32Type};
use datafusion::common::Result;
use datafusion::logical_expr::ScalarUDF;

use super::scalar::{array, failure, simple};
use crate::sql::error::SqlError;

pub(super) fn functions() -> Vec<ScalarUDF> {
    let vector = || DataType::List(Arc::new(Field::new("item", DataType::Float32, true)));
    let number = DataType::Float32;
    vec![
        simple("vector_inner_product", &[vector(), vector()], number.clone(), |columns| {
            pairs(columns, inner)
        }),
        simple("vector_l2_distance", &[vector(), vector()], number.clone(), |columns| {
            pairs(columns, distance)
        }),
        simple("vector_cosine_similarity", &[vector(), vector()], number.clone(), |columns| {
            pairs(columns, cosine)
        }),
        simple("vector_norm", &[vector(), number.clone()], number.clone(), norms),
        simple("vector_normalize", &[vector(), number], vector(), normalize),
    ]
}

/// The numbers of a row; none if it is NULL or holds one.
fn vector(column: &ArrayRef, row: usize) -> Option<Vec<f32>> {
    let lists = column.as_list::<i32>();
    lists.is_valid(row).then(|| lists.value(row))?.as_primitive::<Float32Type>().iter().collect()
}

fn pairs(columns: &[ArrayRef], of: fn(&[f32], &[f32]) -> Option<f32>) -> Result<ArrayRef> {
    let mut numbers = Vec::with_capacity(columns[0].len());
    for row in 0..columns[0].len() {
        let (Some(a), Some(b)) = (vector(&columns[0], row), vector(&columns[1], row)) else {
            numbers.push(None);
            continue;
        };
        if a.len() != b.len() {
            let problem =
                format!("Vectors must have the same dimension, but have {} and {}.", a.len(), b.len());
            return Err(failure(SqlError::new("VECTOR_DIMENSION_MISMATCH", problem)));
        }
        numbers.push(of(&a, &b));
    }
    Ok(array(Float32Array::from(numbers)))
}

fn inner(a: &[f32], b: &[f32]) -> Option<f32> {
    Some(a.iter().zip(b).map(|(a, b)| a * b).sum())
}

fn distance(a: &[f32], b: &[f32]) -> Option<f32> {
    Some(a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt())
}

fn cosine(a: &[f32], b: &[f32]) -> Option<f32> {
    let length = norm(a, 2.0) * norm(b, 2.0);
    if length == 0.0 { None } else { inner(a, b).map(|product| product / length) }
}

fn norm(a: &[f32], degree: f32) -> f32 {
    if degree.is_infinite() {
        a.iter().fold(0.0, |most, it| most.max(it.abs()))
    } else if (degree - 2.0).abs() < f32::EPSILON {
        a.iter().map(|it| it * it).sum::<f32>().sqrt()
    } else {
        a.iter().map(|it| it.abs().powf(degree)).sum::<f32>().powf(1.0 / degree)
    }
}

fn norms(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let degrees = columns[1].as_primitive::<Float32Type>();
    let each = (0..columns[0].len()).map(|row| {
        degrees.is_valid(row).then(|| vector(&columns[0], row))?.map(|a| norm(&a, degrees.value(row)))
    });
    Ok(array(each.collect::<Float32Array>()))
}

fn normalize(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let degrees = columns[1].as_primitive::<Float32Type>();
    let mut lists = ListBuilder::new(Float32Builder::new());
    for row in 0..columns[0].len() {
        let found = degrees.is_valid(row).then(|| vector(&columns[0], row)).flatten();
        let scaled = found.and_then(|a| {
            let length = norm(&a, degrees.value(row));
            (length != 0.0).then(|| a.iter().map(|it| it / length).collect::<Vec<_>>())
        });
        match scaled {
            Some(numbers) => {
                lists.values().append_slice(&numbers);
                lists.append(true);
            }
            None => lists.append_null(),
        }
    }
    Ok(array(lists.finish()))
}
