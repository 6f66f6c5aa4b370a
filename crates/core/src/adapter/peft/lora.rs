//! PEFT LoRA: a module's A and B, DoRA's magnitudes, and what is trained beside them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::adapter::alpha::{Alphas, Asked};
use crate::adapter::factors::{both, check_factors, check_stated, merged, normalised, spread};
use crate::adapter::formula::Formula;
use crate::adapter::found::{Content, Found};
use crate::adapter::keys::{Tensors, group, unwrapped};
use crate::adapter::update::{Norms, Update};
use crate::adapter::{AdaptedModule, Stored, names, stacks};
use crate::error::Result;

use super::config::PeftConfig;
use super::experts;

/// `MODULE.KIND[.ADAPTER][.weight]`
static KEY: LazyLock<Regex> = LazyLock::new(|| {
    let kinds = "lora_A|lora_B|lora_embedding_A|lora_embedding_B|lora_magnitude_vector";
    let key = format!(r"(?s)^(?<module>.+)\.(?<kind>{kinds})(?:\.(?<name>[^.]+))??(?:\.weight)?$");
    Regex::new(&key).expect("a constant")
});
const KINDS: [&str; 5] = [
    "lora_A",
    "lora_B",
    "lora_embedding_A",
    "lora_embedding_B",
    "lora_magnitude_vector",
];

/// A module's name and what a tensor is to it, by the tensor's name.
pub(in crate::adapter) fn parse(name: &str) -> Option<(String, &'static str)> {
    if name.ends_with(".bias") {
        return None;
    }
    let name = unwrapped(name);
    let alpha = name
        .strip_suffix(".alpha")
        .or(name.strip_suffix(".network_alpha"));
    if let Some(module) = alpha {
        return Some((module.into(), "alpha"));
    }
    let key = KEY.captures(&name)?;
    let kind = KINDS.iter().find(|kind| **kind == &key["kind"])?;
    Some((key["module"].to_string(), kind))
}

/// The modules with factors; other tensors are left in `replaced`.
pub(super) fn modules(found: &Found, config: &PeftConfig) -> Result<Content> {
    let mut grouped = group(found.names(), parse);
    if let Some((name, earlier)) = grouped.twins {
        let problem = format!("the same factor as `{earlier}`");
        let remedy = "the file holds several adapters: save one of them by itself";
        return Err(found.error(&name, problem, remedy));
    }
    // A parameter that is called so and has no factors beside it is no scale.
    grouped.modules.retain(|_, tensors| {
        let is_factored = tensors.keys().any(|kind| *kind != "alpha");
        if !is_factored {
            grouped.others.extend(tensors.values().cloned());
        }
        is_factored
    });
    let alphas = Alphas::of_config(found, config);
    let outputs = grouped.modules.keys();
    let outputs = outputs.filter_map(|module| module.strip_suffix(".base_layer.out_proj"));
    let reader = Reader {
        found,
        config,
        alphas: &alphas,
        attentions: outputs.collect(),
    };
    let mut content = Content {
        ranks_are_stated: config.has_rank(),
        ..Content::default()
    };
    for (module, tensors) in &grouped.modules {
        content.known.extend(tensors.get("alpha").cloned());
        if !config.parameters.is_empty()
            && let Some(experts) = experts::read(found, config, module, tensors)?
        {
            content.modules.extend(experts);
            continue;
        }
        if let Some(experts) = reader.stack(module, tensors)? {
            content.modules.extend(experts);
            continue;
        }
        content
            .modules
            .push(reader.module(module, tensors, &mut content.notes)?);
    }
    content.notes.extend(experts::note(&content.modules));
    content.replaced = grouped.others;
    content.scale_rule = alphas.rule();
    content.notes.extend(alphas.notes());
    Ok(content)
}

struct Reader<'a> {
    found: &'a Found<'a>,
    config: &'a PeftConfig,
    alphas: &'a Alphas<'a>,
    /// The modules whose output projection has factors of its own beside theirs.
    attentions: BTreeSet<&'a str>,
}

impl Reader<'_> {
    /// One module for each expert, `MODULE.E`, where the factors are stacks.
    fn stack(&self, path: &str, tensors: &Tensors) -> Result<Option<Vec<AdaptedModule>>> {
        let (Some(a), Some(b)) = (tensors.get("lora_A"), tensors.get("lora_B")) else {
            return Ok(None);
        };
        let stated = self.config.rank(path)?;
        let pair = stacks::Pair { a, b, stated };
        if self.config.is_merged() {
            return Ok(None);
        }
        let Some(experts) = stacks::read(self.found, &pair)? else {
            return Ok(None);
        };
        let expert = |(e, (b, a)): (usize, (Formula, Formula))| {
            let rank = check_factors(&b, &a)?;
            check_rank(self.config, path, rank, &a)?;
            let scale = self.scale(path, tensors, rank, &a)?;
            let update = Update::Product { b, a };
            let update = weighted(self.found, path, tensors, update, self.config.use_dora)?;
            let mut module = AdaptedModule::new(format!("{path}.{e}"), update, scale);
            stacks::place(self.found, &mut module, path, e);
            Ok(module)
        };
        let experts = experts.into_iter().enumerate().map(expert);
        experts.collect::<Result<_>>().map(Some)
    }

    fn module(
        &self,
        path: &str,
        tensors: &Tensors,
        notes: &mut Vec<String>,
    ) -> Result<AdaptedModule> {
        let is_embedding = tensors
            .keys()
            .any(|kind| kind.starts_with("lora_embedding"));
        let kinds = if is_embedding {
            ("lora_embedding_A", "lora_embedding_B")
        } else {
            ("lora_A", "lora_B")
        };
        let (a_name, b_name) = both(self.found, path, tensors, kinds)?;
        let (a, b) = (self.found.tensor(a_name)?, self.found.tensor(b_name)?);
        if self.config.is_merged() {
            return self.merged(path, tensors, b, a);
        }
        let groups = a.dim().0 / b.dim().1;
        let is_grouped = self.found.shape(a_name).len() > 2 && groups > 1;
        // Each group of outputs has columns of its own, while A reads all inputs: more than the
        // grouped W has, so that this ΔW cannot be merged.
        let b = if is_grouped {
            spread(b, &a, &vec![true; groups])?
        } else {
            b
        };
        let rank = check_factors(&b, &a)?;
        check_rank(self.config, path, rank, &a)?;
        let scale = self.scale(path, tensors, rank, &a)?;
        let update = Update::Product { b, a };
        let update = weighted(self.found, path, tensors, update, self.config.use_dora)?;
        let mut module = AdaptedModule::new(path.into(), update, scale);
        self.place(&mut module, is_embedding, notes)?;
        Ok(module)
    }

    /// Where W is: layers may be copies, attention may be fused under another name.
    fn place(
        &self,
        module: &mut AdaptedModule,
        is_embedding: bool,
        notes: &mut Vec<String>,
    ) -> Result<()> {
        let path = module.path.clone();
        if let Some(mha) = path.strip_suffix(".base_layer.out_proj") {
            module.path = format!("{mha}.out_proj");
            module.target.tensor = format!("{mha}.out_proj.weight");
            notes.push(format!(
                "`{}`: ΔW is s·B·A, though PEFT 0.21 adds it twice where it merges or runs",
                module.path
            ));
        } else if self.is_attention(&path) {
            module.target.tensor = format!("{path}.in_proj_weight");
        }
        if let Some(path) = path.strip_suffix(".base_layer") {
            module.path = path.into();
            module.target.tensor = format!("{path}.weight");
        }
        module.target.stored = match (is_embedding, self.config.fan_in_fan_out) {
            (true, _) => Stored::Transposed,
            (_, true) => Stored::Conv1d,
            _ => Stored::Usual,
        };
        if self.config.replicates() {
            let tensor = names::with_layer(&module.target.tensor, |layer| {
                self.config.source_layer(layer)
            });
            module.target.tensor = tensor.ok_or_else(|| {
                let problem = "its layer is not among those of layer_replication".to_string();
                self.found.error(
                    module.tensor(),
                    problem,
                    "the config belongs to another run",
                )
            })?;
        }
        Ok(())
    }

    /// nn.MultiheadAttention keeps q, k and v in one parameter beside its `out_proj`.
    fn is_attention(&self, path: &str) -> bool {
        self.attentions.contains(path)
            || self
                .found
                .base
                .is_some_and(|base| base.find(&format!("{path}.in_proj_weight")).is_some())
    }

    fn scale(&self, path: &str, tensors: &Tensors, rank: usize, a: &Formula) -> Result<f64> {
        self.alphas.scale(&Asked {
            component: "",
            path,
            rank,
            tensor: tensors.get("alpha").map(String::as_str),
            a,
        })
    }

    /// A merged layer of PEFT ≤ 0.2: each enabled slot of the rows has r rows of A and a block of B.
    fn merged(
        &self,
        path: &str,
        tensors: &Tensors,
        b: Formula,
        a: Formula,
    ) -> Result<AdaptedModule> {
        let enabled = self.config.enable_lora.clone().unwrap_or_default();
        let rank = b.dim().1;
        check_rank(self.config, path, rank, &a)?;
        let scale = self.scale(path, tensors, rank, &a)?;
        let mut module = merged(path, b, a, &enabled, scale)?;
        module.target.stored = if self.config.fan_in_fan_out {
            Stored::Conv1d
        } else {
            Stored::Usual
        };
        Ok(module)
    }
}

/// That a factor has the rank that the config gives its module.
pub(in crate::adapter) fn check_rank(
    config: &PeftConfig,
    path: &str,
    rank: usize,
    a: &Formula,
) -> Result<()> {
    check_stated(config.rank(path)?, &config.place, rank, a)
}

/// The update with DoRA's magnitudes, where the module has them; they must be there with use_dora.
pub(in crate::adapter) fn weighted(
    found: &Found,
    path: &str,
    tensors: &Tensors,
    update: Update,
    use_dora: bool,
) -> Result<Update> {
    match tensors.get("lora_magnitude_vector") {
        Some(magnitude) => normalised(update, found.tensor(magnitude)?, Norms::Rows),
        None if use_dora => {
            let problem =
                format!("module `{path}` has no lora_magnitude_vector, though use_dora is set");
            let first = tensors.values().next().map_or(path, |name| name);
            Err(found.error(first, problem, "save the adapter again"))
        }
        None => Ok(update),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn keys_as_saved_and_as_dumped() {
        for key in [
            "base_model.model.m.0.q.lora_A.weight",
            "base_model.model.base_model.model.m.0.q.lora_A.weight",
            "base_model.model.m.0.q.lora_A.default.weight",
            "m.0.q.lora_A.weight",
            "m.0.q.lora_A.style",
            "m.0.q.lora_A",
        ] {
            assert_eq!(parse(key), Some(("m.0.q".into(), "lora_A")), "{key}");
        }
        assert_eq!(
            parse("m.lora_embedding_A"),
            Some(("m".into(), "lora_embedding_A"))
        );
        assert_eq!(parse("m.q.weight"), None);
        assert_eq!(parse("m.q.lora_B.bias"), None);
    }
}
