//! A team of threads that share the parts of one piece of work at a time. The thread that has the work takes part and never
//! waits for another to wake: a network is a hundred ops of a tenth of a millisecond, and a processor that sleeps comes about
//! a tenth of a millisecond later.
//!
//! The parts of a piece of work lie in as many sections as there are threads. Each thread takes those of its own section in
//! order, so that rows which it wrote in one op are in its cache for the next, and then the last ones of others, so that nobody
//! waits for a thread that is disturbed.

use super::crew::Crew;
use super::job::{Job, pause};
use crate::error::{Error, Result};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

pub struct Team {
    shared: Arc<Shared>,
    helpers: Vec<JoinHandle<()>>,
    /// Held while the helpers are awake for somebody.
    turn: Mutex<()>,
}

/// What helpers are asked for, in `Shared::wanted`.
const REST: usize = 0;
const HELP: usize = 1;
const LEAVE: usize = 2;

struct Shared {
    wanted: AtomicUsize,
    crew: Crew,
    /// By helper: whether it sleeps, or is about to.
    asleep: Box<[AtomicBool]>,
    job: Job,
}

impl Team {
    /// A team of `threads`, one of which is whoever has work.
    pub fn new(threads: usize) -> Result<Self> {
        let shared = Arc::new(Shared {
            wanted: AtomicUsize::new(REST),
            crew: Crew::new(threads - 1),
            asleep: (1..threads).map(|_| AtomicBool::new(false)).collect(),
            job: Job::new(threads),
        });
        let mut team = Team { shared, helpers: Vec::with_capacity(threads - 1), turn: Mutex::new(()) };
        for index in 0..threads - 1 {
            let shared = Arc::clone(&team.shared);
            let thread = std::thread::Builder::new().name(format!("diptych-{}", index + 1));
            let refused = |cause| Error::OutOfMemory(format!("Expected to start {threads} threads, the system refused: {cause}."));
            team.helpers.push(thread.spawn(move || shared.help(index)).map_err(refused)?);
        }
        Ok(team)
    }

    pub fn threads(&self) -> usize {
        self.shared.job.threads()
    }

    /// Does `work` while the helpers look for parts of it without sleeping. Works of one team follow each other.
    pub fn awake<T>(&self, work: impl FnOnce() -> T) -> T {
        // Nothing is behind this lock that a panic could leave half done.
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.wake();
        let rest = Rest(&self.shared, turn);
        let result = work();
        drop(rest);
        result
    }

    fn wake(&self) {
        let asleep = || (0..self.helpers.len()).filter(|&index| self.shared.asleep[index].load(Ordering::SeqCst));
        self.shared.crew.send_away(asleep());
        self.shared.wanted.store(HELP, Ordering::SeqCst);
        asleep().for_each(|index| self.helpers[index].thread().unpark());
    }

    /// Calls `work` for each number below `count`. Within the work of another call it does so in this thread alone.
    pub fn tasks(&self, count: usize, work: &(impl Fn(usize) + Sync)) {
        let job = &self.shared.job;
        if count < 2 || u32::try_from(count).is_err() || self.helpers.is_empty() || !job.begin() {
            return (0..count).for_each(work);
        }
        if let Some(panic) = job.share(count, work) {
            resume_unwind(panic);
        }
    }
}

/// Lets the helpers sleep, also after a panic, before the next may wake them.
struct Rest<'a>(&'a Shared, #[allow(dead_code, reason = "held")] std::sync::MutexGuard<'a, ()>);

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        self.0.wanted.store(REST, Ordering::SeqCst);
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.wanted.store(LEAVE, Ordering::SeqCst);
        for helper in self.helpers.drain(..) {
            helper.thread().unpark();
            drop(helper.join()); // A helper catches what panics, so there is nothing to hear of.
        }
    }
}

impl Shared {
    fn help(&self, index: usize) {
        self.crew.join(index);
        loop {
            self.crew.come_back(index);
            match self.wanted.load(Ordering::Acquire) {
                LEAVE => return,
                REST => self.sleep(index),
                _ if self.job.take_part(index + 1) => {}
                // Gives the processor to any other process that wants it.
                _ => pause(),
            }
        }
    }

    fn sleep(&self, index: usize) {
        self.asleep[index].store(true, Ordering::SeqCst);
        // Whoever asks for help after this reads that the helper sleeps, and wakes it.
        while self.wanted.load(Ordering::SeqCst) == REST {
            std::thread::park();
        }
        self.asleep[index].store(false, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::Team;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn team(threads: usize) -> Team {
        Team::new(threads).unwrap_or_else(|cause| panic!("{cause:?}"))
    }

    /// How often each number was done.
    fn counts(team: &Team, count: usize) -> Vec<usize> {
        let counts: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
        team.tasks(count, &|index| {
            counts[index].fetch_add(1, Ordering::Relaxed);
        });
        counts.into_iter().map(AtomicUsize::into_inner).collect()
    }

    #[test]
    fn every_part_is_done_once() {
        for threads in 1..5 {
            let team = team(threads);
            for count in [0, 1, 2, 3, 7, 100, 1000] {
                assert_eq!(counts(&team, count), vec![1; count], "while the others sleep");
                (0..100).for_each(|_| assert_eq!(team.awake(|| counts(&team, count)), vec![1; count]));
            }
        }
    }

    #[test]
    fn others_take_part() {
        let team = team(3);
        let met = std::sync::Barrier::new(3);
        team.awake(|| {
            team.tasks(3, &|_| {
                met.wait();
            })
        });
    }

    #[test]
    fn works_of_several_callers_end() {
        let team = team(3);
        let caller = || (0..300).for_each(|_| assert_eq!(team.awake(|| counts(&team, 50)), [1; 50]));
        std::thread::scope(|scope| (0..3).for_each(|_| drop(scope.spawn(caller))));
    }

    #[test]
    fn work_within_work_is_done() {
        let team = team(2);
        let inner = AtomicUsize::new(0);
        team.awake(|| {
            team.tasks(5, &|_| {
                inner.fetch_add(counts(&team, 7).len(), Ordering::Relaxed);
            });
        });
        assert_eq!(inner.into_inner(), 35);
    }

    #[test]
    fn a_panic_reaches_the_caller_and_ends_nothing_else() {
        let team = team(2);
        for at in 0..8 {
            let work = || team.awake(|| team.tasks(8, &|index| assert!(index != at, "on purpose")));
            assert!(catch_unwind(AssertUnwindSafe(work)).is_err());
            assert_eq!(team.awake(|| counts(&team, 9)), [1; 9]);
        }
    }
}
