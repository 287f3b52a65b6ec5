//! Plans against the definition of a sound one, and against the shortest that there is.

use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::*;

fn block(size: usize, phases: &[usize]) -> Block {
    let live = phases.iter().map(|&phase| PhaseSet::of(phase..phase + 1));
    Block { size, live: live.fold(PhaseSet::default(), PhaseSet::union) }
}

/// Whether two of the blocks share an element in a phase, painted element by element.
fn collides(blocks: &[Block], plan: &Plan) -> bool {
    (0..MOST_PHASES).any(|phase| {
        let phase = PhaseSet::of(phase..phase + 1);
        let mut painted = vec![false; plan.extent];
        let live = blocks.iter().zip(&plan.starts).filter(|(block, _)| block.lives_with(phase));
        let elements = live.flat_map(|(block, &start)| start..start + block.size);
        elements.into_iter().any(|element| std::mem::replace(&mut painted[element], true))
    })
}

/// The extent of the shortest plan, by branch and bound. A plan whose blocks are placed again in the
/// order of their starts, each as low as those before allow, is no longer. So some order of first-fit
/// is the shortest, and blocks need only be tried in the order of their starts.
///
/// None where more than `budget` placements do not settle it.
fn shortest(blocks: &[Block], budget: usize) -> Option<usize> {
    struct Search<'a> {
        blocks: &'a [Block],
        load: usize,
        best: usize,
        left: usize,
    }

    impl Search<'_> {
        fn descend(&mut self, placed: &mut Vec<(usize, usize)>, lowest: usize) -> Option<()> {
            if placed.len() == self.blocks.len() {
                let ends = placed.iter().map(|&(index, start)| start + self.blocks[index].size);
                self.best = self.best.min(ends.max().unwrap_or(0));
                return Some(());
            }
            for index in 0..self.blocks.len() {
                if placed.iter().any(|&(other, _)| other == index) || self.best == self.load {
                    continue;
                }
                self.left = self.left.checked_sub(1)?;
                let block = self.blocks[index];
                let is_free = |&start: &usize| {
                    placed.iter().all(|&(other, at)| {
                        let other = self.blocks[other];
                        !block.lives_with(other.live)
                            || start + block.size <= at
                            || at + other.size <= start
                    })
                };
                let start = (0..).find(is_free).unwrap();
                if start >= lowest && start + block.size < self.best {
                    placed.push((index, start));
                    self.descend(placed, start)?;
                    placed.pop();
                }
            }
            Some(())
        }
    }

    let blocks: Vec<_> = blocks.iter().copied().filter(|block| block.size > 0).collect();
    let sum: usize = blocks.iter().map(|block| block.size).sum();
    let load = load(&blocks).unwrap();
    // One more than blocks in a row, so that these are found.
    let mut search = Search { blocks: &blocks, load, best: sum + 1, left: budget };
    search.descend(&mut Vec::new(), 0)?;
    Some(search.best)
}

/// The extent of the shortest plan, by trying all starts of all blocks.
fn shortest_by_grid(blocks: &[Block]) -> usize {
    let sum: usize = blocks.iter().map(|block| block.size).sum();
    let mut best = sum;
    let mut starts = vec![0; blocks.len()];
    loop {
        let ends = blocks.iter().zip(&starts).map(|(block, start)| start + block.size);
        let extent = ends.max().unwrap_or(0);
        if extent < best && !collides(blocks, &Plan { starts: starts.clone(), extent }) {
            best = extent;
        }
        let Some(digit) = starts.iter().position(|&start| start < sum) else { return best };
        starts[digit] += 1;
        starts[..digit].fill(0);
    }
}

/// All blocks of up to three elements that live in some of three phases.
fn small_blocks() -> Vec<Block> {
    let lives = (1..8).map(|bits| (0..3).filter(|phase| bits & (1 << phase) != 0).collect());
    let lives: Vec<Vec<usize>> = lives.collect();
    let some = |size| lives.iter().map(move |phases| block(size, phases));
    [block(0, &[0])].into_iter().chain((1..=3).flat_map(some)).collect()
}

/// Calls with all lists of up to `count` small blocks.
fn for_all_small(count: usize, mut check: impl FnMut(&[Block])) {
    let choices = small_blocks();
    let mut digits: Vec<usize> = Vec::new();
    loop {
        let blocks: Vec<Block> = digits.iter().map(|&digit| choices[digit]).collect();
        check(&blocks);
        match digits.iter().position(|&digit| digit + 1 < choices.len()) {
            Some(digit) => {
                digits[digit] += 1;
                digits[..digit].fill(0);
            }
            None if digits.len() < count => digits = vec![0; digits.len() + 1],
            None => return,
        }
    }
}

#[test]
fn all_plans_of_up_to_four_small_blocks_are_sound_and_mostly_shortest() {
    let (mut lists, mut at_load, mut optimal, mut worst) = (0, 0, 0, 1.0f64);
    for_all_small(4, |blocks| {
        let plan = pack(blocks).unwrap();
        let shortest = shortest(blocks, usize::MAX).unwrap();
        assert!(!collides(blocks, &plan), "{blocks:?} {plan:?}");
        assert!(load(blocks).unwrap() <= shortest && shortest <= plan.extent, "{blocks:?}");
        lists += 1;
        at_load += usize::from(shortest == load(blocks).unwrap());
        optimal += usize::from(plan.extent == shortest);
        if shortest > 0 {
            worst = worst.max(plan.extent as f64 / shortest as f64);
        }
    });
    println!("{lists} lists of blocks: {at_load} can have plans as short as their load");
    println!("auto packing is optimal in {optimal}, and at worst {worst:.2} times as long");
    assert_eq!(lists, 1 + 22 + 22 * 22 + 22 * 22 * 22 + 22 * 22 * 22 * 22);
    assert!(optimal * 100 >= lists * 99);
}

#[test]
fn searches_for_the_shortest_plan_agree() {
    for_all_small(3, |blocks| {
        let shortest = shortest(blocks, usize::MAX).unwrap();
        assert_eq!(shortest, shortest_by_grid(blocks), "{blocks:?}");
    });
}

#[test]
fn ends_and_starts_may_touch() {
    // A gap of just the right size is used.
    let blocks = [block(2, &[0, 1]), block(3, &[1]), block(2, &[0, 1]), block(3, &[0])];
    let plan = first_fit(&blocks.into_iter().enumerate().collect::<Vec<_>>());
    assert_eq!((plan.starts.as_slice(), plan.extent), ([0, 2, 5, 2].as_slice(), 7));
}

#[test]
fn a_gap_that_is_too_small_is_passed() {
    let blocks = [block(2, &[0, 1]), block(2, &[1]), block(2, &[0, 1]), block(3, &[0])];
    let plan = first_fit(&blocks.into_iter().enumerate().collect::<Vec<_>>());
    assert_eq!((plan.starts.as_slice(), plan.extent), ([0, 2, 4, 6].as_slice(), 9));
}

#[test]
fn blocks_that_are_live_together_lie_in_the_order_of_their_declaration() {
    let blocks = [block(3, &[0]), block(5, &[0]), block(0, &[0]), block(4, &[0])];
    let plan = pack(&blocks).unwrap();
    assert_eq!((plan.starts.as_slice(), plan.extent), ([0, 3, 0, 8].as_slice(), 12));
}

#[test]
fn the_shortest_plan_is_kept() {
    // In the order of their declaration the last one lies behind the others.
    let blocks = [block(1, &[0]), block(2, &[0, 1]), block(3, &[1])];
    let plan = pack(&blocks).unwrap();
    assert_eq!((plan.starts.as_slice(), plan.extent), ([0, 3, 0].as_slice(), 5));
}

#[test]
fn what_cannot_be_counted_has_no_plan() {
    assert_eq!(pack(&[block(usize::MAX, &[0]), block(1, &[1])]), None);
    assert_eq!(load(&[block(usize::MAX, &[0]), block(1, &[0])]), None);
    assert_eq!(load(&[block(usize::MAX, &[0]), block(1, &[1])]), Some(usize::MAX));
}

fn many() -> impl Strategy<Value = Vec<Block>> {
    let phases = prop::collection::vec(0usize..10, 1..6);
    let one = (0usize..40, phases).prop_map(|(size, phases)| block(size, &phases));
    prop::collection::vec(one, 0..24)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 10_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn plans_are_sound_and_between_the_load_and_a_row(blocks in many()) {
        let plan = pack(&blocks).unwrap();
        prop_assert!(!collides(&blocks, &plan));
        let in_a_row: usize = blocks.iter().map(|block| block.size).sum();
        prop_assert!(load(&blocks).unwrap() <= plan.extent && plan.extent <= in_a_row);
        prop_assert_eq!(pack(&blocks), Some(plan));
    }
}

#[test]
fn plans_of_many_blocks_are_near_the_shortest() {
    // The seed is fixed, so that what is printed is the same in every run.
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new_with_rng(
        config.clone(),
        proptest::test_runner::TestRng::deterministic_rng(config.rng_algorithm),
    );
    let (mut lists, mut optimal, mut sum, mut shortest_sum) = (0, 0, 0, 0);
    while lists < 1000 {
        let blocks = many().new_tree(&mut runner).unwrap().current();
        let Some(shortest) = shortest(&blocks, 20_000) else { continue };
        let extent = pack(&blocks).unwrap().extent;
        lists += 1;
        optimal += usize::from(extent == shortest);
        sum += extent;
        shortest_sum += shortest;
        assert!(shortest <= extent);
    }
    let ratio =
        f64::from(u32::try_from(sum).unwrap()) / f64::from(u32::try_from(shortest_sum).unwrap());
    println!(
        "{lists} lists of up to 23 blocks whose shortest plan is known: {optimal} optimal, {ratio:.3} times as long in all"
    );
    assert!(ratio < 1.05);
}
