//! Sums of residuals as the end of the product before: what it rounds to bytes need not be stored and read again.

use crate::ops::integer;
use crate::plan::PlanRequantize;
use crate::program::{Action, Addition, Binary, Form, IntegerProduct, Leaf, Meets, Op, Operand, Pointwise, Program};
use crate::stored::{ReadBuffers, Weight};

/// A value as a side of a sum.
#[derive(Clone, Copy)]
struct Side {
    value: usize,
    least: i32,
    zero: f32,
    scale: f32,
}

/// The sum that a step is, with all its numbers known.
struct Sum {
    sides: [Side; 2],
    divisor: f32,
    requantize: PlanRequantize,
    to: Form,
}

/// Moves each product whose numbers go into a sum alone to that sum, which it then makes itself.
pub fn add_in_products(program: &mut Program, weights: &[Weight], readers: &[usize]) {
    let mut at = 0;
    while at < program.steps.len() {
        let sum = match &program.steps[at].op {
            Op::Pointwise(op) => sum_of(op, weights),
            _ => None,
        };
        let product = sum.as_ref().and_then(|sum| product_of(program, at, sum, readers));
        let (Some(sum), Some((from, side))) = (sum, product) else {
            at += 1;
            continue;
        };
        let mut step = program.steps.remove(from);
        let before = step.output;
        let planned = program.moved.iter().find(|(value, _)| *value == before).map_or(before, |&(_, planned)| planned);
        // The sum is now one place further to the front, and the product takes it.
        step.output = program.steps[at - 1].output;
        program.moved.push((step.output, planned));
        if let Op::IntegerProduct(op) = &mut step.op {
            let (own, other) = (sum.sides[side], sum.sides[1 - side]);
            op.addition = Some(Addition {
                value: other.value,
                least: other.least,
                zeros: [own.zero, other.zero],
                scales: [own.scale, other.scale],
                divisor: sum.divisor,
                requantize: sum.requantize,
            });
            op.to = sum.to;
        }
        program.steps[at - 1] = step;
    }
}

/// The later of the products that a sum adds, and which side it is.
fn product_of(program: &Program, at: usize, sum: &Sum, readers: &[usize]) -> Option<(usize, usize)> {
    let found = |side: usize| {
        let value = sum.sides[side].value;
        let from = program.steps[..at].iter().rposition(|step| step.output == value)?;
        let Op::IntegerProduct(op) = &program.steps[from].op else { return None };
        (readers[value] == 1 && suits(op)).then_some((from, side))
    };
    [0, 1].into_iter().filter_map(found).max()
}

/// The numbers that are added are whole within a float, so that zero points may be taken in another order.
fn suits(op: &IntegerProduct) -> bool {
    integer::takes_addition(op) && op.requantize.is_some_and(|to| to.zero_point.fract() == 0.0)
}

fn sum_of(op: &Pointwise, weights: &[Weight]) -> Option<Sum> {
    let [a, b, Action::Binary(Binary::Add), Action::Quantize { pair, min, max, dequantize: false }] = op.actions[..] else { return None };
    let number = |leaf: usize, index: usize| match op.leaves[leaf].operand {
        Operand::Weight(weight) => weights[weight].to_vec(&ReadBuffers::default()).ok()?.get(index).copied(),
        Operand::Value(_) => None,
    };
    let side = |action: Action| {
        let Action::PushScaled { leaf, zero, scale } = action else { return None };
        let Leaf { operand: Operand::Value(value), meets: Meets::Each, form: Form::Bytes { least }, .. } = op.leaves[leaf] else {
            return None;
        };
        let zero = zero.map_or(Some(0.0), |[leaf, index]| number(leaf, index))?;
        let scale = number(scale[0], scale[1])?;
        (zero.fract() == 0.0 && zero.abs() <= 1024.0).then_some(Side { value, least, zero, scale })
    };
    let sides = [side(a)?, side(b)?];
    let requantize = PlanRequantize { zero_point: number(pair, 1)?, min, max };
    let is_bytes = op.form != Form::Floats && sides[0].value != sides[1].value;
    Some(Sum { sides, divisor: number(pair, 0)?, requantize, to: op.form }).filter(|_| is_bytes)
}

#[cfg(test)]
mod tests {
    use crate::check::check_plan;
    use crate::narrow::narrow;
    use crate::ops::integer;
    use crate::program::Op;
    use crate::stored::Weight;
    use serde_json::json;

    /// Two layers over the same values and their sum, in QDQ form: the later layer adds the numbers of the other.
    #[test]
    fn the_later_of_two_products_takes_their_sum() {
        let layer = |x: usize, output: usize| {
            json!({ "op": "gemm-integer", "name": "p", "x": x, "zeroPoint": 0, "weight": "w", "weightBits": 8, "output": output,
                "requantize": { "zeroPoint": 3, "min": 0, "max": 255 } })
        };
        let quantize = |x: usize, output: usize, dequantize: bool| {
            json!({ "op": "quantize", "name": "q", "x": x, "parametersWeight": "pair", "dimension": 0, "min": 0, "max": 255,
                "dequantize": dequantize, "output": output })
        };
        let scaled = |x: usize, output: usize| {
            json!({ "op": "binary", "name": "s", "function": "mul", "a": x, "bWeight": "factor", "aStrides": [1], "bStrides": [0],
                "output": output })
        };
        let add = json!({ "op": "binary", "name": "a", "function": "add", "a": 4, "b": 5, "aStrides": [1], "bStrides": [1], "output": 6 });
        let values: Vec<_> = (0..9).map(|id| json!({ "id": id, "shape": [4] })).collect();
        let plan = json!({
            "version": 1, "name": "sum", "batch": 1, "values": values, "inputs": { "x": 0 }, "outputs": { "y": { "value": 8, "shape": [4] } },
            "weights": [{ "name": "pair", "shape": [1, 2] }, { "name": "factor", "shape": [] }, { "name": "w", "shape": [4, 1] }],
            "steps": [quantize(0, 1, false), layer(1, 2), layer(1, 3), scaled(2, 4), scaled(3, 5), add, quantize(6, 7, false), layer(7, 8)],
        });
        let program = check_plan(&plan.to_string()).ok().and_then(|checked| checked.program).unwrap_or_else(|| panic!("{plan}"));
        let weights: [&[f32]; 3] = [&[0.5, 3.0], &[0.25], &[0.0; 4]];
        let narrowed = narrow(program, &weights.map(Weight::plain));
        let additions: Vec<_> = narrowed
            .steps
            .iter()
            .filter_map(|step| match &step.op {
                Op::IntegerProduct(op) => Some((step.output, op.addition.as_ref().map(|to| to.value))),
                _ => None,
            })
            .collect();
        if integer::adds() {
            assert_eq!(additions, [(2, None), (7, Some(2)), (8, None)]);
            assert_eq!((narrowed.steps.len(), narrowed.moved), (4, vec![(7, 3)]));
        } else {
            assert_eq!(additions, [(2, None), (3, None), (8, None)]);
        }
    }
}
