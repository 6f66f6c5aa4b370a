//! Means over modules of what each two of many adapters share, gathered while modules pass.

use std::collections::BTreeMap;

use crate::measure::Basis;
use crate::measure::chance::{overlap_chance, overlap_sd};
use crate::measure::trajectory::excess;
use crate::results::ManyModule;
use crate::study::{NamedAdapter, Plan};
use crate::table::{MEAN, PairRow};

/// The A of two runs is one from here on …
const SAME: f64 = 0.9;
/// … where their B are another, up to here.
const OTHER: f64 = 0.5;

/// A part of the model and a projection; of all modules both are empty.
type Group = (String, String);

/// Sums over the modules of a group.
pub(super) struct PairMeans<'a> {
    plan: &'a Plan,
    names: Vec<&'a str>,
    bases: Vec<Basis>,
    /// In the order in which groups are met; all modules stand first.
    groups: Vec<(Group, BTreeMap<[usize; 3], Sums>)>,
}

/// Sums of one pair on one basis.
#[derive(Debug, Clone, Default)]
struct Sums {
    modules: usize,
    /// `None` once modules have different ones.
    k: Option<usize>,
    overlap: f64,
    chance: f64,
    variance: f64,
    excess: f64,
    /// Modules that have an excess.
    with_excess: usize,
    cosine: f64,
    cosine_variance: f64,
    /// Modules that have a cosine.
    with_cosine: usize,
}

impl<'a> PairMeans<'a> {
    /// No module yet.
    pub(super) fn new(plan: &'a Plan) -> Self {
        let many = plan.many();
        let ids = many.map_or(&[][..], |many| &many.adapters);
        PairMeans {
            plan,
            names: ids.iter().map(|id| plan.adapter_name(*id)).collect(),
            bases: many.map_or(Vec::new(), |many| many.bases.clone()),
            groups: vec![(Group::default(), BTreeMap::new())],
        }
    }

    /// Adds a module.
    pub(super) fn take(&mut self, module: &ManyModule) {
        let place = |name: &String| self.names.iter().position(|known| known == name);
        let places: Option<Vec<usize>> = module.adapters.iter().map(place).collect();
        let Some(places) = places else { return };
        let own = (
            module.module.component.clone(),
            module.module.projection.clone(),
        );
        let known = self.groups.iter().position(|(group, _)| *group == own);
        let own = known.unwrap_or_else(|| {
            self.groups.push((own, BTreeMap::new()));
            self.groups.len() - 1
        });
        for (on, [a, b], overlap) in module.pairs() {
            let Some(basis) = self.bases.iter().position(|basis| *basis == on.basis) else {
                continue;
            };
            let key = [places[a], places[b], basis];
            for group in [0, own] {
                let sums = self.groups[group].1.entry(key).or_default();
                sums.add(module, on.basis, overlap, module.cosines[(a, b)]);
            }
        }
    }

    /// The rows of means: those of all modules, then those of each projection.
    pub(super) fn rows(&self) -> impl Iterator<Item = PairRow> + '_ {
        self.groups.iter().flat_map(move |(group, pairs)| {
            pairs.iter().map(move |(&[a, b, basis], sums)| PairRow {
                first: self.names[a].into(),
                second: self.names[b].into(),
                basis: self.bases[basis].name().into(),
                ..sums.row(group)
            })
        })
    }

    /// A warning where runs of different seeds have one A, and B of their own: then they began as one.
    pub(super) fn same_start(&self) -> Option<String> {
        let basis = |wanted: Basis| self.bases.iter().position(|basis| *basis == wanted);
        let (right, left) = (basis(Basis::DeltaRight)?, basis(Basis::DeltaLeft)?);
        let ids = &self.plan.many()?.adapters;
        let adapters = self.plan.adapters();
        let seed = |place: usize| -> Option<u64> {
            let named: &NamedAdapter = adapters.get(ids[place].place())?;
            named.seed
        };
        let pairs = &self.groups[0].1;
        let mut found = Vec::new();
        for (&[a, b, one], sums) in pairs {
            let is_said_to_be_one = seed(a).is_some() && seed(a) == seed(b);
            if one != right || is_said_to_be_one {
                continue;
            }
            let other = pairs.get(&[a, b, left]);
            let is_other = other.is_some_and(|other| other.mean() < OTHER);
            if sums.mean() >= SAME && is_other {
                found.push([a, b]);
            }
        }
        let [a, b] = *found.first()?;
        let more = match found.len() - 1 {
            0 => String::new(),
            more => format!(", and {more} more pairs are so"),
        };
        Some(format!(
            "{} and {} have one input side (φ of {SAME} or more) and output sides of their own (below {OTHER}){more}: \
             such runs share their initialisation, and say nothing of different seeds",
            self.names[a], self.names[b]
        ))
    }
}

impl Sums {
    fn add(&mut self, module: &ManyModule, basis: Basis, overlap: f64, cosine: Option<f64>) {
        let (k, d) = (module.k, module.dimension(basis));
        let chance = overlap_chance(k, k, d);
        self.k = match self.modules {
            0 => Some(k),
            _ => self.k.filter(|known| *known == k),
        };
        self.modules += 1;
        self.overlap += overlap;
        self.chance += chance;
        self.variance += (overlap_sd(k, k, d) / k as f64).powi(2);
        if let Some(excess) = excess(overlap, chance) {
            self.excess += excess;
            self.with_excess += 1;
        }
        if let Some(cosine) = cosine {
            let (d_out, d_in) = module.shape;
            self.cosine += cosine;
            self.cosine_variance += 1.0 / (d_out as f64 * d_in as f64);
            self.with_cosine += 1;
        }
    }

    fn mean(&self) -> f64 {
        self.overlap / self.modules.max(1) as f64
    }

    /// The row of a group, without the names of the pair.
    fn row(&self, (component, projection): &Group) -> PairRow {
        let count = self.modules.max(1) as f64;
        let of = |sum: f64, count: usize| (count > 0).then(|| sum / count as f64);
        let is_told = self.variance > 0.0;
        PairRow {
            module: MEAN.into(),
            component: component.clone(),
            layer: None,
            projection: projection.clone(),
            first: String::new(),
            second: String::new(),
            basis: String::new(),
            k: self.k,
            overlap: self.overlap / count,
            chance: self.chance / count,
            z: is_told.then(|| (self.overlap - self.chance) / self.variance.sqrt()),
            excess: of(self.excess, self.with_excess),
            cosine: of(self.cosine, self.with_cosine),
            cosine_sd: of(self.cosine_variance.sqrt(), self.with_cosine),
        }
    }
}
