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
    use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
    use std::sync::{Mutex, PoisonError};

    pub struct Crew {
        /// As the system numbers them; 0 for one that has not started.
        ids: Box<[AtomicI32]>,
        /// By helper: set after it was sent away.
        away: Box<[AtomicBool]>,
        /// The processors of whoever sent them away last.
        home: Mutex<Option<libc::cpu_set_t>>,
    }

    impl Crew {
        pub fn new(helpers: usize) -> Self {
            let away = (0..helpers).map(|_| AtomicBool::new(false)).collect();
            Crew { ids: (0..helpers).map(|_| AtomicI32::new(0)).collect(), away, home: Mutex::new(None) }
        }

        /// Called by each helper as it starts.
        pub fn join(&self, index: usize) {
            // SAFETY: takes nothing and cannot fail.
            self.ids[index].store(unsafe { libc::gettid() }, Ordering::Release);
        }

        /// Keeps some helpers off this processor until each calls `come_back`.
        pub fn send_away(&self, helpers: impl Iterator<Item = usize>) {
            let mut helpers = helpers.peekable();
            let Some((home, elsewhere)) = helpers.peek().and_then(|_| processors()) else { return };
            *self.home.lock().unwrap_or_else(PoisonError::into_inner) = Some(home);
            for helper in helpers {
                let id = self.ids[helper].load(Ordering::Acquire);
                if id != 0 {
                    allow(id, &elsewhere);
                    self.away[helper].store(true, Ordering::Release);
                }
            }
        }

        /// Lets the helper that calls this run again wherever the one that sent it away may. Costs a look where it was not.
        pub fn come_back(&self, helper: usize) {
            if !self.away[helper].load(Ordering::Relaxed) || !self.away[helper].swap(false, Ordering::Acquire) {
                return;
            }
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
        pub fn send_away(&self, _: impl Iterator<Item = usize>) {}
        pub fn come_back(&self, _: usize) {}
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
        let (all, home) = (std::sync::Barrier::new(4), allowed());
        // One part for each thread. A helper that was just falling asleep may come back a moment after it begins.
        let are_back = || {
            let back = std::sync::atomic::AtomicUsize::new(0);
            let count = |_| {
                all.wait();
                back.fetch_add(usize::from(allowed() == home), std::sync::atomic::Ordering::Relaxed);
            };
            team.awake(|| team.tasks(4, &count));
            back.into_inner() == 4
        };
        assert!((0..100).any(|_| are_back()));
    }
}
