//! Memory that a kernel needs for a moment, kept by each thread from run to run.

use crate::memory::Floats;
use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

thread_local! {
    static KEPT: RefCell<Vec<Floats>> = const { RefCell::new(Vec::new()) };
}

/// Floats of unknown content; given back to the thread when dropped.
pub struct Scratch {
    floats: Floats,
    length: usize,
}

impl Scratch {
    pub fn take(length: usize) -> Self {
        let mut floats = KEPT.with_borrow_mut(Vec::pop).unwrap_or_default();
        floats.grow(length);
        Scratch { floats, length }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let floats = std::mem::take(&mut self.floats);
        KEPT.with_borrow_mut(|kept| kept.push(floats));
    }
}

impl Deref for Scratch {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        &self.floats[..self.length]
    }
}

impl DerefMut for Scratch {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.floats[..self.length]
    }
}
