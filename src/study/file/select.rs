//! Which modules and layers are looked at.

use std::collections::BTreeSet;
use std::fmt::Display;

use globset::{Candidate, Glob, GlobMatcher};

use crate::adapter::{layer_of, projection_of};
use crate::asked::Asked;
use crate::error::{Error, Result};

use super::bounds::{MOST_ENTRIES, MOST_LAYER, repeated};

/// Which modules a run looks at; an empty list means all.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    globs: Vec<GlobMatcher>,
    /// Patterns of modules that are left out.
    without: Vec<GlobMatcher>,
    layers: Vec<usize>,
}

impl Selection {
    /// Globs match a module's whole path or its projection; one that begins with `!` leaves those
    /// modules out. A text may have several with commas between them: outside of brackets and braces a
    /// comma belongs to no glob. Layers are block numbers.
    ///
    /// # Errors
    ///
    /// [`CoreError::Request`](crate::CoreError::Request) for a pattern that is empty or no glob, for a
    /// pattern or a layer that is there twice, and for more than [`MOST_ENTRIES`] of either.
    ///
    /// # Example
    ///
    /// ```
    /// use lora_subspace::study::Selection;
    /// let selection = Selection::new(&["q_proj,{up,down}_proj".into()], &[]).unwrap();
    /// assert!(selection.takes("layers.0.q_proj") && selection.takes("layers.0.up_proj"));
    /// assert!(!selection.takes("layers.0.v_proj"));
    /// ```
    pub fn new(globs: &[String], layers: &[usize]) -> Result<Self> {
        let globs: Vec<&str> = globs.iter().flat_map(|text| parts(text)).collect();
        check_list(Asked::Modules, &globs)?;
        check_list(Asked::Layers, layers)?;
        if globs.iter().any(|glob| ["", "!"].contains(glob)) {
            return Err(Error::request(
                Asked::Modules.to_string(),
                "a pattern is empty",
                "leave it out; between two patterns stands one comma",
            ));
        }
        let compile = |glob: &&str| match Glob::new(glob) {
            Ok(compiled) => Ok(compiled.compile_matcher()),
            Err(error) => Err(Error::request(
                format!("{} {glob}", Asked::Modules),
                error.kind().to_string(),
                "use * and ? as in a shell, e.g. '*query'",
            )),
        };
        let without = globs.iter().filter_map(|glob| glob.strip_prefix('!'));
        let with = globs.iter().filter(|glob| !glob.starts_with('!'));
        Ok(Selection {
            without: without.map(|glob| compile(&glob)).collect::<Result<_>>()?,
            globs: with.map(compile).collect::<Result<_>>()?,
            layers: layers.to_vec(),
        })
    }

    /// The patterns, if there are some.
    pub(in crate::study) fn globs(&self) -> Option<String> {
        let globs = self.globs.iter().map(|glob| glob.glob().to_string());
        let without = self.without.iter().map(|glob| format!("!{}", glob.glob()));
        let globs: Vec<String> = globs.chain(without).collect();
        (!globs.is_empty()).then(|| globs.join(", "))
    }

    /// The layers, if only some are wanted.
    pub(in crate::study) fn layers(&self) -> Option<String> {
        let layers: Vec<String> = self.layers.iter().map(usize::to_string).collect();
        (!layers.is_empty()).then(|| layers.join(", "))
    }

    /// Whether a module is wanted by name: without globs none is.
    pub fn names(&self, module: &str) -> bool {
        !self.globs.is_empty() && self.takes(module)
    }

    /// Whether a pattern without a wildcard is a module's whole path.
    pub(in crate::study) fn names_whole(&self, module: &str) -> bool {
        let mut globs = self.globs.iter().map(|glob| glob.glob().glob());
        globs.any(|glob| glob == module && !glob.contains(['*', '?', '[', '{']))
    }

    /// Whether a module is wanted.
    pub fn takes(&self, module: &str) -> bool {
        // Made once of each, as there may be thousands of patterns.
        let names = [module, projection_of(module)].map(Candidate::new);
        let is_among = |globs: &[GlobMatcher]| {
            let mut globs = globs.iter();
            globs.any(|glob| names.iter().any(|name| glob.is_match_candidate(name)))
        };
        let by_name = (self.globs.is_empty() || is_among(&self.globs)) && !is_among(&self.without);
        let by_layer = self.layers.is_empty()
            || layer_of(module).is_some_and(|layer| self.layers.contains(&layer));
        by_name && by_layer
    }
}

/// The globs of a text, between commas that belong to none.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut open, mut is_escaped) = (Vec::new(), 0, 0usize, false);
    for (place, character) in text.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '{' | '[' => open += 1,
            '}' | ']' => open = open.saturating_sub(1),
            ',' if open == 0 => {
                parts.push(text[start..place].trim());
                start = place + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}

/// A list of which each entry is asked for once.
///
/// # Errors
///
/// [`CoreError::Request`](crate::CoreError::Request) for one that is there twice, and for more than
/// [`MOST_ENTRIES`].
pub(in crate::study) fn check_list<T: Ord + Display>(asked: Asked, all: &[T]) -> Result<()> {
    if all.len() > MOST_ENTRIES {
        let problem = format!(
            "there are {}, where at most {MOST_ENTRIES} are read",
            all.len()
        );
        return Err(Error::request(asked.to_string(), problem, "give fewer"));
    }
    match repeated(all) {
        None => Ok(()),
        Some((_, twice)) => Err(Error::request(
            format!("{asked} {twice}"),
            "it is given twice",
            "leave one out",
        )),
    }
}

/// The modules that a selection takes of all.
///
/// # Errors
///
/// [`CoreError::Request`](crate::CoreError::Request) when none is left, and for layers that no module
/// is of.
pub(in crate::study) fn select(all: &[String], selection: &Selection) -> Result<Vec<String>> {
    check_layers(all, &selection.layers)?;
    let wanted: Vec<String> = all
        .iter()
        .filter(|path| selection.takes(path))
        .cloned()
        .collect();
    if !wanted.is_empty() {
        return Ok(wanted);
    }
    if all.is_empty() {
        return Err(Error::request(
            "adapters",
            "no module has factors",
            format!(
                "name a weight that was saved whole with {}; {} lists them",
                Asked::Modules,
                Asked::Listing
            ),
        ));
    }
    let shown: Vec<String> = all
        .iter()
        .take(4)
        .map(|module| format!("`{module}`"))
        .collect();
    Err(Error::request(
        format!("{} and {}", Asked::Modules, Asked::Layers),
        format!("none of the {} modules is left", all.len()),
        format!(
            "they are {}, …; {} lists them all",
            shown.join(", "),
            Asked::Listing
        ),
    ))
}

/// Every layer that is asked for is there.
fn check_layers(all: &[String], asked: &[usize]) -> Result<()> {
    let there: BTreeSet<usize> = all.iter().filter_map(|module| layer_of(module)).collect();
    let absent = asked.iter().copied().filter(|layer| !there.contains(layer));
    let absent: BTreeSet<usize> = absent.collect();
    if absent.is_empty() || all.is_empty() {
        return Ok(());
    }
    let [there, absent] = [there, absent].map(|layers| ranges(&Vec::from_iter(layers)));
    Err(Error::request(
        format!("{} {absent}", Asked::Layers),
        "no adapter has a module there",
        format!("the adapters have {there}"),
    ))
}

/// `0-5, 8` for 0 to 5 and 8.
pub(in crate::study) fn ranges(numbers: &[usize]) -> String {
    let mut ranges: Vec<[usize; 2]> = Vec::new();
    for &number in numbers {
        match ranges.last_mut() {
            Some([_, last]) if *last + 1 == number => *last = number,
            _ => ranges.push([number, number]),
        }
    }
    let written = |[first, last]: &[usize; 2]| {
        if first == last {
            first.to_string()
        } else {
            format!("{first}-{last}")
        }
    };
    if ranges.is_empty() {
        "no numbered layers".into()
    } else {
        ranges.iter().map(written).collect::<Vec<_>>().join(", ")
    }
}

/// Reads `0,5-7` as 0, 5, 6, 7.
///
/// ```
/// use lora_subspace::study::parse_layers;
/// assert_eq!(parse_layers("0,5-7").unwrap(), [0, 5, 6, 7]);
/// assert!(parse_layers("7-5").is_err() && parse_layers("5,5").is_err());
/// ```
///
/// # Errors
///
/// A sentence about what is wrong.
pub fn parse_layers(text: &str) -> std::result::Result<Vec<usize>, String> {
    let number = |part: &str| {
        let number = part.trim().parse::<usize>().ok();
        let number = number.filter(|number| *number <= MOST_LAYER);
        number.ok_or_else(|| format!("`{part}` is not a layer number from 0 to {MOST_LAYER}"))
    };
    let within = |layers: Vec<usize>| match repeated(&layers) {
        _ if layers.len() > MOST_ENTRIES => Err(too_many()),
        Some((_, layer)) => Err(format!("layer {layer} is there twice")),
        None => Ok(layers),
    };
    let mut layers = Vec::new();
    for part in text.split(',') {
        match part.split_once('-') {
            None => layers.push(number(part)?),
            Some((first, last)) => {
                let (first, last) = (number(first)?, number(last)?);
                if first > last {
                    return Err(format!("`{part}` is not a range of layers"));
                }
                if last - first >= MOST_ENTRIES {
                    return Err(too_many());
                }
                layers.extend(first..=last);
            }
        }
    }
    within(layers)
}

fn too_many() -> String {
    format!("at most {MOST_ENTRIES} layers can be asked for")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_in_brackets_is_part_of_a_glob() {
        for (text, expected) in [
            ("q_proj", &["q_proj"][..]),
            ("q_proj, v_proj", &["q_proj", "v_proj"]),
            ("{q,v}_proj,!*.0.*", &["{q,v}_proj", "!*.0.*"]),
            ("[q,v]_proj,o", &["[q,v]_proj", "o"]),
            ("{a,{b,c}},d", &["{a,{b,c}}", "d"]),
            ("a\\{,b", &["a\\{", "b"]),
            ("a,", &["a", ""]),
        ] {
            assert_eq!(parts(text), expected);
        }
    }

    #[test]
    fn numbers_in_a_row_are_a_range() {
        assert_eq!(ranges(&[0, 1, 2, 4, 6, 7]), "0-2, 4, 6-7");
    }
}
