//! Single files of kohya's scripts, LyCORIS, OneTrainer and ComfyUI: no config; the scale's α is a
//! tensor beside the factors.

use std::collections::{BTreeMap, BTreeSet};

use crate::adapter::factors;
use crate::adapter::found::{Content, Found};
use crate::adapter::keys::{Tensors, group};
use crate::adapter::products::{self, Product};
use crate::adapter::update::{Norms, Update};
use crate::adapter::{AdaptedModule, Part};
use crate::error::{Error, Result};

use names::COMPONENTS;
use tokens::{Flattened, Place, Stored, component, place};

mod fused;
mod ldm;
mod names;
mod tokens;
mod told;

/// What a name ends with, and what the tensor is. The longest of several that fit comes first.
const KINDS: [(&str, &str); 37] = [
    (".lora_down.weight", "down"),
    (".lora_up.weight", "up"),
    (".lora_mid.weight", "mid"),
    (".lora_A.default.weight", "down"),
    (".lora_B.default.weight", "up"),
    (".lora_A.weight", "down"),
    (".lora_B.weight", "up"),
    (".lora_A", "down"),
    (".lora_B", "up"),
    (".alpha", "alpha"),
    (".dora_scale", "magnitude"),
    (".lora_magnitude_vector.weight", "magnitude"),
    (".lora_magnitude_vector", "magnitude"),
    (".magnitude", "magnitude"),
    (".hada_w1_a", "hada_w1_a"),
    (".hada_w1_b", "hada_w1_b"),
    (".hada_w2_a", "hada_w2_a"),
    (".hada_w2_b", "hada_w2_b"),
    (".hada_t1", "hada_t1"),
    (".hada_t2", "hada_t2"),
    (".lokr_w1", "lokr_w1"),
    (".lokr_w1_a", "lokr_w1_a"),
    (".lokr_w1_b", "lokr_w1_b"),
    (".lokr_w2", "lokr_w2"),
    (".lokr_w2_a", "lokr_w2_a"),
    (".lokr_w2_b", "lokr_w2_b"),
    (".lokr_t1", "lokr_t1"),
    (".lokr_t2", "lokr_t2"),
    (".diff", "diff"),
    (".set_weight", "set"),
    (".diff_b", "vector"),
    (".w_norm", "vector"),
    (".b_norm", "vector"),
    (".set_bias", "vector"),
    (".lora_up.bias", "vector"),
    (".lora_B.bias", "vector"),
    (".bias", "vector"),
];

/// What a name ends with that makes ΔW something that is not read, what it is, and why.
const REFUSED: [(&str, &str, &str); 10] = [
    (".oft_blocks", "OFT or BOFT", MULTIPLIES),
    (".oft_diag", "OFT", MULTIPLIES),
    (".oft_R.weight", "OFT", MULTIPLIES),
    (".on_input", "IA3", MULTIPLIES),
    (".a1.weight", "GLoRA", MULTIPLIES),
    (".b1.weight", "GLoRA", MULTIPLIES),
    (".bm.weight", "GLoRA", MULTIPLIES),
    (
        ".q_layer.weight",
        "T-LoRA",
        "its ΔW depends on the time step",
    ),
    (".lambda_layer", "T-LoRA", "its ΔW depends on the time step"),
    (
        ".reshape_weight",
        "a reshaped weight",
        "W itself gets another shape",
    ),
];
const MULTIPLIES: &str = "it multiplies W, so that its ΔW is not in the file";
const MERGE: &str = "merge it with LyCORIS or ComfyUI, save the model, and give that checkpoint in its \
                     place, with the original one as --base";

/// Ends of names that no other layout has.
const OWN: [&str; 7] = [
    ".lora_down.weight",
    ".lora_up.weight",
    ".dora_scale",
    ".diff",
    ".diff_b",
    ".set_weight",
    ".w_norm",
];

/// Whether these are names of such a file.
pub(super) fn is_named_so(names: &[String]) -> bool {
    let is_own = |name: &String| {
        COMPONENTS
            .iter()
            .any(|(start, ..)| name.starts_with(start) && is_factor(name))
            || OWN.iter().any(|end| name.ends_with(end))
            || [".hada_", ".lokr_", ".oft_"]
                .iter()
                .any(|part| name.contains(part))
    };
    names.iter().any(is_own)
}

/// Whether a name says what a tensor is to ΔW, read here or not.
pub(super) fn is_factor(name: &str) -> bool {
    parse(name).is_some() || REFUSED.iter().any(|(end, ..)| name.ends_with(end))
}

/// A module's name and what a tensor is to its ΔW; vectors are nothing to it.
fn parse(name: &str) -> Option<(String, &'static str)> {
    let named = |end: &str| name.strip_suffix(end).filter(|module| !module.is_empty());
    let (module, kind) = KINDS
        .iter()
        .find_map(|(end, kind)| Some((named(end)?, *kind)))?;
    (kind != "vector").then(|| (module.to_string(), kind))
}

/// Reads such a file.
///
/// # Errors
///
/// [`Error::Unsupported`] for what multiplies W; [`Error::Ambiguous`] for a token that is several of
/// the base's names without their dots; a tensor error for parts that are missing or do not fit.
pub(super) fn read(found: &Found) -> Result<Content> {
    refuse(found)?;
    let grouped = group(found.names(), parse);
    if let Some((name, earlier)) = grouped.twins {
        let problem = format!("the same as `{earlier}`");
        return Err(found.error(
            &name,
            problem,
            "the file holds two adapters: save one by itself",
        ));
    }
    let base = found.base.map(Flattened::new);
    let components: BTreeSet<&str> = grouped
        .modules
        .keys()
        .map(|module| component(module).0)
        .collect();
    let reader = Reader {
        found,
        base,
        named: components.len() > 1,
    };
    let mut content = Content::default();
    for (module, tensors) in &grouped.modules {
        reader.module(module, tensors, &mut content)?;
    }
    distinct(found, &content)?;
    content.replaced.extend(
        grouped
            .others
            .into_iter()
            .filter(|name| is_vector(found, name)),
    );
    if let Some(first) = content.replaced.first() {
        content.notes.push(format!(
            "{} vectors change too (biases, norms), such as `{first}`: they have no directions",
            content.replaced.len()
        ));
    }
    let modules: Vec<&Tensors> = grouped.modules.values().collect();
    content.layout = told::layout(&modules);
    told::describe(found, &mut content);
    told::scale_rule(found, &modules, &mut content);
    Ok(content)
}

/// That no two names stand for one module of the base.
fn distinct(found: &Found, content: &Content) -> Result<()> {
    let mut seen = BTreeMap::new();
    for module in &content.modules {
        if let Some(other) = seen.insert(&module.path, module.tensor()) {
            let problem = format!("the same module `{}` as `{other}`", module.path);
            let remedy = "the file holds two adapters: save one by itself";
            return Err(found.error(module.tensor(), problem, remedy));
        }
    }
    Ok(())
}

fn refuse(found: &Found) -> Result<()> {
    let refused = found.names().iter().find_map(|name| {
        let kind = REFUSED.iter().find(|(end, ..)| name.ends_with(end))?;
        Some((name, kind))
    });
    match refused {
        None => Ok(()),
        Some((name, (_, what, reason))) => {
            Err(found.refuse(format!("{what} (tensor `{name}`)"), reason, MERGE))
        }
    }
}

fn is_vector(found: &Found, name: &str) -> bool {
    let ends = KINDS.iter().filter(|(_, kind)| *kind == "vector");
    found.shape(name).len() == 1 && ends.into_iter().any(|(end, _)| name.ends_with(end))
}

struct Reader<'a> {
    found: &'a Found<'a>,
    base: Option<Flattened>,
    /// Whether paths begin with their component's name: the file has several.
    named: bool,
}

impl Reader<'_> {
    /// Adds one module's ΔW, its vectors or its weight.
    fn module(&self, token: &str, tensors: &Tensors, content: &mut Content) -> Result<()> {
        content.known.extend(tensors.get("alpha").cloned());
        let has = |start: &str| tensors.keys().any(|kind| kind.starts_with(start));
        let ways = ["down", "up", "hada", "lokr", "diff", "set"].map(has);
        if (ways[0] || ways[1]) as usize + ways[2..].iter().filter(|way| **way).count() > 1 {
            let name = tensors.values().next().map_or("", String::as_str);
            let problem = format!("module `{token}` has the factors of several methods");
            return Err(self
                .found
                .error(name, problem, "save one of them by itself"));
        }
        let direct = tensors.get("diff").or(tensors.get("set"));
        if let Some(name) = direct.filter(|name| self.found.shape(name).len() < 2) {
            content.replaced.push(name.clone());
            return Ok(());
        }
        let Some((update, dim)) = self.update(token, tensors)? else {
            // α or a magnitude alone says nothing; the latter stays unmapped.
            return Ok(());
        };
        let update = match tensors.get("magnitude") {
            Some(name) => self.normalised(update, name)?,
            None => update,
        };
        let scale = self.scale(tensors, dim)?;
        let mut module = self.placed(token, update, scale)?;
        fused::cut(&mut module, content)?;
        content.modules.push(module);
        Ok(())
    }

    /// ΔW without its scale, and the rank that α is divided by.
    fn update(&self, token: &str, tensors: &Tensors) -> Result<Option<(Update, Option<usize>)>> {
        let has = |start: &str| tensors.keys().any(|kind| kind.starts_with(start));
        let dense = |Product { matrix, rank }| Some((Update::Dense(matrix), rank));
        if has("hada") {
            return Ok(dense(products::hadamard(self.found, token, tensors)?));
        }
        if has("lokr") {
            return Ok(dense(products::kronecker(self.found, token, tensors)?));
        }
        if let Some(name) = tensors.get("diff") {
            return Ok(Some((Update::Dense(self.found.tensor(name)?), None)));
        }
        if let Some(name) = tensors.get("set") {
            return Ok(Some((Update::Replaced(self.found.tensor(name)?), None)));
        }
        if !has("down") && !has("up") {
            return Ok(None);
        }
        let (down, up) = factors::both(self.found, token, tensors, ("down", "up"))?;
        let (mut a, b) = (self.found.tensor(down)?, self.found.tensor(up)?);
        let rank = a.dim().0;
        if let Some(mid) = tensors.get("mid") {
            a = products::with_core(self.found, mid, a)?;
        }
        factors::check_factors(&b, &a)?;
        Ok(Some((Update::Product { b, a }, Some(rank))))
    }

    /// s = α/dim; 1 without α, and where no factor has a rank.
    fn scale(&self, tensors: &Tensors, dim: Option<usize>) -> Result<f64> {
        let Some(dim) = dim else {
            return Ok(1.0);
        };
        self.found.scale(|given| {
            let alpha = match (given, tensors.get("alpha")) {
                (Some(alpha), _) => alpha,
                (None, Some(name)) => self.alpha(name)?,
                (None, None) => dim as f64,
            };
            Ok(alpha / dim as f64)
        })
    }

    fn alpha(&self, name: &str) -> Result<f64> {
        match self.found.shape(name).iter().product::<usize>() {
            1 => self.found.file.scalar(name),
            count => {
                let problem = format!("{count} numbers, where α is one");
                Err(self.found.error(name, problem, "give it with --alpha"))
            }
        }
    }

    /// DoRA's norms by the shape of its magnitudes: (out, 1, …) or (out) is one for each output,
    /// (1, in, …) one for each input channel.
    fn normalised(&self, direction: Update, name: &str) -> Result<Update> {
        let magnitude = self.found.tensor(name)?;
        let (d_out, d_in) = direction.dim();
        let shape = self.found.shape(name);
        let count = shape.iter().product::<usize>();
        let over = match shape {
            [first, ..] if *first == count && count == d_out => Norms::Rows,
            [1, channels, ..] if *channels == count && d_in.is_multiple_of(count) => {
                Norms::Columns(d_in / count)
            }
            _ => {
                let problem = format!("shape {shape:?} for a ΔW of {d_out} × {d_in}");
                let remedy =
                    "DoRA has one magnitude for each output, or one for each input channel";
                return Err(magnitude.error(problem, remedy));
            }
        };
        Ok(Update::Normalised {
            direction: Box::new(direction),
            magnitude,
            over,
        })
    }

    /// The module under its path, with its place in the base.
    fn placed(&self, token: &str, update: Update, scale: f64) -> Result<AdaptedModule> {
        match place(token, self.base.as_ref()) {
            Place::Tensor(Stored {
                tensor,
                third: None,
            }) => {
                let path = tensor.strip_suffix(".weight").unwrap_or(&tensor);
                Ok(AdaptedModule::new(path.into(), update, scale))
            }
            Place::Tensor(Stored {
                tensor,
                third: Some(third),
            }) => {
                let attention = tensor.strip_suffix(".in_proj_weight").unwrap_or(&tensor);
                let path = format!("{attention}.{}", ["q", "k", "v"][third]);
                let mut module = AdaptedModule::new(path, update, scale);
                module.target.tensor = tensor;
                module.target.part = Part::Third(third);
                Ok(module)
            }
            Place::Several(candidates) => Err(Error::Ambiguous {
                path: self.found.file.path().into(),
                module: token.into(),
                candidates,
            }),
            Place::Path { component, path } => {
                let mut module = AdaptedModule::new(path.clone(), update, scale);
                if self.named && !component.is_empty() {
                    module.path = format!("{component}.{path}");
                }
                Ok(module)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_with_what_they_are() {
        assert_eq!(
            parse("lora_te_x.lora_down.weight"),
            Some(("lora_te_x".into(), "down"))
        );
        assert_eq!(parse("a.b.lokr_w1_a"), Some(("a.b".into(), "lokr_w1_a")));
        assert_eq!(parse("a.diff_b"), None);
        assert_eq!(parse(".alpha"), None);
    }
}
