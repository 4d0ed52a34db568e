//! One filter a channel on bytes with AVX-512 VNNI, whose `dpbusd` adds the products of four taps of a column of the window.
//!
//! For each row of y, the bytes of the rows of x under it are woven together, `[column][channel][4 rows]`, padding and all. Then
//! each pixel of y is the sum of a few vectors of them, and no byte is woven twice for it.

use super::PackedIntegers;
use super::dots_tile::Finish;
use super::ending_avx512::Ending;
use super::finish::unit;
use super::place::columns_under;
use crate::error::Result;
use crate::memory::Floats;
use crate::ops::pointwise::bytes_mut;
use crate::program::IntegerProduct;
use crate::scratch::Scratch;
use crate::threads::Mode;
use std::arch::x86_64::*;
use std::ops::Range;

/// Channels that go through a row together.
const WIDE: usize = 64;
const LANES: usize = 16;

/// `[quad of window rows][window column][channel][4]`, channels filled up to whole vectors.
pub struct Quads {
    weights: Floats,
    /// Of the weights of each channel.
    sums: Vec<i32>,
}

impl Quads {
    pub fn new(op: &IntegerProduct, at: impl Fn(usize, usize) -> i16) -> Result<Self> {
        let [height, width] = op.window.kernel;
        let (channels, padded) = (op.output.channels, op.output.channels.next_multiple_of(LANES));
        let mut weights = Floats::zeroed(height.div_ceil(4) * width * padded, "packed weights")?;
        let mut sums = vec![0i32; channels];
        for channel in 0..channels {
            for tap in 0..height * width {
                let (row, column) = (tap / width, tap % width);
                bytes_mut(&mut weights)[((row / 4 * width + column) * padded + channel) * 4 + row % 4] = at(channel, tap) as u8;
                sums[channel] += i32::from(at(channel, tap));
            }
        }
        Ok(Quads { weights, sums })
    }
}

/// x lies in bytes from `least` on.
pub fn depthwise(
    mode: Mode,
    op: &IntegerProduct,
    packed: &PackedIntegers,
    quads: &Quads,
    x: &[u8],
    least: i32,
    zero_points: Option<&[f32]>,
    y: &mut [u8],
) {
    let finish = Finish::of(op, packed);
    mode.chunks(y, op.output.width * op.output.channels * unit(op), |line, y| {
        let item = line / op.output.height;
        let zero = op.zero_point - least + zero_points.map_or(0, |of| of[item] as i32);
        let image = &x[item * op.input.size()..][..op.input.size()];
        let line = Line { op, packed, quads, image, zero, row: line % op.output.height * op.window.strides[0] };
        // SAFETY: `Quads` are only packed where the instructions are.
        unsafe { line.run(&finish, y) };
    });
}

/// A row of y.
struct Line<'a> {
    op: &'a IntegerProduct,
    packed: &'a PackedIntegers,
    quads: &'a Quads,
    image: &'a [u8],
    /// The byte that stands for 0.
    zero: i32,
    /// The row of x under the first of the window, padding counted.
    row: usize,
}

impl Line<'_> {
    /// # Safety
    /// The CPU has AVX-512 F, BW, DQ, VL and VNNI.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn run(&self, finish: &Finish, y: &mut [u8]) {
        let (window, channels) = (self.op.window, self.op.output.channels);
        // A plane for each quad of window rows. Vectors are read and written whole, so there is one more after the last.
        let plane = (columns_under(self.op) * channels + WIDE).next_multiple_of(LANES);
        let mut woven = Scratch::take(window.kernel[0].div_ceil(4) * plane);
        for (quad, woven) in woven.chunks_exact_mut(plane).enumerate() {
            // SAFETY: the contract is passed on.
            unsafe { self.weave(quad, woven) };
        }
        let (step, padded) = (window.strides[1] * channels, channels.next_multiple_of(LANES));
        let taps: Vec<Tap> = (0..window.kernel[0].div_ceil(4) * window.kernel[1])
            .map(|tap| {
                let (quad, column) = (tap / window.kernel[1], tap % window.kernel[1]);
                let x = quad * plane + column * window.dilations[1] * channels;
                Tap { x: &woven[x..], weights: &self.quads.weights[tap * padded..][..padded] }
            })
            .collect();
        let needed = (self.op.output.width - 1) * step + padded;
        assert!(taps.iter().all(|tap| tap.x.len() >= needed) && y.len() == self.op.output.width * channels * unit(self.op));
        for first in (0..channels).step_by(WIDE) {
            let part = first..channels.min(first + WIDE);
            // SAFETY: the asserts hold what is read and written.
            unsafe {
                match part.len().div_ceil(LANES) {
                    1 => self.pixels::<1>(&taps, step, part, finish, y),
                    2 => self.pixels::<2>(&taps, step, part, finish, y),
                    3 => self.pixels::<3>(&taps, step, part, finish, y),
                    _ => self.pixels::<4>(&taps, step, part, finish, y),
                }
            }
        }
    }

    /// Some channels of all pixels.
    ///
    /// # Safety
    /// As `run`; each tap has whole vectors of each pixel, `step` apart, and of weights; y is a row.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn pixels<const V: usize>(&self, taps: &[Tap], step: usize, channels: Range<usize>, finish: &Finish, y: &mut [u8]) {
        let (ending, count) = (Ending::new(finish), channels.len());
        let (mut start, mut scale) = ([_mm512_setzero_si512(); V], [_mm512_setzero_ps(); V]);
        let of = (&self.packed.bias[channels.clone()], &self.quads.sums[channels.clone()], &self.packed.scale[channels.clone()]);
        for v in 0..V {
            let mask = ((1u32 << (count - LANES * v).min(LANES)) - 1) as __mmask16;
            // SAFETY: masked lanes, which lie beyond the channels, are not read.
            unsafe {
                let sums = _mm512_maskz_loadu_epi32(mask, of.1.as_ptr().add(LANES * v));
                let bias = _mm512_maskz_loadu_epi32(mask, of.0.as_ptr().add(LANES * v));
                start[v] = _mm512_sub_epi32(bias, _mm512_mullo_epi32(sums, _mm512_set1_epi32(self.zero)));
                scale[v] = _mm512_maskz_loadu_ps(mask, of.2.as_ptr().add(LANES * v));
            }
        }
        let (unit, pixel) = (unit(self.op), self.op.output.channels * unit(self.op));
        for (at, y) in y.chunks_exact_mut(pixel).enumerate() {
            let mut sums = start;
            for tap in taps {
                for v in 0..V {
                    // SAFETY: by the contract.
                    unsafe {
                        let x = _mm512_loadu_si512(tap.x.as_ptr().add(at * step + channels.start + LANES * v).cast());
                        let weights = _mm512_loadu_si512(tap.weights.as_ptr().add(channels.start + LANES * v).cast());
                        sums[v] = _mm512_dpbusd_epi32(sums[v], x, weights);
                    }
                }
            }
            let mut numbers = scale;
            for v in 0..V {
                numbers[v] = _mm512_mul_ps(_mm512_cvtepi32_ps(sums[v]), scale[v]);
            }
            // SAFETY: the pixel has a number for each channel.
            unsafe { ending.store_row(numbers, count, y[channels.start * unit..].as_mut_ptr()) };
        }
    }

    /// Four rows of x from quad `quad` of the window on, of all columns.
    ///
    /// # Safety
    /// As `run`.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn weave(&self, quad: usize, woven: &mut [f32]) {
        let (op, window, channels) = (self.op, self.op.window, self.op.input.channels);
        let (width, columns) = (op.input.width * channels, columns_under(self.op));
        let places = [0, 1, 2, 3].map(|row| {
            let y = (self.row + (4 * quad + row) * window.dilations[0]).wrapping_sub(window.top);
            (4 * quad + row < window.kernel[0] && y < op.input.height).then_some(y)
        });
        // Rows after the last of the window meet weights of 0.
        let count = (window.kernel[0] - 4 * quad).min(4);
        let padding = if places[..count].contains(&None) { vec![self.zero as u8; width] } else { Vec::new() };
        let rows = places.map(|y| y.map_or(padding.as_ptr(), |y| self.image[y * width..][..width].as_ptr()));
        let left = window.left.min(columns);
        let right = (left + op.input.width).min(columns);
        let zero = f32::from_bits(u32::from_ne_bytes([self.zero as u8; 4]));
        woven[..left * channels].fill(zero);
        // SAFETY: rows are at least as long, and the plane goes on for a vector after the last column.
        unsafe { weave(&rows[..count], (right - left) * channels, &mut woven[left * channels..]) };
        woven[right * channels..columns * channels].fill(zero);
    }
}

/// What each pixel adds for a column of a quad of window rows: four bytes in the place of a float.
struct Tap<'a> {
    x: &'a [f32],
    weights: &'a [f32],
}

/// `count` bytes of up to four rows → those of each place side by side, zeros for missing rows.
///
/// # Safety
/// The CPU has AVX-512 F and BW; each row has `count` bytes, and `to` as many places and 63 more.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn weave(rows: &[*const u8], count: usize, to: &mut [f32]) {
    // Unpacking goes by lanes of 16 bytes: places 0 to 3 of each vector of results lie in the first, and so on.
    let order = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
    for at in (0..count).step_by(WIDE) {
        let mask = u64::MAX >> (64 - (count - at).min(64));
        let mut x = [_mm512_setzero_si512(); 4];
        for (x, row) in x.iter_mut().zip(rows) {
            // SAFETY: masked bytes are not read.
            *x = unsafe { _mm512_permutexvar_epi32(order, _mm512_maskz_loadu_epi8(mask, row.wrapping_add(at).cast())) };
        }
        let (low, high) = (_mm512_unpacklo_epi8(x[0], x[1]), _mm512_unpackhi_epi8(x[0], x[1]));
        let (after_low, after_high) = (_mm512_unpacklo_epi8(x[2], x[3]), _mm512_unpackhi_epi8(x[2], x[3]));
        let woven = [
            _mm512_unpacklo_epi16(low, after_low),
            _mm512_unpackhi_epi16(low, after_low),
            _mm512_unpacklo_epi16(high, after_high),
            _mm512_unpackhi_epi16(high, after_high),
        ];
        for v in 0..4 {
            // SAFETY: by the contract.
            unsafe { _mm512_storeu_si512(to.as_mut_ptr().add(at + LANES * v).cast(), woven[v]) };
        }
    }
}
