//! Where kernels read and write most: floats from the start of a cache line, and on huge pages where the system has them. A
//! vector of 16 floats that begins elsewhere takes two lines, and a network of 300 MiB of weights takes 80 thousand small pages.

use crate::error::{Result, refused};
use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

const LINE: usize = 64;
/// Of x86-64, and of aarch64 with pages of 4 KiB.
#[cfg(target_os = "linux")]
const HUGE_PAGE: usize = 2 << 20;

/// A slice of its own, zero at first.
#[derive(Debug)]
pub struct Floats {
    pointer: NonNull<f32>,
    length: usize,
    /// Where the system's pages begin, and bytes of them; `None` where the allocator gave the memory.
    mapping: Option<(NonNull<u8>, usize)>,
}

// SAFETY: owns its memory, as a Vec does.
unsafe impl Send for Floats {}
// SAFETY: as above.
unsafe impl Sync for Floats {}

impl Floats {
    /// Large slices come page by page when they are first touched, so that the threads which fill them share that work and what is
    /// never filled takes no memory. `OUT_OF_MEMORY` where the system gives none.
    pub fn zeroed(length: usize, what: &str) -> Result<Self> {
        Self::try_zeroed(length).ok_or_else(|| refused::<f32>(length, what))
    }

    /// At least `length` floats of unknown content.
    pub fn grow(&mut self, length: usize) {
        if self.length < length {
            *self = Floats::default();
            *self = Self::try_zeroed(length).unwrap_or_else(|| handle_alloc_error(layout(length).unwrap_or(Layout::new::<f32>())));
        }
    }

    fn try_zeroed(length: usize) -> Option<Self> {
        let layout = layout(length)?;
        if layout.size() == 0 {
            return Some(Self::default());
        }
        #[cfg(target_os = "linux")]
        if layout.size() >= HUGE_PAGE {
            return mapped(length, layout.size());
        }
        // SAFETY: the layout is not empty.
        let pointer = NonNull::new(unsafe { alloc_zeroed(layout) })?.cast();
        Some(Floats { pointer, length, mapping: None })
    }
}

fn layout(length: usize) -> Option<Layout> {
    Layout::array::<f32>(length).ok()?.align_to(LINE).ok()
}

/// Pages of zeros that exist once they are touched, from the start of a huge page. Only what is asked for may become huge pages,
/// so that no more of them are touched than needed.
#[cfg(target_os = "linux")]
fn mapped(length: usize, bytes: usize) -> Option<Floats> {
    let size = bytes.checked_add(HUGE_PAGE)?;
    let (writable, fresh) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: asks for new pages anywhere.
    let address = unsafe { libc::mmap(std::ptr::null_mut(), size, writable, fresh, -1, 0) };
    let base = NonNull::new(address.cast::<u8>()).filter(|_| address != libc::MAP_FAILED)?;
    // SAFETY: less than a huge page on, of which there is one more than is used.
    let start = unsafe { base.add(base.align_offset(HUGE_PAGE)) };
    // SAFETY: inside the new pages. A system without huge pages refuses, which changes nothing.
    unsafe { libc::madvise(start.as_ptr().cast(), bytes, libc::MADV_HUGEPAGE) };
    Some(Floats { pointer: start.cast(), length, mapping: Some((base, size)) })
}

impl Default for Floats {
    /// Empty.
    fn default() -> Self {
        Floats { pointer: NonNull::dangling(), length: 0, mapping: None }
    }
}

impl Drop for Floats {
    fn drop(&mut self) {
        match (self.mapping, layout(self.length)) {
            #[cfg(target_os = "linux")]
            (Some((base, size)), _) => {
                // SAFETY: the pages that `mapped` asked for, which nobody borrows any more.
                unsafe { libc::munmap(base.as_ptr().cast(), size) };
            }
            // SAFETY: allocated with this layout.
            (None, Some(layout)) if layout.size() > 0 => unsafe { dealloc(self.pointer.as_ptr().cast(), layout) },
            _ => {}
        }
    }
}

impl Deref for Floats {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        // SAFETY: `length` floats that were zero when they came, owned by self; none where the pointer dangles.
        unsafe { std::slice::from_raw_parts(self.pointer.as_ptr(), self.length) }
    }
}

impl DerefMut for Floats {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.pointer.as_ptr(), self.length) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn floats_are_zero_on_whole_lines_and_stay_apart() {
        let lengths = [0, 1, 17, 524_287, 524_288, 524_289, 1_500_000];
        let mut all: Vec<Floats> = lengths.iter().map(|&length| Floats::zeroed(length, "a test").unwrap()).collect();
        for (index, floats) in all.iter_mut().enumerate() {
            assert!(floats.iter().all(|&float| float == 0.0) && floats.as_ptr().addr().is_multiple_of(LINE) || floats.is_empty());
            floats.fill(index as f32);
        }
        for (index, floats) in all.iter().enumerate() {
            assert_eq!(floats.len(), lengths[index]);
            assert!(floats.iter().all(|&float| float == index as f32));
        }
    }

    #[test]
    fn more_than_there_is_is_an_error() {
        assert!(matches!(Floats::zeroed(usize::MAX / 8, "a test"), Err(Error::OutOfMemory(_))));
        assert!(matches!(Floats::zeroed(usize::MAX, "a test"), Err(Error::OutOfMemory(_))));
    }

    #[test]
    fn it_grows_and_does_not_shrink() {
        let mut floats = Floats::default();
        for (asked, length) in [(3, 3), (600_000, 600_000), (5, 600_000)] {
            floats.grow(asked);
            assert_eq!(floats.len(), length);
        }
    }
}
