//! A chart of heat maps to SVG.

use crate::error::Result;

use super::bar::Bar;
use super::chart::{Chart, Edges, Panel};
use super::layout::{Layout, TITLE_OVER};
use super::mark::{Shape, shapes};
use super::room::{
    LETTER_GAP, MARK, MARK_GAP, STRIP, STRIP_GAP, has_own_axis, note_line, strip_below, ticks_width,
};
use crate::figure::cells::PALE;
use crate::figure::font::CAPITAL;
use crate::figure::label::Text;
use crate::figure::palette::Rgb;
use crate::figure::pen::{Drawn, GREY, Hang, INK, PAPER, Pen, Picture, svg, whole};
use crate::figure::place::{Box, TICK_GAP, TICK_LENGTH, TITLE_RISE, fitting};
use crate::paper::{Page, Show};

/// A bracket shorter than this is one line.
const BRACKET: f64 = 2.5;

/// A bar with its colours.
struct Scale<'a> {
    bar: &'a Bar,
    colours: Vec<Rgb>,
}

impl Scale<'_> {
    fn colour(&self, value: f64) -> Rgb {
        self.colours[usize::from(self.bar.level(value))]
    }
}

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
        let scale = Scale {
            bar: &chart.bar,
            colours: chart.colours(),
        };
        for (row, (panels, boxes)) in chart.panels.iter().zip(&layout.panels).enumerate() {
            let below = strip_below(panels);
            for (number, (panel, &place)) in panels.iter().zip(boxes).enumerate() {
                self.cells(&scale, panel, place)?;
                self.strips(&scale, panel, place)?;
                self.marks(panel, place)?;
                self.titles(panel, place)?;
                self.columns(panel, place, below)?;
                self.rows(panel, place, has_own_axis(panels, number))?;
            }
            if let (Some(label), Some(first)) = (chart.row_labels.get(row), boxes.first()) {
                self.upright(
                    label,
                    (layout.row_labels - 2.0, first.middle()),
                    self.sizes.title,
                )?;
            }
        }
        self.bar(&scale, layout.bar)?;
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

    /// The heat map.
    fn cells(&mut self, scale: &Scale, panel: &Panel, place: Box) -> Drawn {
        let (rows, columns) = panel.cells.dim();
        let colour = |i: usize, j: usize| match panel.cells[(i, j)] {
            Some(value) => scale.colour(value),
            None => PALE,
        };
        self.grid(place, (rows, columns), colour)
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

    /// What chance is along the edges.
    fn strips(&mut self, scale: &Scale, panel: &Panel, place: Box) -> Drawn {
        let Edges { below, beside } = &panel.edges;
        let under = Box {
            y: place.bottom() + STRIP_GAP,
            height: STRIP,
            ..place
        };
        let right = Box {
            x: place.right() + STRIP_GAP,
            width: STRIP,
            ..place
        };
        if !below.is_empty() {
            self.grid(under, (1, below.len()), |_, j| scale.colour(below[j]))?;
        }
        if !beside.is_empty() {
            self.grid(right, (beside.len(), 1), |i, _| scale.colour(beside[i]))?;
        }
        Ok(())
    }

    /// The title, and the note below it.
    fn titles(&mut self, panel: &Panel, place: Box) -> Drawn {
        let room = place.width + TITLE_OVER;
        let mut baseline = place.y - TITLE_RISE;
        if !panel.note.is_empty() {
            let note = Text::plain(&panel.note);
            let size = fitting(&note, self.sizes.tick, room);
            self.text(&note, (place.centre(), baseline), size, INK, Hang::Centre)?;
            baseline -= note_line(&self.sizes);
        }
        let size = fitting(&panel.title, self.sizes.title, room);
        let at = (place.centre(), baseline);
        self.text(&panel.title, at, size, INK, Hang::Centre)
    }

    /// The horizontal axis: ticks below the panel or its strip of chance, and its letter, below the
    /// room that the strips of its row take.
    fn columns(&mut self, panel: &Panel, place: Box, strip: f64) -> Drawn {
        let columns = panel.cells.ncols() as f64;
        let bottom = match panel.edges.below.is_empty() {
            true => place.bottom(),
            false => place.bottom() + STRIP_GAP + STRIP,
        };
        let tick_size = self.sizes.tick;
        for tick in &panel.x.ticks {
            let x = place.x + place.width * (tick.cell as f64 - 0.5) / columns;
            self.line((x, bottom), (x, bottom + TICK_LENGTH))?;
            let baseline = bottom + TICK_LENGTH + TICK_GAP + tick_size * CAPITAL;
            let label = Text::plain(&tick.label);
            self.text(&label, (x, baseline), tick_size, INK, Hang::Centre)?;
        }
        let below = TICK_LENGTH + 2.0 * tick_size + 3.0;
        let at = (place.centre(), place.bottom() + strip + below);
        self.text(&panel.x.label, at, self.sizes.title, INK, Hang::Centre)
    }

    /// The vertical axis: ticks, and, where it is not that of the panel before, labels and its letter.
    fn rows(&mut self, panel: &Panel, place: Box, is_labelled: bool) -> Drawn {
        let (rows, tick_size) = (panel.cells.nrows() as f64, self.sizes.tick);
        for tick in &panel.y.ticks {
            let y = place.y + place.height * (tick.cell as f64 - 0.5) / rows;
            self.line((place.x - TICK_LENGTH, y), (place.x, y))?;
            if is_labelled {
                let at = (
                    place.x - TICK_LENGTH - TICK_GAP,
                    y + tick_size * CAPITAL / 2.0,
                );
                self.text(&Text::plain(&tick.label), at, tick_size, INK, Hang::Right)?;
            }
        }
        if !is_labelled {
            return Ok(());
        }
        let left = place.x - TICK_LENGTH - TICK_GAP - ticks_width(panel, tick_size);
        let middle = place.middle() + self.sizes.title * CAPITAL / 2.0;
        let beside = (left - LETTER_GAP, middle);
        self.text(&panel.y.label, beside, self.sizes.title, INK, Hang::Right)
    }

    fn bar(&mut self, scale: &Scale, place: Box) -> Drawn {
        self.ramp(place, &scale.colours)?;
        let bar = scale.bar;
        if bar.low > 0.0 {
            self.broken(place)?;
        }
        let at =
            |value: f64| place.bottom() - place.height * (value - bar.low) / (bar.high - bar.low);
        let heights = bar.ticks.iter().map(|&tick| at(tick));
        self.ramp_ticks(place, heights.zip(&bar.labels()))?;
        let (name, size) = match bar.show {
            Show::Overlap => (Text::default().symbol("φ"), self.sizes.title),
            Show::Excess => (Text::plain("excess"), self.sizes.tick),
        };
        let above = (place.centre(), place.y - TITLE_RISE);
        self.text(&name, above, size, INK, Hang::Centre)?;
        match (bar.chance, bar.chance_in_words()) {
            (Some((least, most)), Some(words)) => {
                let [bottom, top] = [least, most].map(|value| at(value.clamp(bar.low, bar.high)));
                self.chance(&words, place, (bottom, top))
            }
            _ => Ok(()),
        }
    }

    /// Two cuts across a bar's lower end, which is not 0.
    fn broken(&mut self, place: Box) -> Drawn {
        for up in [1.5, 4.0] {
            let at = |x: f64, rise: f64| (whole(x), whole(place.bottom() - up - rise));
            let (left, right) = (place.x - 1.0, place.right() + 1.0);
            let corners = [at(left, 0.0), at(right, 1.5), at(right, 2.5), at(left, 1.0)];
            self.polygon(corners, PAPER)?;
        }
        Ok(())
    }

    /// A bracket beside the bar over the chance levels of the cells drawn, and beside it the word and
    /// the numbers.
    fn chance(&mut self, words: &[String], bar: Box, (bottom, top): (f64, f64)) -> Drawn {
        let (x, tick) = (bar.x - MARK, self.sizes.tick);
        if bottom - top < BRACKET {
            let middle = (bottom + top) / 2.0;
            self.line((x, middle), (bar.x, middle))?;
        } else {
            self.line((x, bottom), (x, top))?;
            self.line((x, bottom), (bar.x, bottom))?;
            self.line((x, top), (bar.x, top))?;
        }
        // Beside the bracket, and not below the bar.
        let line = 1.15 * tick;
        let height = (words.len() - 1) as f64 * line + tick * CAPITAL;
        let lowest = ((bottom + top + height) / 2.0).min(bar.bottom());
        for (up, word) in words.iter().rev().enumerate() {
            let at = (x - MARK_GAP, lowest - up as f64 * line);
            self.text(&Text::plain(word), at, tick, INK, Hang::Right)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::{Axis, Drawing, Edges, Format, Palette};
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
            note: String::new(),
            marked: Array2::default(cells.dim()),
            mark: String::new(),
            cells,
            x: Axis::silent(),
            y: Axis::silent(),
            narrow: false,
            module: String::new(),
            dimension: None,
            edges: Edges::default(),
        }]];
        Chart {
            name: "figure".into(),
            heading: Text::default(),
            row_labels: vec![Text::default()],
            bar: Bar::over([], Some((0.0, 1.0)), (None, Show::Overlap), 0.1).unwrap(),
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
