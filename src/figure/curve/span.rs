//! The range of an axis, with its ticks.

/// The range of an axis, with ticks inside.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// Whether equal ratios are equally long; both ends are then above 0.
    pub is_log: bool,
    /// The values that have a tick, rising.
    pub ticks: Vec<f64>,
    /// Their labels.
    pub labels: Vec<String>,
}

impl Span {
    /// A range a little beyond some values, with two to six round ticks.
    pub fn over(values: &[f64]) -> Self {
        let (least, most) = ends(values);
        let extent = match most - least {
            extent if extent > 0.0 => extent,
            // Values that are alike, or none.
            _ => (most.abs() * 0.02).max(1e-6),
        };
        let (low, high) = if most.is_finite() && least.is_finite() {
            (least - 0.08 * extent, most + 0.08 * extent)
        } else {
            (0.0, 1.0)
        };
        Span::between(low, high)
    }

    /// From 0 to a little beyond the largest of some values.
    pub fn from_zero(values: &[f64]) -> Self {
        let (_, most) = ends(values);
        let high = if most > 0.0 { 1.08 * most } else { 1.0 };
        Span::between(0.0, high)
    }

    /// A range with round ticks.
    fn between(low: f64, high: f64) -> Self {
        let rough = (high - low) / 5.0;
        let power = rough.log10().floor() as i32;
        let unit = 10f64.powi(power);
        let factor = [1.0, 2.0, 5.0, 10.0];
        let factor = factor
            .into_iter()
            .find(|factor| factor * unit >= rough * 0.999);
        let step = factor.unwrap_or(10.0) * unit;
        let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
        let decimals = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
        let ticks: Vec<f64> = (first..=last).map(|n| n as f64 * step).collect();
        Span {
            low,
            high,
            is_log: false,
            labels: ticks
                .iter()
                .map(|tick| format!("{tick:.decimals$}"))
                .collect(),
            ticks,
        }
    }

    /// A logarithmic range a little beyond some values, which are above 0: ticks at powers of ten,
    /// or at 1, 2 and 5 of each where the range is short.
    pub fn log_over(values: &[f64]) -> Self {
        let (least, most) = ends(values);
        let (least, most) = match least > 0.0 && most.is_finite() {
            true => (least, most),
            false => (0.1, 1.0),
        };
        // In logarithms: the ratio of two σ may be beyond what a number can be.
        let beyond = (0.06 * (most.log10() - least.log10())).max(1.05f64.log10());
        let low = 10f64.powf(least.log10() - beyond).max(f64::MIN_POSITIVE);
        let high = 10f64.powf(most.log10() + beyond).min(f64::MAX);
        let decades = high.log10() - low.log10();
        // Labels of many decades would touch.
        let apart = (decades / 4.5).ceil().max(1.0) as i32;
        let powers = low.log10().floor() as i32..=high.log10().ceil() as i32;
        let powers = powers.filter(|power| power % apart == 0);
        let steps: &[f64] = match decades {
            decades if decades < 1.0 => &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0],
            decades if decades < 1.7 => &[1.0, 2.0, 5.0],
            _ => &[1.0],
        };
        let ticks = powers.flat_map(|power| steps.iter().map(move |step| step * 10f64.powi(power)));
        let inside: Vec<f64> = ticks.filter(|&tick| low <= tick && tick <= high).collect();
        Span {
            low,
            high,
            is_log: true,
            labels: inside.iter().map(|&tick| plain(tick)).collect(),
            ticks: inside,
        }
    }

    /// A range from the first tick to the last, as of ranks and layers.
    pub fn at(counts: &[usize], is_log: bool) -> Self {
        let ticks: Vec<f64> = counts.iter().map(|&count| count as f64).collect();
        Span {
            low: ticks.first().copied().unwrap_or(0.0),
            high: ticks.last().copied().unwrap_or(1.0),
            is_log,
            labels: counts.iter().map(usize::to_string).collect(),
            ticks,
        }
    }

    /// The range of [`Span::at`] with at most eight ticks, at multiples of 1, 2 or 5 and a power of ten;
    /// and at the last count, where that is more than half a step further.
    pub fn evenly(counts: &[usize]) -> Self {
        let span = Span::at(counts, false);
        let (Some(&first), Some(&last)) = (counts.first(), counts.last()) else {
            return span;
        };
        let powers = (0..).map(|power| 10usize.saturating_pow(power));
        let mut steps = powers.flat_map(|power| [1, 2, 5].map(|unit| power.saturating_mul(unit)));
        let fits = |step: &usize| last / step - first.div_ceil(*step) < 8;
        let step = steps.find(fits).unwrap_or(1);
        let even = (first.div_ceil(step)..=last / step).map(|n| n * step);
        let mut ticks: Vec<usize> = even.collect();
        if ticks.last().is_none_or(|tick| 2 * (last - tick) > step) {
            ticks.push(last);
        }
        Span {
            labels: ticks.iter().map(usize::to_string).collect(),
            ticks: ticks.iter().map(|&tick| tick as f64).collect(),
            ..span
        }
    }

    /// Where a value stands, from 0 to 1; in the middle where the range is a point.
    pub(super) fn share(&self, value: f64) -> f64 {
        if self.low == self.high {
            return 0.5;
        }
        let scaled = |value: f64| if self.is_log { value.log2() } else { value };
        let (low, high) = (scaled(self.low), scaled(self.high));
        (scaled(value) - low) / (high - low).max(1e-9)
    }
}

/// The least and the largest of some values.
fn ends(values: &[f64]) -> (f64, f64) {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (least, most)
}

/// A number of one or two digits as people write it: `20`, `0.05`, `1e-5`.
fn plain(value: f64) -> String {
    let power = value.log10().floor();
    if !(-3.0..=4.0).contains(&power) {
        let digits = value / 10f64.powf(power);
        return format!("{}e{power}", (digits * 10.0).round() / 10.0);
    }
    let text = format!("{value:.5}");
    text.trim_end_matches('0').trim_end_matches('.').into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let span = Span::over(&[0.82, 0.876]);
        assert_eq!(span.labels, ["0.82", "0.84", "0.86", "0.88"]);
        assert_eq!(
            Span::over(&[1.16, 1.23]).labels,
            ["1.16", "1.18", "1.20", "1.22"]
        );
        for values in [
            [68.8, 74.1],
            [0.0, 1e-7],
            [5.0, 5.0],
            [-3.0, 1000.0],
            [0.0, 0.0],
        ] {
            let span = Span::over(&values);
            assert!((2..=6).contains(&span.ticks.len()), "{values:?}: {span:?}");
            assert!(
                span.ticks
                    .iter()
                    .all(|&tick| span.low <= tick && tick <= span.high)
            );
            let mut labels = span.labels.clone();
            labels.dedup();
            assert_eq!(labels.len(), span.ticks.len(), "{values:?}: {span:?}");
        }
    }

    #[test]
    fn logarithmic_ticks_are_round_and_inside() {
        assert_eq!(
            Span::log_over(&[0.002, 0.7]).labels,
            ["0.01", "0.1"],
            "powers of ten"
        );
        assert_eq!(Span::log_over(&[0.4, 6.0]).labels, ["0.5", "1", "2", "5"]);
        assert_eq!(
            Span::log_over(&[3e-6, 2e-3]).labels,
            ["1e-5", "1e-4", "0.001"]
        );
        let all = Span::log_over(&[1e-300, 1e300]);
        assert!(
            all.low > 0.0 && all.high.is_finite() && all.ticks.len() <= 5,
            "{all:?}"
        );
        let many = Span::log_over(&[1e-6, 0.5]).labels;
        assert_eq!(many, ["1e-6", "1e-4", "0.01", "1"]);
        for values in [[0.9, 1.2], [1.0, 1.0], [0.06, 1.0], [0.0, 0.0]] {
            let span = Span::log_over(&values);
            assert!(
                !span.ticks.is_empty() && span.low > 0.0,
                "{values:?}: {span:?}"
            );
        }
    }

    #[test]
    fn ticks_of_many_counts_are_even() {
        let labels = |counts: std::ops::Range<usize>| {
            let span = Span::evenly(&counts.collect::<Vec<_>>());
            span.labels.join(" ")
        };
        assert_eq!(labels(0..13), "0 2 4 6 8 10 12");
        assert_eq!(labels(0..24), "0 5 10 15 20 23");
        assert_eq!(labels(0..28), "0 5 10 15 20 25", "27 would crowd 25");
        assert_eq!(labels(0..32), "0 5 10 15 20 25 30");
        assert_eq!(labels(12..32), "15 20 25 30");
        assert_eq!(labels(0..80), "0 10 20 30 40 50 60 70 79");
        assert_eq!(labels(7..8), "7");
        assert!(Span::evenly(&[]).ticks.is_empty());
    }

    #[test]
    fn places_on_an_axis() {
        let ranks = Span::at(&[1, 2, 4, 16], true);
        assert_eq!(
            [1.0, 4.0, 16.0].map(|rank| ranks.share(rank)),
            [0.0, 0.5, 1.0]
        );
        assert_eq!(Span::at(&[5], false).share(5.0), 0.5);
        assert_eq!(Span::from_zero(&[2.0]).share(0.0), 0.0);
    }
}
