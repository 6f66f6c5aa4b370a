//! What a metric is, by its name: whether more is better, whether it is a share of items.

/// Words of metrics of which less is better.
const LOWER: [&str; 17] = [
    "loss",
    "perplexity",
    "ppl",
    "error",
    "err",
    "nll",
    "mse",
    "rmse",
    "mae",
    "wer",
    "cer",
    "ter",
    "eer",
    "fid",
    "bpb",
    "bpc",
    "entropy",
];
/// Words of metrics of which more is better.
const HIGHER: [&str; 26] = [
    "acc",
    "accuracy",
    "f1",
    "bleu",
    "nist",
    "meteor",
    "rouge",
    "cider",
    "chrf",
    "spice",
    "score",
    "reward",
    "recall",
    "precision",
    "matthews",
    "mcc",
    "pearson",
    "spearman",
    "corr",
    "exact",
    "em",
    "auc",
    "auroc",
    "map",
    "pass",
    "win",
];

/// Whether more of a metric is better; `None` where its name does not tell.
///
/// The name is cut into words at what is neither letter nor digit. It is better lower where one of
/// them is, or begins with, `loss`, `perplexity`, `ppl`, `error`, `err`, `nll`, `mse`, `rmse`, `mae`,
/// `wer`, `cer`, `ter`, `eer`, `fid`, `bpb`, `bpc`, `entropy` (those of three letters only whole), and
/// else better higher where one is or begins with `acc`, `accuracy`, `f1`, `bleu`, `nist`, `meteor`,
/// `rouge`, `cider`, `chrf`, `spice`, `score`, `reward`, `recall`, `precision`, `matthews`, `mcc`,
/// `pearson`, `spearman`, `corr`, `exact`, `em`, `auc`, `auroc`, `map`, `pass`, `win`.
///
/// ```
/// use lora_subspace::table::higher_is_better;
/// assert_eq!(higher_is_better("val_loss"), Some(false));
/// assert_eq!(higher_is_better("ROUGE-L"), Some(true));
/// assert_eq!(higher_is_better("wobble"), None);
/// ```
pub fn higher_is_better(metric: &str) -> Option<bool> {
    let lower = metric.to_lowercase();
    let words = || lower.split(|c: char| !c.is_alphanumeric());
    let has = |names: &[&str]| {
        let is =
            |word: &str, name: &&str| word == *name || name.len() > 3 && word.starts_with(name);
        words().any(|word| names.iter().any(|name| is(word, name)))
    };
    match (has(&LOWER), has(&HIGHER)) {
        (true, _) => Some(false),
        (_, true) => Some(true),
        _ => None,
    }
}

/// Words of metrics that are a share of items, each right or wrong.
const SHARES: [&str; 9] = [
    "acc", "accuracy", "exact", "em", "pass", "win", "error", "err", "errors",
];
/// Words of errors that are none.
const NO_SHARES: [&str; 8] = [
    "mean",
    "squared",
    "square",
    "absolute",
    "word",
    "character",
    "calibration",
    "balanced",
];

/// Whether a metric is a share of items, each of which is right or wrong: only of such a one does
/// the number of items tell the error.
///
/// One of its words is `acc`, `accuracy`, `exact`, `em`, `pass`, `win`, `error` or `err`, and none
/// is `mean`, `squared`, `absolute`, `word`, `character`, `calibration` or `balanced`.
///
/// ```
/// use lora_subspace::table::is_share;
/// assert!(is_share("accuracy") && is_share("dev_acc") && is_share("error rate"));
/// assert!(!is_share("F1") && !is_share("mean squared error") && !is_share("balanced accuracy"));
/// ```
pub fn is_share(metric: &str) -> bool {
    let lower = metric.to_lowercase();
    let has = |names: &[&str]| {
        let mut words = lower.split(|c: char| !c.is_alphanumeric());
        words.any(|word| names.contains(&word))
    };
    has(&SHARES) && !has(&NO_SHARES)
}
