//! Matrices as a safetensors file.

use ndarray::Array2;
use serde_json::{Map, json};

/// A matrix and its name.
pub(super) type Named = (String, Array2<f32>);

/// The length of a JSON header, the header, and the numbers one after the other.
pub(super) fn bytes(tensors: &[Named]) -> Vec<u8> {
    let (mut header, mut numbers) = (Map::new(), Vec::new());
    for (name, matrix) in tensors {
        let start = numbers.len();
        numbers.extend(matrix.iter().flat_map(|number| number.to_le_bytes()));
        let place = json!({
            "dtype": "F32",
            "shape": matrix.shape(),
            "data_offsets": [start, numbers.len()],
        });
        header.insert(name.clone(), place);
    }
    let mut header = serde_json::Value::from(header).to_string();
    // Numbers begin at a multiple of eight bytes.
    while !header.len().is_multiple_of(8) {
        header.push(' ');
    }
    let length = (header.len() as u64).to_le_bytes();
    [&length[..], header.as_bytes(), &numbers].concat()
}
