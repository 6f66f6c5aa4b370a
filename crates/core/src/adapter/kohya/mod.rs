//! Single files of kohya's scripts, LyCORIS, OneTrainer and ComfyUI: no config; the scale's α is a
//! tensor beside the factors.

use std::collections::{BTreeMap, BTreeSet};

use crate::adapter::factors;
use crate::adapter::found::{Content, Found};
use crate::adapter::keys::{Tensors, group};
use crate::adapter::products::{self, Product};
use crate::adapter::update::{Norms, Update};
use crate::adapter::{AdaptedModule, Part, Placed, renamed};
use crate::error::{Error, Result};
use crate::setting::Setting;

use fused::Split;
use kinds::{is_vector, parse, refuse};
use starts::Starts;
use tokens::{Flattened, Place, Stored, component};

mod fused;
mod kinds;
pub(in crate::adapter) mod ldm;
mod names;
mod starts;
mod stated;
mod tokens;

pub(super) use kinds::is_named_so;

/// Reads such a file.
///
/// # Errors
///
/// [`Error::Unsupported`] for what multiplies W; [`Error::Ambiguous`] for a token that is several of
/// the base's names without their dots; a tensor error for parts that are missing or do not fit.
pub(super) fn read(found: &Found) -> Result<Content> {
    refuse(found)?;
    let renames = &found.options.renames;
    let parse = |name: &str| {
        let (module, kind) = parse(name)?;
        Some((renamed(&module, renames), kind))
    };
    let grouped = group(found.names(), parse);
    if let Some((name, earlier)) = grouped.twins {
        let problem = format!("the same as `{earlier}`");
        return Err(found.error(
            &name,
            problem,
            "the file holds two adapters: save one by itself",
        ));
    }
    let base = found.base.map(|base| Flattened::new(&base.names()));
    let components: BTreeSet<&str> = grouped
        .modules
        .keys()
        .map(|module| component(module).0)
        .collect();
    let reader = Reader {
        found,
        starts: Starts::of(grouped.modules.keys(), base.as_ref()),
        base,
        named: components.len() > 1,
    };
    let mut split = Split::default();
    let mut content = Content {
        is_renamed: true,
        ..Content::default()
    };
    for (module, tensors) in &grouped.modules {
        reader.module(module, tensors, &mut content, &mut split)?;
    }
    split.describe(&mut content);
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
    content.layout = stated::layout(&modules);
    stated::describe(found, &mut content);
    stated::scale_rule(found, &modules, &mut content);
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

struct Reader<'a> {
    found: &'a Found<'a>,
    base: Option<Flattened>,
    starts: Starts,
    /// Whether paths begin with their component's name: the file has several.
    named: bool,
}

impl Reader<'_> {
    /// Adds one module's ΔW, its vectors or its weight.
    fn module(
        &self,
        token: &str,
        tensors: &Tensors,
        content: &mut Content,
        split: &mut Split,
    ) -> Result<()> {
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
        split.rescale(self.found, tensors, &mut module)?;
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
                let remedy = format!("give it with {}", Setting::Alpha);
                Err(self.found.error(name, problem, &remedy))
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
        match self.starts.place(token, self.base.as_ref()) {
            Place::Tensor(Stored {
                tensor,
                third: None,
            }) => {
                let path = tensor.strip_suffix(".weight").unwrap_or(&tensor);
                let mut module = AdaptedModule::new(path.into(), update, scale);
                module.placed = Placed::There;
                Ok(module)
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
                module.placed = Placed::There;
                Ok(module)
            }
            Place::Several(candidates) => Err(Error::Ambiguous {
                path: self.found.file.path().into(),
                module: token.into(),
                candidates,
                remedy: format!(
                    "say which by the start of its name: give OLD=NEW with {}",
                    Setting::Rename
                ),
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
