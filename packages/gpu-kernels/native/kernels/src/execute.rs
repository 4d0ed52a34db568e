//! Runs a compiled plan. Where there are as many items as threads, each thread takes slices of items through the whole
//! network, so that activations stay in its cache and threads never wait for each other; the items left over
//! go one slice at a time with all threads inside each op.

mod results;
mod slice;
mod step;

use crate::compile::{Arena, CompiledPlan, new_arena};
use crate::error::{Error, Result, refuse};
use crate::images::Image;
use crate::threads::Mode;
use results::Results;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Instant;

/// What a run reads.
struct Feed<'a> {
    /// By input in sorted order of names: `items` times the size of one.
    tensors: &'a [&'a [f32]],
    /// By image step in plan order: one an item.
    images: &'a [&'a [Image<'a>]],
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
        let results = Results::new(&self.program, self.slice)?;
        self.run_slice(Mode::Sequential, &mut arenas[0], 0..self.slice, &feed, &Watch { clock, spent: &spent }, &results)?;
        Ok(self.by_value_of_plan(&spent).map(|taken| taken as f64 / 1e9).collect())
    }

    /// Most items that go through the network together in one thread.
    pub fn slice(&self) -> usize {
        self.slice
    }

    /// Outputs in sorted order of names, each `items` times the size of one item; whoever has read them may `give_back` their
    /// memory. Runs of one plan follow each other.
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
        let results = Results::new(&self.program, items)?;
        let slice = |mode: Mode, range: &Range<usize>| {
            self.with_arena(&free, |arena| self.run_slice(mode, arena, range.clone(), &feed, &watch, &results))
        };
        self.team.awake(|| -> Result<()> {
            let together = Mode::Parallel(&self.team);
            let slices = cut(0..shared, slots, self.slice);
            together.map(slices.len(), |index| slice(Mode::Sequential, &slices[index])).into_iter().collect::<Result<()>>()?;
            cut(shared..items, 1, self.slice).iter().try_for_each(|range| slice(together, range))
        })?;
        // SAFETY: the slices covered all items.
        Ok(unsafe { results.written() })
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
