//! The three commands that measure: flags → plan → results → files.

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::error::{Error, Result};
use crate::figure::{Curve, Palette};
use crate::study::{Plan, Request};
use crate::table::{Provenance, RunsRow};

use super::flags::{Amplification, Inputs, Measuring, Output, Overlap, Regenerate};
use super::made::{Made, is_anything_made};
use super::outputs::{self, Artifact, NamedChart};
use super::record::{self, Headlines};
use super::report::{self, Sources};
use super::stage::{self, Staging};
use super::tables::TableFiles;
use super::talk::Talk;
use super::{Failure, check, init};

/// The study that a command without arguments runs.
const BUILT_IN: &str = "experiments/minilm-sst2/study.toml";

/// Runs `subspace-overlap`.
///
/// # Errors
///
/// Whatever goes wrong, before anything is written.
pub fn subspace_overlap(flags: Overlap) -> std::result::Result<(), Failure> {
    let request = flags.inputs.request(true, false)?;
    measure("subspace-overlap", &flags.inputs, &request)
}

/// Runs `amplification`.
///
/// # Errors
///
/// Whatever goes wrong, before anything is written.
pub fn amplification(flags: Amplification) -> std::result::Result<(), Failure> {
    if flags.inputs.base.is_none() && !flags.inputs.adapters.is_empty() {
        let problem = "amplification compares ΔW with W: give the model with --base PATH";
        return Err(Failure::Usage(problem.into()));
    }
    let request = flags.inputs.request(false, true)?;
    measure("amplification", &flags.inputs, &request)
}

/// The built-in study, or the adapters given.
fn measure(
    command: &'static str,
    inputs: &Inputs,
    request: &Request,
) -> std::result::Result<(), Failure> {
    start(&inputs.output)?;
    let plan = match inputs.adapters.as_slice() {
        [] => Plan::from_file(&built_in(), request)?,
        adapters => Plan::from_paths(adapters, inputs.base.as_deref(), request)?,
    };
    let out = out_folder(
        &inputs.output,
        &inputs.measuring,
        inputs.adapters.is_empty(),
    );
    Ok(Job {
        command,
        plan: &plan,
        file: None,
        out,
        output: &inputs.output,
    }
    .run()?)
}

/// Runs `regenerate`.
///
/// # Errors
///
/// Whatever goes wrong, and with `--check` any difference.
pub fn regenerate(flags: Regenerate) -> std::result::Result<(), Failure> {
    if flags.check && !(flags.measuring.is_plain() && flags.output.palette == Palette::Rocket) {
        let problem =
            "--check compares with the study as it stands, so it takes no flag that changes it";
        return Err(Failure::Usage(problem.into()));
    }
    let quiet = flags.output.quiet;
    if flags.columns {
        init::print_columns();
        return Ok(());
    }
    match (flags.schema, flags.init) {
        (true, _) => {
            init::print_schema();
            return Ok(());
        }
        (_, true) => {
            let out = flags.output.out.as_deref();
            return Ok(init::init(&flags.studies, out, Talk { quiet })?);
        }
        _ => {}
    }
    let request = Request {
        findings: true,
        ..flags.measuring.request(&flags.output, true, true)?
    };
    start(&flags.output)?;
    let studies = match flags.studies.as_slice() {
        [] => vec![built_in()],
        studies => studies.to_vec(),
    };
    // All plans first: a mistake in the last study is found before an hour of work on the first.
    let plans = studies
        .iter()
        .map(|study| Plan::from_file(study, &request))
        .collect::<Result<Vec<_>>>()?;
    for (plan, file) in plans.iter().zip(&studies) {
        let out = out_folder(&flags.output, &flags.measuring, true);
        let job = Job {
            command: "regenerate",
            plan,
            file: Some(file),
            out,
            output: &flags.output,
        };
        match flags.check {
            true => job.check()?,
            false => job.run()?,
        }
    }
    Ok(())
}

/// The built-in study: of the current folder, else of the sources this was built from.
fn built_in() -> PathBuf {
    let here = PathBuf::from(BUILT_IN);
    if here.is_file() {
        here
    } else {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(BUILT_IN)
    }
}

/// A plain run of a study goes where its results are committed; anything else to `out/`.
fn out_folder(output: &Output, measuring: &Measuring, is_study: bool) -> PathBuf {
    let plain = is_study && measuring.is_plain() && output.palette == Palette::Rocket;
    output
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from(if plain { "." } else { "out" }))
}

fn start(output: &Output) -> Result<()> {
    let Some(threads) = output.threads else {
        return Ok(());
    };
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.into())
        .build_global()
        .map_err(|error| Error::Request {
            what: format!("--threads {threads}"),
            problem: error.to_string(),
            remedy: "try fewer threads".into(),
        })
}

struct Job<'a> {
    command: &'static str,
    plan: &'a Plan,
    /// The study's file, where `regenerate` was given it.
    file: Option<&'a Path>,
    out: PathBuf,
    output: &'a Output,
}

impl Job<'_> {
    fn talk(&self) -> Talk {
        Talk {
            quiet: self.output.quiet,
        }
    }

    fn run(&self) -> Result<()> {
        let started = Instant::now();
        stage::probe(&self.out, &self.plan.name)?;
        let (mut staging, headlines) = self.measure(&self.out)?;
        let provenance = self.plan.provenance()?;
        let mut made = Made::new(&self.plan.name, staging.places());
        if !self.output.no_figures {
            let (charts, curve) = self.charts(&staging)?;
            let curve = curve.as_ref();
            let drawn = self.pictures_and_report(&staging, &charts, curve, &provenance)?;
            staging.write_all(drawn)?;
            made = made.with(&charts, curve.map(|curve| curve.name.as_str()));
        }
        let findings = staging.rows("findings.csv")?;
        let places = staging.places();
        let summary = record::summary(self.plan, &headlines, &provenance, &findings, places);
        let took = (started.elapsed(), headlines.reading());
        staging.write(record::artifact(self.command, self.plan, &summary, took))?;
        let places = staging.persist()?;
        if self.output.json {
            record::print(&summary);
        } else {
            record::print_paths(&self.out, &places);
        }
        if self.command == "regenerate" {
            for path in made.strays(&self.out) {
                let path = self.out.join(path);
                let text = format!(
                    "{}: an earlier run made it, this study does not",
                    path.display()
                );
                self.talk().say(&text);
            }
        }
        let seconds = started.elapsed().as_secs_f64();
        self.talk()
            .say(&format!("{} files in {seconds:.1} s", places.len()));
        Ok(())
    }

    /// Measures, and writes the tables beside their places under `out`.
    fn measure(&self, out: &Path) -> Result<(Staging, Headlines)> {
        let (plan, talk) = (self.plan, self.talk());
        if plan.base.is_none() && plan.rows().is_none() && self.command == "amplification" {
            return Err(Error::Request {
                what: format!("study {}", plan.name),
                problem: "it names no base, and amplification compares ΔW with W".into(),
                remedy: "add base = \"path\" to the study".into(),
            });
        }
        describe(plan, talk);
        let mut tables = TableFiles::new(plan, out);
        let mut headlines = Headlines::new(plan);
        let progress = talk.progress(plan.modules.len());
        let streamed = plan.stream(&|| progress.step(), &mut |results| {
            tables.take(&results)?;
            headlines.take(results);
            Ok(())
        });
        progress.finish();
        streamed?;
        headlines
            .warnings(plan)
            .for_each(|warning| talk.warn(warning));
        let staging = tables.finish(headlines.amplification())?;
        Ok((staging, headlines))
    }

    fn pictures_and_report(
        &self,
        staging: &Staging,
        charts: &[NamedChart],
        curve: Option<&Curve>,
        provenance: &Provenance,
    ) -> Result<Vec<Artifact>> {
        let formats = &self.output.format;
        let mut made = outputs::pictures(self.plan, charts, curve, provenance, formats)?;
        if self.command == "regenerate" {
            let published = outputs::published_charts(self.plan, self.output.palette)?;
            let sources = Sources {
                charts,
                curve,
                published: published.as_ref(),
                formats,
                tables: &|name| staging.open(name),
                provenance,
            };
            made.extend(report::artifacts(self.plan, &sources)?);
        }
        Ok(made)
    }

    fn charts(&self, staging: &Staging) -> Result<(Vec<NamedChart>, Option<Curve>)> {
        let palette = self.output.palette;
        let charts = outputs::charts_of(self.plan, &|name| staging.open(name), palette)?;
        let runs = staging.rows::<RunsRow>("runs.csv")?;
        let curve = outputs::curve(self.plan, &runs, palette);
        let count = charts.len() + usize::from(curve.is_some());
        if count == 0 {
            return Ok((charts, curve));
        }
        self.talk().say(&format!("drawing {count} figures"));
        let plan = &self.plan.figures;
        for (pair, figures, need) in [
            (&plan.ranks, ["3", "6"], "two adapters of different rank"),
            (&plan.seeds, ["4", "7"], "two adapters of one rank"),
        ] {
            if pair.is_none() && figures.iter().any(|figure| plan.draws(figure)) {
                self.talk().say(&format!(
                    "figures {} are not drawn: they take {need}",
                    figures.join(" and ")
                ));
            }
        }
        Ok((charts, curve))
    }

    fn check(&self) -> Result<()> {
        let command = self.makes_anew();
        if !is_anything_made(&self.out, &self.plan.name) {
            return Err(Error::Request {
                what: format!("study {}", self.plan.name),
                problem: "nothing has been made yet".into(),
                remedy: format!("run `{command}`"),
            });
        }
        let fresh = tempfile::tempdir().map_err(|source| Error::Io {
            path: std::env::temp_dir(),
            action: "create a folder there",
            source,
            remedy: "name a folder that you may write to in TMPDIR",
        })?;
        let (staging, _) = self.measure(fresh.path())?;
        let tables = staging.persist()?;
        check::check(
            self.plan,
            &self.out,
            fresh.path(),
            &tables,
            &command,
            self.talk(),
        )
    }

    /// The command that makes this study's files.
    fn makes_anew(&self) -> String {
        let quoted = |path: &Path| match path.display().to_string() {
            plain if !plain.contains([' ', '\'', '"', '$', '*', '\\']) => plain,
            text => format!("'{}'", text.replace('\'', "'\\''")),
        };
        let study = self.file.map(|file| format!(" {}", quoted(file)));
        let out = self.output.out.as_deref();
        let out = out.map(|out| format!(" --out {}", quoted(out)));
        let ends = [study, out].map(Option::unwrap_or_default);
        format!("regenerate{}", ends.concat())
    }
}

/// Says what was read: nothing about an adapter is assumed in silence.
fn describe(plan: &Plan, talk: Talk) {
    talk.say(&format!(
        "study {}: {} modules",
        plan.name,
        plan.modules.len()
    ));
    if let Some(rows) = plan.rows() {
        talk.say(&format!("  rows: {}; nothing is measured", rows.display()));
    }
    for named in &plan.adapters {
        let adapter = &named.adapter;
        talk.say(&format!(
            "  {}: {}, rank {}, {} modules, {}",
            named.name,
            adapter.layout,
            adapter.rank(),
            adapter.modules.len(),
            adapter.scale_rule
        ));
        for note in &adapter.notes {
            talk.say(&format!("    {note}"));
        }
        for (tensors, what) in [
            (
                &adapter.replaced,
                "full tensors beside the factors, no part of any ΔW",
            ),
            (&adapter.unmapped, "tensors not understood and left out"),
        ] {
            if !tensors.is_empty() {
                talk.say(&format!("    {what}: {}", tensors.join(", ")));
            }
        }
    }
    if let Some(base) = &plan.base {
        talk.say(&format!("  base: {}", base.path().display()));
    }
    for note in &plan.figures.notes {
        talk.say(&format!("  {note}"));
    }
    if let Some(warning) = plan.memory_warning() {
        talk.warn(&warning);
    }
}
