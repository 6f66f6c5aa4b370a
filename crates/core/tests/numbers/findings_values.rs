//! What SciPy and NumPy say of the laws, draws and sums that findings use (tests/golden/findings.py).

use std::fs;
use std::sync::LazyLock;

use crate::files::golden;
use crate::golden_values::number;
use serde_json::Value;

pub(crate) static FINDINGS: LazyLock<Value> = LazyLock::new(|| {
    let path = golden("findings.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
});

pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}
