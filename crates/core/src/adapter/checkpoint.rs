//! Full fine-tunes: a model's own tensors, of which ΔW is the difference from the model before.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::files::json;
use crate::setting::Setting;
use crate::tensors::Checkpoint;

use super::formula::{Formula, Source};
use super::found::{Content, Found};
use super::keys::unwrapped;
use super::scale_rule::ScaleRule;
use super::update::Update;
use super::{AdaptedModule, LaidIndex, Part, Stored};

/// Reads a checkpoint of one file or many: ΔW = W′ − W for each matrix that the base has too.
///
/// # Errors
///
/// [`Error::NotFound`] where the names are no model's; where they may be and there is no base to
/// tell; and where the base has other tensors.
pub(super) fn read(found: &Found, model: Arc<Checkpoint>) -> Result<Content> {
    let names: Vec<String> = model.names().map(str::to_string).collect();
    let is_pipeline = model.models().count() > 1;
    let is_sharded = found.file.files().len() > 1 || is_pipeline;
    let source = Source::Model(model);
    if names.iter().any(|name| name.contains("lora")) {
        return Err(found.unknown());
    }
    let config = config(found.file.path())?;
    let is_model = config.is_some() || is_sharded;
    let Some(base) = found.base else {
        if !is_model {
            return Err(found.unknown());
        }
        let problem = "it is a whole model, whose ΔW is the difference from the original model";
        return Err(missing(found, problem.into()));
    };
    let mut content = Content {
        layout: "full fine-tune",
        scale_rule: Some(ScaleRule::one("ΔW = W′ − W")),
        base_name: config.as_ref().and_then(base_name),
        ..Content::default()
    };
    let mut shared = 0;
    for name in &names {
        let Some(place) = base.find(&unwrapped(name)) else {
            continue;
        };
        shared += 1;
        match modules(base, &source, name, &place)? {
            modules if modules.is_empty() => content.replaced.push(name.clone()),
            modules => content.modules.extend(modules),
        }
    }
    let count = format!("{shared} of its {} tensors are the base's", names.len());
    content.of_models = is_pipeline.then(|| names.clone());
    match (2 * shared > names.len(), is_model) {
        (true, _) => {}
        (false, true) => return Err(missing(found, format!("only {count}"))),
        (false, false) => return Err(found.unknown()),
    }
    content.evidence = match config {
        Some(_) => format!("a model's config.json; {count}"),
        None => count,
    };
    Ok(content)
}

/// A tensor's modules: none for a vector, several for a stack of experts.
fn modules(
    base: &dyn LaidIndex,
    source: &Source,
    name: &str,
    place: &str,
) -> Result<Vec<AdaptedModule>> {
    let tensor = unwrapped(name);
    let shape = source.shape(name).unwrap_or_default();
    if let (&[experts, _, _], false) = (shape, tensor.ends_with("weight")) {
        let is_turned = base.is_turned(place);
        let expert = |e: usize| {
            let one = Formula::part(source, name, e)?;
            let one = if is_turned { one.transposed() } else { one };
            let path = format!("{tensor}.{e}");
            let mut module = AdaptedModule::new(path, Update::Replaced(one), 1.0);
            module.target.tensor = tensor.clone();
            module.target.part = Part::Expert(e);
            module.target.stored = Stored::Usual;
            Ok(module)
        };
        return (0..experts).map(expert).collect();
    }
    if shape.len() < 2 || !tensor.ends_with("weight") {
        return Ok(Vec::new());
    }
    let weight = Formula::tensor(source, name)?;
    let is_matrix = shape.len() == 2;
    Ok(vec![AdaptedModule::replaced(
        Some(base),
        &tensor,
        weight,
        is_matrix,
    )])
}

fn missing(found: &Found, problem: String) -> Error {
    Error::not_found(
        found.root,
        problem,
        format!(
            "give the model that its training began with as {}",
            Setting::Base
        ),
    )
}

/// A model's own config beside its weights.
fn config(weights: &Path) -> Result<Option<Map<String, Value>>> {
    let folder = weights.parent().unwrap_or(Path::new(""));
    let fields = json::read_object_if_there(&folder.join("config.json"))?;
    let is_model = |fields: &Map<String, Value>| {
        let mut marks = ["architectures", "model_type"].iter();
        marks.any(|field| fields.contains_key(*field))
    };
    Ok(fields.filter(is_model))
}

fn base_name(config: &Map<String, Value>) -> Option<String> {
    let name = config.get("_name_or_path")?.as_str()?;
    (!name.is_empty()).then(|| name.to_string())
}
