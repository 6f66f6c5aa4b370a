//! The three commands that measure: flags → plan → results → files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::parts::Shard;
use crate::publish::{self, Listener, Options, is_anything_made};
use crate::study::{MANY, Makes, Plan, Request, repeated};

use super::flags::{Amplification, Inputs, Output, Overlap, Regenerate};
use super::program::Program;
use super::said::{print, shown};
use super::talk::Talk;
use super::{Failure, demo, init};

/// The study that a command without arguments runs.
const BUILT_IN: &str = "experiments/smollm2-sst2/study.toml";

/// Runs `subspace-overlap`.
///
/// # Errors
///
/// Whatever goes wrong, before anything is written.
pub fn subspace_overlap(flags: Overlap) -> std::result::Result<(), Failure> {
    let Inputs {
        measuring, output, ..
    } = &flags.inputs;
    let makes = Makes {
        overlap: true,
        findings: true,
        ..Makes::default()
    };
    let mut request = measuring.request(output, makes)?;
    request.bases = flags.bases.basis.clone();
    request.many = flags.inputs.adapters.len() >= MANY && !flags.pairs;
    measure(Program::Overlap, &flags.inputs, &request)
}

/// Runs `amplification`.
///
/// # Errors
///
/// Whatever goes wrong, before anything is written.
pub fn amplification(flags: Amplification) -> std::result::Result<(), Failure> {
    if flags.inputs.base.is_none() && !flags.inputs.adapters.is_empty() {
        let command = Program::Amplification;
        let problem = format!("{command} compares ΔW with W: give the model with --base PATH");
        return Err(Failure::Usage(problem));
    }
    let Inputs {
        measuring, output, ..
    } = &flags.inputs;
    let makes = Makes {
        amplification: true,
        findings: true,
        ..Makes::default()
    };
    let mut request = measuring.request(output, makes)?;
    request.draws = flags.draws.draws;
    request.directions = flags.draws.directions.clone();
    measure(Program::Amplification, &flags.inputs, &request)
}

/// The built-in study, or the adapters given.
fn measure(
    command: Program,
    inputs: &Inputs,
    request: &Request,
) -> std::result::Result<(), Failure> {
    refuse_twice(&inputs.adapters)?;
    refuse_patterns(inputs)?;
    start(&inputs.output)?;
    let plan = match inputs.adapters.as_slice() {
        [] => Plan::from_file(built_in(command)?, request)?,
        adapters => Plan::from_paths(adapters, inputs.base.as_deref(), request)?,
    };
    let plan = planned(plan)?;
    let out = out_folder(&inputs.output, &plan, request);
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
    if flags.check && flags.output.json {
        let command = Program::Regenerate;
        let problem = format!("{command} --check prints no summary: leave out --json");
        return Err(Failure::Usage(problem));
    }
    let quiet = flags.output.quiet;
    if flags.columns {
        return Ok(init::print_columns()?);
    }
    if flags.schema {
        return Ok(init::print_schema()?);
    }
    if flags.init {
        let out = flags.output.out.as_deref();
        return Ok(init::init(&flags.studies, out, Talk { quiet })?);
    }
    let mut request = flags.measuring.request(&flags.output, Makes::ALL)?;
    if flags.check {
        // It shall find what a cache hides.
        request.cache = Cache::none();
    }
    request.bases = flags.bases.basis.clone();
    request.draws = flags.draws.draws;
    request.directions = flags.draws.directions.clone();
    start(&flags.output)?;
    let studies = match (&flags.demo, flags.studies.as_slice()) {
        (Some(folder), _) => vec![demo::write(folder, Talk { quiet })?],
        (None, []) => vec![built_in(Program::Regenerate)?.into()],
        (None, studies) => studies.to_vec(),
    };
    // All plans first: a mistake in the last study is found before an hour of work on the first.
    let plans = studies
        .iter()
        .map(|study| {
            let plan = planned(planned_from(study, &request)?)?;
            plan.check_compares(study)?;
            Ok(plan)
        })
        .collect::<Result<Vec<_>>>()?;
    for (plan, file) in plans.iter().zip(&studies) {
        let out = out_folder(&flags.output, plan, &request);
        let job = Job {
            command: Program::Regenerate,
            plan,
            file: Some(file),
            out,
            output: &flags.output,
        };
        if flags.check {
            job.check()?;
        } else {
            job.run()?;
        }
    }
    Ok(())
}

/// A plan that fits into the memory that is allowed.
fn planned(plan: Plan) -> Result<Plan> {
    plan.check_memory()?;
    Ok(plan)
}

/// The plan of a study file; an adapter in its place has a command of its own.
fn planned_from(study: &Path, request: &Request) -> Result<Plan> {
    let place = study.display();
    let is_weights = study
        .extension()
        .is_some_and(|ending| ending == "safetensors");
    let holds_a_study = study.join("study.toml").is_file();
    if holds_a_study || !study.is_dir() && !is_weights {
        return Plan::from_file(study, request);
    }
    let is_adapter = is_weights || study.join("adapter_config.json").exists();
    Err(Error::request(
        format!("study {place}"),
        match is_adapter {
            true => "that is an adapter, and no study file",
            false => "that is a folder, and no study file",
        },
        format!(
            "`{} --init {place}` writes a first study of what is there",
            Program::Regenerate
        ),
    ))
}

/// The built-in study, where the current folder has it; elsewhere what to type is said.
fn built_in(command: Program) -> std::result::Result<&'static Path, Failure> {
    let here = Path::new(BUILT_IN);
    if here.is_file() {
        return Ok(here);
    }
    let problem = match command {
        Program::Regenerate => format!(
            "give a study file, as in `{command} paper/study.toml`; `{command} --init runs/*` writes \
             one, and `{command} --demo demo` makes an example"
        ),
        Program::Amplification => {
            format!("give adapters and their model, as in `{command} runs/r8 --base path/to/model`")
        }
        _ => format!("give adapters, as in `{command} runs/r8 runs/r64`"),
    };
    Err(Failure::Usage(problem))
}

/// The folder that was asked for, else the plan's own.
fn out_folder(output: &Output, plan: &Plan, request: &Request) -> PathBuf {
    let own = || publish::own_folder(plan, request, output.palette);
    output.out.clone().unwrap_or_else(own)
}

/// Refuses an adapter that is given twice, by whatever path.
fn refuse_twice(adapters: &[PathBuf]) -> std::result::Result<(), Failure> {
    let real = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
    let mut met: BTreeMap<PathBuf, &PathBuf> = BTreeMap::new();
    for path in adapters {
        if let Some(earlier) = met.insert(real(path), path) {
            let (one, other) = (earlier.display(), path.display());
            let problem = format!(
                "{one} and {other} are one adapter, which shares all directions with itself: leave one \
                 out, or give the path of another"
            );
            return Err(Failure::Usage(problem));
        }
    }
    Ok(())
}

/// Refuses a pattern of modules that was typed apart from the flag: a word that is no path.
fn refuse_patterns(inputs: &Inputs) -> std::result::Result<(), Failure> {
    let is_word = |path: &&PathBuf| path.components().count() == 1 && !path.exists();
    let word = inputs.adapters.iter().find(is_word);
    match word.filter(|_| inputs.measuring.has_modules()) {
        None => Ok(()),
        Some(word) => Err(Failure::Usage(format!(
            "{}: no such file or folder; between patterns of --modules stands a comma, as in --modules \
             q_proj,v_proj",
            word.display()
        ))),
    }
}

fn start(output: &Output) -> Result<()> {
    if let Some((_, twice)) = repeated(output.format.iter().map(ToString::to_string)) {
        let what = format!("--format {twice}");
        return Err(Error::request(what, "it is given twice", "leave one out"));
    }
    let Some(threads) = output.threads else {
        return Ok(());
    };
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.into())
        .build_global()
        .map_err(|error| {
            Error::request(
                format!("--threads {threads}"),
                error.to_string(),
                "try fewer threads",
            )
        })
}

struct Job<'a> {
    command: Program,
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
        let measured = self.plan.measured();
        let has_base = measured.is_none_or(|measured| measured.base.is_some());
        if !has_base && self.command == Program::Amplification {
            return Err(Error::request(
                format!("study {}", self.plan.name),
                format!("it names no base, and {} compares ΔW with W", self.command),
                "add base = \"path\" to the study",
            ));
        }
        if let Some(shard) = self.output.shard {
            return self.part(shard, started);
        }
        let is_study = self.command == Program::Regenerate;
        let mut options = Options::new(&self.out);
        options.formats = self.output.format.clone();
        options.palette = self.output.palette;
        options.figures = !self.output.no_figures;
        options.report = is_study;
        options.command = self.command.name().into();
        options.parts = self.output.merge.clone();
        let written = publish::write(self.plan, &options, &self.talk())?;
        if self.output.json {
            print(&format!("{:#}\n", written.summary))?;
        } else {
            // `regenerate` writes a report, which answers at length.
            if !is_study {
                print_answers(&written.answers)?;
            }
            print_paths(&self.out, &written.files)?;
        }
        if is_study {
            for path in &written.strays {
                let path = self.out.join(path);
                let text = format!(
                    "{}: an earlier run made it, this study does not",
                    path.display()
                );
                self.talk().say(&text);
            }
        }
        let seconds = started.elapsed().as_secs_f64();
        let grids = written
            .grids
            .map_or(String::new(), |grids| format!("; {grids}"));
        let text = format!("{} files in {seconds:.1} s{grids}", written.files.len());
        self.talk().say(&text);
        Ok(())
    }

    /// One part of what is measured.
    fn part(&self, shard: Shard, started: Instant) -> Result<()> {
        let out = self.output.out.as_deref().unwrap_or(Path::new("out"));
        let (place, own) = publish::write_part(self.plan, shard, out, &self.talk())?;
        print(&format!("{}\n", place.display()))?;
        let all = self.plan.modules.len();
        let seconds = started.elapsed().as_secs_f64();
        let text = format!("part {shard}: {own} of {all} modules in {seconds:.1} s");
        self.talk().say(&text);
        Ok(())
    }

    fn check(&self) -> Result<()> {
        let (study, command) = (&self.plan.name, self.makes_anew());
        if !is_anything_made(&self.out, study) {
            return Err(Error::request(
                format!("study {study}"),
                "nothing has been made yet",
                format!("run `{command}`"),
            ));
        }
        let checked = publish::check(self.plan, &self.out, &self.talk())?;
        for difference in &checked.differences {
            let path = difference.path.display();
            self.talk().tell(&format!("{path}: {}", difference.what));
        }
        self.talk()
            .say(&format!("{study}: {} files compared", checked.files));
        match checked.differences.len() {
            0 => Ok(()),
            differences => Err(Error::CheckFailed {
                study: study.clone(),
                differences,
                files: checked.files,
                command,
            }),
        }
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
        format!("{}{}", Program::Regenerate, ends.concat())
    }
}

/// What a command measured in short, and an empty line, on stdout.
fn print_answers(answers: &[String]) -> Result<()> {
    let mut text: String = answers.iter().map(|line| shown(line) + "\n").collect();
    if !answers.is_empty() {
        text.push('\n');
    }
    print(&text)
}

/// The files made, one a line, on stdout.
fn print_paths(out: &Path, places: &[PathBuf]) -> Result<()> {
    let path = |place: &PathBuf| match out == Path::new(".") {
        true => place.clone(),
        false => out.join(place),
    };
    let lines = places
        .iter()
        .map(|place| format!("{}\n", path(place).display()));
    print(&lines.collect::<String>())
}
