//! q, k, v and o under the names that model families give them.

/// Letter, the last names of modules that it stands for.
const NAMES: [(&str, [&str; 7]); 4] = [
    (
        "q",
        ["q", "query", "q_proj", "query_proj", "to_q", "wq", "q_lin"],
    ),
    (
        "k",
        ["k", "key", "k_proj", "key_proj", "to_k", "wk", "k_lin"],
    ),
    (
        "v",
        ["v", "value", "v_proj", "value_proj", "to_v", "wv", "v_lin"],
    ),
    (
        "o",
        [
            "o",
            "o_proj",
            "out_proj",
            "output_proj",
            "to_out.0",
            "wo",
            "out_lin",
        ],
    ),
];

/// The letter of an attention projection; `None` for every other name.
///
/// ```
/// use lora_subspace::table::letter;
/// assert_eq!(letter("value"), Some("v"));
/// assert_eq!(letter("up_proj"), None);
/// ```
pub fn letter(projection: &str) -> Option<&'static str> {
    let (letter, _) = NAMES
        .iter()
        .find(|(_, names)| names.contains(&projection))?;
    Some(letter)
}
