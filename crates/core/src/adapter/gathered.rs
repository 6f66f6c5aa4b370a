//! Weights that were spread over several processes and saved before they were gathered: ZeRO-3 of
//! DeepSpeed and FSDP leave tensors of shape [0] in each process's file.

use crate::error::{Error, Result};

use super::found::{Content, Found};

/// What stands in the names of factors, in any layout.
const FACTORS: [&str; 6] = ["lora", "hada_", "lokr_", "oft_", "vera_", "magnitude"];
/// What PEFT calls a module that is saved whole.
const SAVED: [&str; 2] = [".modules_to_save.", ".original_module."];
/// What such a shape is of.
const CAUSE: &str = "saved without gathering (ZeRO-3, FSDP)";
const REMEDY: &str = "save again with the gathered state dict (stage3_gather_16bit_weights_on_model_save; with FSDP the full state dict), or run zero_to_fp32.py in the checkpoint's folder";

/// Refuses a file some of whose factors are empty, or that has no tensors at all.
///
/// # Errors
///
/// [`Error::Tensor`] with the first, [`Error::NotFound`] where there is none.
pub(super) fn check(found: &Found) -> Result<()> {
    let names = found.names();
    if names.is_empty() {
        let problem = format!("it has no tensors, like a file that was {CAUSE}");
        return Err(Error::not_found(found.file.path(), problem, REMEDY));
    }
    let empty = |name: &&String| is_empty(found, name);
    let factors = || names.iter().filter(|name| is_factor(name));
    let all_empty = names.iter().all(|name| is_empty(found, name));
    let Some(first) = factors()
        .find(empty)
        .or(names.first().filter(|_| all_empty))
    else {
        return Ok(());
    };
    let (count, of) = match factors().count() {
        0 => (names.len(), names.len()),
        of => (factors().filter(empty).count(), of),
    };
    let problem = format!("shape [0], as {count} of its {of} factors: they were {CAUSE}");
    Err(found.error(first, problem, REMEDY))
}

/// Takes empty tensors out of those that were saved whole, and says so.
pub(super) fn note(found: &Found, content: &mut Content) {
    let replaced = std::mem::take(&mut content.replaced);
    let (empty, full): (Vec<String>, Vec<String>) =
        replaced.into_iter().partition(|name| is_empty(found, name));
    content.replaced = full;
    if let Some(first) = empty.first() {
        content.notes.push(format!(
            "`{first}` is empty{}: it was {CAUSE}, and the trained weight is not in the file",
            match empty.len() {
                1 => String::new(),
                count => format!(", as are {} more", count - 1),
            }
        ));
    }
    content.known.extend(empty);
}

/// A process that holds none of a tensor has one axis of no length, whatever the tensor's were.
fn is_empty(found: &Found, name: &str) -> bool {
    found.shape(name) == [0]
}

fn is_factor(name: &str) -> bool {
    let is_saved = SAVED.iter().any(|part| name.contains(part)) || name.ends_with(".bias");
    !is_saved && FACTORS.iter().any(|part| name.contains(part))
}
