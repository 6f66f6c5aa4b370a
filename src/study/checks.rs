//! What a plan is held against before any work: that its adapters and its base fit each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::adapter::{AdaptedModule, block_of};
use crate::asked::Asked;
use crate::error::{CoreError, Error, Result, abbreviate};
use crate::measure::same_layer::MOST_LAYERS;

use super::file::lines::Lines;
use super::lineage;
use super::named::{AdapterId, NamedAdapter};
use super::pairs::Pairs;
use super::plan::Measured;
use super::request::Request;
use crate::base::Base;

/// What modules are held against.
pub(super) struct Held<'a> {
    pub(super) adapters: &'a [NamedAdapter],
    pub(super) base: Option<&'a Base>,
    pub(super) request: &'a Request,
    pub(super) lines: &'a Lines,
}

/// Sentences about modules that only one run of a pair has, or only some pairs of a group.
///
/// # Errors
///
/// [`CoreError::NoCommonModule`] for a pair that shares none.
pub(super) fn lacking(
    adapters: &[NamedAdapter],
    pairs: &[[AdapterId; 2]],
    groups: &[&Pairs],
    modules: &[String],
    lines: &Lines,
) -> Result<Vec<String>> {
    let grouped: BTreeSet<&[AdapterId; 2]> = groups.iter().flat_map(|group| &group.pairs).collect();
    let is_alone = |pair: &&[AdapterId; 2]| !grouped.contains(pair);
    let mut warnings = Vec::new();
    for &pair in pairs.iter().filter(is_alone) {
        warnings.extend(only_in_one(adapters, pair, modules, lines)?);
    }
    let lacking = |group: &&Pairs| lacking_in(group, adapters, modules);
    warnings.extend(groups.iter().flat_map(lacking));
    Ok(warnings)
}

/// A sentence, if a pair has modules that only one of them has.
fn only_in_one(
    adapters: &[NamedAdapter],
    [one, other]: [AdapterId; 2],
    modules: &[String],
    lines: &Lines,
) -> Result<Option<String>> {
    let (first, second) = (&adapters[one.0], &adapters[other.0]);
    let has = |named: &NamedAdapter, path: &str| named.adapter.module(path).is_some();
    let of = |named: &NamedAdapter| -> Vec<String> {
        let own = modules.iter().filter(|path| has(named, path));
        own.cloned().collect()
    };
    let (first_modules, second_modules) = (of(first), of(second));
    if !first_modules.iter().any(|path| has(second, path)) {
        let error = CoreError::NoCommonModule {
            first: first.adapter.path().into(),
            second: second.adapter.path().into(),
            first_modules: with_components(first, first_modules),
            second_modules: with_components(second, second_modules),
        };
        let what = format!("adapter `{}`", second.name);
        return Err(lines.locate(&format!("adapter[{}].path", other.0), &what, error));
    }
    let alone: Vec<&str> = modules
        .iter()
        .filter(|path| has(first, path) != has(second, path))
        .map(String::as_str)
        .collect();
    let sentence = || {
        format!(
            "{} and {}: {} modules are in one of them only and are not compared: {}",
            first.name,
            second.name,
            alone.len(),
            abbreviate(&alone)
        )
    };
    Ok((!alone.is_empty()).then(sentence))
}

/// Sentences about modules that some pairs of a group lack: the mean is over the others.
fn lacking_in(group: &Pairs, adapters: &[NamedAdapter], modules: &[String]) -> Vec<String> {
    let has = |id: AdapterId, path: &str| adapters[id.0].adapter.module(path).is_some();
    let mut lacked: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for path in modules {
        let have = |pair: &&[AdapterId; 2]| pair.iter().all(|&id| has(id, path));
        let count = group.pairs.iter().filter(have).count();
        if count < group.pairs.len() && group.runs().iter().any(|&id| has(id, path)) {
            lacked.entry(count).or_default().push(path);
        }
    }
    let [first, second] = &group.labels;
    let sentence = |(count, paths): (usize, Vec<&str>)| {
        let all = group.pairs.len();
        let paths = abbreviate(&paths);
        match count {
            0 => format!("{first} and {second}: no pair has both of these modules: {paths}"),
            _ => format!(
                "{first} and {second}: {count} of {all} pairs have these modules, and the mean is \
                 over them: {paths}"
            ),
        }
    };
    lacked.into_iter().map(sentence).collect()
}

/// Modules with their component in front, where the adapter's file says it: two text encoders have the
/// same paths.
fn with_components(named: &NamedAdapter, modules: Vec<String>) -> Vec<String> {
    let of = |path: String| {
        let component = named.adapter.module(&path).map_or("", |one| one.component);
        let is_said = component.is_empty() || path.starts_with(component);
        if is_said {
            path
        } else {
            format!("{component}.{path}")
        }
    };
    modules.into_iter().map(of).collect()
}

/// A sentence about projections of so many layers that no table of them is made.
pub(super) fn too_many_layers(modules: &[String]) -> Option<String> {
    let stack = |path: &String| {
        let block = block_of(path);
        let (list, number) = block.rsplit_once('.')?;
        number.parse::<usize>().ok()?;
        Some((list.to_string(), path[block.len()..].to_string()))
    };
    let mut layers: BTreeMap<_, usize> = BTreeMap::new();
    for stack in modules.iter().filter_map(stack) {
        *layers.entry(stack).or_default() += 1;
    }
    let most = layers.into_values().max()?;
    (most > MOST_LAYERS).then(|| {
        format!(
            "layers.csv has pairs of layers of projections with at most {MOST_LAYERS} layers, and \
             some have {most}: their layers are not compared with each other"
        )
    })
}

/// That a module can be measured: its ΔW has one shape in all adapters, and W's in the base, and what
/// its ΔW takes is given.
pub(super) fn module(held: &Held, path: &str) -> Result<()> {
    side(held, path)?;
    let mut earlier: Option<(&NamedAdapter, (usize, usize))> = None;
    for (number, named) in held.adapters.iter().enumerate() {
        let Some(module) = named.adapter.module(path) else {
            continue;
        };
        let place = format!("adapter[{number}].path");
        if let Some(base) = held.base {
            let what = lineage::of_another_base(named, None, Some(base));
            let checked = base.check(module);
            checked.map_err(|error| held.lines.locate(&place, &what, error))?;
        }
        let shape = (module.d_out, module.d_in);
        let (first, expected) = *earlier.get_or_insert((named, shape));
        if shape != expected {
            let file = first.adapter.weights().display();
            let error = CoreError::Shape {
                path: named.adapter.weights().into(),
                what: format!("module `{path}` (tensor `{}`)", module.tensor()),
                found: format!("ΔW of {} × {}", shape.0, shape.1),
                expected: format!("{} × {} as in {file}", expected.0, expected.1),
                remedy: "compare adapters of one base model",
            };
            let what = lineage::of_another_base(named, Some(first), None);
            return Err(held.lines.locate(&place, &what, error));
        }
        whole(held, named, module)?;
    }
    Ok(())
}

/// The modules of which some adapter's numbers, or those of a checkpoint of its run, give no ΔW that
/// can be measured, each with its first cause.
///
/// # Errors
///
/// The first cause of an adapter, or checkpoint, that has no other module.
pub(super) fn numbers(held: &Held, modules: &[String]) -> Result<BTreeMap<String, Error>> {
    let asked: BTreeSet<&str> = modules.iter().map(String::as_str).collect();
    let mut causes = BTreeMap::new();
    for (number, named) in held.adapters.iter().enumerate() {
        let steps = named.steps.iter().flat_map(|steps| &steps.earlier);
        let earlier = steps.map(|step| &step.adapter);
        for adapter in std::iter::once(&named.adapter).chain(earlier) {
            let all = adapter.modules.iter().chain(&adapter.replacements);
            let count = all.filter(|one| asked.contains(one.path.as_str())).count();
            let found = adapter.unmeasurable(|path| asked.contains(path))?;
            let is_all = found.len() == count;
            for (path, error) in found {
                let place = format!("adapter[{number}].path");
                let what = format!("adapter `{}`", named.name);
                let error = held.lines.locate(&place, &what, error);
                if is_all {
                    return Err(error);
                }
                causes.entry(path).or_insert(error);
            }
        }
    }
    Ok(causes)
}

/// What A reads of a module, inputs or outputs, must be known of all adapters or of none.
fn side(held: &Held, path: &str) -> Result<()> {
    let known = |named: &NamedAdapter| Some(named.adapter.module(path)?.side_is_known);
    let adapters = || held.adapters.iter().enumerate();
    let is = |wanted: bool| adapters().find(|(_, named)| known(named) == Some(wanted));
    let (Some((_, sure)), Some((number, named))) = (is(true), is(false)) else {
        return Ok(());
    };
    let error = Error::request(
        format!("module `{path}`"),
        format!(
            "A of {} reads inputs, while A of {} may read outputs (PEFT before 0.19 takes a stack \
                 as it is stored)",
            sure.name, named.name
        ),
        format!(
            "give the model that they were trained on with {}",
            Asked::Base
        ),
    );
    let place = format!("adapter[{number}].path");
    let what = format!("adapter `{}`", named.name);
    Err(held.lines.locate(&place, &what, error))
}

/// What the base lacks for the first of several adapters, where it fits none: then the base is what
/// is wrong.
pub(super) fn fits_none(held: &Held, modules: &[&str]) -> Option<Error> {
    let base = held.base?;
    let wrong = |named: &NamedAdapter| {
        let mut modules = modules.iter().filter_map(|path| named.adapter.module(path));
        modules.find_map(|module| base.check(module).err())
    };
    let errors: Option<Vec<CoreError>> = held.adapters.iter().map(wrong).collect();
    let errors = errors.filter(|errors| errors.len() > 1)?;
    let first = errors.into_iter().next()?;
    let what = "base, which fits no adapter";
    Some(held.lines.locate("base", what, first))
}

/// What a ΔW without factors needs: a number of directions, and W where it is a difference from it.
fn whole(held: &Held, named: &NamedAdapter, module: &AdaptedModule) -> Result<()> {
    let what = || format!("adapter {}, module `{}`", named.name, module.path);
    if module.needs_base() && held.base.is_none() {
        return Err(Error::request(
            what(),
            format!(
                "with {} its ΔW is a difference from W",
                named.adapter.layout
            ),
            format!("give the model that it was trained on with {}", Asked::Base),
        ));
    }
    let asked = held.request.rank.or(named.directions);
    if module.rank.is_none() && asked.is_none() {
        return Err(Error::request(
            what(),
            "its ΔW has no factors, so no rank of its own",
            format!(
                "say how many directions to use: with {} K, or of one adapter as its `rank` in the study file",
                Asked::Rank
            ),
        ));
    }
    Ok(())
}

/// A rank that is asked for must not exceed any adapter's, nor one that the study gives to a ΔW
/// without factors a side of it.
pub(super) fn check_rank(measured: &Measured, modules: &[String], lines: &Lines) -> Result<()> {
    for (number, named) in measured.adapters.iter().enumerate() {
        let Some(rank) = measured.rank.or(named.directions) else {
            continue;
        };
        for path in modules {
            let Some(module) = named.adapter.module(path) else {
                continue;
            };
            let most = module.rank.unwrap_or(module.d_out.min(module.d_in));
            if (1..=most).contains(&rank) {
                continue;
            }
            let remedy = format!("use 1 to {most}");
            if measured.rank.is_none() {
                let problem = format!(
                    "rank is {rank}, and adapter `{}` has {most} directions in module `{path}`",
                    named.name
                );
                return Err(lines.error(&format!("adapter[{number}].rank"), &problem, remedy));
            }
            return Err(Error::request(
                format!("{} {rank}", Asked::Rank),
                format!("adapter {} has rank {most} in module `{path}`", named.name),
                remedy,
            ));
        }
    }
    Ok(())
}
