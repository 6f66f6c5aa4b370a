//! Which grids are drawn: the study's choice, else the paper's.

use std::path::Path;

use crate::adapter::{layer_of, projection_of};
use crate::error::{Error, Result};
use crate::measure::Basis;
use crate::table::letter;

use super::ModuleName;
use super::definition::FiguresEntry;

/// What is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct FigurePlan {
    /// Bases drawn.
    pub bases: Vec<Basis>,
    /// Figures 3 and 6: adapters of two ranks.
    pub ranks: Option<[String; 2]>,
    /// Figures 4 and 7: adapters of two seeds.
    pub seeds: Option<[String; 2]>,
    /// Figure 8: adapters held against W.
    pub base: Vec<String>,
    /// Figures 3, 4 and 8 and table 7.
    pub layer: Option<usize>,
    /// Figures 6 and 7.
    pub layers: Vec<Option<usize>>,
    /// Panels.
    pub projections: Vec<String>,
}

impl FigurePlan {
    /// Whether a figure shows this grid.
    pub fn shows(&self, module: &ModuleName, basis: Basis, first: &str, second: &str) -> bool {
        if !self.bases.contains(&basis) || !self.projections.contains(&module.projection) {
            return false;
        }
        let is = |pair: &Option<[String; 2]>| {
            pair.as_ref()
                .is_some_and(|[one, other]| one == first && other == second)
        };
        let one_layer = module.layer == self.layer;
        if is(&self.ranks) || is(&self.seeds) {
            return one_layer || self.layers.contains(&module.layer);
        }
        let random = || {
            self.seeds
                .as_ref()
                .is_some_and(|[_, other]| other == second)
        };
        let with_base = || second == "random" || self.base.iter().any(|name| name == second);
        one_layer && (first == "random" && random() || first == "base" && with_base())
    }
}

/// Layer, layers and projections of the figures.
pub(super) struct Panels {
    pub(super) layer: Option<usize>,
    pub(super) layers: Vec<Option<usize>>,
    pub(super) projections: Vec<String>,
}

/// Chooses panels among the modules that are measured: the study's; where it says nothing, or a
/// run on chosen modules leaves none of them, the middle layer, four layers as the paper takes them
/// (first, thirds, last), and q and v or the first two projections.
///
/// `all` are the modules that the adapters have: a study that names a layer or a projection beyond
/// these is in error.
pub(super) fn panels(
    entry: &FiguresEntry,
    measured: &[String],
    all: &[String],
    study: &Path,
) -> Result<Panels> {
    let known_layers = layers_of(all);
    for layer in entry.layer.iter().chain(entry.layers.iter().flatten()) {
        if !known_layers.contains(&Some(*layer)) {
            let known: Vec<usize> = known_layers.iter().flatten().copied().collect();
            return Err(unknown(
                study,
                format!("layer {layer}"),
                format!("{known:?}"),
            ));
        }
    }
    let known_projections = projections_of(all);
    if let Some(name) = entry
        .projections
        .iter()
        .find(|name| !known_projections.contains(&name.as_str()))
    {
        let known = known_projections.join(", ");
        return Err(unknown(study, format!("projection `{name}`"), known));
    }
    let mut chosen = projections(&entry.projections, &projections_of(measured));
    let mut layers = complete_layers(measured, &chosen);
    while layers.is_empty() && chosen.len() > 1 {
        // No layer has all of them: fewer panels, rather than none.
        chosen.pop();
        layers = complete_layers(measured, &chosen);
    }
    let middle = layers.get(layers.len() / 2).copied().flatten();
    Ok(Panels {
        layer: entry
            .layer
            .map(Some)
            .filter(|layer| layers.contains(layer))
            .unwrap_or(middle),
        layers: several(entry.layers.as_deref().unwrap_or_default(), &layers),
        projections: chosen,
    })
}

/// Layers that have every one of the projections.
fn complete_layers(modules: &[String], projections: &[String]) -> Vec<Option<usize>> {
    let has = |layer: Option<usize>, projection: &String| {
        modules
            .iter()
            .any(|path| layer_of(path) == layer && projection_of(path) == projection)
    };
    let all = |layer: &Option<usize>| projections.iter().all(|projection| has(*layer, projection));
    layers_of(modules).into_iter().filter(all).collect()
}

fn unknown(study: &Path, what: String, known: String) -> Error {
    Error::Config {
        path: study.into(),
        problem: format!("[figures] names {what}, which no adapter of the study has"),
        remedy: format!("they have {known}"),
    }
}

fn several(named: &[usize], layers: &[Option<usize>]) -> Vec<Option<usize>> {
    let kept: Vec<Option<usize>> = named
        .iter()
        .map(|&layer| Some(layer))
        .filter(|layer| layers.contains(layer))
        .collect();
    if !kept.is_empty() {
        return kept;
    }
    // Of 96 layers counted from 1: 1, 32 or 33, 64 or 65, 96.
    let Some(last) = layers.len().checked_sub(1) else {
        return Vec::new();
    };
    let mut chosen: Vec<Option<usize>> =
        (0..4).map(|third| layers[(third * last + 1) / 3]).collect();
    chosen.dedup();
    chosen
}

fn projections(named: &[String], measured: &[&str]) -> Vec<String> {
    let kept: Vec<String> = named
        .iter()
        .filter(|name| measured.contains(&name.as_str()))
        .cloned()
        .collect();
    if !kept.is_empty() {
        return kept;
    }
    let find = |wanted| measured.iter().find(|name| letter(name) == Some(wanted));
    match (find("q"), find("v")) {
        (Some(query), Some(value)) => vec![query.to_string(), value.to_string()],
        _ => measured
            .iter()
            .take(2)
            .map(|projection| projection.to_string())
            .collect(),
    }
}

/// Layers in order, each once.
fn layers_of(modules: &[String]) -> Vec<Option<usize>> {
    let mut layers: Vec<Option<usize>> = modules.iter().map(|module| layer_of(module)).collect();
    layers.sort();
    layers.dedup();
    layers
}

/// Projections in the modules' order, each once.
fn projections_of(modules: &[String]) -> Vec<&str> {
    let mut projections: Vec<&str> = Vec::new();
    for module in modules {
        if !projections.contains(&projection_of(module)) {
            projections.push(projection_of(module));
        }
    }
    projections
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(entry: &FiguresEntry, layers: usize, names: &[&str]) -> Result<Panels> {
        let modules: Vec<String> = (0..layers)
            .flat_map(|layer| names.iter().map(move |name| format!("h.{layer}.{name}")))
            .collect();
        panels(entry, &modules, &modules, Path::new("study.toml"))
    }

    #[test]
    fn the_papers_layers_of_96() {
        let panels = choose(
            &FiguresEntry::default(),
            96,
            &["k_proj", "q_proj", "v_proj"],
        )
        .unwrap();
        assert_eq!(panels.layer, Some(48));
        assert_eq!(panels.layers, [Some(0), Some(32), Some(63), Some(95)]);
        assert_eq!(panels.projections, ["q_proj", "v_proj"]);
    }

    #[test]
    fn few_layers_and_other_projections() {
        let panels = choose(&FiguresEntry::default(), 2, &["up", "gate", "down"]).unwrap();
        assert_eq!(
            (panels.layer, panels.layers),
            (Some(1), vec![Some(0), Some(1)])
        );
        assert_eq!(panels.projections, ["up", "gate"]);
    }

    #[test]
    fn layers_without_a_panel_are_passed_over() {
        let modules = ["h.0.q", "h.1.q", "h.1.v", "h.2.q"].map(String::from);
        let panels =
            super::panels(&FiguresEntry::default(), &modules, &modules, Path::new("s")).unwrap();
        assert_eq!((panels.layer, panels.layers), (Some(1), vec![Some(1)]));
        let modules = ["h.0.q", "h.1.v"].map(String::from);
        let panels =
            super::panels(&FiguresEntry::default(), &modules, &modules, Path::new("s")).unwrap();
        assert_eq!(
            (panels.layer, panels.projections),
            (Some(0), vec!["q".to_string()])
        );
    }

    #[test]
    fn a_layer_that_nobody_has_is_an_error() {
        let entry = FiguresEntry {
            layer: Some(7),
            ..FiguresEntry::default()
        };
        assert!(
            choose(&entry, 6, &["q"])
                .err()
                .unwrap()
                .to_string()
                .contains("layer 7")
        );
        let entry = FiguresEntry {
            projections: vec!["o".into()],
            ..FiguresEntry::default()
        };
        assert!(
            choose(&entry, 6, &["q"])
                .err()
                .unwrap()
                .to_string()
                .contains("projection `o`")
        );
    }
}
