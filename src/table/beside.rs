//! Rows of `amplification.csv` beside each other: of ΔW's directions, of W's and of random ones.

use std::collections::HashMap;

use super::rows::AmplificationRow;

/// The first row of each module, adapter and directions.
pub(super) struct Beside<'a>(HashMap<[&'a str; 3], &'a AmplificationRow>);

impl<'a> Beside<'a> {
    pub(super) fn of(rows: &'a [AmplificationRow]) -> Self {
        let mut first = HashMap::new();
        for row in rows {
            let key = [&row.module, &row.adapter, &row.directions].map(String::as_str);
            first.entry(key).or_insert(row);
        }
        Beside(first)
    }

    /// The row of other directions beside one.
    pub(super) fn find(
        &self,
        row: &AmplificationRow,
        directions: &str,
    ) -> Option<&'a AmplificationRow> {
        let key = [row.module.as_str(), row.adapter.as_str(), directions];
        self.0.get(&key).copied()
    }
}
