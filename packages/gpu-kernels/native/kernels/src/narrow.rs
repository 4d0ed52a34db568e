//! Quantised networks in bytes: integers that a step rounds to a grid of 8 bits lie as bytes in the buffers where all that
//! read them can take bytes, and steps between that treat each element alone are joined. A plan says none of this: there
//! integers are floats, and every number here is the same.

mod additions;
mod joined;
mod storage;

use crate::plan::PlanRequantize;
use crate::program::{Action, Binary, Form, Leaf, Loop, Meets, Op, Operand, Pointwise, Program, Quantize, Step};
use crate::stored::{ReadBuffers, Weight};
use std::collections::{HashMap, HashSet};

/// Blocks on the stack of a joined step, and its leaves: what stays in the first cache level.
const MOST_BLOCKS: usize = 6;
const MOST_LEAVES: usize = 16;

/// Scale and zero point by the weight that holds them, where it holds one pair.
type Pairs = HashMap<usize, [f32; 2]>;

pub fn narrow(mut program: Program, weights: &[Weight]) -> Program {
    if !program.steps.iter().any(|step| matches!(step.op, Op::Quantize(_) | Op::IntegerProduct(_))) {
        return program;
    }
    let pairs = pairs(&program, weights);
    share_grids(&mut program, &pairs);
    take_zero_points(&mut program);
    round_products(&mut program, &pairs);
    join(&mut program);
    storage::store_bytes(&mut program, &pairs);
    let readers = readers(&program);
    additions::add_in_products(&mut program, weights, &readers);
    program
}

/// What cannot be read is left out here; whoever packs it says why.
fn pairs(program: &Program, weights: &[Weight]) -> Pairs {
    let buffers = ReadBuffers::default();
    let operands = program.steps.iter().filter_map(|step| match &step.op {
        Op::Quantize(Quantize { parameters: Operand::Weight(weight), channels: 1, .. }) => Some(*weight),
        _ => None,
    });
    operands.filter_map(|weight| Some((weight, weights[weight].to_vec(&buffers).ok()?.try_into().ok()?))).collect()
}

/// How often each value is read; what the plan gives back is read once more.
fn readers(program: &Program) -> Vec<usize> {
    let mut readers = vec![0; program.sizes.len()];
    program.steps.iter().flat_map(|step| step.op.reads()).for_each(|value| readers[value] += 1);
    program.outputs.iter().for_each(|&(_, value)| readers[value] += 1);
    readers
}

/// Keeps the steps that somebody reads.
fn drop_unread(program: &mut Program) {
    let mut read = vec![false; program.sizes.len()];
    program.outputs.iter().for_each(|&(_, value)| read[value] = true);
    let mut kept: Vec<_> = std::mem::take(&mut program.steps)
        .into_iter()
        .rev()
        .filter(|step| {
            let is_read = read[step.output];
            if is_read {
                step.op.reads().into_iter().for_each(|value| read[value] = true);
            }
            is_read
        })
        .collect();
    kept.reverse();
    program.steps = kept;
}

/// What is rounded to a grid and dequantised, where the integers are there as well or several read it, is dequantised from those.
fn share_grids(program: &mut Program, pairs: &Pairs) {
    // Pairs are known by their content: each step has a weight of its own.
    let bits = |operand: Operand| match operand {
        Operand::Value(value) => [value as u32, 0, 1],
        Operand::Weight(weight) => pairs.get(&weight).map_or([weight as u32, 0, 2], |[scale, zero]| [scale.to_bits(), zero.to_bits(), 0]),
    };
    let key_of = |op: &Quantize| (op.x, bits(op.parameters), [op.min.to_bits(), op.max.to_bits()]);
    let (readers, mut read) = (readers(program), HashMap::new());
    for step in &program.steps {
        if let Op::Quantize(op) = &step.op {
            *read.entry(key_of(op)).or_insert(0) += readers[step.output];
        }
    }
    let mut integers = HashMap::new();
    let products: HashSet<usize> =
        program.steps.iter().filter(|step| matches!(step.op, Op::IntegerProduct(_))).map(|step| step.output).collect();
    let mut steps = Vec::with_capacity(program.steps.len());
    for mut step in std::mem::take(&mut program.steps) {
        let Op::Quantize(op) = &step.op else {
            steps.push(step);
            continue;
        };
        if op.channels > 1 {
            steps.push(step);
            continue;
        }
        let key = key_of(op);
        if op.dequantize && !integers.contains_key(&key) && (products.contains(&op.x) || read[&key] > 1) {
            // What a product alone rounds is rounded there, and goes on as integers; so does, in bytes, what several read.
            let value = program.sizes.len();
            program.sizes.push(program.sizes[step.output]);
            let rounded = Op::Quantize(Quantize { dequantize: false, ..op.clone() });
            steps.push(Step { name: step.name.clone(), output: value, op: rounded });
            integers.insert(key, value);
        }
        match (op.dequantize, integers.get(&key)) {
            (false, _) => drop(integers.insert(key, step.output)),
            (true, Some(&value)) => {
                let leaves = vec![each(Operand::Value(value), op.inner), pair(op)];
                let actions = vec![Action::Push(0), Action::Dequantize { pair: 1 }];
                step.op = Op::Pointwise(Pointwise { leaves, actions, form: Form::Floats, size: op.inner });
            }
            (true, None) => {}
        }
        steps.push(step);
    }
    program.steps = steps;
}

/// A product whose numbers are only rounded to a grid rounds them itself: float32(sum) · scale / divisor, as both steps do.
fn round_products(program: &mut Program, pairs: &Pairs) {
    let readers = readers(program);
    let mut rounded: HashMap<usize, (usize, Quantize)> = HashMap::new();
    for step in &program.steps {
        if let Op::Quantize(op) = &step.op
            && (op.channels, readers[op.x], op.dequantize) == (1, 1, false)
        {
            rounded.insert(op.x, (step.output, op.clone()));
        }
    }
    let mut gone = HashSet::new();
    for step in &mut program.steps {
        if let Op::IntegerProduct(product) = &mut step.op
            && product.requantize.is_none()
            && let Some(&(output, Quantize { parameters: Operand::Weight(pair), min, max, .. })) = rounded.get(&step.output)
            && let Some(&[scale, zero_point]) = pairs.get(&pair)
        {
            product.divisor = Some(scale);
            product.requantize = Some(PlanRequantize { zero_point, min, max });
            gone.insert(output);
            program.moved.push((output, step.output));
            step.output = output;
        }
    }
    program.steps.retain(|step| !gone.contains(&step.output) || matches!(step.op, Op::IntegerProduct(_)));
}

/// A product of integers from which a number of the item is taken first takes it itself.
fn take_zero_points(program: &mut Program) {
    let mut taken: HashMap<usize, (usize, usize)> = HashMap::new();
    for step in &program.steps {
        if let Op::Binary { function: Binary::Sub, a: Operand::Value(x), b: Operand::Value(zero), loops } = &step.op
            && matches!(loops[..], [Loop { a: 1, b: 0, .. }])
            && program.sizes[*zero] == 1
        {
            taken.insert(step.output, (*x, *zero));
        }
    }
    for step in &mut program.steps {
        if let Op::IntegerProduct(op) = &mut step.op
            && let Some(&(x, zero)) = taken.get(&op.x)
            && op.zero_point == 0
        {
            (op.x, op.item_zero_point) = (x, Some(zero));
        }
    }
    drop_unread(program);
}

fn each(operand: Operand, size: usize) -> Leaf {
    Leaf { operand, meets: Meets::Each, form: Form::Floats, size }
}

fn pair(op: &Quantize) -> Leaf {
    Leaf { operand: op.parameters, meets: Meets::All, form: Form::Floats, size: 2 }
}

/// A step that treats each element alone, as a joined one.
fn alone(op: &Op, size: usize) -> Option<Pointwise> {
    let pointwise = |leaves, actions| Some(Pointwise { leaves, actions, form: Form::Floats, size });
    match op {
        Op::Pointwise(pointwise) => Some(pointwise.clone()),
        Op::Unary { x, function } => pointwise(vec![each(Operand::Value(*x), size)], vec![Action::Push(0), Action::Unary(*function)]),
        Op::Quantize(op) if op.channels == 1 => {
            let Quantize { min, max, dequantize, .. } = *op;
            let actions = vec![Action::Push(0), Action::Quantize { pair: 1, min, max, dequantize }];
            pointwise(vec![each(Operand::Value(op.x), size), pair(op)], actions)
        }
        Op::Binary { function: function @ (Binary::Add | Binary::Sub | Binary::Mul | Binary::Div), a, b, loops } => {
            let side = |operand: Operand, stride: fn(&Loop) -> usize| {
                let (meets, size) = match loops[..] {
                    [one] if stride(&one) == 1 => (Meets::Each, size),
                    [one] if stride(&one) == 0 => (Meets::All, 1),
                    [outer, inner] if stride(&inner) == 1 && stride(&outer) == inner.size => (Meets::Each, size),
                    [outer, inner] if stride(&inner) == 1 && stride(&outer) == 0 => (Meets::Rows, inner.size),
                    _ => return None,
                };
                Some(Leaf { operand, meets, form: Form::Floats, size })
            };
            let [a, b] = [side(*a, |walk| walk.a)?, side(*b, |walk| walk.b)?];
            let actions = match (a.meets, b.meets) {
                (Meets::All, Meets::Each) if matches!(function, Binary::Add | Binary::Mul) => {
                    vec![Action::Push(1), Action::BinaryWith(*function, 0)]
                }
                (_, Meets::All) => vec![Action::Push(0), Action::BinaryWith(*function, 1)],
                _ => vec![Action::Push(0), Action::Push(1), Action::Binary(*function)],
            };
            pointwise(vec![a, b], actions)
        }
        _ => None,
    }
}

/// Joins each step with those before it that it alone reads, or that only dequantise.
fn join(program: &mut Program) {
    let readers = readers(program);
    let mut joined: HashMap<usize, Pointwise> = HashMap::new();
    let is_light = |of: &Pointwise| matches!(of.actions[..], [Action::Push(_), Action::Dequantize { .. }]);
    for step in &mut program.steps {
        let size = program.sizes[step.output];
        let Some(mut pointwise) = alone(&step.op, size) else { continue };
        // What several dequantise for themselves stays integers.
        let stays = readers[step.output] > 1 && is_light(&pointwise);
        for at in (0..if stays { 0 } else { pointwise.leaves.len() }).rev() {
            let Leaf { operand: Operand::Value(value), meets: Meets::Each, .. } = pointwise.leaves[at] else { continue };
            let joins = |inner: &&Pointwise| (readers[value] == 1 || is_light(inner)) && inner.size == size;
            let Some(inner) = joined.get(&value).filter(joins) else { continue };
            let longer = pointwise.with(at, inner);
            if longer.depth() <= MOST_BLOCKS && longer.leaves.len() <= MOST_LEAVES {
                pointwise = longer;
            }
        }
        step.op = Op::Pointwise(pointwise.clone());
        joined.insert(step.output, pointwise);
    }
    drop_unread(program);
}
