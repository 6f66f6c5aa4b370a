//! Which modules, layers and projections the figures show: the study's choice, else the paper's.

use std::collections::{BTreeMap, BTreeSet};

use crate::adapter::{layer_of, projection_of};
use crate::error::Result;
use crate::paper::{Projection, place_in_model};

use super::file::definition::FiguresEntry;
use super::file::lines::{Lines, suggestion};
use super::file::select::ranges;
use super::within::Within;

/// Layer, layers and projections of the figures.
pub(super) struct Panels {
    /// The modules that may be drawn.
    pub(super) modules: Vec<String>,
    /// What tells them apart from others of one layer and name.
    pub(super) within: String,
    pub(super) layer: Option<usize>,
    pub(super) layers: Vec<Option<usize>>,
    pub(super) projections: Vec<String>,
    /// Which layers were picked.
    pub(super) notes: Vec<String>,
}

/// Chooses panels among the modules that are measured: the study's; where it says nothing, or a
/// run on chosen modules leaves none of them, the middle layer, four layers as the paper takes them
/// (first, thirds, last), and q and v or the first two projections.
///
/// `all` are the modules that the adapters have: a study that names a layer or a projection beyond
/// these is in error.
pub(super) fn panels(
    entry: &FiguresEntry,
    (shared, measured): (&[String], &[String]),
    components: &BTreeMap<String, String>,
    (all, lines): (&[String], &Lines),
) -> Result<Panels> {
    check_known(entry, all, lines)?;
    let asked = entry.component.as_deref();
    let within = Within::choose(shared, components, asked, lines)?;
    let whole = Within::choose(measured, components, asked, lines)?;
    let modules = within.extended(&whole, measured);
    let shared = within.modules(shared);
    let mut chosen = projections(&entry.projections, &projections_of(&shared));
    let mut layers = complete_layers(&shared, &chosen);
    while layers.is_empty() && chosen.len() > 1 {
        // No layer has all of them: fewer panels, rather than none.
        chosen.pop();
        layers = complete_layers(&shared, &chosen);
    }
    let named = entry.layer.map(Some);
    let named = named.filter(|layer| layers.contains(layer));
    let layer = named.unwrap_or_else(|| layers.get(layers.len() / 2).copied().flatten());
    let (shown, are_named) = several(entry.layers.as_deref().unwrap_or_default(), &layers);
    let mut notes = Vec::new();
    if let (None, Some(layer), true) = (named, layer, layers.len() > 1) {
        notes.push(format!(
            "figures 3, 4 and 8 and table 7 show layer {layer}, the middle one of {}",
            layers.len()
        ));
    }
    if !are_named && shown.len() < layers.len() {
        let picked: Vec<String> = shown.iter().flatten().map(usize::to_string).collect();
        notes.push(format!(
            "figures 6 and 7 show layers {} of {}: the first, thirds, the last",
            picked.join(", "),
            layers.len()
        ));
    }
    let words = within.words(&chosen);
    if !words.is_empty() {
        notes.push(format!(
            "figures and table 7 show {words}, where several modules have one layer and name"
        ));
    }
    Ok(Panels {
        within: words,
        modules,
        layer,
        layers: shown,
        projections: chosen,
        notes,
    })
}

/// Every layer and projection that a study names must be some adapter's.
fn check_known(entry: &FiguresEntry, all: &[String], lines: &Lines) -> Result<()> {
    let known: Vec<usize> = layers_of(all).into_iter().flatten().collect();
    let one = entry
        .layer
        .map(|layer| ("figures.layer".to_string(), layer));
    let several = entry.layers.iter().flatten().enumerate();
    let several = several.map(|(number, layer)| (format!("figures.layers[{number}]"), *layer));
    for (place, layer) in one.into_iter().chain(several) {
        if !known.contains(&layer) {
            let problem = format!("[figures] names layer {layer}, which no adapter has");
            return Err(lines.error(&place, &problem, format!("they have {}", ranges(&known))));
        }
    }
    let known = projections_of(all);
    for (number, name) in entry.projections.iter().enumerate() {
        if !known.contains(&name.as_str()) {
            let place = format!("figures.projections[{number}]");
            let problem = format!("[figures] names projection `{name}`, which no adapter has");
            let remedy = suggestion(name, known.iter().copied(), "they have");
            return Err(lines.error(&place, &problem, remedy));
        }
    }
    Ok(())
}

/// Layers that have every one of the projections.
fn complete_layers(modules: &[String], projections: &[String]) -> Vec<Option<usize>> {
    let places = modules
        .iter()
        .map(|path| (layer_of(path), projection_of(path)));
    let places: BTreeSet<(Option<usize>, &str)> = places.collect();
    let all = |layer: &Option<usize>| {
        let mut wanted = projections.iter();
        wanted.all(|projection| places.contains(&(*layer, projection.as_str())))
    };
    layers_of(modules).into_iter().filter(all).collect()
}

/// The layers named, and true; else those that the paper would show.
fn several(named: &[usize], layers: &[Option<usize>]) -> (Vec<Option<usize>>, bool) {
    let kept: Vec<Option<usize>> = named
        .iter()
        .map(|&layer| Some(layer))
        .filter(|layer| layers.contains(layer))
        .collect();
    if !kept.is_empty() {
        return (kept, true);
    }
    // Of 96 layers counted from 1: 1, 32 or 33, 64 or 65, 96.
    let Some(last) = layers.len().checked_sub(1) else {
        return (Vec::new(), false);
    };
    let mut chosen: Vec<Option<usize>> =
        (0..4).map(|third| layers[(third * last + 1) / 3]).collect();
    chosen.dedup();
    (chosen, false)
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
    let find = |wanted| {
        let mut names = measured.iter();
        names.find(|name| Projection::of(name) == Some(wanted))
    };
    match (find(Projection::Query), find(Projection::Value)) {
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

/// Projections in the order of a model's block, each once.
fn projections_of(modules: &[String]) -> Vec<&str> {
    let mut projections: Vec<&str> = Vec::new();
    for module in modules {
        if !projections.contains(&projection_of(module)) {
            projections.push(projection_of(module));
        }
    }
    projections.sort_by_key(|name| place_in_model(name));
    projections
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(entry: &FiguresEntry, layers: usize, names: &[&str]) -> Result<Panels> {
        let modules: Vec<String> = (0..layers)
            .flat_map(|layer| names.iter().map(move |name| format!("h.{layer}.{name}")))
            .collect();
        panels(
            entry,
            (&modules, &modules),
            &BTreeMap::new(),
            (&modules, &Lines::default()),
        )
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
        assert!(panels.notes[0].contains("layer 48, the middle one of 96"));
        assert!(panels.notes[1].contains("layers 0, 32, 63, 95 of 96"));
        assert_eq!(panels.projections, ["q_proj", "v_proj"]);
    }

    #[test]
    fn few_layers_and_other_projections() {
        let panels = choose(&FiguresEntry::default(), 2, &["up", "gate", "down"]).unwrap();
        assert_eq!(
            (panels.layer, panels.layers),
            (Some(1), vec![Some(0), Some(1)])
        );
        assert_eq!(panels.projections, ["gate", "up"]);
    }

    #[test]
    fn layers_without_a_panel_are_passed_over() {
        let modules = ["h.0.q", "h.1.q", "h.1.v", "h.2.q"].map(String::from);
        let panels = super::panels(
            &FiguresEntry::default(),
            (&modules, &modules),
            &BTreeMap::new(),
            (&modules, &Lines::default()),
        )
        .unwrap();
        assert_eq!((panels.layer, panels.layers), (Some(1), vec![Some(1)]));
        let modules = ["h.0.q", "h.1.v"].map(String::from);
        let panels = super::panels(
            &FiguresEntry::default(),
            (&modules, &modules),
            &BTreeMap::new(),
            (&modules, &Lines::default()),
        )
        .unwrap();
        assert_eq!(
            (panels.layer, panels.projections),
            (Some(0), vec!["q".to_string()])
        );
    }

    #[test]
    fn what_a_study_names_is_not_noted() {
        let entry = FiguresEntry {
            layer: Some(7),
            layers: Some(vec![1, 7]),
            ..FiguresEntry::default()
        };
        assert!(choose(&entry, 8, &["q"]).unwrap().notes.is_empty());
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
