//! Weights as they arrive: float32 at any address, since files align nothing, and in the order of the file.

use crate::error::{Error, Result, refuse, reserve};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Bytes of one number.
pub const WORD: usize = size_of::<f32>();

/// A weight of a plan: words in memory or in a file, which must not change until they are read. `rows` and `columns` as of
/// `Stored`.
#[derive(Debug, Clone, Copy)]
pub struct Weight<'a> {
    source: Source<'a>,
    length: usize,
    rows: usize,
    columns: usize,
}

#[derive(Debug, Clone, Copy)]
enum Source<'a> {
    Memory(&'a [[u8; WORD]]),
    File { path: &'a Path, offset: u64 },
}

impl<'a> Weight<'a> {
    pub fn in_memory(bytes: &'a [u8], rows: usize, columns: usize) -> Result<Self> {
        let length = whole_matrices(bytes.len(), rows, columns)?;
        Ok(Weight { source: Source::Memory(bytes.as_chunks().0), length, rows, columns })
    }

    /// `bytes` from byte `offset` of a file.
    pub fn in_file(path: &'a Path, offset: u64, bytes: usize, rows: usize, columns: usize) -> Result<Self> {
        Ok(Weight { source: Source::File { path, offset }, length: whole_matrices(bytes, rows, columns)?, rows, columns })
    }

    /// Numbers in the order of the weight.
    pub fn plain(floats: &'a [f32]) -> Self {
        let stored = Stored::plain(floats);
        Weight { source: Source::Memory(stored.words), length: floats.len(), rows: 1, columns: 1 }
    }

    pub fn len(&self) -> usize {
        self.length
    }

    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Gives the words to `work`, from a file for that long only.
    pub fn read<T>(&self, buffers: &ReadBuffers, work: impl FnOnce(Stored) -> Result<T>) -> Result<T> {
        match self.source {
            Source::Memory(words) => work(Stored::new(words, self.rows, self.columns)),
            Source::File { path, offset } => {
                let mut buffer = buffers.take(self.length)?;
                let words = &mut buffer[..self.length];
                read_file(path, offset, words.as_flattened_mut())?;
                let result = work(Stored::new(words, self.rows, self.columns));
                buffers.give_back(buffer);
                result
            }
        }
    }

    /// The weight in its own order.
    pub fn to_vec(&self, buffers: &ReadBuffers) -> Result<Vec<f32>> {
        self.read(buffers, |stored| stored.to_vec())
    }
}

/// Memory that weights of files are read into, one weight after the other: new memory for each would take as long as reading.
#[derive(Default)]
pub struct ReadBuffers(Mutex<Vec<Vec<[u8; WORD]>>>);

impl ReadBuffers {
    /// At least `length` words of unknown content.
    fn take(&self, length: usize) -> Result<Vec<[u8; WORD]>> {
        let mut buffer = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        if buffer.len() < length {
            drop(std::mem::replace(&mut buffer, reserve(length, "weights of a file")?));
            buffer.resize(length, [0; WORD]);
        }
        Ok(buffer)
    }

    fn give_back(&self, buffer: Vec<[u8; WORD]>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
    }
}

fn read_file(path: &Path, offset: u64, bytes: &mut [u8]) -> Result<()> {
    let read = |bytes: &mut [u8]| {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(bytes)
    };
    read(bytes).map_err(|cause| {
        let what = format!("Expected {} bytes from byte {offset} of {}", bytes.len(), path.display());
        Error::GraphInvalid(format!("{what}, received: {cause}. Leave the file as it is while it is loaded."))
    })
}

/// How many numbers there are.
fn whole_matrices(bytes: usize, rows: usize, columns: usize) -> Result<usize> {
    let matrix = rows.saturating_mul(columns);
    if !bytes.is_multiple_of(WORD) || matrix == 0 || !(bytes / WORD).is_multiple_of(matrix) {
        refuse!("Expected stored weights to be whole matrices of {rows} x {columns} float32, received {bytes} bytes.");
    }
    Ok(bytes / WORD)
}

/// The stored numbers are matrices `[rows][columns]`, one after the other; the weight is the same matrices turned,
/// `[columns][rows]`. With one row or one column both are the same.
#[derive(Debug, Clone, Copy)]
pub struct Stored<'a> {
    words: &'a [[u8; WORD]],
    rows: usize,
    columns: usize,
}

impl<'a> Stored<'a> {
    pub fn new(words: &'a [[u8; WORD]], rows: usize, columns: usize) -> Self {
        let is_plain = rows == 1 || columns == 1;
        Stored { words, rows: if is_plain { 1 } else { rows }, columns: if is_plain { 1 } else { columns } }
    }

    /// Numbers in the order of the weight.
    pub fn plain(floats: &'a [f32]) -> Self {
        // SAFETY: the same memory; bytes have no alignment and every pattern is one.
        Stored::new(unsafe { std::slice::from_raw_parts(floats.as_ptr().cast(), floats.len()) }, 1, 1)
    }

    /// Rows and columns of the stored matrices.
    pub fn turn(&self) -> [usize; 2] {
        [self.rows, self.columns]
    }

    /// The number stored at `place`.
    #[inline(always)]
    pub fn at(&self, place: usize) -> f32 {
        f32::from_ne_bytes(self.words[place])
    }

    /// Copies what is stored from `place` on.
    pub fn copy(&self, place: usize, to: &mut [f32]) {
        let words = &self.words[place..][..to.len()];
        to.iter_mut().zip(words).for_each(|(to, word)| *to = f32::from_ne_bytes(*word));
    }

    /// The weight in its own order.
    pub fn to_vec(self) -> Result<Vec<f32>> {
        let mut floats = reserve(self.words.len(), "weights")?;
        if self.rows == 1 {
            floats.extend(self.words.iter().map(|word| f32::from_ne_bytes(*word)));
        } else {
            let turned = |matrix: &'a [[u8; WORD]]| {
                (0..self.columns).flat_map(move |column| (0..self.rows).map(move |row| matrix[row * self.columns + column]))
            };
            floats.extend(self.words.chunks_exact(self.rows * self.columns).flat_map(turned).map(f32::from_ne_bytes));
        }
        Ok(floats)
    }
}

#[cfg(test)]
mod tests {
    use super::{ReadBuffers, Weight};
    use std::path::Path;

    #[test]
    fn matrices_are_turned_one_by_one() {
        let floats: Vec<f32> = (0..12).map(|index| index as f32).collect();
        let (mut bytes, buffers) = (vec![7], ReadBuffers::default());
        floats.iter().for_each(|value| bytes.extend(value.to_ne_bytes()));
        let turned = [0.0, 3.0, 1.0, 4.0, 2.0, 5.0, 6.0, 9.0, 7.0, 10.0, 8.0, 11.0];
        assert_eq!(Weight::in_memory(&bytes[1..], 2, 3).unwrap().to_vec(&buffers).unwrap(), turned);
        assert_eq!(Weight::plain(&floats).to_vec(&buffers).unwrap(), floats);

        let path = std::env::temp_dir().join(format!("diptych-weight-{}", std::process::id()));
        std::fs::write(&path, &bytes).unwrap();
        let whole = Weight::in_file(&path, 1, 48, 2, 3).unwrap().to_vec(&buffers);
        let shorter = Weight::in_file(&path, 25, 24, 2, 3).unwrap().to_vec(&buffers);
        let beyond = Weight::in_file(&path, 2, 48, 2, 3).unwrap().to_vec(&buffers);
        std::fs::remove_file(&path).unwrap();
        assert_eq!((whole.unwrap(), shorter.unwrap()), (turned.to_vec(), turned[6..].to_vec()));
        assert!(beyond.is_err_and(|error| error.code() == "GRAPH_INVALID"));
        assert!(Weight::in_file(Path::new("/absent/weights"), 0, 4, 1, 1).unwrap().to_vec(&buffers).is_err());
    }

    #[test]
    fn bytes_that_hold_no_whole_matrices_are_refused() {
        for (length, rows, columns) in [(23, 2, 3), (20, 2, 3), (24, 0, 3), (24, usize::MAX, 2)] {
            assert!(Weight::in_memory(&vec![0; length], rows, columns).is_err(), "{length} {rows} {columns}");
        }
    }
}
