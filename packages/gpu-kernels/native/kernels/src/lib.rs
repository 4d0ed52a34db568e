//! The ops of a Diptych plan on the CPU. A plan (JSON) is checked, compiled once with its weights, and run with
//! batches of tensors and images. Nothing here knows Node, files or the network.

#![allow(clippy::too_many_arguments)] // Kernels take their operands one by one; a struct a kernel would only rename them.
#![allow(clippy::needless_range_loop)] // Tiles index several register arrays with one counter.

#[cfg(target_arch = "x86_64")]
mod amx;
mod arena;
#[cfg(target_arch = "x86_64")]
mod bfloat16;
mod chain;
mod check;
mod compile;
mod cpu;
mod error;
mod execute;
mod functions;
mod gemm;
mod images;
mod memory;
mod narrow;
mod ops;
mod plan;
mod precision;
mod program;
mod rules;
mod scratch;
mod spare;
mod stored;
mod threads;

pub use check::{Checked, Unsupported, check_plan};
pub use compile::CompiledPlan;
pub use cpu::cpu_name;
pub use error::{Error, Result, guard};
pub use images::{Image, Picture};
pub use precision::{Precision, bfloat16_parts};
pub use spare::{Copied, give_back};
pub use stored::Weight;
