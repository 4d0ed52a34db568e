//! Thread pools, one per thread count, shared by the plans that use it and gone with the last of them.

use crate::error::{Error, Result, refuse};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Far above any machine this runs on.
const MAX_THREADS: usize = 1024;

static POOLS: Mutex<Option<HashMap<usize, Weak<ThreadPool>>>> = Mutex::new(None);

/// A pool of `threads` threads; 0 stands for all cores.
pub fn thread_pool(threads: usize) -> Result<Arc<ThreadPool>> {
    if threads > MAX_THREADS {
        refuse!("Expected 0 to {MAX_THREADS} threads, received {threads}.");
    }
    let threads = if threads == 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { threads };
    // The map is whole after any panic: it is only inserted into.
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    let pools = pools.get_or_insert_default();
    if let Some(pool) = pools.get(&threads).and_then(Weak::upgrade) {
        return Ok(pool);
    }
    let pool = ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|index| format!("diptych-{index}"))
        .build()
        .map_err(|cause| Error::OutOfMemory(format!("Expected to start {threads} threads, the system refused: {cause}.")))?;
    let pool = Arc::new(pool);
    pools.insert(threads, Arc::downgrade(&pool));
    Ok(pool)
}

/// Whether an op may use the other threads. It may not where they already work on other items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Sequential,
    Parallel,
}

impl Mode {
    /// Calls `work(index, chunk)` for each chunk of `length` elements; the last may be shorter.
    pub fn chunks<T: Send>(self, data: &mut [T], length: usize, work: impl Fn(usize, &mut [T]) + Sync) {
        match self {
            Mode::Sequential => data.chunks_mut(length).enumerate().for_each(|(index, chunk)| work(index, chunk)),
            Mode::Parallel => data.par_chunks_mut(length).enumerate().for_each(|(index, chunk)| work(index, chunk)),
        }
    }

    /// Calls `work` for each number below `count`.
    pub fn tasks(self, count: usize, work: impl Fn(usize) + Sync + Send) {
        match self {
            Mode::Sequential => (0..count).for_each(work),
            Mode::Parallel => (0..count).into_par_iter().with_max_len(1).for_each(work),
        }
    }

    /// Elements per chunk for work that is cheap per element: one chunk without threads, else at least 4096 elements
    /// (below which handing out work costs more than it saves; chosen by order of magnitude).
    pub fn chunk_length(self, total: usize, multiple: usize) -> usize {
        match self {
            Mode::Sequential => total.max(1),
            Mode::Parallel => (total / (4 * rayon::current_num_threads())).max(4096).div_ceil(multiple) * multiple,
        }
    }
}
