//! Factors that a program holds, as an adapter: no file is read.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use ndarray::ArcArray2;

use crate::error::{Error, Result};

use super::factors::check_factors;
use super::formula::{Formula, Held, Source};
use super::module::{AdaptedModule, BaseIndex, Stored};
use super::names::natural_order;
use super::opened::Adapter;
use super::placing;
use super::scale_rule::{ScaleKind, ScaleRule};
use super::update::Update;

/// The factors of one module: ΔW = scale·B·A.
#[derive(Debug, Clone, PartialEq)]
pub struct Factors {
    /// The full path of the module, as a file would name it.
    pub module: String,
    /// B, d_out × r.
    pub b: ArcArray2<f64>,
    /// A, r × d_in.
    pub a: ArcArray2<f64>,
    /// The scale s of ΔW = s·B·A.
    pub scale: f64,
}

impl Adapter {
    /// An adapter of factors that a program holds. `name` stands in messages where a file's path
    /// would; `base` as in [`Adapter::open_on`]. The numbers are shared and not copied.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] without factors, [`Error::Tensor`] for factors that do not multiply or are
    /// empty and for a module that is there twice, and [`Error::Request`] for a scale that is no
    /// number.
    ///
    /// # Example
    ///
    /// ```
    /// use lora_subspace_core::adapter::{Adapter, Factors};
    /// use ndarray::array;
    /// let factors = Factors {
    ///     module: "layers.0.q_proj".into(),
    ///     b: array![[1.0], [0.0]].into(),
    ///     a: array![[0.0, 3.0]].into(),
    ///     scale: 2.0,
    /// };
    /// let adapter = Adapter::of_factors("mine", &[factors], None)?;
    /// let delta = adapter.delta("layers.0.q_proj")?;
    /// assert_eq!(delta.dense(), array![[0.0, 6.0], [0.0, 0.0]]);
    /// assert!(adapter.files().is_empty());
    /// # Ok::<(), lora_subspace_core::Error>(())
    /// ```
    pub fn of_factors(
        name: &str,
        factors: &[Factors],
        base: Option<&dyn BaseIndex>,
    ) -> Result<Self> {
        let path = PathBuf::from(name);
        check(&path, factors)?;
        let tensors = factors.iter().flat_map(|Factors { module, b, a, .. }| {
            [('A', a), ('B', b)].map(|(which, values)| (factor(module, which), values.clone()))
        });
        let source = Source::Held(Arc::new(Held::new(&path, tensors.collect())));
        let weights = factors.iter().map(|one| format!("{}.weight", one.module));
        let laid = base.map(|base| base.laid(&weights.collect(), &[]));
        let module = |factors: &Factors| -> Result<AdaptedModule> {
            let path = &factors.module;
            let tensor = |which| Formula::tensor(&source, &factor(path, which));
            let (b, a) = (tensor('B')?, tensor('A')?);
            check_factors(&b, &a)?;
            let sides = (b.dim().0, a.dim().1);
            let update = Update::Product { b, a };
            let mut module = AdaptedModule::new(path.clone(), update, factors.scale);
            module.target.stored = Stored::in_base(laid.as_deref(), path, sides);
            Ok(module)
        };
        let mut modules = factors.iter().map(module).collect::<Result<Vec<_>>>()?;
        modules.sort_by(|one, other| natural_order(&one.path, &other.path));
        let mut adapter = of_modules(path, modules);
        if let Some(base) = base {
            placing::place(&mut adapter, base);
        }
        Ok(adapter)
    }
}

/// The name of a factor, as PEFT has it.
fn factor(module: &str, which: char) -> String {
    format!("{module}.lora_{which}.weight")
}

fn check(path: &Path, factors: &[Factors]) -> Result<()> {
    if factors.is_empty() {
        let remedy = "give B, A and the scale of one module at least";
        return Err(Error::not_found(path, "it has no factors", remedy));
    }
    let mut met = BTreeSet::new();
    for Factors { module, scale, .. } in factors {
        if !met.insert(module) {
            return Err(Error::Tensor {
                path: path.into(),
                tensor: module.clone(),
                problem: "the factors of this module are given twice".into(),
                remedy: "leave one out".into(),
            });
        }
        if !scale.is_finite() {
            return Err(Error::request(
                format!("{}: module `{module}`", path.display()),
                format!("its scale is {scale}"),
                "give the s of ΔW = s·B·A, such as α/r",
            ));
        }
    }
    Ok(())
}

fn of_modules(path: PathBuf, modules: Vec<AdaptedModule>) -> Adapter {
    let rule = ScaleRule::new(ScaleKind::Stated, "s as it is given".into(), None);
    Adapter {
        places: OnceLock::new(),
        root: path.clone(),
        weights: path,
        files: Vec::new(),
        weight_files: Vec::new(),
        layout: "factors in memory",
        evidence: "factors that a program gave".into(),
        base_name: None,
        scale_is_known: true,
        scale_rule: rule.words,
        scale_kind: rule.kind,
        stated_alpha: rule.alpha,
        modules,
        replacements: Vec::new(),
        replaced: Vec::new(),
        left_out: Vec::new(),
        unmapped: Vec::new(),
        notes: Vec::new(),
        renames: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    fn of(module: &str, b: Array2<f64>, a: Array2<f64>, scale: f64) -> Factors {
        Factors {
            module: module.into(),
            b: b.into(),
            a: a.into(),
            scale,
        }
    }

    #[test]
    fn modules_stand_in_natural_order_with_ranks_and_scales() {
        let rank_two = of("h.10.q", array![[1.0, 2.0]], array![[3.0], [4.0]], 0.5);
        let rank_one = of("h.2.q", array![[1.0], [5.0]], array![[2.0, 0.0]], 3.0);
        let adapter = Adapter::of_factors("mine", &[rank_two, rank_one], None).unwrap();
        let paths: Vec<&str> = adapter
            .modules
            .iter()
            .map(|one| one.path.as_str())
            .collect();
        assert_eq!(paths, ["h.2.q", "h.10.q"]);
        let ranks: Vec<_> = adapter.modules.iter().map(|one| one.rank).collect();
        assert_eq!(ranks, [Some(1), Some(2)]);
        assert_eq!(adapter.delta("h.10.q").unwrap().dense(), array![[5.5]]);
        assert_eq!(adapter.factor_entries(), Some(8));
        adapter.check_trained().unwrap();
    }

    #[test]
    fn what_is_no_adapter_is_refused_by_name() {
        let fine = || of("q", array![[1.0]], array![[1.0]], 1.0);
        let refused = |factors: &[Factors]| {
            let error = Adapter::of_factors("mine", factors, None).unwrap_err();
            error.to_string()
        };
        assert!(refused(&[]).starts_with("mine: it has no factors;"));
        assert!(
            refused(&[fine(), fine()]).contains("`q`: the factors of this module are given twice")
        );
        let scale = refused(&[of("q", array![[1.0]], array![[1.0]], f64::NAN)]);
        assert!(scale.contains("its scale is NaN"), "{scale}");
        let apart = refused(&[of("q", array![[1.0, 2.0]], array![[1.0]], 1.0)]);
        assert!(apart.starts_with("mine: tensor `q.lora_"), "{apart}");
        let empty = refused(&[of("q", Array2::zeros((0, 1)), array![[1.0]], 1.0)]);
        assert!(empty.contains("a factor cannot be empty"), "{empty}");
    }

    #[test]
    fn an_adapter_that_was_not_trained_is_known() {
        let zero = of("q", array![[0.0]], array![[1.0]], 1.0);
        let adapter = Adapter::of_factors("mine", &[zero], None).unwrap();
        assert!(matches!(
            adapter.check_trained(),
            Err(Error::Untrained { .. })
        ));
    }
}
