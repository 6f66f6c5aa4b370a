//! A chart of heat maps to SVG.

use crate::error::Result;

use super::chart::{Chart, Panel};
use super::layout::{LETTER_GAP, Layout, TITLE_OVER, ticks_width};
use super::mark::{Shape, shapes};
use crate::figure::font::{self, CAPITAL};
use crate::figure::label::Text;
use crate::figure::palette::Rgb;
use crate::figure::pen::{Drawn, GREY, Hang, INK, PAPER, Pen, Picture, svg, whole};
use crate::figure::place::{Box, TICK_GAP, TICK_LENGTH, TITLE_RISE, fitting};
use crate::paper::Page;

/// Cells that are not shown.
const MASK: Rgb = [234, 234, 242];
/// A bracket shorter than this is one line.
const BRACKET: f64 = 2.5;

/// A chart as it stands on a page.
pub(in crate::figure) fn draw(chart: &Chart, page: Page) -> Result<Picture> {
    let layout = Layout::on(&page, chart);
    let size = (layout.width, layout.height);
    svg(&chart.name, size, page, |pen| pen.chart(chart, &layout))
}

impl Pen<'_> {
    fn chart(&mut self, chart: &Chart, layout: &Layout) -> Drawn {
        let room = 2.0 * layout.centre.min(layout.width - layout.centre) - self.sizes.title;
        let size = fitting(&chart.heading, self.sizes.title + 1.0, room);
        let place = (layout.centre, layout.heading);
        self.text(&chart.heading, place, size, INK, Hang::Centre)?;
        for (row, (panels, boxes)) in chart.panels.iter().zip(&layout.panels).enumerate() {
            for (panel, &place) in panels.iter().zip(boxes) {
                self.cells(chart, panel, place)?;
                self.frame(panel, place)?;
            }
            if let (Some(label), Some(first)) = (chart.row_labels.get(row), boxes.first()) {
                self.upright(
                    label,
                    (layout.row_labels - 2.0, first.middle()),
                    self.sizes.title,
                )?;
            }
        }
        self.bar(chart, layout.bar)?;
        let left = layout.panels.iter().flatten().next();
        let left = left.map_or(layout.row_labels, |first| first.x);
        for (line, baseline) in &layout.footer {
            let text = Text::plain(line);
            self.text(
                &text,
                (left, *baseline),
                self.sizes.footer,
                GREY,
                Hang::Left,
            )?;
        }
        Ok(())
    }

    /// The heat map, and the marks over it.
    fn cells(&mut self, chart: &Chart, panel: &Panel, place: Box) -> Drawn {
        let (rows, columns) = panel.cells.dim();
        let colour = |i: usize, j: usize| match panel.cells[(i, j)] {
            Some(value) => chart.palette.colour(chart.bar.level(value)),
            None => MASK,
        };
        self.grid(place, (rows, columns), colour)?;
        self.marks(panel, place)
    }

    /// What shows that a value is not sure.
    fn marks(&mut self, panel: &Panel, place: Box) -> Drawn {
        for Shape { corners, dark } in shapes(&panel.marked, place) {
            let corners = corners.iter().map(|&(x, y)| (whole(x), whole(y)));
            let colour = if dark { INK } else { PAPER };
            self.polygon(corners, colour)?;
        }
        Ok(())
    }

    /// Title, ticks and axis letters.
    fn frame(&mut self, panel: &Panel, place: Box) -> Drawn {
        let (rows, columns) = panel.cells.dim();
        let title = (place.centre(), place.y - TITLE_RISE);
        let size = fitting(&panel.title, self.sizes.title, place.width + TITLE_OVER);
        self.text(&panel.title, title, size, INK, Hang::Centre)?;
        for tick in &panel.x.ticks {
            let x = place.x + place.width * (tick.cell as f64 - 0.5) / columns as f64;
            self.line((x, place.bottom()), (x, place.bottom() + TICK_LENGTH))?;
            let baseline = place.bottom() + TICK_LENGTH + TICK_GAP + self.sizes.tick * CAPITAL;
            self.text(
                &Text::plain(&tick.label),
                (x, baseline),
                self.sizes.tick,
                INK,
                Hang::Centre,
            )?;
        }
        for tick in &panel.y.ticks {
            let y = place.y + place.height * (tick.cell as f64 - 0.5) / rows as f64;
            self.line((place.x - TICK_LENGTH, y), (place.x, y))?;
            let point = (
                place.x - TICK_LENGTH - TICK_GAP,
                y + self.sizes.tick * CAPITAL / 2.0,
            );
            self.text(
                &Text::plain(&tick.label),
                point,
                self.sizes.tick,
                INK,
                Hang::Right,
            )?;
        }
        let below = place.bottom() + TICK_LENGTH + 2.0 * self.sizes.tick + 3.0;
        self.text(
            &panel.x.label,
            (place.centre(), below),
            self.sizes.title,
            INK,
            Hang::Centre,
        )?;
        let left = place.x - TICK_LENGTH - TICK_GAP - ticks_width(panel, self.sizes.tick);
        let beside = (
            left - LETTER_GAP,
            place.middle() + self.sizes.title * CAPITAL / 2.0,
        );
        self.text(&panel.y.label, beside, self.sizes.title, INK, Hang::Right)
    }

    fn bar(&mut self, chart: &Chart, place: Box) -> Drawn {
        let colours: Vec<Rgb> = (0..=255).map(|level| chart.palette.colour(level)).collect();
        self.ramp(place, &colours)?;
        let bar = &chart.bar;
        let at =
            |value: f64| place.bottom() - place.height * (value - bar.low) / (bar.high - bar.low);
        for (&tick, label) in bar.ticks.iter().zip(bar.labels()) {
            let y = at(tick);
            self.line((place.right(), y), (place.right() + TICK_LENGTH, y))?;
            let beside = place.right() + TICK_LENGTH + TICK_GAP;
            let point = (beside, y + self.sizes.tick * CAPITAL / 2.0);
            self.text(
                &Text::plain(&label),
                point,
                self.sizes.tick,
                INK,
                Hang::Left,
            )?;
        }
        let phi = (place.centre(), place.y - TITLE_RISE);
        self.text(
            &Text::default().symbol("φ"),
            phi,
            self.sizes.title,
            INK,
            Hang::Centre,
        )?;
        match bar.chance {
            Some((least, most)) if most > bar.low => {
                let clip = |value: f64| value.clamp(bar.low, bar.high);
                self.chance(place, at(clip(least)), at(clip(most)))
            }
            _ => Ok(()),
        }
    }

    /// A bracket beside the bar over the chance levels of the cells drawn.
    fn chance(&mut self, bar: Box, bottom: f64, top: f64) -> Drawn {
        let x = bar.x - 4.0;
        if bottom - top < BRACKET {
            let middle = (bottom + top) / 2.0;
            self.line((x, middle), (bar.x, middle))?;
        } else {
            self.line((x, bottom), (x, top))?;
            self.line((x, bottom), (bar.x, bottom))?;
            self.line((x, top), (bar.x, top))?;
        }
        let text = Text::plain("chance");
        // Beside the bracket, and not below the bar.
        let half = font::width(&text, self.sizes.tick) / 2.0;
        let middle = ((bottom + top) / 2.0).min(bar.bottom() - half);
        self.upright(&text, (x - 2.0, middle), self.sizes.tick)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::{Axis, Bar, Drawing, Format, Palette};
    use crate::paper::Venue;
    use ndarray::Array2;

    /// A bright column beside rows that are dark by turns.
    fn chart() -> Chart {
        let cells = Array2::from_shape_fn((64, 64), |(i, j)| match (i % 2, j) {
            (_, 0) => Some(1.0),
            (0, _) => Some(0.0),
            _ => Some(0.1),
        });
        let panels = vec![vec![Panel {
            title: Text::default(),
            marked: Array2::default(cells.dim()),
            cells,
            x: Axis::silent(),
            y: Axis::silent(),
            narrow: false,
            module: String::new(),
            dimension: None,
        }]];
        Chart {
            name: "figure".into(),
            heading: Text::default(),
            row_labels: vec![Text::default()],
            bar: Bar::over(&panels, Some((0.0, 1.0)), None, true).unwrap(),
            panels,
            aspect: 1.0,
            footer: Vec::new(),
            palette: Palette::Rocket,
        }
    }

    #[test]
    fn cells_leave_no_flecks_in_one_another() {
        let chart = chart();
        let layout = Layout::on(&Venue::Plain.page(), &chart);
        let png = Drawing::new(&chart).unwrap().render(Format::Png).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(png))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        let panel = layout.panels[0][0];
        let pixel = |points: f64| (points * 300.0 / 72.0) as usize;
        let dark = pixel(panel.x + panel.width / 64.0) + 2..pixel(panel.right()) - 1;
        let brightest = chart.palette.colour(chart.bar.level(0.1))[0];
        for y in pixel(panel.y) + 2..pixel(panel.bottom()) - 1 {
            for x in dark.clone() {
                let red = pixels[y * frame.line_size + 3 * x];
                assert!(
                    red <= brightest + 1,
                    "{red} at ({x}, {y}), {brightest} at most"
                );
            }
        }
    }
}
