//! Plans of adapters that no study file names.

use std::path::{Path, PathBuf};

use crate::error::Result;

use super::build::of_adapters;
use super::given::Given;
use super::plan::Plan;
use super::request::Request;
use super::{duplicates, naming};

impl Plan {
    /// A plan from adapters on a command line: each pair of them is compared, and each of them with
    /// the base if there is one.
    ///
    /// With [`Request::many`] they are put side by side instead, as `[many]` of a study file does.
    ///
    /// Of the pairs, the first with different ranks is drawn as figures 3 and 6, and the first with
    /// equal ranks as figures 4 and 7.
    ///
    /// # Errors
    ///
    /// As [`Plan::from_file`], and for one adapter under two paths.
    pub fn from_paths(paths: &[PathBuf], base: Option<&Path>, request: &Request) -> Result<Self> {
        let given: Vec<Given> = paths.iter().cloned().map(Given::Path).collect();
        Plan::from_given(&given, base, request)
    }

    /// As [`Plan::from_paths`], of adapters in files and of factors that a program holds.
    ///
    /// # Errors
    ///
    /// As [`Plan::from_paths`].
    ///
    /// ```
    /// use lora_subspace::adapter::Factors;
    /// use lora_subspace::study::{Given, Plan, Request};
    /// use ndarray::array;
    ///
    /// let adapter = |name: &str, a: [f64; 2]| Given::Factors {
    ///     name: name.into(),
    ///     factors: vec![Factors {
    ///         module: "h.0.query".into(),
    ///         b: array![[1.0], [2.0]].into(),
    ///         a: array![a].into(),
    ///         scale: 1.0,
    ///     }],
    /// };
    /// let given = [adapter("one", [3.0, 4.0]), adapter("two", [4.0, 3.0])];
    /// let plan = Plan::from_given(&given, None, &Request::everything())?;
    /// let results = plan.run(&|| ())?;
    /// // cos² of the angle between (3, 4) and (4, 3)
    /// let phi = results.grids[0].cells[(0, 0)].unwrap();
    /// assert!((phi - 0.96 * 0.96).abs() < 1e-12);
    /// # Ok::<(), lora_subspace::Error>(())
    /// ```
    pub fn from_given(given: &[Given], base: Option<&Path>, request: &Request) -> Result<Self> {
        request.check()?;
        let definition = naming::definition(given, base, request.many);
        let plan = of_adapters(&definition, Path::new(""), request, true)?;
        duplicates::refuse(plan.adapters())?;
        Ok(plan)
    }
}
