//! Rows of one kind together, whatever stands between them.

use std::collections::BTreeMap;

/// What has one key together, each group and the groups themselves in the order of their first.
pub(crate) fn together<T, Key: Ord + Clone>(
    all: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> Key,
) -> Vec<(Key, Vec<T>)> {
    let mut groups: Vec<(Key, Vec<T>)> = Vec::new();
    let mut places: BTreeMap<Key, usize> = BTreeMap::new();
    for one in all {
        let place = places.entry(key(&one)).or_insert_with_key(|key| {
            groups.push((key.clone(), Vec::new()));
            groups.len() - 1
        });
        groups[*place].1.push(one);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_stand_in_the_order_of_their_first() {
        let groups = together(["b1", "a1", "b2", "c", "a2"], |name| &name[..1]);
        let expected = [
            ("b", vec!["b1", "b2"]),
            ("a", vec!["a1", "a2"]),
            ("c", vec!["c"]),
        ];
        assert_eq!(groups, expected);
    }
}
