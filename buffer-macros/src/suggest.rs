//! The nearest name, for "did you mean".

/// The candidate nearest to a name that was not found, if one is near enough to be meant.
pub(crate) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        // Near, and with something in common: `m` is not `n`.
        .filter(|&(distance, candidate)| {
            distance <= candidate.chars().count().max(3) / 3 && distance < name.chars().count()
        })
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate.to_owned())
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_a_near_name_is_suggested() {
        let names = ["state", "stage_rhs", "stage_base", "k"];
        assert_eq!(nearest("stage_rsh", names).as_deref(), Some("stage_rhs"));
        assert_eq!(nearest("sate", names).as_deref(), Some("state"));
        assert_eq!(nearest("kk", names).as_deref(), Some("k"));
        assert_eq!(nearest("m", names), None);
        assert_eq!(nearest("accumulator", names), None);
        assert_eq!(nearest("state", []), None);
    }

    #[test]
    fn the_first_of_equally_near_names_is_suggested() {
        assert_eq!(nearest("c3", ["c1", "c2"]).as_deref(), Some("c1"));
    }
}
