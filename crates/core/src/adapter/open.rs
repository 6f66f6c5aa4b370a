//! Which layout a file is, and the adapter that the layout makes of it.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

use serde_json::Map;

use crate::error::{Error, Result};
use crate::files::InputFile;
use crate::setting::Setting;

use super::found::{Content, Found, ReadOptions};
use super::header::{Header, is_alpha};
use super::keys::weight_of;
use super::located::{CONFIG, Config, Place, Weights, locate};
use super::module::{AdaptedModule, BaseIndex, LaidIndex};
use super::names::natural_order;
use super::opened::Adapter;
use super::peft::{self, PeftConfig};
use super::placing;
use super::scale_rule::{ScaleKind, ScaleRule};
use super::{
    adapterhub, checkpoint, clip_lora, cloneofsimo, diffusers, gathered, initial, kohya, leftover,
    loralib, mistral, mlx, mlx_vlm, paddle, refused, torchtune, way_round,
};

impl Adapter {
    /// Opens an adapter without its base; see [`Adapter::open_on`].
    ///
    /// # Errors
    ///
    /// As [`Adapter::open_on`].
    pub fn open(path: &Path, options: &ReadOptions) -> Result<Self> {
        Self::open_on(path, options, None)
    }

    /// Opens an adapter folder or weight file of any layout, and checks everything that can be told
    /// from names and shapes. Some layouts name their modules only by the base's help.
    ///
    /// # Errors
    ///
    /// There is one for each way a folder can be wrong: no config, no α, A without B, a damaged
    /// file. Shapes may not multiply, ranks may contradict each other, and fields may change ΔW in
    /// ways that are not supported. Tensors that are not understood are an error unless
    /// [`ReadOptions::allow_unmapped`](field@ReadOptions::allow_unmapped) is set.
    pub fn open_on(
        path: &Path,
        options: &ReadOptions,
        base: Option<&dyn BaseIndex>,
    ) -> Result<Self> {
        let place = located(path)?;
        let opened = Opened::of(&place)?;
        let names = opened.weights.files.names();
        let names: BTreeSet<String> = names.iter().map(|name| weight_of(name)).collect();
        let laid = base.map(|base| base.laid(&names, &options.renames));
        let laid = laid.as_deref();
        let (mut files, own) = (opened.inputs(), opened.weights.inputs());
        let start = options.initial.as_deref().map(located).transpose()?;
        let start = start.as_ref().map(Opened::of).transpose()?;
        files.extend(start.iter().flat_map(Opened::inputs));
        files.sort_by(|one, other| one.path().cmp(other.path()));
        files.dedup_by(|one, other| one.path() == other.path());
        let (found, weights) = opened.found(options, laid);
        let mut content = read(&found, weights)?;
        initial::subtract(&found, &mut content, || {
            start.map(|start| {
                let (found, weights) = start.found(options, laid);
                read(&found, weights)
            })
        })?;
        content.notes.splice(0..0, place.notes.iter().cloned());
        let is_renamed = content.is_renamed;
        let mut adapter = finish(&found, content, (files, own))?;
        placing::note_renames(&mut adapter, &names, &options.renames);
        if !is_renamed {
            placing::rename(&mut adapter, &options.renames);
        }
        if let Some(base) = base {
            placing::place(&mut adapter, base);
        }
        Ok(adapter)
    }
}

/// Finds an adapter that is no file of another library's.
fn located(path: &Path) -> Result<Place> {
    let place = locate(path)?;
    refused::check_file(&place.first())?;
    Ok(place)
}

/// Weights and config of an adapter, open.
struct Opened<'a> {
    root: &'a Path,
    weights: Weights,
    config: Option<Config>,
}

impl<'a> Opened<'a> {
    fn of(place: &'a Place) -> Result<Self> {
        Ok(Opened {
            root: &place.root,
            weights: place.weights()?,
            config: place.config()?,
        })
    }

    /// What identifies all that is read.
    fn inputs(&self) -> Vec<InputFile> {
        let config = self.config.iter().map(|(.., input)| input.clone());
        self.weights.inputs().into_iter().chain(config).collect()
    }

    fn found(
        self,
        options: &'a ReadOptions,
        base: Option<&'a dyn LaidIndex>,
    ) -> (Found<'a>, Weights) {
        let found = Found {
            root: self.root,
            file: self.weights.files.clone(),
            config: self.config.map(|(path, fields, _)| (path, fields)),
            options,
            base,
            is_unscaled: Cell::new(false),
        };
        (found, self.weights)
    }
}

/// Reads it, unless its factors look transposed.
fn read(found: &Found, weights: Weights) -> Result<Content> {
    gathered::check(found)?;
    refused::check_names(found)?;
    let content = by_layout(found, weights)?;
    // α may be there. Of a whole model nobody reads it.
    if content.modules.iter().any(|module| module.rank.is_some()) {
        found.file.check_metadata()?;
    }
    way_round::check(&content)?;
    Ok(content)
}

/// Decides by the config, else by the tensors' names, which layout it is.
fn by_layout(found: &Found, weights: Weights) -> Result<Content> {
    if torchtune::fits(found) {
        return torchtune::read(found);
    }
    let Some((path, fields)) = &found.config else {
        return by_names(found, weights);
    };
    if paddle::fits(path) {
        return paddle::read(found, path, fields);
    }
    if mistral::fits(path) {
        return mistral::read(found, path, fields);
    }
    if mlx::fits(fields) {
        return mlx::read(found, path, fields);
    }
    if mlx_vlm::fits(found, fields) {
        return mlx_vlm::read(found);
    }
    if adapterhub::fits(fields) {
        return adapterhub::read(found);
    }
    match peft::method(path, fields)?.as_str() {
        "LORA" => peft::read(found, PeftConfig::new(path, fields)?),
        other => peft::read_method(found, path, fields, other),
    }
}

/// Decides by the tensors' names alone, and by those that wrappers stand around.
fn by_names(found: &Found, weights: Weights) -> Result<Content> {
    let any = |part: &str| found.names().iter().any(|name| name.contains(part));
    let is_wrapped = any("base_model.");
    // PEFT's own file, or a method of PEFT's that others scale in another way.
    let is_peft_s = found
        .file
        .is_called(|stem| stem.starts_with("adapter_model"))
        || ["hada_", "lokr_", "oft_"].iter().any(|part| any(part));
    if weights.is_pipeline() {
        checkpoint::read(found, weights.model()?)
    } else if is_wrapped && is_peft_s {
        peft_without_config(found)
    } else if kohya::is_named_so(found.names()) {
        kohya::read(found)
    } else if cloneofsimo::fits(found) {
        cloneofsimo::read(found)
    } else if diffusers::fits(found) {
        diffusers::read(found)
    } else if is_wrapped {
        peft_without_config(found)
    } else if adapterhub::is_named_so(found) {
        adapterhub::read(found)
    } else if clip_lora::fits(found) {
        clip_lora::read(found)
    } else if mlx::is_named_so(found) {
        mlx::read_bare(found)
    } else if loralib::fits(found) {
        loralib::read(found)
    } else if any(".lora_A.") {
        peft_without_config(found)
    } else if mlx_vlm::is_named_so(found) {
        mlx_vlm::read(found)
    } else {
        checkpoint::read(found, weights.model()?)
    }
}

/// PEFT's names without a config: α is in the file itself, or must be given.
fn peft_without_config(found: &Found) -> Result<Content> {
    let nothing = Map::new();
    let config = PeftConfig::new(found.root, &nothing)?;
    let is_told = Header::read(found)?
        .into_whole()
        .is_some_and(|config| config.has_alpha())
        || found.names().iter().any(|name| is_alpha(name));
    let options = found.options;
    if options.alpha.is_none() && options.scaled && !options.looking && !is_told {
        return Err(Error::UnknownScale {
            path: found.root.into(),
            problem: format!("no {CONFIG} there, so α of the scale α/r is unknown"),
            remedy: format!(
                "copy it from where the adapter was trained, or give {}",
                Setting::Alpha
            ),
        });
    }
    peft::read(found, config)
}

/// The adapter, when every tensor was understood.
fn finish(
    found: &Found,
    mut content: Content,
    (files, weight_files): (Vec<InputFile>, Vec<InputFile>),
) -> Result<Adapter> {
    let unmapped = leftover::sort(found, &mut content);
    gathered::note(found, &mut content);
    if let (Some(first), false) = (unmapped.first(), found.options.allow_unmapped) {
        return Err(not_understood(found, &content, first, unmapped.len()));
    }
    if content.modules.is_empty() && content.replacements.is_empty() {
        return Err(nothing(found, &content));
    }
    let sorted = |mut modules: Vec<AdaptedModule>| {
        modules.sort_by(|one, other| natural_order(&one.path, &other.path));
        modules
    };
    let rule = rule(found, content.scale_rule);
    Ok(Adapter {
        places: OnceLock::new(),
        root: found.root.into(),
        weights: found.file.path().into(),
        files,
        weight_files,
        layout: content.layout,
        evidence: content.evidence,
        base_name: content.base_name,
        scale_is_known: rule.kind != ScaleKind::Unknown,
        scale_rule: rule.words,
        scale_kind: rule.kind,
        stated_alpha: rule.alpha,
        modules: sorted(content.modules),
        replacements: sorted(content.replacements),
        replaced: content.replaced,
        left_out: content.left_out,
        unmapped,
        notes: content.notes,
        renames: Vec::new(),
    })
}

/// The rule that s was made by, where it is known and wanted.
fn rule(found: &Found, known: Option<ScaleRule>) -> ScaleRule {
    let is_unscaled = found.is_unscaled.get();
    match (known.filter(|_| !is_unscaled), found.options.scaled) {
        (_, false) => {
            let words = format!("s = 1, from {}", Setting::Unscaled);
            ScaleRule::new(ScaleKind::One, words, None)
        }
        (Some(rule), true) => rule,
        (None, true) => {
            let give = format!("give it with {}", Setting::Alpha);
            let words = format!("unknown: α is not in the file; {give}");
            ScaleRule::new(ScaleKind::Unknown, words, None)
        }
    }
}

/// The first of the tensors that the layout does not account for.
fn not_understood(found: &Found, content: &Content, first: &str, count: usize) -> Error {
    let problem = format!(
        "{} has no tensor of this name and shape {:?} ({count} such tensors in all)",
        content.layout,
        found.shape(first)
    );
    let remedy = format!(
        "{} lists them; {} leaves them out",
        Setting::Listing,
        Setting::AllowUnmapped
    );
    found.error(first, problem, &remedy)
}

/// Nothing makes a ΔW: of one module the cause is known, of a whole file its layout refuses it.
fn nothing(found: &Found, content: &Content) -> Error {
    let problem = match content.left_out.first() {
        None => format!("none of its {} tensors makes a ΔW", found.names().len()),
        Some(first) => format!(
            "none of its {} modules makes a ΔW: `{}`: {}",
            content.left_out.len(),
            first.module,
            first.cause
        ),
    };
    let remedy = "give the folder that was saved after training";
    Error::not_found(found.file.path(), problem, remedy)
}
