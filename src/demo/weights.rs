//! The numbers of the study that is made up.

use ndarray::{Array1, Array2};

use crate::linalg::Stream;

/// What every key of a random number begins with.
const SEED: &str = "demo";
/// The width of the model.
const WIDTH: usize = 96;
/// Outputs of the values, which are fewer than those of the queries.
const VALUES: usize = 48;
const LAYERS: usize = 4;
/// How fast σ of W falls: σ of direction k is near 1/(1 + k/FALL).
const FALL: f64 = 6.0;
/// How long the shared direction is in A and B, where each other one is near 1.
const SHARED: f64 = 4.0;

pub(super) const PROJECTIONS: [&str; 2] = ["q_proj", "v_proj"];

/// A module of the model.
pub(super) struct Module {
    layer: usize,
    projection: &'static str,
    d_out: usize,
}

/// An adapter of the study.
pub(super) struct Adapter {
    pub(super) rank: usize,
    pub(super) seed: usize,
}

/// Queries and values of four layers.
pub(super) fn modules() -> impl Iterator<Item = Module> {
    (0..LAYERS).flat_map(|layer| {
        let sides = PROJECTIONS.into_iter().zip([WIDTH, VALUES]);
        sides.map(move |(projection, d_out)| Module {
            layer,
            projection,
            d_out,
        })
    })
}

impl Module {
    pub(super) fn path(&self) -> String {
        format!("model.layers.{}.self_attn.{}", self.layer, self.projection)
    }
}

/// W: G₁·diag(1/(1 + k/6))·G₂ᵀ/d with Gaussian G₁ and G₂.
pub(super) fn base(module: &Module) -> Array2<f32> {
    let (d_out, path) = (module.d_out, module.path());
    let mut left = gaussian((d_out, WIDTH), &format!("{SEED}/base/left/{path}"));
    let right = gaussian((WIDTH, WIDTH), &format!("{SEED}/base/right/{path}"));
    for (k, mut column) in left.columns_mut().into_iter().enumerate() {
        column *= 1.0 / (1.0 + k as f64 / FALL) / WIDTH as f64;
    }
    single(left.dot(&right.t()))
}

impl Adapter {
    pub(super) fn name(&self) -> String {
        format!("r{}-seed{}", self.rank, self.seed)
    }

    /// A (r × d_in) and B (d_out × r): Gaussian rows and columns of length near 1, and the shared
    /// direction in the first of each.
    pub(super) fn factors(&self, module: &Module) -> [Array2<f32>; 2] {
        let (path, name, d_out) = (module.path(), self.name(), module.d_out);
        let key = |factor: &str| format!("{SEED}/{name}/{factor}/{path}");
        let mut a = gaussian((self.rank, WIDTH), &key("A")) / (WIDTH as f64).sqrt();
        let mut b = gaussian((d_out, self.rank), &key("B")) / (d_out as f64).sqrt();
        a.row_mut(0)
            .scaled_add(SHARED, &shared(WIDTH, &format!("{SEED}/in/{path}")));
        b.column_mut(0)
            .scaled_add(SHARED, &shared(d_out, &format!("{SEED}/out/{path}")));
        [single(a), single(b)]
    }
}

/// The direction that all adapters share.
fn shared(d: usize, key: &str) -> Array1<f64> {
    let drawn = gaussian((1, d), key).remove_axis(ndarray::Axis(0));
    let length = drawn.dot(&drawn).sqrt();
    drawn / length
}

fn gaussian(shape: (usize, usize), key: &str) -> Array2<f64> {
    let mut stream = Stream::new(key);
    Array2::from_shape_simple_fn(shape, || stream.normal())
}

fn single(matrix: Array2<f64>) -> Array2<f32> {
    matrix.mapv(|number| number as f32)
}
