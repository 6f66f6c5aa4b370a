//! Initialisations that took a part out of the base: PiSSA, OLoRA, CorDA, LoRA-GA, LoftQ.

use crate::error::{Error, Result};
use crate::setting::Setting;

use super::AdaptedModule;
use super::formula::Formula;
use super::found::{Content, Found};
use super::update::Update;

/// ΔW = s·B·A − s₀·B₀·A₀, as factors of twice the rank: [B, −(s₀/s)·B₀] and [A; A₀].
///
/// The base was W − s₀·B₀·A₀ when training began, so s·B·A is no update of W. `read` reads the
/// adapter as it was before.
pub(super) fn subtract(
    found: &Found,
    content: &mut Content,
    read: impl FnOnce() -> Option<Result<Content>>,
) -> Result<()> {
    let Some(init) = content.base_changing_init.take() else {
        return Ok(());
    };
    if found.options.initial.is_none() && found.options.looking {
        content.notes.push(format!(
            "{init} moved a part of the base into B·A: s·B·A is shown here, and not ΔW, which needs {}",
            Setting::Initial
        ));
        return Ok(());
    }
    let (Some(path), Some(before)) = (&found.options.initial, read().transpose()?) else {
        let says = found.config.as_ref().map(|(path, _)| path.as_path());
        return Err(Error::Unsupported {
            path: says.unwrap_or(found.file.path()).into(),
            feature: format!("init_lora_weights = \"{init}\" without its start"),
            reason: "this initialisation moves part of the base into B·A, so s·B·A is not ΔW"
                .into(),
            remedy: format!(
                "give the adapter as saved before training with {}, or convert it with PEFT's path_initial_model_for_weight_conversion",
                Setting::Initial
            ),
        });
    };
    for module in &mut content.modules {
        let start = before
            .modules
            .iter()
            .find(|start| start.path == module.path);
        let Some(start) = start else {
            let problem = format!("module `{}` is not in {}", module.path, path.display());
            let remedy = "give the adapter that this training began with";
            return Err(found.error(module.tensor(), problem, remedy));
        };
        *module = difference(module, start)?;
    }
    content.notes.push(format!(
        "{init}: ΔW is s·B·A − s₀·B₀·A₀, with B₀ and A₀ from {}",
        path.display()
    ));
    Ok(())
}

fn difference(trained: &AdaptedModule, start: &AdaptedModule) -> Result<AdaptedModule> {
    let (Update::Product { b, a }, Update::Product { b: b0, a: a0 }) =
        (&trained.update, &start.update)
    else {
        return Err(Error::request(
            format!("module `{}`", trained.path),
            "DoRA on an initialisation that changes the base is not read",
            "merge it with PEFT and give the two checkpoints",
        ));
    };
    if b0.is_zero()? {
        // Nothing was taken out of the base here: B and A are all of ΔW, and its own factors.
        return Ok(trained.clone());
    }
    let b0 = b0.clone().scaled(-start.scale / trained.scale);
    let update = Update::Difference {
        b: Formula::beside(vec![b.clone(), b0])?,
        a: Formula::stacked(vec![a.clone(), a0.clone()])?,
    };
    Ok(AdaptedModule {
        rank: update.rank(),
        update,
        ..trained.clone()
    })
}
