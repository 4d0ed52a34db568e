//! The threads of a pool as the system knows them, so that those that sleep wake on other processors than the one that
//! wakes them.
//!
//! Linux tends to wake a thread on the processor of the one that wakes it, which is busy, and moves it to an idle one
//! milliseconds later: as long as a small network takes. So the sleepers are kept off that processor until they are awake
//! and may run anywhere after. Threads bound for good would wait for their processor beside another program while others
//! are free.

use std::cell::OnceCell;
use std::sync::Arc;

thread_local! {
    static OWN: OnceCell<(usize, Arc<Crew>)> = const { OnceCell::new() };
}

/// The threads of one pool.
pub struct Crew(system::Threads);

impl Crew {
    pub fn new(threads: usize) -> Arc<Self> {
        Arc::new(Crew(system::Threads::new(threads)))
    }

    /// Called by each thread of the pool as it starts.
    pub fn join(self: &Arc<Self>, index: usize) {
        self.0.enter(index);
        OWN.with(|own| drop(own.set((index, Arc::clone(self)))));
    }
}

/// Keeps the other threads of this pool off this processor until each calls `come_back`, which all have to do.
pub fn send_others_away() {
    OWN.with(|own| {
        if let Some((index, crew)) = own.get() {
            crew.0.send_others_away(*index);
        }
    });
}

/// Lets this thread run again wherever it could before.
pub fn come_back() {
    OWN.with(|own| {
        if let Some((_, crew)) = own.get() {
            crew.0.come_back();
        }
    });
}

#[cfg(target_os = "linux")]
mod system {
    use std::sync::atomic::{AtomicI32, Ordering};
    use std::sync::{Mutex, MutexGuard, PoisonError};

    pub struct Threads {
        /// As the system numbers them; 0 for one that has not started.
        ids: Box<[AtomicI32]>,
        away: Mutex<Away>,
    }

    struct Away {
        count: usize,
        /// The processors they came from.
        home: Option<libc::cpu_set_t>,
    }

    impl Threads {
        pub fn new(threads: usize) -> Self {
            let ids = (0..threads).map(|_| AtomicI32::new(0)).collect();
            Threads { ids, away: Mutex::new(Away { count: 0, home: None }) }
        }

        /// The count and the processors are set together, whatever panicked elsewhere.
        fn away(&self) -> MutexGuard<'_, Away> {
            self.away.lock().unwrap_or_else(PoisonError::into_inner)
        }

        pub fn enter(&self, index: usize) {
            // SAFETY: takes nothing and cannot fail.
            self.ids[index].store(unsafe { libc::gettid() }, Ordering::Release);
        }

        pub fn send_others_away(&self, own: usize) {
            let mut away = self.away();
            if away.count > 0 {
                return; // Another run of this pool sent them.
            }
            *away = Away { count: self.ids.len() - 1, home: None };
            let Some((home, elsewhere)) = processors() else { return };
            for (index, id) in self.ids.iter().enumerate() {
                let id = id.load(Ordering::Acquire);
                if index != own && id != 0 {
                    allow(id, &elsewhere);
                }
            }
            away.home = Some(home);
        }

        pub fn come_back(&self) {
            let mut away = self.away();
            away.count = away.count.saturating_sub(1);
            if let Some(home) = &away.home {
                allow(0, home);
            }
        }
    }

    /// The processors that this thread may use, and those of them that it does not run on. None where there is no choice.
    fn processors() -> Option<(libc::cpu_set_t, libc::cpu_set_t)> {
        let size = size_of::<libc::cpu_set_t>();
        // SAFETY: a `cpu_set_t` is an array of bits, for which zero is a value; the call writes at most `size` bytes to it.
        let (home, known) = unsafe {
            let mut home: libc::cpu_set_t = std::mem::zeroed();
            let known = libc::sched_getaffinity(0, size, &raw mut home) == 0;
            (home, known)
        };
        // SAFETY: takes nothing; -1 where it fails.
        let here = usize::try_from(unsafe { libc::sched_getcpu() }).ok()?;
        if !known || here >= 8 * size {
            return None;
        }
        let mut elsewhere = home;
        // SAFETY: `here` is a bit of the set.
        let count = unsafe {
            libc::CPU_CLR(here, &mut elsewhere);
            libc::CPU_COUNT(&elsewhere)
        };
        (count > 0).then_some((home, elsewhere))
    }

    /// Thread 0 is this one. Where the system refuses, threads wake where it likes, which costs time alone.
    fn allow(thread: i32, processors: &libc::cpu_set_t) {
        // SAFETY: the set is as long as said and only read.
        unsafe { libc::sched_setaffinity(thread, size_of::<libc::cpu_set_t>(), processors) };
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    pub struct Threads;

    impl Threads {
        pub fn new(_: usize) -> Self {
            Threads
        }
        pub fn enter(&self, _: usize) {}
        pub fn send_others_away(&self, _: usize) {}
        pub fn come_back(&self) {}
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use crate::threads::{thread_pool, with_others_awake};

    fn allowed() -> Vec<usize> {
        // SAFETY: zero is a value of the set, which the call writes at most its length of.
        let set = unsafe {
            let mut set: libc::cpu_set_t = std::mem::zeroed();
            assert_eq!(libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut set), 0);
            set
        };
        // SAFETY: each number is a bit of the set.
        (0..8 * size_of::<libc::cpu_set_t>()).filter(|&bit| unsafe { libc::CPU_ISSET(bit, &set) }).collect()
    }

    /// Also where several callers share the pool.
    #[test]
    fn all_threads_come_back() {
        let pool = thread_pool(4).unwrap_or_else(|cause| panic!("{cause:?}"));
        let caller = || (0..200).for_each(|_| assert_eq!(pool.install(|| with_others_awake(|| 3)), 3));
        std::thread::scope(|scope| (0..3).for_each(|_| drop(scope.spawn(caller))));
        assert_eq!(pool.broadcast(|_| allowed()), vec![allowed(); 4]);
    }
}
