//! Which modules and layers are looked at.

use globset::{Glob, GlobMatcher};

use crate::adapter::{layer_of, projection_of};
use crate::asked::Asked;
use crate::error::{Error, Result};

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
    /// modules out. Layers are block numbers.
    ///
    /// # Errors
    ///
    /// [`CoreError::Request`](crate::CoreError::Request) for a pattern that is no glob.
    pub fn new(globs: &[String], layers: &[usize]) -> Result<Self> {
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
        let with: Vec<&str> = with.map(String::as_str).collect();
        Ok(Selection {
            without: without.map(|glob| compile(&glob)).collect::<Result<_>>()?,
            globs: with.iter().map(compile).collect::<Result<_>>()?,
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
        let is_among = |globs: &[GlobMatcher]| {
            let mut globs = globs.iter();
            globs.any(|glob| glob.is_match(module) || glob.is_match(projection_of(module)))
        };
        let by_name = (self.globs.is_empty() || is_among(&self.globs)) && !is_among(&self.without);
        let by_layer = self.layers.is_empty()
            || layer_of(module).is_some_and(|layer| self.layers.contains(&layer));
        by_name && by_layer
    }
}

/// The modules that a selection takes of all.
///
/// # Errors
///
/// [`CoreError::Request`](crate::CoreError::Request) when none is left.
pub(in crate::study) fn select(all: &[String], selection: &Selection) -> Result<Vec<String>> {
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
                "name a weight that was saved whole with {}; `inspect` lists them",
                Asked::Modules
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
        format!("they are {}, …; `inspect` lists them all", shown.join(", ")),
    ))
}

/// Reads `0,5-7` as 0, 5, 6, 7.
///
/// ```
/// use lora_subspace::study::parse_layers;
/// assert_eq!(parse_layers("0,5-7").unwrap(), [0, 5, 6, 7]);
/// assert!(parse_layers("7-5").is_err());
/// ```
///
/// # Errors
///
/// A sentence about what is wrong.
pub fn parse_layers(text: &str) -> std::result::Result<Vec<usize>, String> {
    let number = |part: &str| {
        part.trim()
            .parse::<usize>()
            .map_err(|_| format!("`{part}` is not a layer number"))
    };
    let mut layers = Vec::new();
    for part in text.split(',') {
        match part.split_once('-') {
            None => layers.push(number(part)?),
            Some((first, last)) => {
                let (first, last) = (number(first)?, number(last)?);
                if first > last || last - first > 100_000 {
                    return Err(format!("`{part}` is not a range of layers"));
                }
                layers.extend(first..=last);
            }
        }
    }
    Ok(layers)
}
