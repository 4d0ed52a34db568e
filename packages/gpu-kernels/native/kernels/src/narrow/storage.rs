//! Which values lie as bytes.

use super::Pairs;
use crate::ops::pool;
use crate::program::{Action, Form, Meets, Op, Operand, Program};

/// The least of the integers that a step writes, where all fit a byte.
fn least_of(program: &Program, pairs: &Pairs, op: &Op) -> Option<i32> {
    let whole = |number: f32| number.fract() == 0.0 && number.abs() <= 1024.0;
    let span = |min: f32, max: f32| (whole(min) && whole(max) && max - min <= 255.0).then_some(min as i32);
    match op {
        Op::IntegerProduct(op) => op.requantize.filter(|to| whole(to.zero_point)).and_then(|to| span(to.min, to.max)),
        Op::Pointwise(op) => {
            let Some(&Action::Quantize { pair, min, max, dequantize: false }) = op.actions.last() else { return None };
            let is_whole = match op.leaves[pair].operand {
                Operand::Weight(weight) => pairs.get(&weight).is_some_and(|pair| whole(pair[1])),
                Operand::Value(value) => {
                    program.steps.iter().any(|step| step.output == value && matches!(step.op, Op::QuantizeRange { .. }))
                }
            };
            if is_whole { span(min, max) } else { None }
        }
        _ => None,
    }
}

/// What may be the least integer of a value that is stored as bytes: from .. to, empty where some reader takes no bytes.
type Range = (i32, i32);
const ANY: Range = (i32::MIN, i32::MAX);
const NONE: Range = (0, -1);

/// What a step that reads value `x` can take; `moved` is what the readers of its output take.
fn taken_by(op: &Op, x: usize, moved: Range) -> Range {
    match op {
        Op::IntegerProduct(op) if op.x == x => (op.zero_point - 255, op.zero_point),
        Op::Pointwise(op) if op.leaves.iter().all(|leaf| leaf.operand != Operand::Value(x) || leaf.meets == Meets::Each) => ANY,
        Op::Reshape { .. } | Op::Transpose { .. } => moved,
        Op::Pool { kind: pool::Kind::Max, input, output, window, .. } if pool::meets_pixels(*input, *output, *window) => moved,
        _ => NONE,
    }
}

/// What the readers of each value take.
fn taken(program: &Program) -> Vec<Range> {
    let mut taken = vec![ANY; program.sizes.len()];
    program.outputs.iter().for_each(|&(_, value)| taken[value] = NONE);
    program.sizes.iter().zip(&mut taken).filter(|(size, _)| !size.is_multiple_of(4)).for_each(|(_, range)| *range = NONE);
    for step in program.steps.iter().rev() {
        for x in step.op.reads() {
            let (from, to) = taken_by(&step.op, x, taken[step.output]);
            taken[x] = (taken[x].0.max(from), taken[x].1.min(to));
        }
    }
    taken
}

pub fn store_bytes(program: &mut Program, pairs: &Pairs) {
    let taken = taken(program);
    let mut forms = vec![Form::Floats; program.sizes.len()];
    for step in &program.steps {
        forms[step.output] = match &step.op {
            Op::Reshape { x } | Op::Transpose { x, .. } | Op::Pool { x, .. } => forms[*x],
            op => {
                let (from, to) = taken[step.output];
                let least = least_of(program, pairs, op).filter(|least| (from..=to).contains(least));
                least.map_or(Form::Floats, |least| Form::Bytes { least })
            }
        };
    }
    for step in &mut program.steps {
        match &mut step.op {
            Op::IntegerProduct(op) => (op.from, op.to) = (forms[op.x], forms[step.output]),
            Op::Pointwise(op) => {
                op.form = forms[step.output];
                for leaf in &mut op.leaves {
                    if let Operand::Value(value) = leaf.operand {
                        leaf.form = forms[value];
                    }
                }
                op.with_scaled_leaves();
            }
            Op::Transpose { x, form, .. } | Op::Pool { x, form, .. } => *form = forms[*x],
            _ => {}
        }
    }
    for (size, form) in program.sizes.iter_mut().zip(forms) {
        if form != Form::Floats {
            *size /= 4;
        }
    }
}
