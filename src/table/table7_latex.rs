//! Table 7 in LaTeX.

use std::ops::Range;

use super::sheet::LETTER;
use super::short::{short, spread_alone};
use super::table7::{Column, DRAWN, Table7, three_each};
use super::text::{PACKAGES, latex_symbol, latex_text, s_cell, s_column, s_width};
use super::widths::{Place, Widths};

/// Size of its type, relative to 10 pt, and what is between two columns.
const SIZE: (&str, f64) = ("footnotesize", 0.8);
const BETWEEN: f64 = 6.0;

impl Table7 {
    /// As a LaTeX table with booktabs and siunitx, which it needs and nothing else. On a page it
    /// stands across both columns where one is too narrow, and adapters that do not fit side by side
    /// stand below each other.
    pub fn latex(&self, page: Widths) -> String {
        let blocks = self.blocks();
        let most = blocks.iter().map(Vec::len).max().unwrap_or(0);
        let place = Place::of(page, true, &[SIZE], |_| self.width(&blocks));
        let groups = place.groups(most, |group| self.width(&part(&blocks, group)));
        let (environment, size) = (place.environment, place.size);
        let mut text = format!(
            "{PACKAGES}\\begin{{{environment}}}\n\\centering\n\\{size}\n\\setlength{{\\tabcolsep}}{{{}pt}}\n",
            BETWEEN / 2.0
        );
        for (number, group) in groups.into_iter().enumerate() {
            if number > 0 {
                text += "\n\\medskip\n";
            }
            text += &self.tabular(&part(&blocks, group));
        }
        text += &format!(
            "\\caption{{$\\|U^\\top W V\\|_F$ for the leading $r$ directions of $\\Delta W$ and of $W${}. \
             Chance is $\\|W\\|_F\\, r/\\sqrt{{d_\\mathrm{{out}} d_\\mathrm{{in}}}}$, for Haar-random directions{}.}}\n",
            latex_text(&self.place()),
            self.drawn()
                .map_or(String::new(), |words| format!("; {}", latex_text(&words)))
        );
        text + &format!("\\label{{tab:amplification}}\n\\end{{{environment}}}\n")
    }

    fn tabular(&self, blocks: &[Vec<&Column>]) -> String {
        let mut text = format!(
            "\\begin{{tabular}}{{@{{}}l\n  {}@{{}}}}\n\\toprule\n",
            specs(blocks).join("\n  ")
        );
        for (number, block) in blocks.iter().enumerate() {
            if number > 0 {
                text += "\\midrule\n";
            }
            text += &latex_block(block, |column| self.heading(column));
        }
        text + "\\bottomrule\n\\end{tabular}\n"
    }

    /// About how wide a table of some blocks is, in points.
    fn width(&self, blocks: &[Vec<&Column>]) -> f64 {
        let letter = LETTER * SIZE.1;
        let most = blocks.iter().map(Vec::len).max().unwrap_or(0);
        let of_adapter = |place: usize| {
            let columns = || blocks.iter().filter_map(|block| block.get(place));
            let lines: Vec<_> = columns().flat_map(|column| lines(&[column])).collect();
            let cells = |number: usize| {
                let heads: [f64; 3] = [4.5, 3.0, 6.0];
                let cells = lines.iter().map(|(_, cells)| cells[number].as_str());
                heads[number].max(s_width(cells)) * letter
            };
            let cells = (0..3).map(cells).sum::<f64>() + 3.0 * BETWEEN;
            let heads = columns().map(|column| self.heading(column).chars().count() as f64);
            heads
                .fold(0.0, f64::max)
                .mul_add(letter, BETWEEN)
                .max(cells)
        };
        let all = || blocks.iter().flatten();
        let has_more = all().any(|column| column.random_directions.is_some() || column.runs > 1);
        let label = if has_more { 17.0 } else { 13.0 };
        label * letter + (0..most).map(of_adapter).sum::<f64>()
    }
}

/// Some adapters of every block that has them.
fn part<'a>(blocks: &[Vec<&'a Column>], group: Range<usize>) -> Vec<Vec<&'a Column>> {
    let of = |block: &Vec<&'a Column>| -> Vec<&'a Column> {
        let columns = block.iter().skip(group.start).take(group.len());
        columns.copied().collect()
    };
    let parts = blocks.iter().map(of);
    parts.filter(|block| !block.is_empty()).collect()
}

/// The columns' types: as many as the widest block has, each with room for its numbers.
fn specs(blocks: &[Vec<&Column>]) -> Vec<String> {
    let lines: Vec<Vec<String>> = blocks
        .iter()
        .flat_map(|block| lines(block))
        .map(|(_, cells)| cells)
        .collect();
    let widest = lines.iter().map(Vec::len).max().unwrap_or(3);
    let numbers = |place: usize| lines.iter().filter_map(move |line| line.get(place));
    (0..widest)
        .map(|place| s_column(numbers(place).map(String::as_str)))
        .collect()
}

/// The lines of a block for LaTeX, with their labels.
fn lines(block: &[&Column]) -> Vec<(String, Vec<String>)> {
    let w = latex_symbol(&block[0].projection);
    let empty = String::new;
    let norms = three_each(block, |c| {
        [
            short(c.delta_directions),
            short(c.base_directions),
            short(Some(c.chance)),
        ]
    });
    let mut lines = vec![(format!("$\\|U^\\top {w} V\\|_F$"), norms)];
    lines.extend(over_runs(block, |c| {
        spread_alone(c.delta_directions, c.delta_directions_sd)
    }));
    if block.iter().any(|c| c.random_directions.is_some()) {
        let drawn = three_each(block, |c| {
            let drawn = c.random_directions.map(|drawn| short(Some(drawn)));
            [empty(), empty(), drawn.unwrap_or_default()]
        });
        lines.push((format!("\\quad {DRAWN}"), drawn));
    }
    let drawn = block.iter().find(|c| c.random_directions_sd.is_some());
    if let Some(draws) = drawn.and_then(|c| c.draws) {
        let sd = three_each(block, |c| {
            let sd = spread_alone(c.random_directions, c.random_directions_sd);
            [empty(), empty(), sd.unwrap_or_default()]
        });
        lines.push((format!("\\quad $\\pm$ sd, {draws} draws"), sd));
    }
    let delta = three_each(block, |c| [short(Some(c.delta_norm)), empty(), empty()]);
    lines.push((format!("$\\|\\Delta {w}\\|_F$"), delta));
    let factors = three_each(block, |c| {
        [
            short(c.amplification),
            empty(),
            short(c.chance_amplification),
        ]
    });
    lines.push(("amplification".into(), factors));
    lines.extend(over_runs(block, |c| {
        spread_alone(c.amplification, c.amplification_sd)
    }));
    lines
}

/// A line with the spread of a number of ΔW over the runs of groups; `None` where there is no group.
fn over_runs(
    block: &[&Column],
    sd: impl Fn(&Column) -> Option<String>,
) -> Option<(String, Vec<String>)> {
    block.iter().find_map(|c| sd(c))?;
    let cells = three_each(block, |c| {
        [sd(c).unwrap_or_default(), String::new(), String::new()]
    });
    Some(("\\quad $\\pm$ sd over runs".into(), cells))
}

fn latex_block(block: &[&Column], heading: impl Fn(&Column) -> String) -> String {
    let w = latex_symbol(&block[0].projection);
    let groups: String = block
        .iter()
        .map(|c| {
            let heading = latex_text(&heading(c)).replace("r = ", "$r$ = ");
            format!(" & \\multicolumn{{3}}{{c}}{{{heading}}}")
        })
        .collect();
    let rules: String = (0..block.len())
        .map(|g| format!("\\cmidrule(lr){{{}-{}}}", 2 + 3 * g, 4 + 3 * g))
        .collect();
    let names = format!(" & {{$\\Delta {w}$}} & {{${w}$}} & {{chance}}").repeat(block.len());
    let mut text = format!("{groups} \\\\\n{rules}\n{names} \\\\\n\\midrule\n");
    for (label, cells) in lines(block) {
        let cells: String = cells
            .iter()
            .map(|cell| format!(" & {}", s_cell(cell)))
            .collect();
        text += &format!("{label}{cells} \\\\\n");
    }
    let base_norm = short(Some(block[0].base_norm));
    text + &format!(
        "$\\|{w}\\|_F$ & \\multicolumn{{{}}}{{c}}{{{base_norm}}} \\\\\n",
        3 * block.len()
    )
}
