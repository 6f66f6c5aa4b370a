//! Rows as columns.

use ndarray::Array1;
use numpy::IntoPyArray;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde::Serialize;
use serde_json::{Map, Value};

use lora_subspace::table::{column_names, to_csv};
use lora_subspace::{CoreError, Error, Result};

/// A table by the columns that its file has, and the file's bytes.
pub(crate) struct Columns {
    name: &'static str,
    columns: Vec<(String, Column)>,
    csv: Vec<u8>,
}

enum Column {
    /// Missing ones are NaN.
    Floats(Vec<f64>),
    Integers(Vec<i64>),
    Words(Vec<String>),
}

impl Columns {
    /// Of rows as the file `name` has them: nine digits of each number.
    pub(crate) fn of<Row: Serialize>(name: &'static str, rows: &[Row]) -> Result<Self> {
        let csv = to_csv(name, rows)?;
        let object = |row: &Row| match serde_json::to_value(row) {
            Ok(Value::Object(fields)) => Ok(fields),
            Ok(_) => Ok(Map::new()),
            Err(error) => Err(no_row(name, &error.to_string())),
        };
        let rows = rows.iter().map(object).collect::<Result<Vec<_>>>()?;
        let names: Vec<String> = match rows.first() {
            Some(first) => first.keys().cloned().collect(),
            None => column_names(name),
        };
        let column = |name: String| {
            let values: Vec<&Value> = rows
                .iter()
                .map(|row| row.get(&name).unwrap_or(&Value::Null))
                .collect();
            (name, Column::of(&values))
        };
        Ok(Columns {
            name,
            columns: names.into_iter().map(column).collect(),
            csv,
        })
    }
}

impl Column {
    fn of(values: &[&Value]) -> Self {
        let is_word = |value: &&Value| matches!(value, Value::String(_) | Value::Bool(_));
        if values.iter().any(is_word) {
            let word = |value: &&Value| match value {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                other => other.to_string(),
            };
            return Column::Words(values.iter().map(word).collect());
        }
        let integers: Option<Vec<i64>> = values.iter().map(|value| value.as_i64()).collect();
        match integers {
            Some(integers) if !integers.is_empty() => Column::Integers(integers),
            _ => {
                let number = |value: &&Value| value.as_f64().unwrap_or(f64::NAN);
                Column::Floats(values.iter().map(number).collect())
            }
        }
    }
}

/// The name, the columns (each an array, or a list of words) and the file's bytes.
impl<'py> IntoPyObject<'py> for Columns {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let mut columns: Vec<(String, Bound<'py, PyAny>)> = Vec::new();
        for (name, column) in self.columns {
            let values = match column {
                Column::Floats(values) => Array1::from(values).into_pyarray(py).into_any(),
                Column::Integers(values) => Array1::from(values).into_pyarray(py).into_any(),
                Column::Words(words) => words.into_pyobject(py)?.into_any(),
            };
            columns.push((name, values));
        }
        let whole = (self.name, columns, PyBytes::new(py, &self.csv));
        Ok(whole.into_pyobject(py)?.into_any())
    }
}

fn no_row(name: &str, problem: &str) -> Error {
    CoreError::request(name, problem, "please report this").into()
}
