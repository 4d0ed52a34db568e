//! The outputs of a run, which slices write item by item, in memory that nobody has written before.

use crate::error::Result;
use crate::program::Program;
use crate::spare::room;

pub(super) struct Results {
    items: usize,
    outputs: Vec<Target>,
}

struct Target {
    /// Elements of one item.
    size: usize,
    start: *mut f32,
    /// Empty, with room for all items at `start`.
    memory: Vec<f32>,
}

// SAFETY: threads only write what is their own, as `write` demands.
unsafe impl Sync for Results {}

impl Results {
    pub(super) fn new(program: &Program, items: usize) -> Result<Self> {
        let target = |&(_, value): &(String, usize)| {
            let size = program.sizes[value];
            let mut memory = room(items * size, "outputs")?;
            Ok(Target { size, start: memory.as_mut_ptr(), memory })
        };
        Ok(Results { items, outputs: program.outputs.iter().map(target).collect::<Result<_>>()? })
    }

    /// Items of an output from `first`.
    ///
    /// # Safety
    /// Nobody else writes these items.
    pub(super) unsafe fn write(&self, output: usize, first: usize, numbers: &[f32]) {
        let Target { size, start, .. } = self.outputs[output];
        assert!(first * size + numbers.len() <= self.items * size);
        // SAFETY: inside what was reserved; the rest is the caller's promise.
        unsafe { start.add(first * size).copy_from_nonoverlapping(numbers.as_ptr(), numbers.len()) };
    }

    /// In the order of the program's.
    ///
    /// # Safety
    /// All items of all outputs were written.
    pub(super) unsafe fn written(self) -> Vec<Vec<f32>> {
        let whole = |Target { size, mut memory, .. }: Target| {
            // SAFETY: reserved, and written by the contract.
            unsafe { memory.set_len(self.items * size) };
            memory
        };
        self.outputs.into_iter().map(whole).collect()
    }
}
