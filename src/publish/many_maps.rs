//! The maps of many adapters that a plan asks for, from `pairs.csv` as written.

use crate::error::Result;
use crate::figure::{LabelStrip, ManyMaps, Options, many_maps};
use crate::paper::{Figure, Label};
use crate::study::{Many, Plan, label_of};

use super::groups::means;
use super::written::Tables;

/// A figure has so many maps: of few or of very many adapters several fit, between them one fills it.
const SEVERAL: usize = 4;
const FEW: usize = 20;
const VERY_MANY: usize = 50;

/// Maps with what headings call them.
pub(super) struct NamedMany {
    pub(super) figure: Figure,
    pub(super) title: String,
    pub(super) maps: ManyMaps,
    /// The part of the model and the projection of each map.
    pub(super) shown: Vec<[String; 2]>,
}

/// The maps of a plan, in one figure or more.
pub(super) fn maps(plan: &Plan, tables: Tables, options: &Options) -> Result<Vec<NamedMany>> {
    let (figure, figures) = (Figure::Many, &plan.figures);
    let Some(many) = plan.many().filter(|_| figures.draws(figure)) else {
        return Ok(Vec::new());
    };
    let rows = means(tables)?;
    let shown: Vec<[String; 2]> = figures
        .projections
        .iter()
        .filter_map(|projection| Some([component(plan, projection)?, projection.clone()]))
        .collect();
    let Some(all) = many_maps(&rows, &shown, &strips(plan, many), options) else {
        return Ok(Vec::new());
    };
    let most = match all.adapters.len() {
        few if few <= FEW || few > VERY_MANY => SEVERAL,
        _ => 1,
    };
    let count = all.maps.len().div_ceil(most);
    let parts = all.maps.chunks(most).zip(shown.chunks(most)).enumerate();
    let part = |(number, (maps, shown)): (usize, (&[_], &[[String; 2]]))| {
        let (name, title) = match (number, count) {
            (_, 1) => (figure.stem(), figure.title()),
            (0, _) => (
                figure.stem(),
                format!("{}, part 1 of {count}", figure.title()),
            ),
            (number, _) => (
                format!("{}-part{}", figure.stem(), number + 1),
                format!("{}, part {} of {count}", figure.title(), number + 1),
            ),
        };
        let mut maps = ManyMaps {
            name,
            maps: maps.to_vec(),
            ..all.clone()
        };
        if !figures.within.is_empty() {
            maps.footer.push(format!("Modules: {}.", figures.within));
        }
        NamedMany {
            figure,
            title,
            maps,
            shown: shown.to_vec(),
        }
    };
    Ok(parts.map(part).collect())
}

/// The part of the model whose modules of a projection are drawn.
fn component(plan: &Plan, projection: &str) -> Option<String> {
    let drawn = plan.figures.modules.iter();
    let mut named = drawn.map(|path| plan.module_name(path));
    let module = named.find(|module| module.projection == projection)?;
    Some(module.component)
}

/// What adapters have in common, by the labels of groups.csv.
fn strips(plan: &Plan, many: &Many) -> Vec<LabelStrip> {
    let strip = |&label: &Label| {
        let own = many.adapters.iter().filter_map(|id| {
            let named = &plan.adapters()[id.place()];
            Some((named.name.clone(), label_of(named, label)?))
        });
        LabelStrip {
            title: label.name().into(),
            values: own.collect(),
        }
    };
    many.labels.iter().map(strip).collect()
}
