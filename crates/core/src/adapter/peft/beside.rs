//! What stands beside PEFT's factors: trained heads, biases, tokens, copies of the base.

use crate::adapter::found::{Content, Found};
use crate::adapter::keys::{is_a_model_s, unwrapped};
use crate::adapter::located::CONFIG;
use crate::adapter::update::Update;
use crate::adapter::{AdaptedModule, Stored};
use crate::error::Result;

use super::config::PeftConfig;

/// What a factor's name has in it, in any of PEFT's methods.
const FACTORS: [&str; 4] = ["lora_", "hada_", "lokr_", "vera_"];

/// What follows an embedding's name where rows of it were trained.
const TOKENS: &str = ".token_adapter.trainable_tokens_delta";

/// What PEFT puts in front of a model's own names.
const WRAPPER: &str = "base_model.";

/// Sorts what stands beside the modules of any of PEFT's methods; see [`Content::replaced`]. What is
/// left out of it nobody understands: a factor of another kind must not pass as a trained tensor, nor
/// must what is called as no weight or bias is, where PEFT did not save it.
pub(super) fn others(found: &Found, config: &PeftConfig, content: &mut Content) -> Result<()> {
    let is_bias = |name: &str| name.ends_with(".bias");
    let is_foreign = |name: &str| FACTORS.iter().any(|part| name.contains(part)) && !is_bias(name);
    let is_saved =
        |name: &str| name.contains(WRAPPER) || is_a_model_s(name) || name.ends_with(TOKENS);
    content
        .replaced
        .retain(|name| is_saved(name) && !is_foreign(name));
    for name in content.replaced.clone() {
        let path = unwrapped(&name);
        if let Some(module) = path.strip_suffix(TOKENS) {
            content
                .replacements
                .push(tokens(found, config, &name, module)?);
            continue;
        }
        keep_copy(found, &name, &path, content)?;
        let is_copy = path.contains(".base_layer.") || path.contains(".original_module.");
        let trained = path.replace(".modules_to_save.", ".");
        let weight = trained.strip_suffix(".weight");
        if let (Some(module), false) = (weight, is_copy)
            && found.shape(&name).len() >= 2
        {
            let update = Update::Replaced(found.tensor(&name)?);
            let module = AdaptedModule::new(module.into(), update, 1.0);
            content.replacements.push(module);
        }
    }
    Ok(())
}

/// PEFT saves W of an embedding whose vocabulary was made longer before training.
fn keep_copy(found: &Found, name: &str, path: &str, content: &mut Content) -> Result<()> {
    let Some(path) = path.strip_suffix(".base_layer.weight") else {
        return Ok(());
    };
    let mut modules = content.modules.iter_mut();
    if let Some(module) = modules.find(|module| module.path == path) {
        module.copy = Some(found.tensor(name)?);
    }
    Ok(())
}

/// Rows of an embedding that were trained by themselves.
fn tokens(found: &Found, config: &PeftConfig, name: &str, module: &str) -> Result<AdaptedModule> {
    let rows = found.tensor(name)?;
    let places = config
        .tokens(module)
        .filter(|places| places.len() == rows.dim().0);
    let Some(places) = places else {
        let problem = format!("trainable_token_indices of {CONFIG} does not name its rows");
        return Err(found.error(name, problem, "save the adapter again"));
    };
    let tensor = format!("{module}.weight");
    let base = found.base;
    let vocabulary = base.and_then(|base| base.shape(&base.find(&tensor)?)?.first().copied());
    let mut module = AdaptedModule::new(module.into(), Update::Columns { rows, places }, 1.0);
    module.d_in = vocabulary.unwrap_or(module.d_in).max(module.d_in);
    module.target.stored = Stored::Transposed;
    Ok(module)
}
