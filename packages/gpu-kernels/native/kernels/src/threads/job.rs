//! A piece of work in parts that the threads of a team take.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

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
pub struct Job {
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
    pub fn new(threads: usize) -> Self {
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

    /// Threads that may take part.
    pub fn threads(&self) -> usize {
        self.sections.len()
    }

    /// Whether the caller may `share` now, which it then does.
    pub fn begin(&self) -> bool {
        !self.is_busy.swap(true, Ordering::Acquire)
    }

    /// Has all parts done by whoever is awake, and gives what one of those that panicked said. For who began.
    pub fn share<F: Fn(usize) + Sync>(&self, parts: usize, work: &F) -> Option<Box<dyn Any + Send>> {
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
        let panic = self.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.is_busy.store(false, Ordering::Release);
        panic
    }

    /// Does one part; false where there is none left.
    pub fn take_part(&self, thread: usize) -> bool {
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

/// Looks again soon, and lets other processes run if there are any.
pub fn pause() {
    for _ in 0..8 {
        std::hint::spin_loop();
    }
    std::thread::yield_now();
}
