// Added to a bound it keeps the loop rolled where ROLLED says so: llvmpipe takes many seconds to compile unrolled ones, while
// other drivers need them unrolled to keep small arrays in registers.
fn rolled() -> u32 { if (ROLLED) { return run.zero; } return 0u; }
