//! q, k, v and o under the names that model families give them.

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
