//! One file a family of ops. Every function works on `items` consecutive items: slices hold `items` times the size
//! of one item, and `y` is overwritten whole.

pub mod attention;
pub mod conv;
pub mod conv_transpose;
pub mod depthwise;
pub mod elementwise;
pub mod expansion;
pub mod gathering;
pub mod integer;
pub mod layout;
pub mod math;
pub mod matmul;
pub mod normalise;
pub mod pointwise;
pub mod pool;
pub mod quantize;
pub mod reduce;
pub mod resample;
pub mod winograd;
