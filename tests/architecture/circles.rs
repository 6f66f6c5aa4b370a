//! Circles: files that import each other, straight or through others.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::tree::Imports;

/// The groups of files in which each imports each, through the others.
pub(crate) fn circles(imports: &Imports) -> Vec<BTreeSet<String>> {
    let reached: BTreeMap<&String, BTreeSet<&String>> = imports
        .keys()
        .map(|file| (file, reachable(file, imports)))
        .collect();
    let mut found = BTreeSet::new();
    for (file, others) in &reached {
        let back = |other: &&&String| reached[**other].contains(file);
        let circle: BTreeSet<String> = others
            .iter()
            .filter(back)
            .map(|other| other.to_string())
            .collect();
        if !circle.is_empty() {
            found.insert(circle);
        }
    }
    found.into_iter().collect()
}

/// All that a file imports, straight or through others; itself too if it is in a circle.
fn reachable<'a>(file: &String, imports: &'a Imports) -> BTreeSet<&'a String> {
    let mut found = BTreeSet::new();
    let mut next: Vec<&String> = imports[file].keys().collect();
    while let Some(other) = next.pop() {
        if found.insert(other) {
            next.extend(imports[other].keys());
        }
    }
    found
}

/// What to say of a group: its shortest circle, then every import inside it.
pub(crate) fn describe(circle: &BTreeSet<String>, imports: &Imports) -> String {
    let ways = circle.iter().map(|file| shortest(file, circle, imports));
    let way = ways.min_by_key(Vec::len).expect("a circle has files");
    let mut text = format!("{} files: {}", circle.len(), way[0]);
    for pair in way.windows(2) {
        let items: Vec<&str> = imports[pair[0]][pair[1]]
            .iter()
            .map(String::as_str)
            .collect();
        text += &format!(" -> {} ({})", pair[1], items.join(", "));
    }
    for file in circle {
        for (other, items) in &imports[file] {
            if circle.contains(other) {
                let items: Vec<&str> = items.iter().map(String::as_str).collect();
                text += &format!("\n    {file} -> {other} ({})", items.join(", "));
            }
        }
    }
    text
}

/// The shortest way from a file back to itself.
fn shortest<'a>(
    start: &'a String,
    circle: &BTreeSet<String>,
    imports: &'a Imports,
) -> Vec<&'a String> {
    let mut queue = VecDeque::from([vec![start]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = queue.pop_front() {
        for next in imports[way[way.len() - 1]].keys() {
            let longer = [&way[..], &[next]].concat();
            if next == start {
                return longer;
            }
            if circle.contains(next) && seen.insert(next) {
                queue.push_back(longer);
            }
        }
    }
    panic!("{start} is in no circle")
}
