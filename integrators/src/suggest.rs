//! Did you mean: the nearest of the names that exist.

/// The least similarity that is worth asking about.
const THRESHOLD: f64 = 0.7;

/// A help line naming the nearest of `known`, or nothing where none is near.
pub(crate) fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(given, known).map(|name| format!("\nhelp: did you mean `{name}`?")).unwrap_or_default()
}

/// The nearest of `known`, where one is near.
pub(crate) fn nearest<'a>(
    given: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(given, name), name))
        .filter(|&(similarity, _)| similarity >= THRESHOLD)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_a_near_name_is_suggested() {
        assert_eq!(nearest("sgima", ["beta", "sigma", "rho"]), Some("sigma"));
        assert_eq!(nearest("omega", ["beta", "x", "rho"]), None);
    }
}
