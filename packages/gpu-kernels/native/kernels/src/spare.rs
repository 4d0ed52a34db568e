//! Memory of what runs are given and give, kept by the process from run to run: in new memory the system clears a page for
//! every 4 KiB as they are first touched, which takes longer than copying numbers there.

use crate::error::{Result, reserve};
use std::ops::Deref;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Bytes that are kept for each type of number: a batch of 64 images of a megabyte.
const MOST: usize = 64 << 20;
/// Bytes from which a buffer is kept. Less has few pages, and the list stays short.
const LEAST: usize = 64 << 10;
/// A buffer may have room for so many times what is asked for.
const LOOSEST: usize = 4;

/// Memory that nobody uses, the longest unused first.
#[derive(Debug)]
pub struct Spare<T>(Mutex<Vec<Vec<T>>>);

/// Numbers that copies are made of.
pub trait Number: Copy + 'static {
    fn spare() -> &'static Spare<Self>;
}

impl Number for u8 {
    fn spare() -> &'static Spare<u8> {
        static SPARE: Spare<u8> = Spare::new();
        &SPARE
    }
}

impl Number for f32 {
    fn spare() -> &'static Spare<f32> {
        static SPARE: Spare<f32> = Spare::new();
        &SPARE
    }
}

impl<T> Spare<T> {
    const fn new() -> Self {
        Spare(Mutex::new(Vec::new()))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Vec<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The smallest that has room for `length` numbers, and not for many times as many: whoever holds few should not keep much.
    fn take(&self, length: usize) -> Option<Vec<T>> {
        let mut kept = self.lock();
        let rooms = length..=length.saturating_mul(LOOSEST);
        let fitting = kept.iter().enumerate().filter(|(_, memory)| rooms.contains(&memory.capacity()));
        let (index, _) = fitting.min_by_key(|(_, memory)| memory.capacity())?;
        Some(kept.remove(index))
    }

    fn give_back(&self, memory: Vec<T>) {
        if memory.capacity() * size_of::<T>() < LEAST {
            return;
        }
        let freed: Vec<_> = {
            let mut kept = self.lock();
            kept.push(memory);
            let mut bytes: usize = kept.iter().map(|memory| memory.capacity() * size_of::<T>()).sum();
            let is_too_much = |memory: &&Vec<T>| {
                let exceeds = bytes > MOST;
                bytes -= memory.capacity() * size_of::<T>();
                exceeds
            };
            let count = kept.iter().take_while(is_too_much).count();
            kept.drain(..count).collect()
        };
        drop(freed); // unmapped while nobody waits for the lock
    }
}

/// An empty buffer with room for `length` numbers, for `give_back`. `OUT_OF_MEMORY` where the system gives none for `what`.
pub fn room<T: Number>(length: usize, what: &str) -> Result<Vec<T>> {
    match T::spare().take(length) {
        Some(mut memory) => {
            memory.clear();
            Ok(memory)
        }
        None => reserve(length, what),
    }
}

/// For the next `room`.
pub fn give_back<T: Number>(memory: Vec<T>) {
    T::spare().give_back(memory);
}

/// Numbers of a caller, who may change or free theirs.
#[derive(Debug)]
pub struct Copied<T: Number>(Vec<T>);

impl<T: Number> Copied<T> {
    /// `OUT_OF_MEMORY` where the system gives none for `what`.
    pub fn new(numbers: &[T], what: &str) -> Result<Self> {
        let mut memory = room(numbers.len(), what)?;
        memory.extend_from_slice(numbers);
        Ok(Copied(memory))
    }
}

impl<T: Number> Drop for Copied<T> {
    fn drop(&mut self) {
        give_back(std::mem::take(&mut self.0));
    }
}

impl<T: Number> Deref for Copied<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_that_fits_is_taken() {
        let spare = Spare::new();
        for kilobytes in [300, 100, 200, 63, 0] {
            spare.give_back(Vec::<u8>::with_capacity(kilobytes << 10));
        }
        assert_eq!(spare.take(150 << 10).map(|memory| memory.capacity()), Some(200 << 10));
        assert_eq!(spare.take(150 << 10).map(|memory| memory.capacity()), Some(300 << 10));
        assert!(spare.take(150 << 10).is_none());
        assert!(spare.take(24 << 10).is_none());
        assert_eq!(spare.take(25 << 10).map(|memory| memory.capacity()), Some(100 << 10));
        assert!(spare.lock().is_empty());
    }

    #[test]
    fn what_was_unused_longest_goes_when_it_is_too_much() {
        let spare = Spare::new();
        for megabytes in [40, 10, 20] {
            spare.give_back(Vec::<f32>::with_capacity(megabytes << 18));
        }
        let kept: Vec<_> = spare.lock().iter().map(|memory| memory.capacity() >> 18).collect();
        assert_eq!(kept, [10, 20]);
        spare.give_back(Vec::with_capacity(65 << 18));
        assert!(spare.lock().is_empty());
    }

    #[test]
    fn a_copy_has_the_numbers_of_its_own() {
        drop(Copied::new(&vec![9_u8; LEAST + 1], "a test").unwrap());
        let mut numbers: Vec<u8> = (0..LEAST).map(|at| at as u8).collect();
        let copied = Copied::new(&numbers, "a test").unwrap();
        numbers.fill(0);
        assert_eq!(copied.len(), LEAST);
        assert!(copied.iter().enumerate().all(|(at, &number)| number == at as u8));
    }
}
