//! A team of threads that share the parts of one piece of work at a time. The thread that has the work takes part and never
//! waits for another to wake: a network is a hundred ops of a tenth of a millisecond, and a processor that sleeps comes about
//! a tenth of a millisecond later.
//!
//! The parts of a piece of work lie in as many sections as there are threads. Each thread takes those of its own section in
//! order, so that rows which it wrote in one op are in its cache for the next, and then the last ones of others, so that nobody
//! waits for a thread that is disturbed.

use super::crew::Crew;
use crate::error::{Error, Result};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
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
        self.shared.job.sections.len()
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
        if count < 2 || u32::try_from(count).is_err() || self.helpers.is_empty() || job.is_busy.swap(true, Ordering::Acquire) {
            return (0..count).for_each(work);
        }
        let panic = job.share(count, work);
        job.is_busy.store(false, Ordering::Release);
        if let Some(panic) = panic {
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

/// Looks again soon, and lets other processes run if there are any.
fn pause() {
    for _ in 0..8 {
        std::hint::spin_loop();
    }
    std::thread::yield_now();
}

/// The parts of a section that nobody took yet, `next .. end`: 32 bits each.
#[repr(align(128))] // Two cache lines, which processors fetch together.
struct Section(AtomicU64);

impl Section {
    /// The first part for the owner, the last for others.
    fn take(&self, is_own: bool) -> Option<usize> {
        let mut seen = self.0.load(Ordering::Relaxed);
        loop {
            let (next, end) = ((seen >> 32) as usize, seen as u32 as usize);
            if next == end {
                return None;
            }
            let left = if is_own { seen + (1 << 32) } else { seen - 1 };
            // Takes a part of the job at hand, also where that is another than the one that was seen.
            match self.0.compare_exchange_weak(seen, left, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return Some(if is_own { next } else { end - 1 }),
                Err(now) => seen = now,
            }
        }
    }
}

/// One piece of work. All but the sections changes only while no part is left to take and none is being done.
struct Job {
    sections: Box<[Section]>,
    /// A closure without its type.
    call: AtomicPtr<()>,
    data: AtomicPtr<()>,
    parts: AtomicUsize,
    done: AtomicUsize,
    is_busy: AtomicBool,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

impl Job {
    fn new(threads: usize) -> Self {
        Job {
            sections: (0..threads).map(|_| Section(AtomicU64::new(0))).collect(),
            call: AtomicPtr::default(),
            data: AtomicPtr::default(),
            parts: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            is_busy: AtomicBool::new(false),
            panic: Mutex::new(None),
        }
    }

    /// Has all parts done by whoever is awake, and gives what one of those that panicked said. One caller at a time.
    fn share<F: Fn(usize) + Sync>(&self, parts: usize, work: &F) -> Option<Box<dyn Any + Send>> {
        /// # Safety
        /// `data` is a reference to an `F`.
        unsafe fn call<F: Fn(usize)>(data: *const (), part: usize) {
            // SAFETY: the caller's promise.
            unsafe { (*data.cast::<F>())(part) }
        }
        self.call.store(call::<F> as *mut (), Ordering::Relaxed);
        self.data.store(std::ptr::from_ref(work).cast_mut().cast(), Ordering::Relaxed);
        self.parts.store(parts, Ordering::Relaxed);
        self.done.store(0, Ordering::Relaxed);
        for (index, section) in self.sections.iter().enumerate() {
            let count = self.first_of(index + 1, parts) - self.first_of(index, parts);
            section.0.store(count as u64, Ordering::Release);
        }
        while self.take_part(0) {}
        // Parts that others took borrow `work`, so this waits for them whatever happened.
        while self.done.load(Ordering::Acquire) < parts {
            pause();
        }
        self.panic.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Does one part; false where there is none left.
    fn take_part(&self, thread: usize) -> bool {
        let order = (thread..self.sections.len()).chain(0..thread);
        let taken = order.map(|index| (index, self.sections[index].take(index == thread))).find(|(_, part)| part.is_some());
        let Some((section, Some(part))) = taken else { return false };
        // Until this part counts as done, all here is as `share` stored it before it gave out the sections.
        let part = self.first_of(section, self.parts.load(Ordering::Relaxed)) + part;
        let (call, data) = (self.call.load(Ordering::Relaxed), self.data.load(Ordering::Relaxed));
        // SAFETY: `share` stored a function of this type.
        let call: unsafe fn(*const (), usize) = unsafe { std::mem::transmute(call) };
        // SAFETY: `data` is what `call` was made for, borrowed by `share` until all parts are done.
        let result = catch_unwind(AssertUnwindSafe(|| unsafe { call(data, part) }));
        if let Err(panic) = result {
            *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
        }
        self.done.fetch_add(1, Ordering::Release);
        true
    }

    /// How many of the parts lie before a section.
    fn first_of(&self, section: usize, parts: usize) -> usize {
        section * parts / self.sections.len()
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
