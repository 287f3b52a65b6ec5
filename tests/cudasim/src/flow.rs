//! Where lanes that part at a branch come together again: the branch's immediate post-dominator,
//! which is the first instruction that all paths from the branch to the end have in common.

/// The immediate post-dominator of each instruction, from each one's successors. None is the end,
/// which is also where an endless loop leads.
pub(crate) fn immediate_post_dominators(successors: &[Vec<usize>]) -> Vec<Option<usize>> {
    let end = successors.len();
    let order = post_order_from_end(successors);
    let mut rank = vec![None; end + 1];
    for (position, &node) in order.iter().enumerate() {
        if let Some(rank) = rank.get_mut(node) {
            *rank = Some(position);
        }
    }
    let rank_of = |node: usize| rank.get(node).copied().flatten();
    // After Cooper, Harvey and Kennedy, "A simple, fast dominance algorithm", on reversed edges.
    let mut dominators: Vec<Option<usize>> = vec![None; end + 1];
    if let Some(of_end) = dominators.get_mut(end) {
        *of_end = Some(end);
    }
    let mut changed = true;
    while changed {
        changed = false;
        for &node in order.iter().rev().skip(1) {
            let mut common = None;
            for &next in following(successors, node).iter() {
                if dominators.get(next).copied().flatten().is_none() {
                    continue;
                }
                common = match common {
                    None => Some(next),
                    Some(other) => nearest_common(&dominators, &rank_of, other, next),
                };
            }
            if let Some(dominator) = dominators.get_mut(node)
                && *dominator != common
            {
                *dominator = common;
                changed = true;
            }
        }
    }
    dominators.truncate(end);
    dominators.into_iter().map(|dominator| dominator.filter(|&node| node != end)).collect()
}

/// The successors of a node; the end follows where there are none.
fn following(successors: &[Vec<usize>], node: usize) -> &[usize] {
    successors.get(node).map_or(&[], Vec::as_slice)
}

fn nearest_common(
    dominators: &[Option<usize>],
    rank: &impl Fn(usize) -> Option<usize>,
    mut one: usize,
    mut other: usize,
) -> Option<usize> {
    while one != other {
        if rank(one)? < rank(other)? {
            one = dominators.get(one).copied().flatten()?;
        } else {
            other = dominators.get(other).copied().flatten()?;
        }
    }
    Some(one)
}

/// All instructions from which the end is reached, each behind those that are reached through it
/// going backwards; the end itself is the last.
fn post_order_from_end(successors: &[Vec<usize>]) -> Vec<usize> {
    let end = successors.len();
    let mut predecessors = vec![Vec::new(); end + 1];
    for (node, next) in successors.iter().enumerate() {
        for &next in next {
            if let Some(list) = predecessors.get_mut(next) {
                list.push(node);
            }
        }
    }
    let mut seen = vec![false; end + 1];
    let mut order = Vec::new();
    let mut stack = vec![(end, 0)];
    while let Some((node, visited)) = stack.pop() {
        if let Some(seen) = seen.get_mut(node) {
            *seen = true;
        }
        match predecessors.get(node).and_then(|list| list.get(visited)) {
            Some(&previous) => {
                stack.push((node, visited + 1));
                if !seen.get(previous).copied().unwrap_or(true) {
                    stack.push((previous, 0));
                }
            }
            None => order.push(node),
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joins(successors: &[&[usize]]) -> Vec<Option<usize>> {
        let successors: Vec<_> = successors.iter().map(|next| next.to_vec()).collect();
        immediate_post_dominators(&successors)
    }

    #[test]
    fn both_arms_of_a_branch_join_behind_it() {
        assert_eq!(
            joins(&[&[1, 2], &[3], &[3], &[4]]),
            [Some(3), Some(3), Some(3), None],
            "the last one's successor is the end"
        );
    }

    #[test]
    fn a_loop_joins_at_its_exit() {
        assert_eq!(joins(&[&[1], &[0, 2], &[3]]), [Some(1), Some(2), None]);
        // A second exit from the middle.
        assert_eq!(joins(&[&[1, 3], &[2], &[0, 3], &[4]]), [Some(3), Some(2), Some(3), None]);
    }

    #[test]
    fn an_early_return_joins_at_the_end() {
        assert_eq!(joins(&[&[1, 2], &[3], &[3]]), [None, None, None]);
    }

    #[test]
    fn an_endless_loop_joins_nowhere() {
        assert_eq!(joins(&[&[1, 2], &[1], &[3]]), [Some(2), None, None]);
    }
}
