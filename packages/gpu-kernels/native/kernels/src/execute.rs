//! Runs a compiled plan. Where there are as many items as threads, each thread takes slices of items through the
//! whole network, so that activations stay in its cache and threads never wait for each other; the items left over
//! go one slice at a time with all threads inside each op.

use crate::chain::{Band, Chain};
use crate::compile::{Arena, CompiledPlan, Prepared, new_arena};
use crate::error::{Error, Result, refuse, reserve};
use crate::gemm::{Epilogue, Output};
use crate::images::Image;
use crate::ops::elementwise::Side;
use crate::ops::expansion::Expansion;
use crate::ops::pointwise::{bytes, bytes_mut};
use crate::ops::{
    attention, conv, conv_transpose, depthwise, elementwise, gathering, integer, layout, matmul, normalise, pointwise, pool, quantize,
    reduce, resample, winograd,
};
use crate::program::{Form, Op, Operand, Reduction, Step};
use crate::threads::Mode;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Instant;

/// What a run reads.
struct Feed<'a> {
    /// By input in sorted order of names: `items` times the size of one.
    tensors: &'a [&'a [f32]],
    /// By image step in plan order: one an item.
    images: &'a [&'a [Image]],
}

/// Items that go through a segment together, and how many of their slice went before them.
struct Part {
    items: Range<usize>,
    first: usize,
}

/// What steps read.
#[derive(Clone, Copy)]
struct Held<'a> {
    arena: &'a Arena,
    feed: &'a Feed<'a>,
    part: &'a Part,
}

/// Seconds since some moment.
fn wall_seconds() -> f64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed().as_secs_f64()
}

/// What each step takes, in nanoseconds of a clock in seconds, by the value it writes.
#[derive(Clone, Copy)]
struct Watch<'a> {
    clock: fn() -> f64,
    spent: &'a [AtomicU64],
}

impl Watch<'_> {
    fn time<T>(&self, value: usize, work: impl FnOnce() -> T) -> T {
        let start = (self.clock)();
        let result = work();
        self.spent[value].fetch_add((((self.clock)() - start) * 1e9) as u64, Relaxed);
        result
    }
}

impl CompiledPlan {
    /// Like `run` on one slice of items in this thread, but gives what `clock` says each step took, by the value it writes.
    pub fn time_steps(&self, tensors: &[&[f32]], images: &[&[Image]], clock: fn() -> f64) -> Result<Vec<f64>> {
        let mut arenas = self.arenas.lock().unwrap_or_else(PoisonError::into_inner);
        self.restore(&mut arenas)?;
        let feed = Feed { tensors, images };
        let spent: Vec<AtomicU64> = self.program.sizes.iter().map(|_| AtomicU64::new(0)).collect();
        self.run_slice(Mode::Sequential, &mut arenas[0], 0..self.slice, &feed, &Watch { clock, spent: &spent })?;
        Ok(self.by_value_of_plan(&spent).map(|taken| taken as f64 / 1e9).collect())
    }

    /// Most items that go through the network together in one thread.
    pub fn slice(&self) -> usize {
        self.slice
    }

    /// Outputs in sorted order of names, each `items` times the size of one item. Runs of one plan follow each other.
    pub fn run(&self, items: usize, tensors: &[&[f32]], images: &[&[Image]]) -> Result<Vec<Vec<f32>>> {
        self.check_feed(items, tensors, images)?;
        // A run that panicked leaves arenas whose buffers are restored below; nothing else is behind this lock.
        let mut arenas = self.arenas.lock().unwrap_or_else(PoisonError::into_inner);
        self.restore(&mut arenas)?;
        let feed = Feed { tensors, images };
        let watch = Watch { clock: wall_seconds, spent: &self.nanoseconds };
        let slots = arenas.len();
        // Fewer arenas than threads: a plan of so small a batch that only the insides of ops can share the work.
        let shared = if slots < self.team.threads() { 0 } else { items / slots * slots };
        let free = Mutex::new(arenas.iter_mut().collect::<Vec<_>>());
        let slice =
            |mode: Mode, range: &Range<usize>| self.with_arena(&free, |arena| self.run_slice(mode, arena, range.clone(), &feed, &watch));
        let mut parts = self.team.awake(|| -> Result<Vec<Vec<Vec<f32>>>> {
            let together = Mode::Parallel(&self.team);
            let slices = cut(0..shared, slots, self.slice);
            let mut parts =
                together.map(slices.len(), |index| slice(Mode::Sequential, &slices[index])).into_iter().collect::<Result<Vec<_>>>()?;
            for range in cut(shared..items, 1, self.slice) {
                parts.push(slice(together, &range)?);
            }
            Ok(parts)
        })?;
        if let [_] = parts[..] {
            return Ok(parts.swap_remove(0));
        }
        let join = |(output, &(_, value)): (usize, &(String, usize))| {
            let mut joined = reserve(items * self.program.sizes[value], "outputs")?;
            parts.iter().for_each(|part| joined.extend_from_slice(&part[output]));
            Ok(joined)
        };
        self.program.outputs.iter().enumerate().map(join).collect()
    }

    fn check_feed(&self, items: usize, tensors: &[&[f32]], images: &[&[Image]]) -> Result<()> {
        let program = &self.program;
        if items > program.batch {
            refuse!("Expected 0 to {} items for plan `{}`, received {items}.", program.batch, program.name);
        }
        if tensors.len() != program.inputs.len() {
            refuse!("Expected {} input tensors for plan `{}`, received {}.", program.inputs.len(), program.name, tensors.len());
        }
        for ((name, value), tensor) in program.inputs.iter().zip(tensors) {
            if tensor.len() != items * program.sizes[*value] {
                refuse!("Expected input `{name}` to have {items} × {} elements, received {}.", program.sizes[*value], tensor.len());
            }
        }
        let lengths: Vec<usize> = images.iter().map(|images| images.len()).collect();
        if lengths != vec![items; program.image_inputs.len()] {
            refuse!("Expected {items} images for each of {:?} of plan `{}`, received {lengths:?}.", program.image_inputs, program.name);
        }
        Ok(())
    }

    fn restore(&self, arenas: &mut [Arena]) -> Result<()> {
        let whole = |arena: &Arena| arena.iter().zip(&self.assignment.sizes).all(|(buffer, size)| buffer.len() == *size);
        for arena in arenas.iter_mut().filter(|arena| !whole(arena)) {
            *arena = new_arena(&self.assignment)?;
        }
        Ok(())
    }

    fn with_arena<T>(&self, free: &Mutex<Vec<&mut Arena>>, work: impl FnOnce(&mut Arena) -> Result<T>) -> Result<T> {
        let lock = || free.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(arena) = lock().pop() else {
            return Err(Error::InvariantBroken("Expected an arena for each busy thread, all are taken.".into()));
        };
        let result = work(arena);
        lock().push(arena);
        result
    }

    fn run_slice(&self, mode: Mode, arena: &mut Arena, range: Range<usize>, feed: &Feed, watch: &Watch) -> Result<Vec<Vec<f32>>> {
        for segment in &self.segments {
            for items in cut(range.clone(), 1, segment.slice) {
                let part = Part { items: items.clone(), first: items.start - range.start };
                for chain in &self.chains[segment.chains.clone()] {
                    self.write_chain(mode, chain, arena, &part, feed, watch)?;
                }
            }
        }
        let held = Held { arena, feed, part: &Part { first: 0, items: range } };
        Ok(self.program.outputs.iter().map(|&(_, value)| self.read(held, value).to_vec()).collect())
    }

    /// Where a part of the items of a value lies in its buffer.
    fn place(&self, value: usize, part: &Part) -> Range<usize> {
        let size = self.program.sizes[value];
        let first = if self.assignment.crosses[value] { part.first } else { 0 };
        first * size..(first + part.items.len()) * size
    }

    fn read<'a>(&self, held: Held<'a>, value: usize) -> &'a [f32] {
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
        let expansion = Expansion {
            first: (first, packed),
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

    fn run_step(&self, mode: Mode, step: &Step, prepared: &Prepared, held: Held, y: &mut [f32]) -> Result<()> {
        let items = held.part.items.len();
        let sizes = &self.program.sizes;
        let value = |index: usize| self.read(held, index);
        let weight = |index: usize| self.weights[index].as_slice();
        let side = |operand: Operand| match operand {
            Operand::Value(index) => Side { data: value(index), item_stride: sizes[index] },
            Operand::Weight(index) => Side { data: weight(index), item_stride: 0 },
        };
        match (&step.op, prepared) {
            (Op::Image { input, recipe }, _) => {
                for (image, y) in held.feed.images[*input][held.part.items.clone()].iter().zip(y.chunks_exact_mut(sizes[step.output])) {
                    recipe.run(mode, image, y, self.instructions)?;
                }
            }
            (Op::Conv(op), Prepared::Conv(packed)) => {
                conv::conv2d(mode, op, packed, value(op.x), op.bias.map(weight), op.residual.map(value), y, Band::WHOLE, self.instructions);
            }
            (Op::Conv(op), Prepared::Depthwise(packed)) => {
                depthwise::depthwise(mode, op, packed, value(op.x), op.residual.map(value), y, Band::WHOLE, self.instructions);
            }
            (Op::Conv(op), Prepared::Winograd(packed)) => {
                winograd::winograd(mode, op, packed, value(op.x), op.bias.map(weight), op.residual.map(value), y, self.instructions);
            }
            (Op::Gemm(op), Prepared::Matrix(packed)) => {
                let epilogue = Epilogue { bias: op.bias.map(weight), residual: op.residual.map(value), activation: op.activation };
                matmul::gemm(mode, value(op.x), packed, y, epilogue, self.instructions);
            }
            (Op::Matmul(op), prepared) => {
                let packed = match prepared {
                    Prepared::Matrix(packed) => Some(packed),
                    _ => None,
                };
                matmul::matmul(mode, op, side(op.a), side(op.b), packed, y, self.instructions);
            }
            (Op::Unary { x, function }, _) => elementwise::unary(mode, *function, value(*x), y),
            (Op::Binary { function, a, b, loops }, _) => elementwise::binary(mode, *function, side(*a), side(*b), loops, items, y),
            (Op::GlobalAveragePool { x, pixels, channels }, _) => reduce::reduce(mode, value(*x), *pixels, *channels, Reduction::Mean, y),
            (Op::Pool { x, input, output, window, form: Form::Bytes { .. }, .. }, _) => {
                pool::max_of_bytes(mode, bytes(value(*x)), *input, *output, *window, bytes_mut(y));
            }
            (Op::Pool { x, kind, input, output, window, .. }, _) => {
                pool::pool(mode, value(*x), *input, *output, *window, *kind, y, Band::WHOLE)
            }
            (Op::ConvTranspose(op), Prepared::ConvTranspose(packed)) => {
                conv_transpose::conv_transpose(mode, op, packed, value(op.x), op.bias.map(weight), y, self.instructions)?;
            }
            (Op::Attention(op), _) => {
                let [q, k, v] = [op.q, op.k, op.v].map(|index| side(Operand::Value(index)));
                attention::attention(mode, op, &attention::Sides { q, k, v, mask: op.mask.map(side) }, items, y, self.instructions);
            }
            (Op::Resample(op), Prepared::Resample(table)) => resample::resample(mode, op, table, value(op.x), y),
            (Op::Normalise(op), _) => {
                normalise::normalise(mode, op, value(op.x), op.scale.map(weight), op.bias.map(weight), y);
            }
            (Op::Softmax { x, width }, _) => reduce::softmax(mode, value(*x), *width, y),
            (Op::ResizeNearest { x, input, output }, _) => layout::resize_nearest(mode, value(*x), *input, *output, y),
            (Op::Pad { x, top, left, value: fill, input, output }, _) => {
                layout::pad(mode, value(*x), *input, *output, *top, *left, *fill, y)
            }
            (Op::Transpose { x, loops, form: Form::Floats }, _) => layout::transpose(mode, value(*x), loops, items, y),
            (Op::Transpose { x, loops, .. }, _) => layout::transpose(mode, bytes(value(*x)), loops, items, bytes_mut(y)),
            (Op::Copy { x, offset, walks }, _) => gathering::copy(mode, side(*x), *offset, walks, items, y),
            (Op::Concat { parts }, _) => {
                let parts: Vec<_> = parts.iter().map(|&(part, row)| (value(part), row)).collect();
                gathering::concat(mode, &parts, y);
            }
            (Op::Gather { x, indices, length, inner, count }, _) => {
                gathering::gather(mode, side(*x), side(*indices), [*length, *inner, *count], items, y);
            }
            (Op::Select { operands, loops }, _) => gathering::select(mode, operands.map(side), loops, items, y),
            (Op::Reduce { x, function, length, inner }, _) => reduce::reduce(mode, value(*x), *length, *inner, *function, y),
            (Op::Quantize(op), _) => quantize::quantize(mode, op, value(op.x), side(op.parameters), sizes[op.x], y),
            (Op::RoundFloat { x, format }, _) => quantize::round_float(mode, *format, value(*x), y),
            (Op::QuantizeRange { x, size }, _) => quantize::range(mode, value(*x), *size, y),
            (Op::IntegerProduct(op), Prepared::Integers(packed)) => {
                let others = [op.item_zero_point, op.addition.as_ref().map(|to| to.value)];
                integer::product(mode, op, packed, value(op.x), others.map(|other| other.map(value)), y);
            }
            (Op::Pointwise(op), _) => {
                let sides: Vec<_> = op.leaves.iter().map(|leaf| side(leaf.operand)).collect();
                pointwise::pointwise(mode, op, &sides, y);
            }
            (Op::Reshape { .. } | Op::Conv(_) | Op::Gemm(_) | Op::ConvTranspose(_) | Op::Resample(_) | Op::IntegerProduct(_), _) => {
                return Err(Error::InvariantBroken(format!("Expected step `{}` to have its weights prepared.", step.name)));
            }
        }
        Ok(())
    }
}

/// Cuts a range into slices of at most `longest`, their number a multiple of `slots`, their lengths as equal as can be.
fn cut(range: Range<usize>, slots: usize, longest: usize) -> Vec<Range<usize>> {
    let length = range.len();
    let count = length.div_ceil(longest).next_multiple_of(slots).min(length);
    (0..count).map(|index| range.start + index * length / count..range.start + (index + 1) * length / count).collect()
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn cuts_cover_the_range_evenly() {
        assert_eq!(cut(0..8, 2, 3), [0..2, 2..4, 4..6, 6..8]);
        assert_eq!(cut(5..7, 1, 1), [5..6, 6..7]);
        assert_eq!(cut(4..4, 2, 4), []);
    }
}
