//! Names of a base that are like one that it has not.

/// How many names an error lists.
const NEAREST: usize = 3;

/// The most similar names.
pub(super) fn nearest(wanted: &str, names: &[&str]) -> Vec<String> {
    let mut scored: Vec<(f64, &str)> = names
        .iter()
        .map(|name| {
            (
                strsim::jaro_winkler(&reversed(wanted), &reversed(name)),
                *name,
            )
        })
        .collect();
    scored.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(other.1)));
    scored
        .into_iter()
        .take(NEAREST)
        .map(|(_, name)| name.to_string())
        .collect()
}

/// Jaro–Winkler favours common beginnings; module paths agree at their ends.
fn reversed(text: &str) -> String {
    text.chars().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_the_same_end_come_first() {
        let names = ["h.0.q_prj.weight", "lm_head.weight", "h.0.k_proj.weight"];
        assert_eq!(nearest("h.0.q_proj.weight", &names)[0], "h.0.q_prj.weight");
    }
}
