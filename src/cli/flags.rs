//! The flags: one meaning everywhere.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::{Args, Parser};

use crate::adapter::{ReadOptions, Rename};
use crate::cache::{Cache, LIMIT};
use crate::error::{CoreError, Result};
use crate::figure::{Format, Palette};
use crate::measure::Basis;
use crate::paper::RowOf;
use crate::parts::Shard;
use crate::study::bounds::{MOST_DRAWS, MOST_RANK, MOST_THREADS};
use crate::study::{Makes, Request, Selection, parse_layers, parse_size};

/// `subspace-overlap`
#[derive(Debug, Parser)]
#[command(
    name = "subspace-overlap",
    version,
    about = "φ(i,j): which directions two adapters share (figures 3, 4, 6, 7; figure 8 with a base)",
    after_help = "\
Examples:
  {program} runs/r8 runs/r64           two adapters of one model, into out/
  {program} runs/r8 runs/r64 --base path/to/model --layers 0,10-15 --basis a --basis b
  {program} runs/*                     many adapters: what each two share, and all of them
  {program}                            in a clone: its study, experiments/smollm2-sst2

Two adapters of different rank give figures 3 and 6. Two adapters of one rank give figures 4 and 7.
With --base, figure 8 compares each of them with W. More than four adapters are put side by side:
pairs.csv, shared.csv and interference.csv in place of overlap.csv, and ordered maps. Tables go to OUT/notebooks-export/, pictures to
OUT/figures/."
)]
pub struct Overlap {
    #[command(flatten)]
    pub(super) inputs: Inputs,
    #[command(flatten)]
    pub(super) bases: Bases,
    /// Compare each pair by itself (overlap.csv), also of more than four adapters
    #[arg(long, requires = "adapters")]
    pub(super) pairs: bool,
}

/// `amplification`
#[derive(Debug, Parser)]
#[command(
    name = "amplification",
    version,
    about = "How much ΔW amplifies what W does in ΔW's directions (table 7)",
    after_help = "\
Examples:
  {program} runs/r4 runs/r64 --base path/to/model
  {program} runs/r4 --base path/to/model --layers 16 --modules q_proj --draws 100
  {program}                       in a clone: its study, experiments/smollm2-sst2

A factor misleads without its chance value. So every row also has the value for random directions,
in closed form. Tables go to OUT/notebooks-export/."
)]
pub struct Amplification {
    #[command(flatten)]
    pub(super) inputs: Inputs,
    #[command(flatten)]
    pub(super) draws: Draws,
}

/// `regenerate`
#[derive(Debug, Parser)]
#[command(
    name = "regenerate",
    version,
    about = "Every table and figure that a study file asks for",
    after_help = "\
Examples:
  {program} --demo demo            a made-up study in a new folder: what a study gives
  {program} --init runs/*          write a first study of these adapters
  {program} my-paper/study.toml
  {program} my-paper/study.toml --check  compare with what is there, write nothing
  {program}                        in a clone: its study, experiments/smollm2-sst2

--init writes OUT/experiments/NAME/study.toml. It never overwrites one, and says what it could not know."
)]
pub struct Regenerate {
    /// Study files; without any, in a clone of the repository, its own study
    #[arg(value_name = "STUDY")]
    pub studies: Vec<PathBuf>,
    /// Compare with the files that are there, and fail if they differ; the study is taken as it stands
    #[arg(long, conflicts_with_all = CHANGES, conflicts_with_all = ["cache", "no_cache"])]
    pub check: bool,
    /// Write a first study of the adapters, or folders of adapters, that are given
    #[arg(long, requires = "studies", conflicts_with = "check", conflicts_with_all = CHANGES, conflicts_with_all = RUNS)]
    pub init: bool,
    /// Write a small made-up study into a new or empty folder, and run it
    #[arg(long, value_name = "DIR", conflicts_with_all = ["studies", "check", "init", "out"], conflicts_with_all = CHANGES)]
    pub demo: Option<PathBuf>,
    /// Print the JSON Schema of study files
    #[arg(long, exclusive = true)]
    pub schema: bool,
    /// Print what every column of every table means
    #[arg(long, exclusive = true)]
    pub columns: bool,
    #[command(flatten)]
    pub(super) measuring: Measuring,
    #[command(flatten)]
    pub(super) bases: Bases,
    #[command(flatten)]
    pub(super) draws: Draws,
    #[command(flatten)]
    pub(super) output: Output,
}

/// Flags that change what is measured, written or said: a check and a first study have no use for
/// them.
const CHANGES: [&str; 17] = [
    "modules",
    "layers",
    "basis",
    "rank",
    "alpha",
    "no_scale",
    "init_adapter",
    "rename",
    "whole",
    "draws",
    "directions",
    "seed",
    "shard",
    "merge",
    "format",
    "palette",
    "no_figures",
];
/// Flags of a run that a first study has no use for.
const RUNS: [&str; 7] = [
    "allow_unmapped",
    "strict",
    "threads",
    "memory",
    "cache",
    "no_cache",
    "json",
];

/// `inspect`
#[derive(Debug, Parser)]
#[command(
    name = "inspect",
    version,
    about = "What a file is: layout, scale rule, modules, ranks, and everything that is not understood",
    after_help = "\
Examples:
  {program} runs/r8
  {program} runs/r8/adapter_model.safetensors --json
  {program} runs/r8 --card >> runs/r8/README.md"
)]
pub struct Inspect {
    /// Adapters: their folders or weight files
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// α, where the config has none or you mean another one
    #[arg(long, value_name = "X", value_parser = positive)]
    pub alpha: Option<f64>,
    /// The model it was trained on, where ΔW or the modules' names need it
    #[arg(long, value_name = "MODEL")]
    pub base: Option<PathBuf>,
    /// The adapter as it was before training, where its initialisation changed the base
    #[arg(long, value_name = "PATH")]
    pub init_adapter: Option<PathBuf>,
    /// Replace a prefix of the adapter's module paths (repeatable)
    #[arg(long, value_name = "OLD=NEW", value_parser = rename)]
    pub rename: Vec<Rename>,
    /// Keep fused projections whole: no slices are listed
    #[arg(long)]
    pub whole: bool,
    /// Print one JSON object for each adapter on stdout
    #[arg(long)]
    pub json: bool,
    /// Markdown for the adapter's page on a hub: layout, scale, sizes of ΔW
    #[arg(long, conflicts_with = "json")]
    pub card: bool,
    /// No notes: only what was read, and errors
    #[arg(short, long)]
    pub quiet: bool,
}

/// Adapters, their base, and what is done with them.
#[derive(Debug, Clone, Args)]
pub(super) struct Inputs {
    /// Adapter folders; without any, in a clone of the repository, its own study
    #[arg(value_name = "ADAPTER")]
    pub(super) adapters: Vec<PathBuf>,
    /// The model they were trained on: a folder or file of safetensors
    #[arg(long, value_name = "PATH", requires = "adapters")]
    pub(super) base: Option<PathBuf>,
    #[command(flatten)]
    pub(super) measuring: Measuring,
    #[command(flatten)]
    pub(super) output: Output,
}

/// What is measured.
#[derive(Debug, Clone, Args)]
pub(super) struct Measuring {
    /// Only modules whose path or projection matches, e.g. q_proj,v_proj or '*query' (repeatable);
    /// '!GLOB' leaves modules out
    #[arg(long, value_name = "GLOB")]
    modules: Vec<String>,
    /// Only these layers, e.g. 0,5-7
    #[arg(long, value_name = "LIST", value_parser = layers)]
    layers: Option<Layers>,
    /// Directions used [default: the adapter's rank]
    #[arg(long, value_name = "K", value_parser = rank)]
    rank: Option<usize>,
    /// Use this α in place of the adapters' own
    #[arg(long, value_name = "X", value_parser = positive, conflicts_with = "no_scale")]
    alpha: Option<f64>,
    /// Use ΔW = B·A, without the scale of training
    #[arg(long)]
    no_scale: bool,
    /// The adapter as it was before training, where its initialisation changed the base (PiSSA, OLoRA)
    #[arg(long, value_name = "PATH")]
    init_adapter: Option<PathBuf>,
    /// Keep fused projections whole: they are not cut into q, k and v
    #[arg(long)]
    whole: bool,
    /// Go on although an adapter has tensors that are not understood
    #[arg(long)]
    allow_unmapped: bool,
    /// Fail where a module cannot be measured, instead of leaving it out
    #[arg(long)]
    strict: bool,
    /// Replace a prefix of the adapters' module paths (repeatable), e.g. model.language_model=model
    #[arg(long, value_name = "OLD=NEW", value_parser = rename)]
    rename: Vec<Rename>,
    /// Seed of the random directions [default: the study's, else 0]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

/// Whose directions are compared.
#[derive(Debug, Clone, Args)]
pub(super) struct Bases {
    /// Directions compared (repeatable): right vectors of A, left of B, right or left of ΔW [default: a]
    #[arg(long, value_name = "a|b|delta-right|delta-left", value_parser = basis)]
    pub(super) basis: Vec<Basis>,
}

/// Which rows table 7 has, and how many random updates.
#[derive(Debug, Clone, Args)]
pub(super) struct Draws {
    /// Random draws for table 7 [default: the study's, else 20]
    #[arg(long, value_name = "N", value_parser = draws)]
    pub(super) draws: Option<usize>,
    /// Rows of table 7: directions of ΔW, of W and random ones. Without `base`, W is read in blocks and not
    /// decomposed [default: the study's, else all]
    #[arg(long, value_name = "delta,base,random", value_delimiter = ',', value_parser = row_of)]
    pub(super) directions: Vec<RowOf>,
}

/// What is written.
#[derive(Debug, Clone, Args)]
pub(super) struct Output {
    /// Folder in which figures/ and notebooks-export/ are made [default: of a study run as it stands,
    /// the folder that it names or the study file's own; else out]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// File formats of the pictures
    #[arg(long, value_name = "svg,pdf,png", value_delimiter = ',', value_parser = format, default_value = "svg,pdf,png", conflicts_with = "no_figures")]
    pub(super) format: Vec<Format>,
    /// Make tables only, no figures
    #[arg(long)]
    pub(super) no_figures: bool,
    /// Colours of the figures
    #[arg(long, value_name = "rocket|viridis|cividis", value_parser = palette, default_value = "rocket", conflicts_with = "no_figures")]
    pub(super) palette: Palette,
    /// Worker threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=i64::from(MOST_THREADS)))]
    pub(super) threads: Option<u16>,
    /// Memory that measuring may take, e.g. 4GB or 4G (10⁹ bytes each), 4GiB (2³⁰ each) [default:
    /// half of what is free]
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub(super) memory: Option<u64>,
    /// Folder in which numbers of large weights are kept for later runs [default: lora-subspace in the user's
    /// folder for caches]
    #[arg(long, value_name = "DIR", conflicts_with = "merge")]
    pub(super) cache: Option<PathBuf>,
    /// Compute everything, and keep nothing for later runs
    #[arg(long, conflicts_with_all = ["cache", "merge"])]
    pub(super) no_cache: bool,
    /// Measure part K of N, to be put together by --merge; it goes to OUT/parts/ [default of OUT: out]
    #[arg(long, value_name = "K/N", value_parser = shard, conflicts_with_all = ["merge", "format", "no_figures", "palette", "json"])]
    pub(super) shard: Option<Shard>,
    /// Write everything from the parts in these folders, and measure nothing. All other arguments are
    /// those of the parts; give this one last
    #[arg(long, value_name = "DIR", num_args = 1.., value_parser)]
    pub(super) merge: Vec<PathBuf>,
    /// Print a machine-readable summary on stdout
    #[arg(long)]
    pub(super) json: bool,
    /// No notes, warnings or progress: only results (answers, paths of the files, differences) and errors
    #[arg(short, long)]
    pub(super) quiet: bool,
}

/// A list of layers, as one flag's value.
#[derive(Debug, Clone)]
struct Layers(Vec<usize>);

impl Measuring {
    /// Whether modules are chosen by patterns.
    pub(super) fn has_modules(&self) -> bool {
        !self.modules.is_empty()
    }

    /// The request behind the flags, but for bases and draws.
    pub(super) fn request(&self, output: &Output, makes: Makes) -> Result<Request> {
        let layers = self.layers.as_ref().map_or(&[][..], |layers| &layers.0);
        let mut read = ReadOptions::new();
        read.alpha = self.alpha;
        read.scaled = !self.no_scale;
        read.allow_unmapped = self.allow_unmapped;
        read.initial = self.init_adapter.clone();
        read.renames = self.rename.clone();
        Ok(Request {
            selection: Selection::new(&self.modules, layers)?,
            rank: self.rank,
            read,
            whole: self.whole,
            seed: self.seed,
            strict: self.strict,
            memory: output.memory,
            cache: output.cached(),
            makes,
            ..Request::everything()
        })
    }
}

impl Output {
    fn cached(&self) -> Cache {
        match &self.cache {
            _ if self.no_cache => Cache::none(),
            Some(folder) => Cache::new(folder, LIMIT),
            None => Cache::of_user(),
        }
    }
}

fn layers(text: &str) -> std::result::Result<Layers, String> {
    parse_layers(text).map(Layers)
}

fn shard(text: &str) -> std::result::Result<Shard, String> {
    text.parse()
}

fn row_of(text: &str) -> std::result::Result<RowOf, String> {
    text.trim().parse()
}

fn draws(text: &str) -> std::result::Result<usize, String> {
    whole(1..=MOST_DRAWS, text)
}

fn rank(text: &str) -> std::result::Result<usize, String> {
    whole(0..=MOST_RANK, text)
}

fn whole(range: RangeInclusive<usize>, text: &str) -> std::result::Result<usize, String> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    let [least, most] = [range.start(), range.end()];
    number.ok_or_else(|| format!("it must be a whole number, at least {least} and at most {most}"))
}

fn rename(text: &str) -> std::result::Result<Rename, String> {
    text.parse().map_err(|error: CoreError| error.to_string())
}

fn basis(text: &str) -> std::result::Result<Basis, String> {
    text.parse().map_err(|error: CoreError| error.to_string())
}

fn format(text: &str) -> std::result::Result<Format, String> {
    text.parse()
        .map_err(|error: crate::Error| error.to_string())
}

fn palette(text: &str) -> std::result::Result<Palette, String> {
    text.parse()
        .map_err(|error: crate::Error| error.to_string())
}

fn positive(text: &str) -> std::result::Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value > 0.0 => Ok(value),
        _ => Err("it must be a positive number".into()),
    }
}
