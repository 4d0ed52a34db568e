//! Which value lies in which buffer. A buffer is reused as soon as its value was read for the last time; a reshape
//! shares the buffer of what it reshapes.

use crate::program::{Op, Program};

#[derive(Debug)]
pub struct Assignment {
    /// Buffer of each value; `usize::MAX` for values that are never written.
    pub buffer_of: Vec<usize>,
    /// Floats of one item, by buffer.
    pub sizes: Vec<usize>,
}

impl Assignment {
    pub fn new(program: &Program) -> Self {
        let roots = roots(program);
        let last_read = last_reads(program, &roots);
        let mut assignment = Assignment { buffer_of: vec![usize::MAX; program.sizes.len()], sizes: Vec::new() };
        let mut free = Vec::new();
        for &(_, value) in &program.inputs {
            assignment.place(value, program.sizes[value], &mut free);
        }
        for (time, step) in program.steps.iter().enumerate() {
            if roots[step.output] == step.output {
                assignment.place(step.output, program.sizes[step.output], &mut free);
            } else {
                assignment.buffer_of[step.output] = assignment.buffer_of[roots[step.output]];
            }
            let mut touched: Vec<usize> = step.op.reads().into_iter().chain([step.output]).map(|value| roots[value]).collect();
            touched.sort_unstable();
            touched.dedup();
            free.extend(touched.into_iter().filter(|&root| last_read[root] <= time).map(|root| assignment.buffer_of[root]));
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

/// Index of the last step that touches each root; outputs of the plan are touched for ever.
fn last_reads(program: &Program, roots: &[usize]) -> Vec<usize> {
    let mut last = vec![0; program.sizes.len()];
    for (time, step) in program.steps.iter().enumerate() {
        for value in step.op.reads().into_iter().chain([step.output]) {
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
        }
    }

    #[test]
    fn a_chain_needs_two_buffers() {
        assert_eq!(Assignment::new(&chain(5, false)).sizes, [4, 4]);
    }

    #[test]
    fn reshapes_need_no_buffer() {
        assert_eq!(Assignment::new(&chain(5, true)).sizes, [4]);
    }

    #[test]
    fn a_step_never_writes_what_it_reads() {
        let program = chain(7, false);
        let assignment = Assignment::new(&program);
        for step in &program.steps {
            assert!(step.op.reads().iter().all(|&x| assignment.buffer_of[x] != assignment.buffer_of[step.output]));
        }
    }
}
