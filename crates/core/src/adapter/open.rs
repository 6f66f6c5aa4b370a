//! Which layout a file is, and the adapter that the layout makes of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Map;

use crate::error::{Error, Result};
use crate::setting::Setting;
use crate::tensors::TensorFile;

use super::found::{Content, Found, ReadOptions};
use super::keys::weight_of;
use super::located::{CONFIG, Weights, locate, read_config};
use super::module::{AdaptedModule, BaseIndex};
use super::names::natural_order;
use super::opened::Adapter;
use super::peft::{self, PeftConfig};
use super::placing;
use super::{checkpoint, cloneofsimo, diffusers, kohya, loralib, mlx, refused, torchtune};

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
        let (weights, config) = locate(path)?;
        refused::check_file(&weights)?;
        let model = Weights::new(weights)?;
        let file = Arc::new(TensorFile::open(&model.first)?);
        let names: BTreeSet<String> = file.names().iter().map(|name| weight_of(name)).collect();
        let laid = base.map(|base| base.laid(&names, &options.renames));
        let found = Found {
            root: path,
            file,
            config: config.map(|path| read_config(&path)).transpose()?,
            options,
            base: laid.as_deref(),
        };
        let mut files = model.files();
        files.extend(found.config.iter().map(|(path, _)| path.clone()));
        if let Some(initial) = &options.initial {
            let (weights, config) = locate(initial)?;
            files.extend(Weights::new(weights)?.files());
            files.extend(config);
        }
        files.sort();
        let content = read(&found, model)?;
        let is_renamed = content.is_renamed;
        let mut adapter = finish(&found, content, files)?;
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

/// Decides by the config, else by the tensors' names, which layout it is.
fn read(found: &Found, weights: Weights) -> Result<Content> {
    refused::check_names(found)?;
    if torchtune::fits(found) {
        return torchtune::read(found);
    }
    let Some((path, fields)) = &found.config else {
        return by_names(found, weights);
    };
    if mlx::fits(fields) {
        return mlx::read(found, path, fields);
    }
    match peft::method(path, fields)?.as_str() {
        "LORA" => peft::read(found, path, &PeftConfig::new(path, fields)?),
        other => peft::read_method(found, path, fields, other),
    }
}

/// Decides by the tensors' names alone.
fn by_names(found: &Found, weights: Weights) -> Result<Content> {
    let any = |part: &str| found.names().iter().any(|name| name.contains(part));
    if weights.is_sharded() {
        checkpoint::read(found, weights.model()?)
    } else if any("base_model.") {
        peft_without_config(found)
    } else if kohya::is_named_so(found.names()) {
        kohya::read(found)
    } else if cloneofsimo::fits(found) {
        cloneofsimo::read(found)
    } else if diffusers::fits(found) {
        diffusers::read(found)
    } else if loralib::fits(found) {
        loralib::read(found)
    } else if any(".lora_A.") {
        peft_without_config(found)
    } else {
        checkpoint::read(found, weights.model()?)
    }
}

/// PEFT's names and nothing to tell α: it must be given.
fn peft_without_config(found: &Found) -> Result<Content> {
    let (alpha, looking) = (found.options.alpha, found.options.looking);
    if alpha.is_none() && found.options.scaled && !looking {
        return Err(Error::not_found(
            found.root,
            format!("no {CONFIG} there, so α of the scale α/r is unknown"),
            format!(
                "copy it from where the adapter was trained, or give {}",
                Setting::Alpha
            ),
        ));
    }
    let nothing = Map::new();
    peft::read(found, found.root, &PeftConfig::new(found.root, &nothing)?)
}

/// The adapter, when every tensor was understood.
fn finish(found: &Found, content: Content, files: Vec<PathBuf>) -> Result<Adapter> {
    let unmapped = unmapped(found, &content);
    if let (Some(first), false) = (unmapped.first(), found.options.allow_unmapped) {
        let problem = format!(
            "shape {:?} under this name is nothing that {} has ({} such tensors in all)",
            found.shape(first),
            content.layout,
            unmapped.len()
        );
        let remedy = format!(
            "`inspect` lists them; {} leaves them out",
            Setting::AllowUnmapped
        );
        return Err(found.error(first, problem, &remedy));
    }
    if content.modules.is_empty() && content.replacements.is_empty() {
        return Err(Error::not_found(
            found.file.path(),
            format!("none of its {} tensors makes a ΔW", found.names().len()),
            "give the folder that was saved after training",
        ));
    }
    let sorted = |mut modules: Vec<AdaptedModule>| {
        modules.sort_by(|one, other| natural_order(&one.path, &other.path));
        modules
    };
    let scale_is_known = content.scale_rule.is_some() || !found.options.scaled;
    let rule = if found.options.scaled {
        content.scale_rule.unwrap_or_else(|| {
            format!(
                "unknown: α is not in the file; give it with {}",
                Setting::Alpha
            )
            .into()
        })
    } else {
        format!("s = 1, from {}", Setting::Unscaled).into()
    };
    Ok(Adapter {
        root: found.root.into(),
        weights: found.file.path().into(),
        files,
        layout: content.layout,
        evidence: content.evidence,
        base_name: content.base_name,
        scale_is_known,
        scale_rule: rule.words,
        stated_alpha: rule.alpha,
        modules: sorted(content.modules),
        replacements: sorted(content.replacements),
        replaced: content.replaced,
        unmapped,
        left_out: Vec::new(),
        notes: content.notes,
        renames: Vec::new(),
    })
}

/// The tensors that no part of the content accounts for.
fn unmapped(found: &Found, content: &Content) -> Vec<String> {
    let mut used: BTreeSet<&str> = content.replaced.iter().map(String::as_str).collect();
    used.extend(content.known.iter().map(String::as_str));
    for module in content.modules.iter().chain(&content.replacements) {
        used.extend(module.update.tensors());
    }
    let all = found.names().iter().chain(&content.elsewhere);
    all.filter(|name| !used.contains(name.as_str()))
        .cloned()
        .collect()
}
