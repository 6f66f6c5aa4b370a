//! α of every layout: a tensor beside the factors, else the config, else the file's own metadata.

use std::cell::RefCell;

use crate::error::{Error, Result};

use super::factors::check_stated;
use super::formula::Formula;
use super::found::Found;
use super::header::Header;
use super::peft::PeftConfig;
use super::scale_rule::{ScaleKind, ScaleRule};

/// How far a stored α may be from a stated one, as bf16 rounds it.
const ROUNDED: f64 = 0.01;

/// A module whose scale is asked for.
pub(super) struct Asked<'m> {
    /// The component that it is part of, as its library calls it; `""` where the file does not say.
    pub(super) component: &'m str,
    /// Its path inside of the component.
    pub(super) path: &'m str,
    pub(super) rank: usize,
    /// The tensor that is its α.
    pub(super) tensor: Option<&'m str>,
    /// A, for messages.
    pub(super) a: &'m Formula,
}

/// What a layout makes of a module that nothing states α of.
pub(super) enum Without {
    /// s = 1: the rule that says so.
    One(&'static str),
    /// The error, to be asked for α.
    Unknown(fn(&Found) -> Error),
}

/// Finds α of a layout's modules, and keeps in mind where it found them.
pub(super) struct Alphas<'a> {
    found: &'a Found<'a>,
    /// What α is divided by, as the layout calls it.
    rank: &'static str,
    without: Without,
    /// The loaders that do not read what the metadata says.
    loaders: &'static str,
    config: Option<&'a PeftConfig>,
    pub(super) header: Header,
    tally: RefCell<Tally>,
}

/// How many modules have their α from where.
#[derive(Default)]
struct Tally {
    total: usize,
    tensors: usize,
    configs: usize,
    headers: usize,
    ones: usize,
    /// Rules of the metadata, each once.
    stated: Vec<ScaleRule>,
    differences: Vec<String>,
    are_roots: bool,
}

impl<'a> Alphas<'a> {
    /// For a layout of one file, whose α may be in its metadata.
    ///
    /// # Errors
    ///
    /// Those of [`Header::read`].
    pub(super) fn new(
        found: &'a Found<'a>,
        rank: &'static str,
        without: Without,
        loaders: &'static str,
    ) -> Result<Self> {
        Ok(Alphas {
            found,
            rank,
            without,
            loaders,
            config: None,
            header: Header::read(found)?,
            tally: RefCell::default(),
        })
    }

    /// For a layout whose own loader reads what the metadata says.
    pub(super) fn read_by_all(self) -> Self {
        Alphas {
            loaders: "",
            ..self
        }
    }

    /// For a config that has been completed by the metadata.
    pub(super) fn of_config(found: &'a Found<'a>, config: &'a PeftConfig) -> Self {
        Alphas {
            found,
            rank: "r",
            without: Without::One(""),
            loaders: "",
            config: Some(config),
            header: Header::default(),
            tally: RefCell::default(),
        }
    }

    /// s of a module.
    ///
    /// # Errors
    ///
    /// For an α that cannot be read, or none where there must be one; for a rank in the metadata
    /// that is not the module's, where α comes from there.
    pub(super) fn scale(&self, asked: &Asked) -> Result<f64> {
        let (mut tally, rank) = (self.tally.borrow_mut(), asked.rank as f64);
        tally.total += 1;
        let header = self.header.of(asked.component);
        if !self.found.options.scaled {
            return Ok(1.0);
        }
        if let Some(alpha) = self.found.options.alpha {
            let config = self.config.or(header);
            return config.map_or(Ok(alpha / rank), |config| {
                config.scale(asked.path, asked.rank, Some(alpha))
            });
        }
        if let Some(name) = asked.tensor {
            return self.by_tensor(&mut tally, asked, self.found.alpha(name)?);
        }
        if let Some(config) = self.config {
            tally.configs += 1;
            return self
                .found
                .scale(|alpha| config.scale(asked.path, asked.rank, alpha));
        }
        // A component that diffusers' entry has and that has no α there is not known.
        if let Some(config) = header
            && (self.header.is_object || config.alpha_of(asked.path)?.is_some())
        {
            tally.headers += 1;
            check_stated(config.rank(asked.path)?, &config.place, asked.rank, asked.a)?;
            tally.state(config.scale_rule(None));
            let rule = |alpha| config.scale(asked.path, asked.rank, alpha);
            return self.found.scale(rule);
        }
        match &self.without {
            Without::One(_) => {
                tally.ones += 1;
                Ok(1.0)
            }
            Without::Unknown(error) => self.found.scale(|_| Err(error(self.found))),
        }
    }

    /// s of a module whose α is a tensor, held against what else the file states.
    fn by_tensor(&self, tally: &mut Tally, asked: &Asked, alpha: f64) -> Result<f64> {
        tally.tensors += 1;
        if let Some(config) = self.config.or(self.header.of(asked.component)) {
            tally.compare(config, asked, alpha)?;
        }
        // A config's own rule holds for it too; what LyCORIS stores needs no root.
        let Some(config) = self.config else {
            return Ok(alpha / asked.rank as f64);
        };
        let rule = config.scale_rule(Some(alpha));
        tally.are_roots |= rule.is_some_and(|rule| rule.kind == ScaleKind::AlphaOverRoot);
        config.scale(asked.path, asked.rank, Some(alpha))
    }

    /// The rule in words; `None` where α of a module is not known.
    pub(super) fn rule(&self) -> Option<ScaleRule> {
        let tally = self.tally.borrow();
        if let (Some(config), 0) = (self.config, tally.tensors) {
            return config.scale_rule(self.found.options.alpha);
        }
        if tally.total == 0 {
            return Some(ScaleRule::one("no factor has a rank"));
        }
        if let Some(alpha) = self.found.options.alpha {
            return match self.config.or(self.header.of("")) {
                Some(config) => config.scale_rule(Some(alpha)),
                None => Some(ScaleRule::given(&format!("α/{}", self.rank), alpha)),
            };
        }
        let known = tally.tensors + tally.configs + tally.headers + tally.ones;
        if known < tally.total {
            return None;
        }
        self.known_rule(&tally)
    }

    fn known_rule(&self, tally: &Tally) -> Option<ScaleRule> {
        let without = match self.without {
            Without::One(words) => words,
            Without::Unknown(_) => "",
        };
        if tally.ones == tally.total {
            return Some(ScaleRule::one(without));
        }
        let (total, mut parts) = (tally.total, Vec::new());
        if tally.tensors == total {
            parts.push("α from each module's .alpha".to_string());
        } else if tally.tensors > 0 {
            parts.push(format!(
                "α from .alpha in {} of {total} modules",
                tally.tensors
            ));
        }
        let stated = tally.stated.iter().map(|rule| {
            let (_, source) = rule.words.split_once(", ").unwrap_or(("", &rule.words));
            source.to_string()
        });
        parts.extend(stated);
        if let Some(rule) = self.config.filter(|_| tally.configs > 0) {
            parts.extend(rule.source());
        }
        if tally.ones > 0 {
            parts.push(format!("s = 1 in the others: {without}"));
        }
        let (kind, root) = match tally.are_roots {
            true => (ScaleKind::AlphaOverRoot, "√"),
            false => (ScaleKind::AlphaOverRank, ""),
        };
        let alpha = match (tally.stated.as_slice(), tally.headers == total) {
            ([first, ..], true) => first.alpha,
            _ => None,
        };
        let words = format!("s = α/{root}{}, {}", self.rank, parts.join(", "));
        Some(ScaleRule::new(kind, words, alpha))
    }

    /// What must be said beside the rule: where tensors and metadata, or training and loaders,
    /// differ.
    pub(super) fn notes(&self) -> Vec<String> {
        let tally = self.tally.borrow();
        let mut notes = Vec::new();
        if let Some(first) = tally.differences.first() {
            notes.push(format!(
                "{first} ({} of {} modules differ in this way): .alpha is taken",
                tally.differences.len(),
                tally.total
            ));
        }
        if tally.headers > 0 && !self.loaders.is_empty() {
            notes.push(format!(
                "{} take s = 1 for this file, because its α stands in the metadata alone: here the α \
                 of training is taken",
                self.loaders
            ));
        }
        notes
    }
}

impl Tally {
    /// Keeps a rule of the metadata, once.
    fn state(&mut self, rule: Option<ScaleRule>) {
        let Some(rule) = rule else {
            return;
        };
        self.are_roots |= rule.kind == ScaleKind::AlphaOverRoot;
        if self.stated.iter().all(|known| known.words != rule.words) {
            self.stated.push(rule);
        }
    }

    /// Holds a module's .alpha against what else the file states.
    fn compare(&mut self, config: &PeftConfig, asked: &Asked, alpha: f64) -> Result<()> {
        let Some(stated) = config.alpha_of(asked.path)? else {
            return Ok(());
        };
        let is_near = |other: f64| (alpha - other).abs() <= ROUNDED * other.abs();
        if is_near(stated) {
            return Ok(());
        }
        let root = (asked.rank as f64).sqrt();
        let why = if asked.rank > 1 && is_near(stated * root) {
            ", which is that times √r, as rs_lora stores it"
        } else {
            ""
        };
        self.differences.push(format!(
            "`{}` has α = {stated} by {} and .alpha = {alpha}{why}",
            asked.path,
            config.alpha_name()
        ));
        Ok(())
    }
}
