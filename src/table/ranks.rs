//! Rows of sizes and ranks.

use serde::{Deserialize, Serialize};

use super::rounded::{nine_digits, nine_digits_or_empty};

/// The sizes of one spectrum (`ranks.csv`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RanksRow {
    /// Full path as the adapter names it.
    pub module: String,
    /// The part of the model, where the study has several.
    #[serde(default)]
    pub component: String,
    /// Block number, 0-based.
    pub layer: Option<usize>,
    /// Last name of the path.
    pub projection: String,
    /// The adapter whose ΔW this is, or `base` for W.
    pub matrix: String,
    /// How many σ lie above rounding errors: above max(d_out, d_in)·ε·σ₁ and above the error of σ itself,
    /// which for a product B·A is some ε·‖B‖·‖A‖. Empty for a large W, whose small σ are not known.
    pub numerical_rank: Option<usize>,
    /// ‖M‖²_F / ‖M‖²₂; empty for a zero matrix.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub stable_rank: Option<f64>,
    /// exp of the entropy of σ/Σσ; empty for a zero matrix, and for a large W.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub effective_rank: Option<f64>,
    /// Least k whose leading σ² make 90 % of their sum; empty for a zero matrix, and where more
    /// singular values are needed than were computed.
    pub energy_rank_90: Option<usize>,
    /// ‖M‖_F.
    #[serde(serialize_with = "nine_digits")]
    pub frobenius_norm: f64,
    /// σ₁.
    #[serde(serialize_with = "nine_digits")]
    pub spectral_norm: f64,
    /// r, the number of B's columns; empty for W, and for a ΔW without factors.
    pub rank: Option<usize>,
    /// numerical_rank / rank, in 0..=1; empty where one of the two is.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub rank_share: Option<f64>,
    /// ‖ΔW‖_F / ‖W‖_F, 0 or more; empty on W's own rows, without a base, and where W = 0.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub relative_norm: Option<f64>,
    /// σ₁ of ΔW over σ₁ of W, 0 or more; empty where relative_norm is.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub relative_spectral_norm: Option<f64>,
    /// Share of the first direction, p₁ = σ₁²/Σσ², in 0..=1; empty for a zero matrix.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub top1_share: Option<f64>,
    /// 1/Σp², p = σ²/Σσ², from 1 to the rank; empty for a zero matrix, and where not all singular
    /// values are known.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub participation: Option<f64>,
    /// The stable rank by chance. For ΔW = s·B·A it is the mean over 200 draws of B·A with independent
    /// normal factors of its d_out, d_in and rank. There are 20 draws where all three are above 256. For W,
    /// and for a ΔW without factors, it is d_out·d_in/(√d_out + √d_in)²: the value of a large matrix of
    /// independent normal numbers.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub chance_stable_rank: Option<f64>,
    /// Standard deviation of the stable rank over these draws; empty without draws.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub chance_stable_rank_sd: Option<f64>,
    /// Mean of the effective rank over the same draws; empty without draws.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub chance_effective_rank: Option<f64>,
    /// Its standard deviation; empty without draws.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub chance_effective_rank_sd: Option<f64>,
    /// Mean of energy_rank_90 over the same draws; empty without draws.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub chance_energy_rank_90: Option<f64>,
    /// Its standard deviation; empty without draws.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub chance_energy_rank_90_sd: Option<f64>,
}
