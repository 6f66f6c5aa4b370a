//! A figure drawn again from committed rows: no weights are read.
//!
//! ```text
//! cargo run --example redraw_a_figure
//! ```

use std::fs::{self, File};
use std::path::Path;

use lora_subspace::figure::{Drawing, Format, Options, Pair, Palette, Shown, figure3};
use lora_subspace::measure::Basis;
use lora_subspace::paper::Venue;
use lora_subspace::table::read_overlaps;

const LAYER: Option<usize> = Some(5);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rows = File::open(root.join("notebooks-export/minilm-sst2/overlap.csv"))?;
    // Of the table only the rows that the figure shows are kept.
    let rows = read_overlaps(rows, |row| row.basis == "a" && row.layer == LAYER)?;

    // Figure 3 in the widths of ICML, in colours that print well in grey.
    let pair = Pair::of("r8-seed0", "r64-seed1");
    let projections = ["query", "value"].map(String::from);
    let shown = Shown {
        within: "",
        basis: Basis::A,
        projections: &projections,
        options: Options {
            palette: Palette::Cividis,
            range: Some((0.0, 1.0)),
            ..Options::default()
        },
    };
    let chart = figure3(&rows, &pair, LAYER, &shown)?;
    let drawing = Drawing::at(Venue::Icml, &chart)?;

    let folder = root.join("target/examples");
    fs::create_dir_all(&folder)?;
    for format in [Format::Pdf, Format::Png] {
        let file = folder.join(format!("figure3-icml.{format}"));
        fs::write(&file, drawing.render(format)?)?;
        println!("{}", file.display());
    }
    Ok(())
}
