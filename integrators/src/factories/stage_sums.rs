//! The sums of a Runge-Kutta method, which grow column by column of its tableau.

use std::borrow::Cow;

use crate::tableau::{Embedded, Tableau};

/// A sum of weighted derivatives: of each later stage, of the result, and of its error.
struct Sum<'a> {
    name: Cow<'static, str>,
    /// What the derivatives are added to; none for a sum of derivatives alone.
    onto: Option<&'static str>,
    weights: Cow<'a, [f64]>,
    started: bool,
}

/// The sums that derivatives are added to as soon as they are known.
pub(super) struct StageSums<'a>(Vec<Sum<'a>>);

impl<'a> StageSums<'a> {
    /// The sums of the stages behind the first one, by their weights, that of the result, and that of
    /// its error where an estimate is asked for.
    pub(super) fn new(
        stages: impl Iterator<Item = &'a [f64]>,
        tableau: &Tableau,
        estimate: Option<Embedded>,
    ) -> Self {
        let sum = |name, onto, weights| Sum { name, onto, weights, started: false };
        let stages = stages.enumerate().map(|(index, weights)| {
            sum(Cow::Owned(format!("STAGE({index})")), Some("state"), Cow::Borrowed(weights))
        });
        let result = sum("proposed_state".into(), Some("state"), Cow::Borrowed(tableau.b));
        let error = estimate.map(|embedded| {
            let weights = tableau.b.iter().zip(embedded.b).map(|(b, b_hat)| b - b_hat);
            sum("error".into(), None, weights.collect())
        });
        Self(stages.chain([result]).chain(error).collect())
    }

    /// What a stage begins from: its sum, or the state where nothing was added to that.
    pub(super) fn base(&self, stage: usize) -> &str {
        let sum = stage.checked_sub(1).and_then(|index| self.0.get(index));
        sum.filter(|sum| sum.started).map_or("state", |sum| &sum.name)
    }

    /// The calls of `BEGIN` and `ADD` for a stage's derivative, with what comes first in each; none for
    /// zero weights.
    pub(super) fn add(&mut self, stage: usize, first: &str) -> Vec<String> {
        let mut calls = Vec::new();
        for Sum { name, onto, weights, started } in &mut self.0 {
            let Some(weight) = weights.get(stage).filter(|&&weight| weight != 0.0) else {
                continue;
            };
            let sum = if *started { Some(&**name) } else { *onto };
            calls.push(match sum {
                Some(sum) => format!("ADD({first}{name}, {sum}, {weight:?})"),
                None => format!("BEGIN({first}{name}, {weight:?})"),
            });
            *started = true;
        }
        calls
    }
}
