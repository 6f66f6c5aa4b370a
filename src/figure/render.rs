//! Pictures in three formats from one drawing and one font.

use std::sync::{Arc, LazyLock};

use krilla::geom::Size;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla_svg::{SurfaceExt, SvgSettings};
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{self, Tree, WriteOptions, fontdb};

use crate::error::{Error, Result};
use crate::paper::Venue;
use crate::table::Provenance;

use super::any::{AnyFigure, Canvas};
use super::font;
use super::format::Format;
use super::pen::{Placed, UNITS_PER_POINT};

/// Dots per inch of a PNG.
const DPI: f64 = 300.0;

/// A drawn chart, ready for any format.
pub struct Drawing {
    name: String,
    description: String,
    /// Width and height in points.
    size: (f64, f64),
    tree: Tree,
    texts: Vec<Placed>,
    provenance: Option<Provenance>,
}

static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(font::UPRIGHT.to_vec());
    fonts.load_font_data(font::OBLIQUE.to_vec());
    Arc::new(fonts)
});

impl Drawing {
    /// Draws a figure at its plain size.
    ///
    /// # Errors
    ///
    /// [`Error::Drawing`].
    pub fn new<'a>(figure: impl Into<AnyFigure<'a>>) -> Result<Self> {
        Self::at(Venue::Plain, figure)
    }

    /// Draws a figure at the size at which a venue prints it.
    ///
    /// # Errors
    ///
    /// [`Error::Drawing`].
    pub fn at<'a>(venue: Venue, figure: impl Into<AnyFigure<'a>>) -> Result<Self> {
        Self::on(Canvas::of(venue), figure)
    }

    /// Draws a figure on a canvas.
    ///
    /// # Errors
    ///
    /// [`Error::Drawing`].
    pub fn on<'a>(canvas: Canvas, figure: impl Into<AnyFigure<'a>>) -> Result<Self> {
        let figure: AnyFigure = figure.into();
        let (name, picture) = (figure.name(), figure.draw(canvas)?);
        let options = usvg::Options {
            font_family: font::FAMILY.into(),
            fontdb: FONTS.clone(),
            ..usvg::Options::default()
        };
        let tree = Tree::from_str(&picture.svg, &options)
            .map_err(|error| failed(name, error.to_string()))?;
        Ok(Drawing {
            name: name.into(),
            description: figure.description(),
            size: picture.size,
            tree,
            texts: picture.texts,
            provenance: None,
        })
    }

    /// The same with what it was made of in its metadata: JSON in an SVG's `<metadata>`, in a PDF's
    /// keywords, in a PNG's `Source`.
    pub fn with(self, provenance: &Provenance) -> Self {
        Drawing {
            provenance: Some(provenance.clone()),
            ..self
        }
    }

    /// Width and height in points.
    pub fn size(&self) -> (f64, f64) {
        self.size
    }

    /// Every piece of text, in the order in which it is drawn.
    pub fn texts(&self) -> &[Placed] {
        &self.texts
    }

    /// What it shows, for those who do not see it.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The picture in one format; the same bytes for the same chart.
    ///
    /// # Errors
    ///
    /// [`Error::Drawing`].
    pub fn render(&self, format: Format) -> Result<Vec<u8>> {
        match format {
            Format::Svg => self.svg(),
            Format::Pdf => self.pdf(),
            Format::Png => self.png(),
        }
    }

    /// With its size in inches, a title and a description; text as outlines.
    fn svg(&self) -> Result<Vec<u8>> {
        let options = WriteOptions {
            preserve_text: false,
            coordinates_precision: 1,
            transforms_precision: 5,
            indent: usvg::Indent::None,
            ..WriteOptions::default()
        };
        let body = without_root(&self.tree.to_string(&options)).ok_or_else(|| {
            let problem = "the SVG has another root than usvg is known to write";
            failed(&self.name, problem.into())
        })?;
        let metadata = self.provenance.iter().map(|provenance| {
            let json = escape(&provenance.json());
            format!("    <metadata>{json}</metadata>\n")
        });
        let units = self.size.0 * UNITS_PER_POINT;
        let head = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{:.4}in\" height=\"{:.4}in\" \
             viewBox=\"0 0 {units:.0} {:.0}\">\n    <title>{}</title>\n    <desc>{}</desc>\n{}",
            self.size.0 / 72.0,
            self.size.1 / 72.0,
            self.size.1 * UNITS_PER_POINT,
            escape(&self.name),
            escape(&self.description),
            metadata.collect::<String>(),
        );
        Ok((head + &body).into_bytes())
    }

    fn pdf(&self) -> Result<Vec<u8>> {
        let (width, height) = (self.size.0 as f32, self.size.1 as f32);
        let (Some(settings), Some(size)) = (
            PageSettings::from_wh(width, height),
            Size::from_wh(width, height),
        ) else {
            return Err(failed(
                &self.name,
                format!("a page of {width} × {height} points"),
            ));
        };
        let mut document = krilla::Document::new();
        // No date: the same chart gives the same bytes.
        let mut metadata = Metadata::new()
            .title(self.name.clone())
            .description(self.description.clone());
        if let Some(provenance) = &self.provenance {
            metadata = metadata
                .creator(provenance.software())
                .keywords(vec![provenance.json()]);
        }
        document.set_metadata(metadata);
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        let drawn = surface.draw_svg(&self.tree, size, SvgSettings::default());
        surface.finish();
        page.finish();
        match (drawn, document.finish()) {
            (Some(()), Ok(bytes)) => Ok(bytes),
            (_, Err(error)) => Err(failed(&self.name, format!("{error:?}"))),
            (None, _) => Err(failed(
                &self.name,
                "the drawing does not convert to PDF".into(),
            )),
        }
    }

    fn png(&self) -> Result<Vec<u8>> {
        let pixels = |points: f64| (points * DPI / 72.0).round() as u32;
        let (width, height) = (pixels(self.size.0), pixels(self.size.1));
        let mut pixmap = Pixmap::new(width, height)
            .ok_or_else(|| failed(&self.name, format!("{width} × {height} pixels")))?;
        let scale = (DPI / 72.0 / UNITS_PER_POINT) as f32;
        pixmap.fill(Color::WHITE);
        resvg::render(
            &self.tree,
            Transform::from_scale(scale, scale),
            &mut pixmap.as_mut(),
        );
        // The page is opaque: the alpha channel would only add size.
        let rgb: Vec<u8> = pixmap
            .pixels()
            .iter()
            .flat_map(|p| [p.red(), p.green(), p.blue()])
            .collect();
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        let per_metre = (DPI / 0.0254).round() as u32;
        encoder.set_pixel_dims(Some(png::PixelDimensions {
            xppu: per_metre,
            yppu: per_metre,
            unit: png::Unit::Meter,
        }));
        self.describe(&mut encoder)
            .map_err(|error| failed(&self.name, error.to_string()))?;
        let written = encoder.write_header().and_then(|mut writer| {
            writer.write_image_data(&rgb)?;
            writer.finish()
        });
        written.map_err(|error| failed(&self.name, error.to_string()))?;
        Ok(bytes)
    }

    /// A PNG's text chunks.
    fn describe(
        &self,
        encoder: &mut png::Encoder<&mut Vec<u8>>,
    ) -> std::result::Result<(), png::EncodingError> {
        let mut add =
            |keyword: &str, text: String| encoder.add_itxt_chunk(keyword.to_string(), text);
        add("Title", self.name.clone())?;
        add("Description", self.description.clone())?;
        if let Some(provenance) = &self.provenance {
            add("Software", provenance.software())?;
            add("Source", provenance.json())?;
        }
        Ok(())
    }
}

/// The shapes of an SVG as usvg writes it, with its closing tag and without its root, which is to
/// carry a title and a size in inches; `None` where the root is not as it is assumed to be.
///
/// The root comes first, none of its attributes has a `>`, and it declares no namespace that the
/// shapes would need. ` stroke="none"` is what every shape has by default, a tenth of the file; no
/// text can hold it, as usvg escapes quotes.
fn without_root(svg: &str) -> Option<String> {
    let (root, shapes) = svg.strip_prefix("<svg ")?.split_once('>')?;
    let is_known = !root.contains("xmlns:") && shapes.trim_end().ends_with("</svg>");
    is_known.then(|| shapes.replace(" stroke=\"none\"", ""))
}

fn escape(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn failed(figure: &str, problem: String) -> Error {
    Error::Drawing {
        figure: figure.into(),
        problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::{Bar, Chart, Palette, Text};
    use crate::paper::Show;

    fn chart() -> Chart {
        Chart {
            name: "figure".into(),
            heading: Text::default(),
            row_labels: Vec::new(),
            bar: Bar::over(&[], Some((0.0, 1.0)), (None, Show::Overlap), 0.1).unwrap(),
            panels: Vec::new(),
            aspect: 1.0,
            footer: vec!["<a & b>\u{1}".into()],
            palette: Palette::Rocket,
        }
    }

    /// What [`without_root`] assumes of usvg.
    #[test]
    fn usvg_writes_its_root_as_it_did() {
        let drawing = Drawing::new(&chart()).unwrap();
        let written = drawing.tree.to_string(&WriteOptions {
            indent: usvg::Indent::None,
            ..WriteOptions::default()
        });
        let (root, shapes) = written.split_once('>').unwrap();
        assert!(root.starts_with("<svg "), "{root}");
        for attribute in root.trim_start_matches("<svg ").split(' ') {
            let (name, _) = attribute.split_once('=').unwrap();
            assert!(["width", "height", "xmlns"].contains(&name), "{root}");
        }
        let paths = shapes.matches("<path ").count();
        assert!(paths > 0 && shapes.matches(" stroke=\"none\"").count() >= paths);
        assert!(!without_root(&written).unwrap().contains("stroke=\"none\""));
        for other in [
            "",
            "<?xml version=\"1.0\"?><svg ></svg>",
            "<svg xmlns:a=\"b\"></svg>",
        ] {
            assert_eq!(without_root(other), None);
        }
    }

    #[test]
    fn names_cannot_break_the_svg() {
        let svg = Drawing::new(&chart()).unwrap().render(Format::Svg).unwrap();
        let text = String::from_utf8(svg).unwrap();
        assert!(text.contains("&lt;a &amp; b&gt;\u{fffd}"));
        assert!(Tree::from_str(&text, &usvg::Options::default()).is_ok());
    }
}
