//! Which files of a folder, by their names alone, are one set of weights.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

/// `STEM-00001-of-00003.ENDING`.
static PART: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(.+)-(\d{1,6})-of-(\d{1,6})((?:\.[A-Za-z0-9]+)+)$").expect("a constant")
});
/// What an index of shards is called, in whatever precision they are.
const INDEX: [&str; 2] = [".index.json", ".index.fp16.json"];

/// Files that hold one set of weights between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Set {
    /// The index that names the shards, where one was found.
    pub(crate) index: Option<String>,
    /// The files; none where the index names them.
    pub(crate) files: Vec<String>,
    /// Files that their names count and that are not there.
    pub(crate) missing: Vec<String>,
}

impl Set {
    pub(crate) fn one(file: &str) -> Self {
        Set {
            index: None,
            files: vec![file.into()],
            missing: Vec::new(),
        }
    }

    pub(crate) fn index(index: &str) -> Self {
        Set {
            index: Some(index.into()),
            files: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// What names it in a sentence.
    pub(crate) fn name(&self) -> String {
        match (&self.index, self.files.as_slice()) {
            (Some(index), _) => index.clone(),
            (None, [only]) => only.clone(),
            (None, files) => files.first().map_or_else(String::new, |first| {
                format!("{first} and {} more", files.len() - 1)
            }),
        }
    }

    /// In words, which are missing.
    pub(crate) fn lacks(&self) -> Option<String> {
        in_words(&self.missing)
    }
}

/// In words, which files are missing.
pub(super) fn in_words(missing: &[String]) -> Option<String> {
    let (first, rest) = missing.split_first()?;
    let more = match rest.len() {
        0 => String::new(),
        _ if rest.len() < 4 => format!(", {}", rest.join(", ")),
        count => format!(" and {count} more"),
    };
    let is = if rest.is_empty() { "is" } else { "are" };
    Some(format!("{first}{more} {is} missing"))
}

/// No set has more files: a name that counts further is a name.
const MOST: u32 = 10_000;

/// Where in its set a file is, as its name says.
struct Part<'a> {
    stem: &'a str,
    number: u32,
    digits: usize,
    of: (&'a str, u32),
    ending: &'a str,
}

fn part(name: &str) -> Option<Part<'_>> {
    let found = PART.captures(name)?;
    let group = |number: usize| found.get(number).map(|text| text.as_str());
    let [stem, number, of, ending] = [group(1)?, group(2)?, group(3)?, group(4)?];
    let (digits, count) = (number.len(), of.parse().ok()?);
    let number = number.parse().ok()?;
    (number <= count && (1..=MOST).contains(&count)).then_some(Part {
        stem,
        number,
        digits,
        of: (of, count),
        ending,
    })
}

/// The name of a file without its place in a set and without endings: `adapter_model`.
pub(super) fn stem(name: &str) -> &str {
    if let Some(part) = part(name) {
        return part.stem;
    }
    let index = INDEX.iter().find_map(|end| name.strip_suffix(end));
    let name = index.unwrap_or(name);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Whether a name is an index's.
pub(super) fn is_index(name: &str) -> bool {
    INDEX.iter().any(|end| name.ends_with(end))
}

/// A file by what its name counts, and its name.
type Counted<'a> = (Part<'a>, &'a String);

/// The sets whose names count their files, in the order of their names.
pub(super) fn counted<'a>(names: impl IntoIterator<Item = &'a String>) -> Vec<Set> {
    let mut groups: BTreeMap<[&str; 3], Vec<Counted>> = BTreeMap::new();
    for name in names {
        if let Some(part) = part(name) {
            let key = [part.stem, part.ending, part.of.0];
            groups.entry(key).or_default().push((part, name));
        }
    }
    let set = |([stem, ending, of], parts): ([&str; 3], Vec<Counted>)| {
        let from = u32::from(parts.iter().all(|(part, _)| part.number > 0));
        let (digits, count) = (parts[0].0.digits, parts[0].0.of.1);
        let there = |number| parts.iter().any(|(part, _)| part.number == number);
        let name = |number| format!("{stem}-{number:0digits$}-of-{of}{ending}");
        let missing = (from..from + count).filter(|&number| !there(number));
        let missing = missing.map(name).collect();
        let mut files: Vec<&Counted> = parts.iter().collect();
        files.sort_by_key(|(part, _)| part.number);
        Set {
            index: None,
            files: files
                .into_iter()
                .map(|(_, name)| name.to_string())
                .collect(),
            missing,
        }
    };
    groups.into_iter().map(set).collect()
}

/// The set that a file is of, as its own name counts, among these. They are asked for where it counts.
pub(super) fn set_of(name: &str, names: impl FnOnce() -> Vec<String>) -> Set {
    if part(name).is_none() {
        return Set::one(name);
    }
    let mut sets = counted(&names()).into_iter();
    let has = |set: &Set| set.files.iter().any(|file| file == name);
    sets.find(has).unwrap_or_else(|| Set::one(name))
}

/// The sets under names of single files, in the order of these: the file itself, an index of its
/// shards, or shards that their names count.
pub(crate) fn named(names: &[String], wanted: &[&str]) -> Vec<Set> {
    let has = |name: &str| names.iter().any(|other| other == name);
    let sets = counted(names);
    let mut found = Vec::new();
    for &name in wanted {
        let index = format!("{name}.index.json");
        if has(name) {
            found.push(Set::one(name));
        }
        let parts = sets.iter().find(|set| is_called(set, name));
        if has(&index) {
            found.push(Set::index(&index));
        } else if let Some(parts) = parts {
            found.push(parts.clone());
        }
    }
    found
}

/// Whether a set would have this name in one file.
fn is_called(set: &Set, name: &str) -> bool {
    let part = set.files.first().and_then(|file| part(file));
    part.is_some_and(|part| {
        let rest = name.strip_prefix(part.stem);
        rest.is_some_and(|rest| rest == part.ending)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| name.to_string()).collect()
    }

    #[test]
    fn names_count_their_files() {
        let all = names(&[
            "a-00002-of-00003.bin",
            "a-00001-of-00003.bin",
            "b-1-of-1.fp16.safetensors",
            "c-0-of-2.bin",
            "c-1-of-2.bin",
            "d-3-of-2.bin",
            "one-of-us.bin",
        ]);
        let sets = counted(&all);
        assert_eq!(sets.len(), 3);
        assert_eq!(sets[0].files, [all[1].clone(), all[0].clone()]);
        assert_eq!(sets[0].missing, ["a-00003-of-00003.bin"]);
        assert_eq!(
            sets[0].lacks().as_deref(),
            Some("a-00003-of-00003.bin is missing")
        );
        assert!(sets[1].missing.is_empty() && sets[2].missing.is_empty());
        assert_eq!(set_of("c-1-of-2.bin", || all.clone()), sets[2]);
        assert_eq!(
            set_of("one-of-us.bin", || all.clone()),
            Set::one("one-of-us.bin")
        );
    }

    #[test]
    fn a_set_goes_by_the_name_that_one_file_would_have() {
        for (name, expected) in [
            ("adapter_model-00001-of-00002.safetensors", "adapter_model"),
            ("adapter_model.safetensors.index.json", "adapter_model"),
            ("model.safetensors.index.fp16.json", "model.safetensors"),
            ("lit_model.pth", "lit_model"),
        ] {
            assert!(expected.starts_with(stem(stem(name))), "{name}");
        }
        let all = names(&["x-1-of-2.bin", "x-2-of-2.bin", "y.bin.index.json"]);
        let found = named(&all, &["y.bin", "x.bin", "x.safetensors"]);
        assert_eq!(found[0], Set::index("y.bin.index.json"));
        assert_eq!(found[1].files, names(&["x-1-of-2.bin", "x-2-of-2.bin"]));
        assert_eq!(found.len(), 2);
    }
}
