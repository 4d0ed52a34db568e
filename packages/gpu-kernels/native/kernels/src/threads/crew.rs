//! The helpers of a team as the system knows them, so that those that sleep wake on other processors than the one that
//! wakes them.
//!
//! Linux tends to wake a thread on the processor of the one that wakes it, which is busy, and moves it to an idle one
//! milliseconds later: as long as a small network takes. So the sleepers are kept off that processor until they are awake
//! and may run anywhere after. Threads bound for good would wait for their processor beside another program while others
//! are free.

pub use system::Crew;

#[cfg(target_os = "linux")]
mod system {
    use std::sync::atomic::{AtomicI32, Ordering};
    use std::sync::{Mutex, PoisonError};

    pub struct Crew {
        /// As the system numbers them; 0 for one that has not started.
        ids: Box<[AtomicI32]>,
        /// The processors of whoever sent them away last.
        home: Mutex<Option<libc::cpu_set_t>>,
    }

    impl Crew {
        pub fn new(helpers: usize) -> Self {
            Crew { ids: (0..helpers).map(|_| AtomicI32::new(0)).collect(), home: Mutex::new(None) }
        }

        /// Called by each helper as it starts.
        pub fn join(&self, index: usize) {
            // SAFETY: takes nothing and cannot fail.
            self.ids[index].store(unsafe { libc::gettid() }, Ordering::Release);
        }

        /// Keeps some helpers off this processor until each calls `come_back`.
        pub fn send_away(&self, helpers: &[usize]) {
            let Some((home, elsewhere)) = (!helpers.is_empty()).then(processors).flatten() else { return };
            *self.home.lock().unwrap_or_else(PoisonError::into_inner) = Some(home);
            let ids = helpers.iter().map(|&index| self.ids[index].load(Ordering::Acquire));
            ids.filter(|&id| id != 0).for_each(|id| allow(id, &elsewhere));
        }

        /// Lets the helper that calls this run again wherever the one that sent it away may.
        pub fn come_back(&self) {
            if let Some(home) = &*self.home.lock().unwrap_or_else(PoisonError::into_inner) {
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
    pub struct Crew;

    impl Crew {
        pub fn new(_: usize) -> Self {
            Crew
        }
        pub fn join(&self, _: usize) {}
        pub fn send_away(&self, _: &[usize]) {}
        pub fn come_back(&self) {}
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use crate::threads::Team;

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

    /// Also where several callers share the team.
    #[test]
    fn all_helpers_come_back() {
        let team = Team::new(4).unwrap_or_else(|cause| panic!("{cause:?}"));
        let caller = || (0..200).for_each(|_| team.awake(|| team.tasks(8, &|_| ())));
        std::thread::scope(|scope| (0..3).for_each(|_| drop(scope.spawn(caller))));
        let all = std::sync::Barrier::new(4);
        let home = allowed();
        let are_back = || {
            all.wait(); // One part for each thread.
            assert_eq!(allowed(), home);
        };
        team.awake(|| team.tasks(4, &|_| are_back()));
    }
}
