//! A figure of lines as plain data: panels with axes, lines, bands and bars.

use crate::figure::Palette;
use crate::figure::label::Text;

use super::span::Span;

/// A figure of lines as plain data.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// The name of its files, without an ending: `rank-curve`.
    pub name: String,
    /// What it shows, for those who do not see it: `Scores over the rank.`
    pub about: String,
    /// The panels, from the left and downward.
    pub panels: Vec<CurvePanel>,
    /// How many panels belong in a row; `None` lets the page decide.
    pub in_row: Option<usize>,
    /// How many lines have a colour, dashes and a mark of their own, alike in all panels.
    pub series: usize,
    /// Whether those lines have so many points that they stand at their places without marks.
    pub is_dense: bool,
    /// Small lines below say what the marks are.
    pub footer: Vec<String>,
    /// The lines take their colours from here, dark ones first.
    pub palette: Palette,
}

impl Curve {
    /// Says in each title and below what tells the modules from others of one layer and name.
    pub fn tell_apart(&mut self, within: &str) {
        if within.is_empty() {
            return;
        }
        for panel in &mut self.panels {
            panel.title = std::mem::take(&mut panel.title).upright(&format!(", {within}"));
        }
        self.footer.push(format!("Modules: {within}."));
    }
}

/// One panel.
#[derive(Debug, Clone, PartialEq)]
pub struct CurvePanel {
    /// It names what the panel shows.
    pub title: Text,
    /// The horizontal axis.
    pub x: Span,
    /// What the horizontal axis counts: r.
    pub x_label: Text,
    /// The vertical axis.
    pub y: Span,
    /// What the vertical axis measures, where the title does not say it: σ. It stands left of the
    /// panel, and once for neighbours in a row where all panels have one.
    pub y_label: Text,
    /// Areas below everything, the first one lowest.
    pub bands: Vec<Band>,
    /// Bars from the axis up, above the bands.
    pub bars: Vec<CurveBar>,
    /// The lines, above the bars, the first one lowest.
    pub lines: Vec<CurveLine>,
    /// Marks at single places of the lines, above all.
    pub marks: Vec<CurveMark>,
}

/// A mark on a line, at a place that need not be one of its points.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveMark {
    /// What it stands for.
    pub kind: MarkKind,
    /// The line whose colour it has, the n-th of [`Curve::series`]; that of W without.
    pub of: Option<usize>,
    /// Where it stands on the horizontal axis.
    pub x: f64,
    /// The line's value there; `None` where the line does not reach so far: it stands on the axis.
    pub y: Option<f64>,
}

/// What a mark stands for, which gives its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkKind {
    /// How many σ stand above rounding: a bar across the line.
    NumericalRank,
    /// The least number of σ that hold 90 % of the energy: a triangle.
    EnergyRank,
    /// The exponential of the entropy of σ/Σσ: a ring.
    EffectiveRank,
}

impl MarkKind {
    /// Its words: `numerical rank`.
    pub fn words(self) -> &'static str {
        match self {
            MarkKind::NumericalRank => "numerical rank",
            MarkKind::EnergyRank => "energy rank",
            MarkKind::EffectiveRank => "effective rank",
        }
    }
}

/// A line of a panel.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveLine {
    /// How it is drawn.
    pub style: LineStyle,
    /// What it is called, and where the panel says so.
    pub name: Option<(Text, NameAt)>,
    /// Its points from the left.
    pub points: Vec<CurvePoint>,
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineStyle {
    /// With colour, dashes and a mark of its own, the n-th of [`Curve::series`].
    Series(usize),
    /// That of W: grey, of the same width, without marks.
    Base,
    /// One of many: thin and grey.
    Thin,
    /// What many come to: bold.
    Bold,
    /// What random directions give: dashed.
    Chance,
    /// One value that has no place: across the panel and dashed, in the colour of the n-th of
    /// [`Curve::series`].
    Level(usize),
}

/// Where a line's name stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameAt {
    /// Right of the panel, at the line's end.
    Beside,
    /// Right of a later panel of the row, whose line of the same style has the name too.
    BesideAnother,
    /// In the panel's upper left corner, with a thin line down to it.
    UpperLeft,
    /// In its upper right corner.
    UpperRight,
    /// In its lower right corner, with a thin line up to it.
    LowerRight,
}

/// One point of a line.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CurvePoint {
    /// Where it stands on the horizontal axis.
    pub x: f64,
    /// Its value: of several runs their mean.
    pub y: f64,
    /// The sample standard deviation of several; `None` of one.
    pub sd: Option<f64>,
    /// The single values.
    pub values: Vec<f64>,
}

impl CurvePoint {
    /// A single value.
    pub(super) fn at(x: f64, y: f64) -> Self {
        CurvePoint {
            x,
            y,
            ..CurvePoint::default()
        }
    }
}

/// An area between two values.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// How much ink it takes, from 0 to 1.
    pub ink: f64,
    /// The line whose colour it has, the n-th of [`Curve::series`]; grey without.
    pub of: Option<usize>,
    /// Place, lower and upper value, from the left.
    pub points: Vec<[f64; 3]>,
}

/// A bar from 0 up.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveBar {
    /// The middle of its foot on the horizontal axis; bars stand one apart.
    pub x: f64,
    /// Its height.
    pub value: f64,
    /// The ends of a thin line over it.
    pub spread: [f64; 2],
}
