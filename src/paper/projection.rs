//! Projections under the names that model families give them: attention's q, k, v and o, and the
//! order of all in a block.

/// A projection of attention.
///
/// ```
/// use lora_subspace::paper::Projection;
/// assert_eq!(Projection::of("value"), Some(Projection::Value));
/// assert_eq!(Projection::of("value").map(Projection::letter), Some("v"));
/// assert_eq!(Projection::of("up_proj"), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Projection {
    /// W_q.
    Query,
    /// W_k.
    Key,
    /// W_v.
    Value,
    /// W_o.
    Output,
}

impl Projection {
    /// All of them, in the paper's order.
    pub const ALL: [Projection; 4] = [
        Projection::Query,
        Projection::Key,
        Projection::Value,
        Projection::Output,
    ];

    /// The projection that the last name of a module stands for; `None` for every other name.
    pub fn of(name: &str) -> Option<Self> {
        Projection::ALL
            .into_iter()
            .find(|projection| projection.names().contains(&name))
    }

    /// The paper's letter: q, k, v or o.
    pub fn letter(self) -> &'static str {
        self.names()[0]
    }

    /// The letter, then the last names of modules.
    fn names(self) -> &'static [&'static str] {
        match self {
            Projection::Query => &["q", "query", "q_proj", "query_proj", "to_q", "wq", "q_lin"],
            Projection::Key => &["k", "key", "k_proj", "key_proj", "to_k", "wk", "k_lin"],
            Projection::Value => &["v", "value", "v_proj", "value_proj", "to_v", "wv", "v_lin"],
            Projection::Output => &[
                "o",
                "o_proj",
                "out_proj",
                "output_proj",
                "to_out.0",
                "wo",
                "out_lin",
            ],
        }
    }
}

/// What comes first in a block: q, k and v in one matrix.
const TOGETHER: &[&str] = &[
    "qkv",
    "qkv_proj",
    "query_key_value",
    "Wqkv",
    "c_attn",
    "in_proj",
];
/// The matrices of an MLP in the order in which they are used: gate, up, down.
const MLP: [&[&str]; 3] = [
    &["gate", "gate_proj", "gate_up_proj", "w1", "wi_0"],
    &[
        "up",
        "up_proj",
        "w3",
        "wi",
        "wi_1",
        "fc1",
        "lin1",
        "c_fc",
        "dense_h_to_4h",
    ],
    &["down", "down_proj", "w2", "fc2", "lin2", "dense_4h_to_h"],
];
/// All matrices of one MLP.
const WHOLE_MLP: [&[&str]; 4] = [
    &["gate_proj", "up_proj", "down_proj"],
    &["w1", "w2", "w3"],
    &["fc1", "fc2"],
    &["lin1", "lin2"],
];

/// Where a projection stands in a block of a model: attention's q, k, v and o, then the MLP's gate,
/// up and down. What has another name comes after these; a stable sort leaves such names in the
/// order that they had.
///
/// ```
/// use lora_subspace::paper::place_in_model;
/// let mut names = ["down_proj", "up_proj", "gate_proj", "v_proj", "dense", "q_proj"];
/// names.sort_by_key(|name| place_in_model(name));
/// assert_eq!(names, ["q_proj", "v_proj", "gate_proj", "up_proj", "down_proj", "dense"]);
/// ```
pub fn place_in_model(name: &str) -> usize {
    let attention = Projection::of(name);
    let of_attention = Projection::ALL
        .iter()
        .position(|one| Some(*one) == attention);
    let of_mlp = MLP.iter().position(|names| names.contains(&name));
    match (of_attention, of_mlp) {
        (Some(place), _) => place,
        _ if TOGETHER.contains(&name) => 0,
        (None, Some(place)) => Projection::ALL.len() + place,
        (None, None) => Projection::ALL.len() + MLP.len(),
    }
}

/// Whether names are attention's q, k, v and o, and all matrices of an MLP: what PEFT's
/// `all-linear` adapts in a decoder.
///
/// ```
/// use lora_subspace::paper::is_all_linear;
/// assert!(is_all_linear(&["q", "k", "v", "o", "gate_proj", "up_proj", "down_proj"]));
/// assert!(is_all_linear(&["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"]));
/// assert!(!is_all_linear(&["q", "k", "v", "o"]));
/// assert!(!is_all_linear(&["q", "k", "v", "o", "up_proj", "down_proj"]));
/// ```
pub fn is_all_linear<Name: AsRef<str>>(names: &[Name]) -> bool {
    let names = || names.iter().map(AsRef::as_ref);
    let has = |one: &Projection| names().any(|name| Projection::of(name) == Some(*one));
    let others: Vec<&str> = names()
        .filter(|name| Projection::of(name).is_none())
        .collect();
    let is_whole =
        |mlp: &&[&str]| mlp.len() == others.len() && mlp.iter().all(|name| others.contains(name));
    Projection::ALL.iter().all(has) && WHOLE_MLP.iter().any(is_whole)
}
