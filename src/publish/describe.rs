//! What was read, in words: nothing about an adapter is assumed in silence.

use crate::cache::Counts;
use crate::error::abbreviate;
use crate::paper::Figure;
use crate::study::{NamedAdapter, Plan, Source};

use super::listener::Listener;

/// Says what a plan measures or shows.
pub fn describe(plan: &Plan, listener: &dyn Listener) {
    listener.say(&format!(
        "study {}: {} modules",
        plan.name,
        plan.modules.len()
    ));
    match &plan.source {
        Source::Rows(rows) => {
            let folder = rows.folder().display();
            listener.say(&format!("  rows: {folder}; nothing is measured"));
        }
        Source::Adapters(measured) => {
            for named in &measured.adapters {
                describe_adapter(named, listener);
            }
            if let Some(base) = &measured.base {
                listener.say(&format!("  base: {}", base.path().display()));
            }
        }
    }
    describe_left_out(plan, listener);
    describe_groups(plan, listener);
    describe_many(plan, listener);
    for note in &plan.figures.notes {
        listener.say(&format!("  {note}"));
    }
    if let Some(warning) = plan.memory_warning() {
        listener.warn(&warning);
    }
}

/// Names the modules that are left out, those of one cause in one line.
fn describe_left_out(plan: &Plan, listener: &dyn Listener) {
    let mut causes: Vec<(&str, Vec<String>)> = Vec::new();
    for one in plan.left_out() {
        let module = one.module.clone();
        match causes.iter_mut().find(|(other, _)| *other == one.cause) {
            Some((_, modules)) => modules.push(module),
            None => causes.push((&one.cause, vec![module])),
        }
    }
    for (cause, modules) in causes {
        let named = abbreviate(&modules);
        listener.tell(&format!("left out: {named}: {cause}"));
    }
}

/// Says over how many pairs each mean is, and which group the figures show of several.
fn describe_groups(plan: &Plan, listener: &dyn Listener) {
    let figures = &plan.figures;
    for group in figures.groups() {
        let [first, second] = &group.labels;
        let what = if first == second {
            format!("seeds of {first}")
        } else {
            format!("{first} against {second}")
        };
        let (pairs, runs) = (group.pairs.len(), group.runs().len());
        listener.say(&format!(
            "  {what}: the mean over {pairs} pairs of {runs} runs"
        ));
    }
    if let (Some(seeds), [_, ..]) = (&figures.seeds, figures.other_seeds.as_slice()) {
        let [drawn, _] = &seeds.labels;
        listener.say(&format!(
            "  figures 4 and 7 show {drawn}, the largest rank of `seeds`"
        ));
    }
}

/// Says how many adapters are put side by side, and which rows are left out.
fn describe_many(plan: &Plan, listener: &dyn Listener) {
    let Some(many) = plan.many() else {
        return;
    };
    let (count, k) = (many.adapters.len(), many.k);
    listener.say(&format!(
        "  {count} adapters side by side, up to {k} leading directions each"
    ));
    if !many.has_rows_of_modules {
        listener.say(
            "  pairs.csv has means over modules alone, as there are so many pairs (`cells = \"all\"` in [compare])",
        );
    }
}

/// `rank 8`; of a ΔW without factors, which has no rank of its own, how many directions are used.
fn directions(named: &NamedAdapter) -> String {
    match named.directions {
        Some(count) => format!("no factors, {count} directions used"),
        None => format!("rank {}", named.adapter.rank_in_words()),
    }
}

fn describe_adapter(named: &NamedAdapter, listener: &dyn Listener) {
    let adapter = &named.adapter;
    listener.say(&format!(
        "  {}: {}, {}, {} modules, {}",
        named.name,
        adapter.layout,
        directions(named),
        adapter.modules.len(),
        adapter.scale_rule
    ));
    for note in &adapter.notes {
        listener.say(&format!("    {note}"));
    }
    for (tensors, what) in [
        (
            &adapter.replaced,
            "full tensors beside the factors, no part of any ΔW",
        ),
        (&adapter.unmapped, "tensors not understood and left out"),
    ] {
        if !tensors.is_empty() {
            listener.say(&format!("    {what}: {}", tensors.join(", ")));
        }
    }
}

/// Says how many figures are drawn, and which are not for want of a pair.
pub(super) fn describe_figures(plan: &Plan, count: usize, listener: &dyn Listener) {
    if count == 0 {
        return;
    }
    listener.say(&format!("drawing {count} figures"));
    // Many adapters that are put side by side are no pairs that would be missed.
    if plan.many().is_some() && plan.comparisons().is_empty() {
        return;
    }
    let figures = &plan.figures;
    for (pair, shown, need) in [
        (
            &figures.ranks,
            [Figure::Three, Figure::Six],
            "two adapters of different rank",
        ),
        (
            &figures.seeds,
            [Figure::Four, Figure::Seven],
            "two adapters of one rank",
        ),
    ] {
        if pair.is_none() && shown.iter().any(|&figure| figures.draws(figure)) {
            let shown = shown.map(Figure::name).join(" and ");
            listener.say(&format!("figures {shown} are not drawn: they take {need}"));
        }
    }
}

/// What came from the cache, what is kept in it now, and what went wrong there.
pub(super) fn describe_cache(plan: &Plan, listener: &dyn Listener) {
    for word in plan.cache.words() {
        listener.warn(&word);
    }
    let Counts { found, kept } = plan.cache.counts();
    if let Some(folder) = plan.cache.folder().filter(|_| found + kept > 0) {
        let folder = folder.display();
        listener.say(&format!(
            "cache {folder}: entries found {found}, new {kept}"
        ));
    }
}
