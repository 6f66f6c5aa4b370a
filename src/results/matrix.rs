//! A matrix as its sides and its entries, row by row.

use ndarray::Array2;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

pub(super) fn serialize<T: Serialize + Clone, S: Serializer>(
    matrix: &Array2<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let entries: Vec<T> = matrix.iter().cloned().collect();
    (matrix.dim(), entries).serialize(serializer)
}

pub(super) fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Array2<T>, D::Error> {
    let (shape, entries) = <((usize, usize), Vec<T>)>::deserialize(deserializer)?;
    Array2::from_shape_vec(shape, entries).map_err(D::Error::custom)
}
