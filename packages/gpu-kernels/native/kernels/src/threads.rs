//! Thread pools, one per thread count, shared by the plans that use it and gone with the last of them.

use crate::crew::{self, Crew};
use crate::error::{Error, Result, refuse};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

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
    let crew = Crew::new(threads);
    let pool = ThreadPoolBuilder::new()
        .num_threads(threads)
        .start_handler(move |index| crew.join(index))
        .thread_name(|index| format!("diptych-{index}"))
        .build()
        .map_err(|cause| Error::OutOfMemory(format!("Expected to start {threads} threads, the system refused: {cause}.")))?;
    let pool = Arc::new(pool);
    pools.insert(threads, Arc::downgrade(&pool));
    Ok(pool)
}

/// Longest wait for the other threads to wake. Measured on a virtual machine: 10 to 80 µs on an idle processor, milliseconds
/// where the system wakes them on one that is busy; then they help without this.
const WAKING: Duration = Duration::from_micros(200);

/// The count of threads that came, and this bit when no more may.
const CLOSED: usize = 1 << (usize::BITS - 1);

/// Says that the work is over, also when it panicked.
struct Over(Arc<AtomicBool>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Does `work` while the other threads of this pool look for parts of it without sleeping: a network is a hundred short
/// ops, and a thread that went to sleep after one would be woken too late for the next. A thread that looks in vain gives
/// its processor to any other process that wants it.
///
/// A thread may come only before `work` begins. Later it could come from within a part of `work` that waits for another
/// part, and then `work` would wait for its own end.
pub fn with_others_awake<T>(work: impl FnOnce() -> T) -> T {
    let others = rayon::current_num_threads() - 1;
    let Some(caller) = rayon::current_thread_index().filter(|_| others > 0) else { return work() };
    crew::send_others_away();
    let came = Arc::new(AtomicUsize::new(0));
    let over = Over(Arc::new(AtomicBool::new(false)));
    let (door, end) = (Arc::clone(&came), Arc::clone(&over.0));
    rayon::spawn_broadcast(move |context| {
        if context.index() != caller {
            crew::come_back();
        }
        let comes = |count: usize| (count & CLOSED == 0).then_some(count + 1);
        if door.fetch_update(Ordering::AcqRel, Ordering::Acquire, comes).is_err() {
            return;
        }
        while !end.load(Ordering::Acquire) {
            if rayon::yield_now() != Some(rayon::Yield::Executed) {
                std::thread::yield_now();
            }
        }
    });
    let start = Instant::now();
    while came.load(Ordering::Acquire) < others && start.elapsed() < WAKING {
        std::thread::yield_now();
    }
    came.fetch_or(CLOSED, Ordering::AcqRel);
    work()
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

#[cfg(test)]
mod tests {
    use super::{thread_pool, with_others_awake};
    use rayon::prelude::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    fn sum(count: u32) -> u32 {
        (0..count).into_par_iter().with_max_len(1).map(|number| number * number).sum()
    }

    /// Two callers share a pool, so that each other's threads are found within parts of work that wait.
    #[test]
    fn runs_beside_each_other_end() {
        let pool = thread_pool(3).unwrap_or_else(|cause| panic!("{cause:?}"));
        let caller = || (0..300).for_each(|_| assert_eq!(pool.install(|| with_others_awake(|| sum(50) + sum(7))), 40_425 + 91));
        std::thread::scope(|scope| (0..3).for_each(|_| drop(scope.spawn(caller))));
    }

    #[test]
    fn a_panic_lets_the_threads_go() {
        let pool = thread_pool(2).unwrap_or_else(|cause| panic!("{cause:?}"));
        let panics = || pool.install(|| with_others_awake(|| -> u32 { panic!("on purpose") }));
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        assert_eq!(pool.broadcast(|_| 1).len(), 2);
    }

    #[test]
    fn works_outside_of_a_pool_and_alone() {
        assert_eq!(with_others_awake(|| 5), 5);
        let pool = thread_pool(1).unwrap_or_else(|cause| panic!("{cause:?}"));
        assert_eq!(pool.install(|| with_others_awake(|| sum(3))), 5);
    }
}
