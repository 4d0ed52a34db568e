//! The one error of this crate. Its codes are those of Diptych's error table.

use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The plan, its weights or the inputs of a run are malformed.
    GraphInvalid(String),
    /// The plan is well formed, but asks for something that is not implemented.
    OpUnsupported(String),
    OutOfMemory(String),
    /// A fault of this crate.
    InvariantBroken(String),
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub fn code(&self) -> &'static str {
        match self {
            Error::GraphInvalid(_) => "GRAPH_INVALID",
            Error::OpUnsupported(_) => "OP_UNSUPPORTED",
            Error::OutOfMemory(_) => "OUT_OF_MEMORY",
            Error::InvariantBroken(_) => "INVARIANT_BROKEN",
        }
    }
}

impl fmt::Display for Error {
    /// `CODE: text`, the form in which errors cross the N-API edge.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Error::GraphInvalid(text) | Error::OpUnsupported(text) | Error::OutOfMemory(text) | Error::InvariantBroken(text)) = self;
        write!(f, "{}: {text}", self.code())
    }
}

impl std::error::Error for Error {}

/// `GRAPH_INVALID` with a formatted message, returned early.
macro_rules! refuse {
    ($($message:tt)*) => { return Err($crate::error::Error::GraphInvalid(format!($($message)*))) };
}
pub(crate) use refuse;

/// Runs `work`; a panic inside it becomes `INVARIANT_BROKEN`.
pub fn guard<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    // A panic leaves only buffers of floats behind, which the next run overwrites before it reads them.
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)) {
        Ok(result) => result,
        Err(payload) => {
            let text = payload
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| payload.downcast_ref::<&str>().copied())
                .unwrap_or("a panic without a message");
            Err(Error::InvariantBroken(format!("Expected the native kernels not to panic, received: {text}.")))
        }
    }
}

/// A zeroed buffer, or `OUT_OF_MEMORY` instead of an abort.
pub fn allocate<T: Copy + Default>(length: usize, what: &str) -> Result<Vec<T>> {
    let mut buffer = reserve(length, what)?;
    buffer.resize(length, T::default());
    Ok(buffer)
}

/// `OUT_OF_MEMORY` for `length` elements.
pub fn refused<T>(length: usize, what: &str) -> Error {
    let bytes = length.saturating_mul(size_of::<T>());
    Error::OutOfMemory(format!("Expected {bytes} bytes for {what}, the system gave none. Use a smaller batch."))
}

/// An empty buffer with room for `length` elements, or `OUT_OF_MEMORY` instead of an abort.
pub fn reserve<T>(length: usize, what: &str) -> Result<Vec<T>> {
    let mut buffer = Vec::new();
    buffer.try_reserve_exact(length).map_err(|_| refused::<T>(length, what))?;
    Ok(buffer)
}
