//! The files of a run: made in memory, then put in place together.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::error::{Error, Result};
use crate::figure::{Chart, Format, Options, Palette, figure3, figure4, figure6, figure7, figure8};
use crate::figure::{Drawing, Pair, Ranked};
use crate::measure::Basis;
use crate::study::{FigurePlan, Grid, Plan, Results};
use crate::table::{AmplificationRow, OverlapRow, SpectrumRow, Table7, from_csv, to_csv, to_npz};

/// One file that a run makes.
pub(super) struct Artifact {
    /// `figures/STUDY/NAME` or `notebooks-export/STUDY/NAME`.
    pub(super) path: PathBuf,
    pub(super) bytes: Vec<u8>,
}

/// `notebooks-export/STUDY/`
pub(super) fn tables_folder(study: &str) -> PathBuf {
    Path::new("notebooks-export").join(study)
}

/// `figures/STUDY/`
pub(super) fn figures_folder(study: &str) -> PathBuf {
    Path::new("figures").join(study)
}

/// The tables of a run.
pub(super) fn tables(plan: &Plan, results: &Results) -> Result<Vec<Artifact>> {
    let mut tables: Vec<(&str, Vec<u8>)> = Vec::new();
    if !results.grids.is_empty() {
        let drawn = |grid: &&Grid| {
            let figures = &plan.figures;
            plan.every_grid || figures.shows(&grid.module, grid.basis, &grid.first, &grid.second)
        };
        let rows: Vec<OverlapRow> = results
            .grids
            .iter()
            .filter(drawn)
            .flat_map(|grid| grid.rows())
            .collect();
        tables.push(("overlap.csv", to_csv("overlap.csv", &rows)?));
        let grids = results.grids.iter().map(|grid| (grid.key(), &grid.cells));
        tables.push(("overlap.npz", to_npz("overlap.npz", grids)?));
    }
    tables.push(("spectrum.csv", to_csv("spectrum.csv", &results.spectrum)?));
    if !results.amplification.is_empty() {
        tables.push((
            "amplification.csv",
            to_csv("amplification.csv", &results.amplification)?,
        ));
        tables.push(("ranks.csv", to_csv("ranks.csv", &results.ranks)?));
        let figures = &plan.figures;
        let table = Table7::new(&results.amplification, figures.layer, &figures.projections)?;
        tables.push(("table7.csv", table.csv()?));
        tables.push(("table7.md", table.markdown().into_bytes()));
        tables.push(("table7.tex", table.latex().into_bytes()));
    }
    let folder = tables_folder(&plan.name);
    Ok(tables
        .into_iter()
        .map(|(name, bytes)| Artifact {
            path: folder.join(name),
            bytes,
        })
        .collect())
}

/// A figure's file name without its ending, and the figure.
pub(super) type NamedChart = (String, Chart);

/// The figures that a plan asks for, from `overlap.csv` and `spectrum.csv` as written.
pub(super) fn charts(
    plan: &Plan,
    overlap_csv: &[u8],
    spectrum_csv: &[u8],
    palette: Palette,
) -> Result<Vec<NamedChart>> {
    let rows: Vec<OverlapRow> = from_csv("overlap.csv", overlap_csv)?;
    let spectrum: Vec<SpectrumRow> = from_csv("spectrum.csv", spectrum_csv)?;
    let options = Options {
        palette,
        range: None,
    };
    let figures = &plan.figures;
    let against_base: Vec<Ranked> = plan
        .adapters
        .iter()
        .filter(|named| plan.base.is_some() && figures.base.contains(&named.name))
        .map(|named| Ranked {
            name: named.name.clone(),
            rank: named.adapter.rank(),
        })
        .collect();
    let mut charts = Vec::new();
    for &basis in &figures.bases {
        let name = |figure: &str| match basis {
            Basis::A => figure.to_string(),
            other => format!("{figure}-{other}"),
        };
        let pair = |[first, second]: &[String; 2]| Pair {
            first: first.clone(),
            second: second.clone(),
        };
        let (layer, layers, panels) = (figures.layer, &figures.layers, &figures.projections);
        if let Some(ranks) = figures.ranks.as_ref().map(pair) {
            let one = figure3(&rows, basis.name(), &ranks, layer, panels, &options)?;
            let several = figure6(&rows, basis.name(), &ranks, layers, panels, &options)?;
            charts.push((name("figure3"), one));
            charts.push((name("figure6"), several));
        }
        if let Some(seeds) = figures.seeds.as_ref().map(pair) {
            let one = figure4(&rows, basis.name(), &seeds, layer, panels, &options)?;
            let several = figure7(&rows, basis.name(), &seeds, layers, panels, &options)?;
            charts.push((name("figure4"), one));
            charts.push((name("figure7"), several));
        }
        if !against_base.is_empty() {
            let chart = figure8(
                &rows,
                &spectrum,
                basis.name(),
                &against_base,
                layer,
                &panels[0],
                &options,
            )?;
            charts.push((name("figure8"), chart));
        }
    }
    charts.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(charts)
}

/// Pictures of charts, each in the formats asked for, drawn side by side.
pub(super) fn pictures(
    study: &str,
    charts: &[NamedChart],
    formats: &[Format],
) -> Result<Vec<Artifact>> {
    use rayon::prelude::*;
    let drawn: Vec<Result<Vec<Artifact>>> = charts
        .par_iter()
        .map(|(name, chart)| {
            let drawing = Drawing::new(chart)?;
            formats
                .iter()
                .map(|format| {
                    let path = figures_folder(study).join(format!("{name}.{format}"));
                    Ok(Artifact {
                        path,
                        bytes: drawing.render(*format)?,
                    })
                })
                .collect()
        })
        .collect();
    Ok(drawn
        .into_iter()
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect())
}

/// Table 7 again, from `amplification.csv` as committed.
pub(super) fn table7_files(
    figures: &FigurePlan,
    csv: &[u8],
) -> Result<[(&'static str, Vec<u8>); 3]> {
    let rows: Vec<AmplificationRow> = from_csv("amplification.csv", csv)?;
    let table = Table7::new(&rows, figures.layer, &figures.projections)?;
    Ok([
        ("table7.csv", table.csv()?),
        ("table7.md", table.markdown().into_bytes()),
        ("table7.tex", table.latex().into_bytes()),
    ])
}

/// Finds out before the work whether files can be made under `out`.
pub(super) fn probe(out: &Path, study: &str) -> Result<()> {
    for folder in [tables_folder(study), figures_folder(study)] {
        let wanted = out.join(folder);
        let mut existing = wanted.as_path();
        // An empty parent of a relative path is the current folder.
        while !existing.as_os_str().is_empty() && existing.symlink_metadata().is_err() {
            existing = existing.parent().unwrap_or(Path::new(""));
        }
        let here = if existing.as_os_str().is_empty() {
            Path::new(".")
        } else {
            existing
        };
        NamedTempFile::new_in(here).map_err(|source| Error::Io {
            path: wanted.clone(),
            action: "create files there",
            source,
            remedy: "choose a folder that you may write to with --out",
        })?;
    }
    Ok(())
}

/// Writes all files beside their places, then renames them: a failure leaves nothing half-made.
pub(super) fn write(out: &Path, artifacts: &[Artifact]) -> Result<()> {
    let mut staged = Vec::new();
    for artifact in artifacts {
        let target = out.join(&artifact.path);
        let failed = |source| Error::Io {
            path: target.clone(),
            action: "write",
            source,
            remedy: "check the free space and the permissions, or choose another folder with --out",
        };
        let folder = target.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(failed)?;
        let mut file = temporary(folder).map_err(failed)?;
        file.write_all(&artifact.bytes).map_err(failed)?;
        staged.push((file, target));
    }
    for (file, target) in staged {
        file.persist(&target).map_err(|error| Error::Io {
            path: target.clone(),
            action: "write",
            source: error.error,
            remedy: "check the permissions, or choose another folder with --out",
        })?;
    }
    Ok(())
}

fn temporary(folder: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".lora-subspace-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Results are for sharing; the umask still applies.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}
