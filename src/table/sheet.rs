//! A table of scores before it is written: columns, blocks of rows, words around them.
//!
//! # Decisions
//!
//! - A standard deviation stands below its mean in LaTeX. Both are then plain numbers for
//!   siunitx, and align.
//! - A table that is too wide for a page is set smaller, then cut into groups of columns.
//!   `widths.rs` decides where it stands. A venue of two columns has `table*` before the cut; the
//!   page's widths come from `paper/venue.rs`.

use super::html;
use super::scores::Score;
use super::text::{PACKAGES, Words, markdown_text, minus, s_cell, s_column};
use super::widths::{Place, Widths};

/// A table whose columns all of its blocks share.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sheet {
    /// `tab:rank`
    pub(super) label: &'static str,
    pub(super) caption: Words,
    /// What the rows are, above their labels.
    pub(super) corner: Words,
    /// What the columns are together, above their names; may be empty.
    pub(super) above: Words,
    /// Names of the columns.
    pub(super) columns: Vec<Words>,
    /// A line of numbers below the names, with its label: the ranks of table 5.
    pub(super) below: Option<(Words, Vec<String>)>,
    pub(super) blocks: Vec<Block>,
}

/// Rows under a title, which may be empty.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block {
    pub(super) title: Words,
    pub(super) rows: Vec<Row>,
}

/// A row with a cell, or none, for every column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) label: Words,
    pub(super) cells: Vec<Option<Cell>>,
}

/// A score as printed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cell {
    mean: String,
    sd: Option<String>,
    runs: usize,
    is_best: bool,
}

impl Cell {
    pub(super) fn new(score: &Score, decimals: usize) -> Self {
        Cell {
            mean: format!("{:.decimals$}", score.mean),
            sd: score.sd.map(|sd| format!("{sd:.decimals$}")),
            runs: score.runs,
            is_best: score.best == Some(true),
        }
    }
}

/// Missing.
const DASH: &str = "–";

/// Between two columns (twice `\tabcolsep` as set), and about what a letter and a digit take at 10 pt.
const BETWEEN: f64 = 8.0;
pub(super) const LETTER: f64 = 5.0;
/// From larger to smaller.
const SIZES: [(&str, f64); 2] = [("small", 0.9), ("footnotesize", 0.8)];

impl Sheet {
    /// A table per group of columns that fit the page, in LaTeX with booktabs and siunitx. A row's
    /// standard deviations stand below it, so that all numbers align on their points. A single row
    /// does not span two columns.
    pub(super) fn latex(&self, page: Widths) -> String {
        let count = self.columns.len();
        let may_span = self.rows().count() > 1;
        let place = Place::of(page, may_span, &SIZES, |factor| {
            self.width(0..count, factor)
        });
        let (environment, size) = (place.environment, place.size);
        let mut text = format!(
            "{PACKAGES}\\begin{{{environment}}}\n\\centering\n\\{size}\n\\setlength{{\\tabcolsep}}{{{}pt}}\n",
            BETWEEN / 2.0
        );
        let groups = place.groups(count, |columns| self.width(columns, place.factor));
        for (number, columns) in groups.into_iter().enumerate() {
            if number > 0 {
                text += "\n\\medskip\n";
            }
            text += &self.tabular(columns);
        }
        text + &format!(
            "\\caption{{{}}}\n\\label{{{}}}\n\\end{{{environment}}}\n",
            self.caption.latex, self.label
        )
    }

    /// About how wide a table of some columns is, in points.
    fn width(&self, columns: std::ops::Range<usize>, size: f64) -> f64 {
        // Subscripts and what stands around them are narrower than letters.
        let letters = |words: &Words| words.markdown().replace('_', "").chars().count() as f64;
        let labels = self.rows().map(|row| letters(&row.label));
        let below = self.below.as_ref().map_or(0.0, |(label, _)| letters(label));
        let labels = labels.chain([below, self.spread_label()]);
        let label = labels.fold(letters(&self.corner), f64::max);
        let column = |place: usize| {
            let cells = self.rows().filter_map(|row| row.cells[place].as_ref());
            let cells = cells.map(|cell| cell.mean.chars().count() as f64);
            cells.fold(letters(&self.columns[place]), f64::max)
        };
        let widths = columns.clone().map(column).sum::<f64>();
        let between = BETWEEN * columns.len() as f64;
        let titles = self.blocks.iter().map(|block| letters(&block.title));
        let title = titles.fold(0.0, f64::max) * LETTER * size;
        let above = (letters(&self.above) + label) * LETTER * size;
        let all = (label + widths) * LETTER * size + between;
        all.max(title).max(above)
    }

    /// Letters of the label below a row, `± sd, n = 2`, where a row has one.
    fn spread_label(&self) -> f64 {
        let mut cells = self.rows().flat_map(|row| row.cells.iter().flatten());
        match cells.any(|cell| cell.sd.is_some()) {
            true => 13.0,
            false => 0.0,
        }
    }

    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.blocks.iter().flat_map(|block| &block.rows)
    }

    fn tabular(&self, columns: std::ops::Range<usize>) -> String {
        let count = columns.len();
        let spec = |place: usize| {
            let cells = self.rows().filter_map(move |row| row.cells[place].as_ref());
            s_column(
                cells
                    .flat_map(|cell| [Some(&cell.mean), cell.sd.as_ref()].into_iter().flatten())
                    .map(String::as_str),
            )
        };
        let specs: Vec<String> = columns.clone().map(spec).collect();
        let mut text = format!(
            "\\begin{{tabular}}{{@{{}}l\n  {}@{{}}}}\n\\toprule\n",
            specs.join("\n  ")
        );
        if !self.above.latex.is_empty() {
            text += &format!(
                " & \\multicolumn{{{count}}}{{c}}{{{}}} \\\\\n\\cmidrule(l){{2-{}}}\n",
                self.above.latex,
                count + 1
            );
        }
        text += &self.corner.latex;
        for words in &self.columns[columns.clone()] {
            text += &format!(" & {{{}}}", words.latex);
        }
        text += " \\\\\n";
        if let Some((label, numbers)) = &self.below {
            text += &label.latex;
            for number in &numbers[columns.clone()] {
                text += &format!(" & {{{number}}}");
            }
            text += " \\\\\n";
        }
        for block in &self.blocks {
            text += "\\midrule\n";
            if !block.title.latex.is_empty() {
                text += &format!(
                    "\\multicolumn{{{}}}{{@{{}}l}}{{{}}} \\\\\n",
                    count + 1,
                    block.title.latex
                );
            }
            for row in &block.rows {
                text += &latex_row(row, columns.clone());
            }
        }
        text + "\\bottomrule\n\\end{tabular}\n"
    }

    /// As Markdown, a table per block.
    pub(super) fn markdown(&self) -> String {
        let mut text = format!("{}\n", self.caption.markdown());
        for block in &self.blocks {
            if let Some(title) = self.title(block) {
                text += &format!("\n{}\n", markdown_text(&title));
            }
            let names: Vec<String> = self.columns.iter().map(Words::markdown).collect();
            text += &format!(
                "\n| {} | {} |\n|:--|{}\n",
                self.corner.markdown(),
                names.join(" | "),
                "--:|".repeat(names.len())
            );
            if let Some((label, numbers)) = &self.below {
                text += &format!("| {} | {} |\n", label.markdown(), numbers.join(" | "));
            }
            for row in &block.rows {
                let cells: Vec<String> = row.cells.iter().map(markdown_cell).collect();
                text += &format!("| {} | {} |\n", row.label.markdown(), cells.join(" | "));
            }
        }
        text
    }

    /// As HTML, a table per block.
    pub(super) fn html(&self) -> String {
        let mut text = html::paragraph(&self.caption.text);
        for block in &self.blocks {
            if let Some(title) = self.title(block) {
                text += &html::paragraph(&title);
            }
            let mut rows = String::new();
            if let Some((label, numbers)) = &self.below {
                rows += &html::row(&label.text, numbers);
            }
            for row in &block.rows {
                let cells: Vec<String> = row.cells.iter().map(html_cell).collect();
                rows += &html::row(&row.label.text, &cells);
            }
            let names = self.columns.iter().map(|words| words.text.as_str());
            text += &html::table(&self.corner.text, names, &rows);
        }
        text
    }

    /// What stands over a block: its title, and what the columns are together.
    fn title(&self, block: &Block) -> Option<String> {
        let parts = [block.title.text.as_str(), self.above.text.as_str()];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        (!parts.is_empty()).then(|| format!("{}:", parts.join("; ")))
    }
}

/// Means, and below them standard deviations and numbers of runs where there are some.
fn latex_row(row: &Row, columns: std::ops::Range<usize>) -> String {
    let cells = &row.cells[columns];
    let line = |label: &str, cell: &dyn Fn(&Option<Cell>) -> String| {
        let cells: String = cells
            .iter()
            .map(|one| format!(" & {}", cell(one)))
            .collect();
        format!("{label}{cells} \\\\\n")
    };
    let mut text = line(&row.label.latex, &|cell| match cell {
        None => s_cell(DASH),
        Some(cell) if cell.is_best => format!("\\bfseries {}", cell.mean),
        Some(cell) => s_cell(&cell.mean),
    });
    let repeated = || cells.iter().flatten().filter(|cell| cell.sd.is_some());
    let Some(first) = repeated().next() else {
        return text;
    };
    let alike = repeated().all(|cell| cell.runs == first.runs);
    let label = if alike {
        format!("\\quad $\\pm$ sd, $n = {}$", first.runs)
    } else {
        "\\quad $\\pm$ sd".into()
    };
    let sd = |cell: &Option<Cell>| cell.as_ref().and_then(|cell| cell.sd.clone());
    text += &line(&label, &|cell| sd(cell).unwrap_or_default());
    if !alike {
        let runs = |cell: &Option<Cell>| cell.as_ref().map(|cell| format!("{{{}}}", cell.runs));
        text += &line("\\quad $n$", &|cell| runs(cell).unwrap_or_default());
    }
    text
}

fn markdown_cell(cell: &Option<Cell>) -> String {
    on_one_line(cell, ["**", "**"])
}

fn html_cell(cell: &Option<Cell>) -> String {
    on_one_line(cell, ["<strong>", "</strong>"])
}

/// A mean, its standard deviation and the number of runs; the best mean between marks of bold.
fn on_one_line(cell: &Option<Cell>, [start, end]: [&str; 2]) -> String {
    let Some(cell) = cell else {
        return DASH.into();
    };
    let mean = if cell.is_best {
        format!("{start}{}{end}", cell.mean)
    } else {
        cell.mean.clone()
    };
    minus(&match &cell.sd {
        Some(sd) => format!("{mean} ± {sd} ({})", cell.runs),
        None => mean,
    })
}
