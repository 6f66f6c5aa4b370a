//! Single files of kohya's scripts, LyCORIS, OneTrainer and ComfyUI: no config; the scale's α is a
//! tensor beside the factors.

use std::collections::{BTreeMap, BTreeSet};

use crate::adapter::alpha::{Alphas, Asked, Without};
use crate::adapter::component::of_token;
use crate::adapter::factors;
use crate::adapter::found::{Content, Found};
use crate::adapter::keys::{Grouped, Tensors, group, unwrapped};
use crate::adapter::left_out::LeftOut;
use crate::adapter::products::{self, Product};
use crate::adapter::update::{Norms, Update};
use crate::adapter::{AdaptedModule, Part, Placed, renamed};
use crate::error::{Error, Result};
use crate::setting::Setting;

use fused::Split;
use kinds::{is_modulation, parse};
use starts::Starts;
use tokens::{Flattened, Place, Stored, component};

mod fused;
mod kinds;
pub(in crate::adapter) mod ldm;
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
    let renames = &found.options.renames;
    let parse = |name: &str| {
        let (module, kind) = parse(name)?;
        Some((renamed(&module, renames), kind))
    };
    let mut grouped = group(found.names(), parse);
    if let Some((name, earlier)) = grouped.twins {
        let problem = format!("the same as `{earlier}`");
        return Err(found.error(
            &name,
            problem,
            "the file holds two adapters: save one by itself",
        ));
    }
    let mut content = Content {
        is_renamed: true,
        ..Content::default()
    };
    leave_out(found, &mut grouped, &mut content)?;
    let base = found.base.map(|base| Flattened::new(&base.names()));
    let components: BTreeSet<&str> = grouped
        .modules
        .keys()
        .map(|module| component(module).0)
        .collect();
    let without =
        Without::One("no .alpha and no α in the file's metadata, and every loader then takes 1");
    let loaders = "ComfyUI's and kohya's loaders";
    let alphas = Alphas::new(found, "dim", without, loaders)?;
    content.base_changing_init = alphas.header.base_changing_init().cloned();
    content.ranks_are_stated = alphas.header.has_rank();
    let reader = Reader {
        found,
        starts: Starts::of(grouped.modules.keys(), base.as_ref()),
        base,
        named: components.len() > 1,
        alphas,
    };
    let mut split = Split::default();
    for (module, tensors) in &grouped.modules {
        reader.module(module, tensors, &mut content, &mut split)?;
    }
    split.describe(&mut content);
    distinct(found, &content)?;
    let modules = grouped.modules.values();
    let modules: Vec<&Tensors> = modules
        .filter(|tensors| !is_vector(found, tensors))
        .collect();
    content.layout = stated::layout(&modules);
    stated::describe(found, &modules, &mut content);
    content.scale_rule = reader.alphas.rule();
    content.notes.extend(reader.alphas.notes());
    Ok(content)
}

/// Takes modules out that are not read, while others are, and parameters of no layer.
///
/// # Errors
///
/// [`Error::Unsupported`] where nothing else is left.
fn leave_out(found: &Found, grouped: &mut Grouped, content: &mut Content) -> Result<()> {
    let mut first = None;
    for name in found.names() {
        let Some((module, what, reason)) = kinds::refused(name) else {
            continue;
        };
        first = first.or(Some(name));
        if content.left_out.iter().all(|left| left.module != module) {
            let cause = format!("{what} (tensor `{name}`): {reason}");
            grouped
                .modules
                .remove(&renamed(&module, &found.options.renames));
            let start = format!("{module}.");
            let own = found.names().iter();
            let own = own.filter(|name| unwrapped(name).starts_with(&start));
            content.known.extend(own.cloned());
            content.left_out.push(LeftOut { module, cause });
        }
    }
    let is_beside = |kind: &str| ["alpha", "reshape"].contains(&kind);
    let is_read = |tensors: &Tensors| tensors.keys().any(|kind| !is_beside(kind));
    if let (Some(name), false) = (first, grouped.modules.values().any(is_read)) {
        return Err(kinds::refuse(found, name));
    }
    let modulations = found.names().iter();
    let modulations: Vec<_> = modulations.filter(|name| is_modulation(name)).collect();
    if let Some(first) = modulations.first() {
        content.notes.push(format!(
            "{} parameters that belong to no layer change too, such as `{first}`: they are no part of a ΔW",
            modulations.len()
        ));
    }
    content.replaced.extend(modulations.into_iter().cloned());
    Ok(())
}

/// Whether a module's change is stored as it is and is a vector's.
fn is_vector(found: &Found, tensors: &Tensors) -> bool {
    let direct = tensors.get("diff").or(tensors.get("set"));
    direct.is_some_and(|name| found.shape(name).len() < 2)
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
    alphas: Alphas<'a>,
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
        let beside = ["alpha", "reshape"].map(|kind| tensors.get(kind).cloned());
        content.known.extend(beside.into_iter().flatten());
        let has = |start: &str| tensors.keys().any(|kind| kind.starts_with(start));
        let ways = ["down", "up", "hada", "lokr", "diff", "set"].map(has);
        if (ways[0] || ways[1]) as usize + ways[2..].iter().filter(|way| **way).count() > 1 {
            let name = tensors.values().next().map_or("", String::as_str);
            let problem = format!("module `{token}` has the factors of several methods");
            return Err(self
                .found
                .error(name, problem, "save one of them by itself"));
        }
        if is_vector(self.found, tensors) {
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
        let scale = self.scale(token, tensors, &update, dim)?;
        let mut module = self.placed(token, update, scale)?;
        if let (Some(component), ..) = of_token(token) {
            module.component = component.name;
        }
        split.rescale(self.found, tensors, &mut module)?;
        if let Some(name) = tensors.get("reshape") {
            let shape = self.found.file.array(name)?;
            content.notes.push(format!(
                "training gave W of `{}` the shape {:?} (reshape_weight): its ΔW is of that W, \
                 which no base has",
                module.path,
                shape
                    .iter()
                    .map(|length| *length as usize)
                    .collect::<Vec<_>>()
            ));
        }
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

    /// s = α/dim; 1 where no factor has a rank.
    fn scale(
        &self,
        token: &str,
        tensors: &Tensors,
        update: &Update,
        dim: Option<usize>,
    ) -> Result<f64> {
        let (Some(rank), Some(tensor)) = (dim, update.tensors().first().copied()) else {
            return Ok(1.0);
        };
        let (component, _, rest) = component(token);
        self.alphas.scale(&Asked {
            component,
            path: rest,
            rank,
            tensor: tensors.get("alpha").map(String::as_str),
            a: &self.found.tensor(tensor)?,
        })
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
