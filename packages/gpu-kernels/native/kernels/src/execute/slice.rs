//! A slice of items through a whole network: segment by segment, chain by chain.

use super::results::Results;
use super::{Feed, Watch, cut};
use crate::chain::{Band, Chain};
use crate::compile::{Arena, CompiledPlan, Prepared};
use crate::error::{Error, Result};
use crate::gemm::Output;
use crate::ops::expansion::Expansion;
use crate::ops::{conv, depthwise, pool};
use crate::program::Op;
use crate::threads::Mode;
use std::ops::Range;

/// Items that go through a segment together, and how many of their slice went before them.
pub(super) struct Part {
    pub(super) items: Range<usize>,
    first: usize,
}

/// What steps read.
#[derive(Clone, Copy)]
pub(super) struct Held<'a> {
    arena: &'a Arena,
    pub(super) feed: &'a Feed<'a>,
    pub(super) part: &'a Part,
}

impl CompiledPlan {
    /// Writes its items of `results`, the outputs of the whole run; no other slice has one of them.
    pub(super) fn run_slice(
        &self,
        mode: Mode,
        arena: &mut Arena,
        range: Range<usize>,
        feed: &Feed,
        watch: &Watch,
        results: &Results,
    ) -> Result<()> {
        for segment in &self.segments {
            for items in cut(range.clone(), 1, segment.slice) {
                let part = Part { items: items.clone(), first: items.start - range.start };
                for chain in &self.chains[segment.chains.clone()] {
                    self.write_chain(mode, chain, arena, &part, feed, watch)?;
                }
            }
        }
        let held = Held { arena, feed, part: &Part { first: 0, items: range.clone() } };
        for (output, &(_, value)) in self.program.outputs.iter().enumerate() {
            // SAFETY: these items are this slice's alone.
            unsafe { results.write(output, range.start, self.read(held, value)) };
        }
        Ok(())
    }

    /// Where a part of the items of a value lies in its buffer.
    fn place(&self, value: usize, part: &Part) -> Range<usize> {
        let size = self.program.sizes[value];
        let first = if self.assignment.crosses[value] { part.first } else { 0 };
        first * size..(first + part.items.len()) * size
    }

    pub(super) fn read<'a>(&self, held: Held<'a>, value: usize) -> &'a [f32] {
        let size = self.program.sizes[value];
        match self.assignment.input_of[value] {
            Some(input) => &held.feed.tensors[input][held.part.items.start * size..held.part.items.end * size],
            None => &held.arena[self.assignment.buffer_of[value]][self.place(value, held.part)],
        }
    }

    fn write_chain(&self, mode: Mode, chain: &Chain, arena: &mut Arena, part: &Part, feed: &Feed, watch: &Watch) -> Result<()> {
        let step = &self.program.steps[chain.last()];
        if matches!(step.op, Op::Reshape { .. }) {
            return Ok(());
        }
        let buffer = self.assignment.buffer_of[step.output];
        let mut y = std::mem::take(&mut arena[buffer]);
        let filled = &mut y[self.place(step.output, part)];
        let held = Held { arena, feed, part };
        let result = if chain.is_single() {
            watch.time(step.output, || self.run_step(mode, step, &self.prepared[chain.last()], held, filled))
        } else if chain.is_expansion() {
            self.run_expansion(mode, chain, held, filled, watch)
        } else {
            self.run_bands(mode, chain, held, filled, watch);
            Ok(())
        };
        arena[buffer] = y;
        result
    }

    fn run_expansion(&self, mode: Mode, chain: &Chain, held: Held, y: &mut [f32], watch: &Watch) -> Result<()> {
        let steps = [chain.steps.start, chain.last()];
        let [first, second] = steps.map(|step| (&self.program.steps[step].op, &self.prepared[step]));
        let ((Op::Conv(first), Prepared::Conv(packed)), (Op::Conv(second), Prepared::Depthwise(filters))) = (first, second) else {
            return Err(Error::InvariantBroken("Expected a 1x1 convolution and a depthwise one to run together.".into()));
        };
        let Some(matrix) = packed.matrix() else {
            return Err(Error::InvariantBroken("Expected the weights of a convolution before a depthwise one to be floats.".into()));
        };
        let expansion = Expansion {
            first: (first, matrix),
            bias: first.bias.map(|index| self.weights[index].as_slice()),
            second: (second, filters),
            instructions: self.instructions,
        };
        let residual = second.residual.map(|value| self.read(held, value));
        expansion.run(mode, self.read(held, first.x), residual, y, |step, work| {
            watch.time(self.program.steps[steps[step]].output, work);
        });
        Ok(())
    }

    /// Item after item, each cut into as many parts as threads.
    fn run_bands(&self, mode: Mode, chain: &Chain, held: Held, y: &mut [f32], watch: &Watch) {
        let (height, row) = chain.target();
        let cuts = mode.threads().min(height);
        let y = Output::new(y);
        mode.tasks(held.part.items.len() * cuts, |task| {
            let (item, cut) = (task / cuts, task % cuts);
            let target = cut * height / cuts..(cut + 1) * height / cuts;
            // SAFETY: each task has its own rows, and `y` is borrowed mutably until all have ended.
            let y = unsafe { y.part((item * height + target.start) * row, target.len() * row) };
            let of = |value: usize| &self.read(held, value)[item * self.program.sizes[value]..][..self.program.sizes[value]];
            let x = self.program.steps[chain.steps.start].op.reads()[0];
            chain.stream(target, of(x), y, |step, band, x, y| {
                watch.time(self.program.steps[step].output, || self.run_band(step, band, of, x, y));
            });
        });
    }

    /// Some rows of a step of a chain, for one item; `of` gives that item of a value.
    fn run_band<'a>(&self, step: usize, band: Band, of: impl Fn(usize) -> &'a [f32], x: &[f32], y: &mut [f32]) {
        let mode = Mode::Sequential;
        match (&self.program.steps[step].op, &self.prepared[step]) {
            (Op::Conv(op), prepared) => {
                let residual = op.residual.map(|value| &of(value)[band.first * op.output.width * op.output.channels..]);
                match prepared {
                    Prepared::Depthwise(packed) => depthwise::depthwise(mode, op, packed, x, residual, y, band, self.instructions),
                    Prepared::Conv(packed) => {
                        let bias = op.bias.map(|index| self.weights[index].as_slice());
                        conv::conv2d(mode, op, packed, x, bias, residual, y, band, self.instructions);
                    }
                    _ => unreachable!("a chain holds no other convolutions"),
                }
            }
            (Op::Pool { kind, input, output, window, .. }, _) => pool::pool(mode, x, *input, *output, *window, *kind, y, band),
            _ => unreachable!("a chain holds convolutions and pools"),
        }
    }
}
