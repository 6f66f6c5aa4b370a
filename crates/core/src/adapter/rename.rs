//! Prefixes of an adapter's paths that are replaced, as somebody says.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;
use crate::setting::Setting;

/// One prefix of an adapter's paths, and what stands in its place.
///
/// ```
/// use lora_subspace_core::adapter::{Rename, renamed};
/// let rename: Rename = "model.language_model=model".parse()?;
/// assert_eq!(renamed("model.language_model.layers.0.q", &[rename]), "model.layers.0.q");
/// # Ok::<(), lora_subspace_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rename {
    old: String,
    new: String,
}

impl Rename {
    /// What follows the old prefix in a path, if the path begins with it. A prefix ends where a part of
    /// the path does, or with the underscore of a name whose dots became underscores.
    fn rest<'a>(&self, path: &'a str) -> Option<&'a str> {
        let rest = path.strip_prefix(self.old.as_str())?;
        let is_end = self.old.is_empty() || self.old.ends_with(['.', '_']);
        (is_end || rest.is_empty() || rest.starts_with('.')).then_some(rest)
    }

    /// The path with its prefix replaced; `None` where it begins with another.
    pub(super) fn apply(&self, path: &str) -> Option<String> {
        let rest = self.rest(path)?;
        let is_open = self.new.is_empty() || self.new.ends_with(['.', '_']);
        let rest = if is_open {
            rest.trim_start_matches('.')
        } else {
            rest
        };
        let dot = if is_open || rest.is_empty() || rest.starts_with('.') {
            ""
        } else {
            "."
        };
        Some(format!("{}{dot}{rest}", self.new))
    }
}

impl FromStr for Rename {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.split_once('=') {
            Some((old, new)) if old != new => Ok(Rename {
                old: old.trim().into(),
                new: new.trim().into(),
            }),
            _ => Err(Error::request(
                format!("{} {text}", Setting::Rename),
                "it is not OLD=NEW with two prefixes of paths",
                "write, for example, model.language_model=model",
            )),
        }
    }
}

impl fmt::Display for Rename {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}={}", self.old, self.new)
    }
}

/// A path with the first prefix replaced that it begins with.
pub fn renamed(path: &str, renames: &[Rename]) -> String {
    let mut changed = renames.iter().filter_map(|rename| rename.apply(path));
    changed.next().unwrap_or_else(|| path.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_end_where_names_do() {
        for (rename, path, expected) in [
            ("a.b=c", "a.b.0.q", "c.0.q"),
            ("a.b=c", "a.bc.0.q", "a.bc.0.q"),
            ("a=", "a.0.q", "0.q"),
            ("=model", "layers.0.q", "model.layers.0.q"),
            ("a.=model.", "a.0.q", "model.0.q"),
            (
                "lora_unet__=lora_unet_",
                "lora_unet__blocks_0_q",
                "lora_unet_blocks_0_q",
            ),
            ("a=b", "a", "b"),
        ] {
            let renames = [rename.parse().unwrap()];
            assert_eq!(renamed(path, &renames), expected, "{rename} of {path}");
        }
        for text in ["a", "a=a", "="] {
            assert!(text.parse::<Rename>().is_err(), "{text}");
        }
    }
}
