//! When a run steps and when it saves.

use std::ops::Range;

use buffer_core::Precision;

use crate::single;
use crate::solver::SolveError;
use crate::tolerance::Tolerance;

/// What rounding may do to a difference of times, relative to the larger one.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// The largest share of a length of time that passes for rounding.
const LARGEST_SHARE: f64 = 1e-6;

/// The largest count that a kernel's integers hold on every device.
const LARGEST_COUNT: f64 = i32::MAX as f64;

/// How long the steps of a solve are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Stepping {
    /// No longer than this, and all equal.
    Fixed(f64),
    /// As long as a tolerance allows.
    Adaptive(StepControl),
}

/// What the error of a step may be, and what bounds the search for steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct StepControl {
    pub(crate) tolerance: Tolerance,
    /// None where the kernel finds one.
    pub(crate) first_step: Option<f64>,
    /// No step is longer. None where save points alone bound steps.
    pub(crate) max_step: Option<f64>,
    /// Attempts of one run.
    pub(crate) max_steps: usize,
}

/// The steps of one interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Steps {
    /// So many, all equal.
    Fixed(usize),
    /// As many as a tolerance needs.
    Adaptive(StepControl),
}

/// The steps and the save points of a solve.
///
/// Where steps are fixed, the time between save points is divided into equal steps, as few as make them
/// no longer than what was asked for. So every save point is reached exactly, by whole steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Schedule {
    pub(crate) start: f64,
    end: f64,
    /// The time between save points; the whole span where only the end is saved.
    pub(crate) interval: f64,
    pub(crate) intervals: usize,
    pub(crate) steps: Steps,
    /// Whether the initial state is saved.
    pub(crate) saves_start: bool,
}

impl Schedule {
    /// The schedule of a span.
    pub(crate) fn new(
        span: &Range<f64>,
        stepping: Stepping,
        save_every: Option<f64>,
    ) -> Result<Self, SolveError> {
        check_span(span)?;
        let length = span.end - span.start;
        let longest = length + slack(span, length);
        if let Stepping::Fixed(dt) = stepping {
            check_step(dt, length, longest)?;
        }
        let interval = save_every.unwrap_or(length);
        check_save_every(interval, length, longest)?;
        let slack = slack(span, interval);
        let intervals = ((length + slack) / interval).floor().max(1.0);
        let equal = match stepping {
            Stepping::Fixed(dt) => ((interval - slack) / dt).ceil().max(1.0),
            Stepping::Adaptive(_) => 1.0,
        };
        check_counts(intervals, equal)?;
        Ok(Self {
            start: span.start,
            end: span.end,
            interval,
            intervals: intervals as usize,
            steps: match stepping {
                Stepping::Fixed(_) => Steps::Fixed(equal as usize),
                Stepping::Adaptive(control) => Steps::Adaptive(control),
            },
            saves_start: save_every.is_some(),
        })
    }

    /// The step that is taken, where all are equal.
    pub(crate) fn step(&self) -> Option<f64> {
        match self.steps {
            Steps::Fixed(steps) => Some(self.interval / steps as f64),
            Steps::Adaptive(_) => None,
        }
    }

    /// The step that a run begins with, where it is known.
    fn first_step(&self) -> Option<f64> {
        match self.steps {
            Steps::Fixed(_) => self.step(),
            Steps::Adaptive(control) => control.first_step,
        }
    }

    /// What no step is longer than, as none passes a save point.
    pub(crate) fn longest_step(&self) -> f64 {
        match self.steps {
            Steps::Adaptive(StepControl { max_step: Some(max_step), .. }) => {
                max_step.min(self.interval)
            }
            _ => self.interval,
        }
    }

    /// The times are numbers in a kernel's precision, too.
    pub(crate) fn check_times(&self, precision: Precision) -> Result<(), SolveError> {
        let times = [
            ("start", self.start),
            ("end", self.end),
            ("time between save points", self.interval),
            ("step", self.first_step().unwrap_or_default()),
            ("longest step", self.longest_step()),
        ];
        match times.into_iter().find(|&(_, value)| !single::holds(value)) {
            Some((what, value)) if precision == Precision::F32 => {
                Err(SolveError::TimeNotInF32 { what, value })
            }
            _ => Ok(()),
        }
    }

    /// The number of states that are saved.
    pub(crate) fn rows(&self) -> usize {
        self.intervals + usize::from(self.saves_start)
    }

    /// The times of the saved states.
    pub(crate) fn times(&self) -> impl Iterator<Item = f64> {
        let Self { start, end, interval, saves_start, .. } = *self;
        (0..self.rows())
            .map(move |row| if saves_start { row as f64 * interval + start } else { end })
    }
}

/// What rounding may have done to a length of time within a span: decimal times that are far from 0
/// lie further from what was written than their difference tells.
fn slack(span: &Range<f64>, length: f64) -> f64 {
    (ROUNDING * span.start.abs().max(span.end.abs())).min(LARGEST_SHARE * length)
}

/// A span is finite and goes forward.
fn check_span(span: &Range<f64>) -> Result<(), SolveError> {
    let Range { start, end } = *span;
    if start.is_finite() && (end - start).is_finite() && end > start {
        Ok(())
    } else {
        Err(SolveError::Span { start, end })
    }
}

/// A step is positive and not longer than the span.
fn check_step(dt: f64, length: f64, longest: f64) -> Result<(), SolveError> {
    if dt > 0.0 && dt <= longest { Ok(()) } else { Err(SolveError::Step { dt, length }) }
}

/// The time between save points is positive and not longer than the span.
fn check_save_every(interval: f64, length: f64, longest: f64) -> Result<(), SolveError> {
    if interval > 0.0 && interval <= longest {
        Ok(())
    } else {
        Err(SolveError::SaveEvery { save_every: interval, length })
    }
}

/// Kernels can count the intervals and the steps of one.
fn check_counts(intervals: f64, steps: f64) -> Result<(), SolveError> {
    if intervals < LARGEST_COUNT && steps < LARGEST_COUNT {
        Ok(())
    } else {
        Err(SolveError::TooManySteps { intervals, steps })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(span: Range<f64>, dt: f64, save_every: Option<f64>) -> Result<Schedule, SolveError> {
        Schedule::new(&span, Stepping::Fixed(dt), save_every)
    }

    #[test]
    fn steps_end_at_save_points_and_are_as_long_as_they_may_be() {
        for (dt, save_every, steps) in
            [(0.01, 0.1, 10), (0.03, 0.1, 4), (0.1, 0.1, 1), (0.5, 0.1, 1), (0.1 / 3.0, 0.1, 3)]
        {
            let schedule = fixed(0.0..1.0, dt, Some(save_every)).unwrap();
            assert_eq!(
                (schedule.steps, schedule.intervals),
                (Steps::Fixed(steps), 10),
                "dt = {dt}"
            );
            assert!(schedule.step().unwrap() <= dt * (1.0 + LARGEST_SHARE));
        }
    }

    #[test]
    fn the_last_save_point_is_inside_the_span() {
        let schedule = fixed(2.0..3.0, 0.1, Some(0.3)).unwrap();
        assert_eq!(schedule.times().collect::<Vec<_>>(), [2.0, 2.3, 2.6, 2.9]);
        assert_eq!(fixed(0.0..0.3, 0.1, Some(0.1)).unwrap().rows(), 4);
    }

    #[test]
    fn without_save_points_the_end_is_saved() {
        let schedule = fixed(0.0..1.0, 0.3, None).unwrap();
        assert_eq!((schedule.steps, schedule.rows()), (Steps::Fixed(4), 1));
        assert_eq!(schedule.times().collect::<Vec<_>>(), [1.0]);
    }

    #[test]
    fn times_far_from_zero_are_as_exact_as_they_can_be() {
        let schedule = fixed(100.7..101.0, 0.1, Some(0.1)).unwrap();
        assert_eq!((schedule.rows(), schedule.steps), (4, Steps::Fixed(1)));
        for (span, dt, steps) in [
            (100.7..101.0, 0.3, 1),
            (100.1..100.4, 0.1, 3),
            (-100.4..-100.1, 0.1, 3),
            (1e6..1e6 + 0.3, 0.1, 3),
            (-0.3..0.1, 0.1, 4),
        ] {
            let schedule = fixed(span.clone(), dt, None).unwrap();
            assert_eq!(schedule.steps, Steps::Fixed(steps), "{span:?}");
            assert_eq!(schedule.times().collect::<Vec<_>>(), [span.end]);
        }
    }

    #[test]
    fn rounding_excuses_no_longer_steps() {
        // Times here are 2e-6 apart, and so are not told from each other by a step of 1e-6.
        let schedule = fixed(1e10..1e10 + 1.0, 1e-6, None).unwrap();
        assert_eq!(schedule.steps, Steps::Fixed(999_999));
        assert!(fixed(1e10..1e10 + 1.0, 1.001, None).is_err());
    }
}
