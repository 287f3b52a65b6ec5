//! The sums of a Runge-Kutta method, which grow column by column of its tableau.

/// A sum of weighted derivatives onto the state: of each later stage, and last of the result.
struct Sum<'a> {
    name: String,
    weights: &'a [f64],
    started: bool,
}

/// The sums that derivatives are added to as soon as they are known.
pub(super) struct StageSums<'a>(Vec<Sum<'a>>);

impl<'a> StageSums<'a> {
    /// The sums of the stages behind the first one, by their weights, and that of the result.
    pub(super) fn new(stages: impl Iterator<Item = &'a [f64]>, result: &'a [f64]) -> Self {
        let stages =
            stages.enumerate().map(|(index, weights)| (format!("STAGE({index})"), weights));
        let sums = stages.chain([("proposed_state".to_owned(), result)]);
        Self(sums.map(|(name, weights)| Sum { name, weights, started: false }).collect())
    }

    /// What a stage begins from: its sum, or the state where nothing was added to that.
    pub(super) fn base(&self, stage: usize) -> &str {
        let sum = stage.checked_sub(1).and_then(|index| self.0.get(index));
        sum.filter(|sum| sum.started).map_or("state", |sum| &sum.name)
    }

    /// The calls of `ADD` for a stage's derivative; none for zero weights.
    pub(super) fn add(&mut self, stage: usize) -> Vec<String> {
        let mut calls = Vec::new();
        for Sum { name, weights, started } in &mut self.0 {
            let Some(weight) = weights.get(stage).filter(|&&weight| weight != 0.0) else {
                continue;
            };
            let sum = if *started { name.as_str() } else { "state" };
            calls.push(format!("ADD({name}, {sum}, {weight:?})"));
            *started = true;
        }
        calls
    }
}
