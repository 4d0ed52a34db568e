//! Functions of one byte: computed once for each of its 256 numbers, by the actions of the step themselves.

use super::{Place, block, bytes, bytes_mut};
use crate::ops::elementwise::Side;
use crate::program::{Action, Form, Meets, Operand, Pointwise};
use crate::scratch::Scratch;
use crate::threads::Mode;

/// Numbers of a byte, and the floats that they take the place of.
const NUMBERS: usize = 256;
const FLOATS: usize = NUMBERS / 4;

/// The leaf of which alone y is a function, where that lies in bytes as y does and all else is the same in each item.
fn only_leaf(op: &Pointwise, sides: &[Side]) -> Option<usize> {
    let pushed = op.actions.iter().filter_map(|action| match *action {
        Action::Push(leaf) | Action::PushScaled { leaf, .. } => Some(leaf),
        _ => None,
    });
    let pushed: Vec<usize> = pushed.collect();
    let first = *pushed.first()?;
    let of = op.leaves[first];
    let is_value = matches!((of.operand, of.meets, of.form), (Operand::Value(_), Meets::Each, Form::Bytes { .. }));
    let same = |leaf: &usize| op.leaves[*leaf].operand == of.operand && op.leaves[*leaf].meets == Meets::Each;
    let others = (0..op.leaves.len()).filter(|leaf| !pushed.contains(leaf));
    let fixed = others.into_iter().all(|leaf| op.leaves[leaf].meets == Meets::All && sides[leaf].item_stride == 0);
    (op.form != Form::Floats && is_value && pushed.iter().all(same) && fixed).then_some(first)
}

/// Whether y was made of a table: where it is such a function, and has far more elements than that.
pub fn look_up(mode: Mode, op: &Pointwise, sides: &[Side], y: &mut [f32]) -> bool {
    if y.len() < 4 * FLOATS {
        return false;
    }
    let Some(leaf) = only_leaf(op, sides) else { return false };
    let table = table_of(op, sides, op.leaves[leaf].operand);
    let x = &bytes(sides[leaf].data)[..size_of_val(y)];
    let length = mode.chunk_length(x.len(), 64);
    mode.chunks(bytes_mut(y), length, |index, y| {
        let x = &x[index * length..][..y.len()];
        #[cfg(target_arch = "x86_64")]
        if super::avx512::available() && std::arch::is_x86_feature_detected!("avx512vbmi") {
            // SAFETY: the instructions are there.
            return unsafe { super::avx512::look_up(&table, x, y) };
        }
        y.iter_mut().zip(x).for_each(|(y, &x)| *y = table[usize::from(x)]);
    });
    true
}

/// y for each byte of the operand.
fn table_of(op: &Pointwise, sides: &[Side], operand: Operand) -> [u8; NUMBERS] {
    let all: [f32; FLOATS] = std::array::from_fn(|at| f32::from_ne_bytes(std::array::from_fn(|byte| (4 * at + byte) as u8)));
    let side = |leaf: usize| if op.leaves[leaf].operand == operand { Side { data: &all, item_stride: 0 } } else { sides[leaf] };
    let sides: Vec<Side> = (0..sides.len()).map(side).collect();
    let mut stack = Scratch::take(op.depth() * super::BLOCK);
    let mut y = [0.0; FLOATS];
    block(op, &sides, Place { item: 0, first: 0, count: NUMBERS }, &mut stack, &mut y);
    let mut table = [0; NUMBERS];
    table.copy_from_slice(bytes(&y));
    table
}
