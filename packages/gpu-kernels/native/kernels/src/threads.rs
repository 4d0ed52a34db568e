//! Teams of threads, one per thread count, shared by the plans that use it and gone with the last of them; and how an op
//! shares its work among one.

mod crew;
mod job;
mod team;

use crate::error::{Error, Result, refuse};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError, Weak};
pub use team::Team;

/// Far above any machine this runs on.
const MAX_THREADS: usize = 1024;

static TEAMS: Mutex<Option<HashMap<usize, Weak<Team>>>> = Mutex::new(None);

/// A team of `threads` threads; 0 stands for all cores.
pub fn team(threads: usize) -> Result<Arc<Team>> {
    if threads > MAX_THREADS {
        refuse!("Expected 0 to {MAX_THREADS} threads, received {threads}.");
    }
    let threads = if threads == 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { threads };
    // The map is whole after any panic: it is only inserted into.
    let mut teams = TEAMS.lock().unwrap_or_else(PoisonError::into_inner);
    let teams = teams.get_or_insert_default();
    if let Some(team) = teams.get(&threads).and_then(Weak::upgrade) {
        return Ok(team);
    }
    let team = Arc::new(Team::new(threads)?);
    teams.insert(threads, Arc::downgrade(&team));
    Ok(team)
}

/// Threads that pack weights, which is work within work and happens once.
pub fn packers(threads: usize) -> Result<ThreadPool> {
    let refused = |cause| Error::OutOfMemory(format!("Expected to start {threads} threads, the system refused: {cause}."));
    ThreadPoolBuilder::new().num_threads(threads).thread_name(|index| format!("diptych-pack-{index}")).build().map_err(refused)
}

/// Whether an op may use the other threads. It may not where they already work on other items.
#[derive(Clone, Copy)]
pub enum Mode<'a> {
    Sequential,
    Parallel(&'a Team),
}

impl Mode<'_> {
    /// Threads that an op may use.
    pub fn threads(self) -> usize {
        match self {
            Mode::Sequential => 1,
            Mode::Parallel(team) => team.threads(),
        }
    }

    /// Calls `work(index, chunk)` for each chunk of `length` elements; the last may be shorter.
    pub fn chunks<T: Send>(self, data: &mut [T], length: usize, work: impl Fn(usize, &mut [T]) + Sync) {
        match self {
            Mode::Sequential => data.chunks_mut(length).enumerate().for_each(|(index, chunk)| work(index, chunk)),
            Mode::Parallel(team) => {
                let chunks = Chunks { data: data.as_mut_ptr(), total: data.len(), length, borrowed: PhantomData };
                // SAFETY: each index comes once.
                team.tasks(data.len().div_ceil(length), &|index| work(index, unsafe { chunks.get(index) }));
            }
        }
    }

    /// Calls `work` for each number below `count`.
    pub fn tasks(self, count: usize, work: impl Fn(usize) + Sync) {
        match self {
            Mode::Sequential => (0..count).for_each(work),
            Mode::Parallel(team) => team.tasks(count, &work),
        }
    }

    /// What `work` gives for each number below `count`.
    pub fn map<T: Send>(self, count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
        let mut results: Vec<Option<T>> = (0..count).map(|_| None).collect();
        self.chunks(&mut results, 1, |index, result| result[0] = Some(work(index)));
        results.into_iter().flatten().collect()
    }

    /// Elements per chunk for work that is cheap per element: one chunk without threads, else at least 4096 elements
    /// (below which handing out work costs more than it saves; chosen by order of magnitude).
    pub fn chunk_length(self, total: usize, multiple: usize) -> usize {
        match self {
            Mode::Sequential => total.max(1),
            Mode::Parallel(team) => (total / (4 * team.threads())).max(4096).div_ceil(multiple) * multiple,
        }
    }
}

/// A slice that several threads have different chunks of.
struct Chunks<'a, T> {
    data: *mut T,
    total: usize,
    length: usize,
    borrowed: PhantomData<&'a mut [T]>,
}

// SAFETY: threads get chunks of what may be sent to them, each its own.
unsafe impl<T: Send> Sync for Chunks<'_, T> {}

impl<'a, T> Chunks<'a, T> {
    /// # Safety
    /// Nobody else has this chunk.
    unsafe fn get(&self, index: usize) -> &'a mut [T] {
        let start = index * self.length;
        assert!(start < self.total);
        // SAFETY: in bounds of the slice that is borrowed; the rest is the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.data.add(start), self.length.min(self.total - start)) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Mode, Team};

    #[test]
    fn chunks_cover_a_slice() {
        let team = Team::new(3).unwrap_or_else(|cause| panic!("{cause:?}"));
        for (total, length) in [(0, 4), (1, 4), (12, 4), (13, 4), (1000, 1), (5, 900)] {
            for mode in [Mode::Sequential, Mode::Parallel(&team)] {
                let mut data = vec![0; total];
                team.awake(|| mode.chunks(&mut data, length, |index, chunk| chunk.iter_mut().for_each(|at| *at += index + 1)));
                let expected: Vec<usize> = (0..total).map(|at| at / length + 1).collect();
                assert_eq!(data, expected);
                assert_eq!(mode.map(total, |at| at / length + 1), expected);
            }
        }
    }
}
