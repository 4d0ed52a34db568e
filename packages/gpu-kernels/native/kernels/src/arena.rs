//! Which value lies in which buffer. A buffer is reused as soon as its value was read for the last time; a reshape
//! shares the buffer of what it reshapes.
//!
//! Chains are run in segments: the first may take few items at a time through all of its chains, a later one more. A value
//! that crosses from one segment into another is there for all items of the whole slice, the others only for those
//! that their segment has in hand.

use crate::chain::Chain;
use crate::program::{Op, Program};
use std::ops::Range;

/// Chains that the same number of items goes through together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    pub chains: Range<usize>,
    /// Most items at a time.
    pub slice: usize,
}

#[derive(Debug)]
pub struct Assignment {
    /// Buffer of each value; `usize::MAX` for values that are never written, as inputs are not.
    pub buffer_of: Vec<usize>,
    /// By value: number of the input that it is, or that it is a reshape of.
    pub input_of: Vec<Option<usize>>,
    /// Whether a value is held for all items of the slice.
    pub crosses: Vec<bool>,
    /// Floats, by buffer.
    pub sizes: Vec<usize>,
}

impl Assignment {
    /// Values between the steps of a chain have no buffer. The last segment has the longest slice.
    pub fn new(program: &Program, chains: &[Chain], segments: &[Segment]) -> Self {
        let roots = roots(program);
        let last_read = last_reads(program, &roots, chains);
        let crosses = crossing(program, chains, segments, &roots, &last_read);
        let whole = segments.last().map_or(1, |segment| segment.slice);
        let input = |root: &usize| program.inputs.iter().position(|(_, value)| value == root);
        let input_of: Vec<Option<usize>> = roots.iter().map(input).collect();
        let mut assignment = Assignment { buffer_of: vec![usize::MAX; program.sizes.len()], input_of, crosses, sizes: Vec::new() };
        let mut free = Vec::new();
        for segment in segments {
            let output = |chain: &Chain| program.steps[chain.last()].output;
            let outputs: Vec<usize> = chains[segment.chains.clone()].iter().map(output).filter(|&value| roots[value] == value).collect();
            for &value in outputs.iter().filter(|&&value| assignment.crosses[value]).collect::<Vec<_>>() {
                assignment.place(value, program.sizes[value] * whole, &mut free);
            }
            let mut ended = Vec::new();
            for time in segment.chains.clone() {
                let value = output(&chains[time]);
                if roots[value] != value {
                    assignment.buffer_of[value] = assignment.buffer_of[roots[value]];
                } else if !assignment.crosses[value] {
                    assignment.place(value, program.sizes[value] * segment.slice, &mut free);
                }
                let mut touched: Vec<usize> = chains[time].touches(program).map(|value| roots[value]).collect();
                touched.sort_unstable();
                touched.dedup();
                for root in touched.into_iter().filter(|&root| last_read[root] <= time && assignment.input_of[root].is_none()) {
                    // The next items of the slice may need a crossing value again.
                    if assignment.crosses[root] { &mut ended } else { &mut free }.push(assignment.buffer_of[root]);
                }
            }
            free.append(&mut ended);
        }
        assignment
    }

    /// The smallest free buffer that is large enough, else the largest free one, grown; else a new one.
    fn place(&mut self, value: usize, size: usize, free: &mut Vec<usize>) {
        let fits = |buffer: usize| self.sizes[buffer] >= size;
        let best = (0..free.len()).min_by_key(|&slot| {
            let buffer = free[slot];
            (!fits(buffer), self.sizes[buffer].abs_diff(size))
        });
        self.buffer_of[value] = match best {
            Some(slot) => {
                let buffer = free.swap_remove(slot);
                self.sizes[buffer] = self.sizes[buffer].max(size);
                buffer
            }
            None => {
                self.sizes.push(size);
                self.sizes.len() - 1
            }
        };
    }
}

/// Which values are written in one segment and needed in another, or after the last.
fn crossing(program: &Program, chains: &[Chain], segments: &[Segment], roots: &[usize], last_read: &[usize]) -> Vec<bool> {
    let mut born = vec![0; program.sizes.len()];
    for (time, chain) in chains.iter().enumerate() {
        born[program.steps[chain.last()].output] = time;
    }
    // Outputs are read after the last segment, which has all items in hand at once.
    let segment_of = |time: usize| segments.iter().position(|segment| segment.chains.contains(&time)).unwrap_or(segments.len() - 1);
    let crosses = |&root: &usize| segment_of(born[root]) != segment_of(last_read[root]);
    roots.iter().map(crosses).collect()
}

/// The value whose buffer each value shares: itself, unless it is a reshape.
fn roots(program: &Program) -> Vec<usize> {
    let mut roots: Vec<usize> = (0..program.sizes.len()).collect();
    for step in &program.steps {
        if let Op::Reshape { x } = step.op {
            roots[step.output] = roots[x];
        }
    }
    roots
}

/// Index of the last chain that touches each root; outputs of the plan are touched for ever.
fn last_reads(program: &Program, roots: &[usize], chains: &[Chain]) -> Vec<usize> {
    let mut last = vec![0; program.sizes.len()];
    for (time, chain) in chains.iter().enumerate() {
        for value in chain.touches(program) {
            last[roots[value]] = time;
        }
    }
    for &(_, value) in &program.outputs {
        last[roots[value]] = usize::MAX;
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::{Step, Unary};

    fn chain(steps: usize, reshape: bool) -> Program {
        let op = |x: usize| if reshape { Op::Reshape { x } } else { Op::Unary { x, function: Unary::Exp } };
        Program {
            name: "chain".into(),
            batch: 1,
            sizes: vec![4; steps + 1],
            weight_names: vec![],
            weight_shapes: vec![],
            steps: (0..steps).map(|x| Step { name: x.to_string(), output: x + 1, op: op(x) }).collect(),
            inputs: vec![("x".into(), 0)],
            outputs: vec![("y".into(), steps)],
            image_inputs: vec![],
            moved: vec![],
        }
    }

    fn assign(program: &Program) -> Assignment {
        let chains = crate::chain::chains(program);
        Assignment::new(program, &chains, &[Segment { chains: 0..chains.len(), slice: 1 }])
    }

    #[test]
    fn a_chain_needs_two_buffers() {
        assert_eq!(assign(&chain(5, false)).sizes, [4, 4]);
    }

    #[test]
    fn inputs_and_reshapes_need_no_buffer() {
        assert!(assign(&chain(5, true)).sizes.is_empty());
    }

    #[test]
    fn what_crosses_into_another_segment_is_held_for_all_items() {
        let program = chain(7, false);
        let chains = crate::chain::chains(&program);
        let assignment = Assignment::new(&program, &chains, &[Segment { chains: 0..3, slice: 2 }, Segment { chains: 3..7, slice: 6 }]);
        assert_eq!(assignment.crosses, [false, false, false, true, false, false, false, false]);
        // The value between the segments may share with none that the first writes again for later items.
        let shared = (0..3).any(|value| assignment.buffer_of[value] == assignment.buffer_of[3]);
        assert!(!shared && assignment.sizes[assignment.buffer_of[3]] >= 4 * 6);
    }

    #[test]
    fn a_step_never_writes_what_it_reads() {
        let program = chain(7, false);
        let assignment = assign(&program);
        for step in &program.steps {
            assert!(step.op.reads().iter().all(|&x| assignment.buffer_of[x] != assignment.buffer_of[step.output]));
        }
    }
}
