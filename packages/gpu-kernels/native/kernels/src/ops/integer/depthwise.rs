//! One filter a channel: vectorised over channels, as the compiler does it.

use super::PackedIntegers;
use super::finish::unit;
use super::place::Place;
#[cfg(target_arch = "x86_64")]
use super::tile::Instructions;
use crate::program::IntegerProduct;
use crate::threads::Mode;

/// `weights` are `[tap][channel]`.
pub fn depthwise(mode: Mode, op: &IntegerProduct, packed: &PackedIntegers, weights: &[i32], x: &[i16], y: &mut [u8]) {
    let channels = op.output.channels;
    let pixel_bytes = channels * unit(op);
    mode.chunks(y, op.output.width * pixel_bytes, |line, y| {
        let mut sums = vec![0i32; channels];
        for (column, y) in y.chunks_exact_mut(pixel_bytes).enumerate() {
            let place = Place::of(op, line * op.output.width + column);
            let image = &x[place.item * op.input.size()..][..op.input.size()];
            sums.fill(0);
            for (&tap, weights) in packed.taps.iter().zip(weights.chunks_exact(channels)) {
                let Some(at) = place.under(op, tap) else { continue };
                add_products(packed, &mut sums, &image[at..][..channels], weights);
            }
            packed.finish(op, 0, &sums, y);
        }
    });
}

fn add_products(packed: &PackedIntegers, sums: &mut [i32], x: &[i16], weights: &[i32]) {
    #[cfg(target_arch = "x86_64")]
    match packed.instructions {
        // SAFETY: `detect` found AVX-512 F.
        Instructions::Vnni => return unsafe { add_products_avx512(sums, x, weights) },
        // SAFETY: `detect` found AVX2.
        Instructions::Avx2 => return unsafe { add_products_avx2(sums, x, weights) },
        Instructions::Portable => {}
    }
    let _ = packed;
    add_products_portable(sums, x, weights);
}

/// The same loop, compiled for vectors of sixteen.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn add_products_avx512(sums: &mut [i32], x: &[i16], weights: &[i32]) {
    add_products_portable(sums, x, weights);
}

/// The same loop, compiled for vectors of eight.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn add_products_avx2(sums: &mut [i32], x: &[i16], weights: &[i32]) {
    add_products_portable(sums, x, weights);
}

#[inline(always)]
fn add_products_portable(sums: &mut [i32], x: &[i16], weights: &[i32]) {
    for ((sum, &x), &weight) in sums.iter_mut().zip(x).zip(weights) {
        *sum = sum.wrapping_add(i32::from(x) * weight);
    }
}
