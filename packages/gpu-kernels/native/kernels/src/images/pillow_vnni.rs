//! Both passes of Pillow's resize with the products of AVX-512 VNNI, equal to the bit. One instruction multiplies 64 pixels by
//! 64 digits of weights and adds each four products to a sum of 32 bits. Sums of digits are exact modulo 2^32, and so is what
//! they make together, which is all that the 32-bit sum of Pillow is.
//!
//! Between the passes pixels lie as the second multiplies them: `[row / 4][x][channel of 4][row % 4]`, x up to whole groups.

use super::pillow::{PRECISION_BITS, ROUNDING, Source};
use super::pillow_coefficients::Coefficients;
use super::pillow_vnni_tables::{Across, DIGITS, Down, GROUP, Output, QUAD, TAPS};
use crate::error::{Result, allocate};
use crate::ops::pointwise::{bytes, bytes_mut};
use crate::scratch::Scratch;
use crate::threads::Mode;
use std::arch::x86_64::*;

/// Vectors of a group.
const VECTORS: usize = 4;
const VECTOR: usize = 64;
/// Bytes of a group in a block of four rows.
const GROUP_BYTES: usize = VECTORS * VECTOR;
/// Blocks of four rows of the horizontal pass handed out together.
const BLOCKS: usize = 2;

pub fn available() -> bool {
    use std::arch::is_x86_feature_detected as has;
    has!("avx512f") && has!("avx512bw") && has!("avx512vbmi") && has!("avx512vnni")
}

/// Only made where the instructions are available.
#[derive(Debug, Clone)]
pub struct Passes {
    across: Across,
    down: Down,
    width: usize,
    channels: usize,
    kept: usize,
}

impl Passes {
    /// `first` is the row of the image that a source begins with. None where the processor lacks the instructions, or where
    /// a weight is too large for them.
    pub fn new(across: &Coefficients, down: &Coefficients, first: usize, [channels, kept]: [usize; 2]) -> Result<Option<Self>> {
        if !available() || kept < 3 {
            return Ok(None);
        }
        let width = across.bounds.len();
        let (Some(across), Some(down)) = (Across::new(across, channels)?, Down::new(down, first, kept)?) else { return Ok(None) };
        Ok(Some(Passes { across, down, width, channels, kept }))
    }

    pub fn run(&self, mode: Mode, source: &Source) -> Result<Vec<u8>> {
        let mut between = Scratch::take(self.between(source.height) / size_of::<f32>());
        self.narrow(mode, source, bytes_mut(&mut between));
        self.flatten(mode, bytes(&between))
    }

    /// Bytes of `height` rows between the passes.
    pub fn between(&self, height: usize) -> usize {
        height.div_ceil(QUAD) * self.block()
    }

    /// Bytes of four rows between the passes.
    fn block(&self) -> usize {
        self.across.outputs.len() / GROUP * GROUP_BYTES
    }

    /// The horizontal pass, into as much as `between` says.
    pub fn narrow(&self, mode: Mode, source: &Source, between: &mut [u8]) {
        mode.chunks(between, BLOCKS * self.block(), |part, target| {
            for (block, target) in target.chunks_exact_mut(self.block()).enumerate() {
                source.with_rows((part * BLOCKS + block) * QUAD, QUAD, |source, row| self.narrow_block(source, row, target));
            }
        });
    }

    /// The vertical pass.
    pub fn flatten(&self, mode: Mode, between: &[u8]) -> Result<Vec<u8>> {
        assert!(between.len() >= self.down.reach * self.block());
        let mut resized = allocate(self.down.outputs.len() * self.width * self.kept, "a resized image")?;
        mode.chunks(&mut resized, self.width * self.kept, |row, target| {
            // SAFETY: the instructions are there; all blocks that are read are.
            unsafe { self.flatten_row(between, &self.down.outputs[row], target) };
        });
        Ok(resized)
    }

    /// The horizontal pass of four rows from `row`; below the last row it comes again, and weighs nothing.
    fn narrow_block(&self, source: &Source, row: usize, target: &mut [u8]) {
        let stride = source.width * self.channels;
        let lines: [&[u8]; QUAD] = std::array::from_fn(|line| &source.data[(row + line).min(source.height - 1) * stride..]);
        // SAFETY: the instructions are there; whole vectors are only loaded where each line has all that is reached.
        unsafe {
            match lines[QUAD - 1].len() >= self.across.reach {
                true => self.narrow_rows::<false>(lines, target),
                false => self.narrow_rows::<true>(lines, target),
            }
        }
    }

    /// # Safety
    /// The instructions are `available`, and lines without `EDGE` have `reach` bytes.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni")]
    unsafe fn narrow_rows<const EDGE: bool>(&self, lines: [&[u8]; QUAD], target: &mut [u8]) {
        // SAFETY: a vector long.
        let turned = unsafe { _mm512_loadu_si512(self.across.turned.as_ptr().cast()) };
        for (outputs, target) in self.across.outputs.chunks_exact(QUAD).zip(target.chunks_exact_mut(VECTOR)) {
            let mut sums = [_mm512_setzero_si512(); QUAD];
            for (sums, output) in sums.iter_mut().zip(outputs) {
                // SAFETY: the contract is passed on.
                *sums = unsafe { self.sums::<EDGE>(lines, output) };
            }
            let pixels = _mm512_permutexvar_epi8(turned, pack(sums));
            // SAFETY: a chunk is a vector long.
            unsafe { _mm512_storeu_si512(target.as_mut_ptr().cast(), pixels) };
        }
    }

    /// One output pixel of four rows, a row in each lane.
    ///
    /// # Safety
    /// As for `narrow_rows`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni")]
    unsafe fn sums<const EDGE: bool>(&self, lines: [&[u8]; QUAD], output: &Output) -> __m512i {
        // SAFETY: a vector long.
        let order = unsafe { _mm512_loadu_si512(self.across.order.as_ptr().cast()) };
        let mut sums = [[_mm512_setzero_si512(); DIGITS]; QUAD];
        for row in 0..QUAD {
            sums[row][0] = _mm512_zextsi128_si512(_mm_set1_epi32(ROUNDING));
        }
        let mut offset = output.start;
        for table in &self.across.digits[output.steps.clone()] {
            let mut digits = [_mm512_setzero_si512(); DIGITS];
            for digit in 0..DIGITS {
                // SAFETY: a vector long, and aligned as one.
                digits[digit] = unsafe { _mm512_load_si512(table.0[digit].as_ptr().cast()) };
            }
            for row in 0..QUAD {
                // SAFETY: by the contract the line goes on for a vector, or all that it has is loaded.
                let pixels = unsafe {
                    if EDGE { load_rest(lines[row], offset) } else { _mm512_loadu_si512(lines[row].as_ptr().add(offset).cast()) }
                };
                let pixels = _mm512_permutexvar_epi8(order, pixels);
                for digit in 0..DIGITS {
                    sums[row][digit] = _mm512_dpbusd_epi32(sums[row][digit], pixels, digits[digit]);
                }
            }
            offset += TAPS * self.channels;
        }
        let mut whole = [_mm512_setzero_si512(); QUAD];
        for row in 0..QUAD {
            whole[row] = join(sums[row]);
        }
        let (low, high) = (add_halves(whole[0], whole[1]), add_halves(whole[2], whole[3]));
        let (even, odd) = (_mm512_shuffle_i32x4::<0b10_00_10_00>(low, high), _mm512_shuffle_i32x4::<0b11_01_11_01>(low, high));
        _mm512_add_epi32(even, odd)
    }

    /// One row of the vertical pass.
    ///
    /// # Safety
    /// The instructions are `available`, and `between` has all blocks that are read.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni")]
    unsafe fn flatten_row(&self, between: &[u8], output: &Output, target: &mut [u8]) {
        let length = self.block();
        // SAFETY: a vector long.
        let order = unsafe { _mm512_loadu_si512(self.down.order.as_ptr().cast()) };
        let digits = &self.down.digits[output.steps.clone()];
        for (group, target) in target.chunks_mut(GROUP * self.kept).enumerate() {
            let mut sums = [[_mm512_setzero_si512(); DIGITS]; VECTORS];
            for vector in 0..VECTORS {
                sums[vector][0] = _mm512_set1_epi32(ROUNDING);
            }
            let mut at = between[output.start * length + group * GROUP_BYTES..].as_ptr();
            for digits in digits {
                let mut rows = [_mm512_setzero_si512(); DIGITS];
                for digit in 0..DIGITS {
                    rows[digit] = _mm512_set1_epi32(digits[digit]);
                }
                for vector in 0..VECTORS {
                    // SAFETY: by the contract there is a group in each block.
                    let pixels = unsafe { _mm512_loadu_si512(at.add(vector * VECTOR).cast()) };
                    for digit in 0..DIGITS {
                        sums[vector][digit] = _mm512_dpbusd_epi32(sums[vector][digit], pixels, rows[digit]);
                    }
                }
                at = at.wrapping_add(length);
            }
            let mut whole = [_mm512_setzero_si512(); VECTORS];
            for vector in 0..VECTORS {
                whole[vector] = join(sums[vector]);
            }
            let pixels = _mm512_permutexvar_epi8(order, pack(whole));
            // SAFETY: as many bytes as the chunk has, 64 at most.
            unsafe { _mm512_mask_storeu_epi8(target.as_mut_ptr().cast(), first_bytes(target.len()), pixels) };
        }
    }
}

fn first_bytes(count: usize) -> u64 {
    if count < VECTOR { (1 << count) - 1 } else { u64::MAX }
}

/// What a line has from `offset`, at most a vector, and zeros.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn load_rest(line: &[u8], offset: usize) -> __m512i {
    let rest = line.get(offset..).unwrap_or(&[]);
    // SAFETY: loads no more than there is.
    unsafe { _mm512_maskz_loadu_epi8(first_bytes(rest.len()), rest.as_ptr().cast()) }
}

/// The sum that its digits are.
#[inline]
#[target_feature(enable = "avx512f")]
fn join([low, middle, high]: [__m512i; DIGITS]) -> __m512i {
    let upper = _mm512_add_epi32(middle, _mm512_slli_epi32::<8>(high));
    _mm512_add_epi32(low, _mm512_slli_epi32::<8>(upper))
}

/// `a0 + a2 | a1 + a3 | b0 + b2 | b1 + b3`, by lanes.
#[inline]
#[target_feature(enable = "avx512f")]
fn add_halves(a: __m512i, b: __m512i) -> __m512i {
    let (low, high) = (_mm512_shuffle_i32x4::<0b01_00_01_00>(a, b), _mm512_shuffle_i32x4::<0b11_10_11_10>(a, b));
    _mm512_add_epi32(low, high)
}

/// Sums to pixels, rounded and cut to bytes: lane by lane those of the first vector, then of the others.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn pack(mut sums: [__m512i; QUAD]) -> __m512i {
    for sums in &mut sums {
        *sums = _mm512_srai_epi32::<PRECISION_BITS>(*sums);
    }
    // 10 bits are left, so that only the last narrowing can saturate, to 0 .. 255 as Pillow does.
    _mm512_packus_epi16(_mm512_packs_epi32(sums[0], sums[1]), _mm512_packs_epi32(sums[2], sums[3]))
}
