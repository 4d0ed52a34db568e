//! Patches of the input to the points, and products at the points to outputs.

use super::super::elementwise::clamp;
use super::{IN, Job, LANES, Lane, OUT};
use crate::gemm::{Instructions, Output};
use crate::program::Activation;

/// The points are 0, ±NEAR, ±FAR and infinity. Those of the paper (1 and 2) lose twice as much: the square mean error of
/// 256 channels is 3.1e-6 of the outputs with them, 1.5e-6 with these, 0.9e-6 in the direct form (goldens/winograd_points.py).
pub const NEAR: f32 = 0.75;
pub const FAR: f32 = 1.5;
const NEAR2: f32 = NEAR * NEAR;
const FAR2: f32 = FAR * FAR;

pub fn forward(job: &Job, pixels: &[[&[f32]; IN]; IN], target: &mut [f32]) {
    match job.instructions {
        // SAFETY: `Instructions::detect` found AVX-512F.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512 => unsafe { forward_avx512(pixels, target) },
        // SAFETY: `Instructions::detect` found AVX2 and FMA.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 => unsafe { forward_avx2(pixels, target) },
        // Vectors of 4 are in the base set of aarch64, so the compiler makes NEON of these loops by itself.
        #[cfg(target_arch = "aarch64")]
        Instructions::Neon => forward_with(pixels, target),
        Instructions::Portable => forward_with(pixels, target),
    }
}

/// # Safety
/// The CPU has AVX-512F.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn forward_avx512(pixels: &[[&[f32]; IN]; IN], target: &mut [f32]) {
    forward_with(pixels, target);
}

/// # Safety
/// The CPU has AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn forward_avx2(pixels: &[[&[f32]; IN]; IN], target: &mut [f32]) {
    forward_with(pixels, target);
}

/// Bᵀ d B of a patch, to `[point][channel]`.
#[inline(always)]
fn forward_with(pixels: &[[&[f32]; IN]; IN], target: &mut [f32]) {
    let channels = pixels[0][0].len();
    for start in (0..channels).step_by(LANES) {
        let mut half = [[[0.0; LANES]; IN]; IN];
        for column in 0..IN {
            let lanes = std::array::from_fn(|row| load(&pixels[row][column][start..]));
            for (row, lane) in forward_line(&lanes).into_iter().enumerate() {
                half[row][column] = lane;
            }
        }
        for (row, half) in half.iter().enumerate() {
            for (column, lane) in forward_line(half).into_iter().enumerate() {
                target[(row * IN + column) * channels + start..][..LANES].copy_from_slice(&lane);
            }
        }
    }
}

/// Bᵀ d of the paper for one column.
#[inline(always)]
fn forward_line(d: &[Lane; IN]) -> [Lane; IN] {
    let mut out = [[0.0; LANES]; IN];
    for lane in 0..LANES {
        let [d0, d1, d2, d3, d4, d5] = [d[0][lane], d[1][lane], d[2][lane], d[3][lane], d[4][lane], d[5][lane]];
        let (even, odd) = (d4 - FAR2 * d2, NEAR * (d3 - FAR2 * d1));
        let (even_far, odd_far) = (d4 - NEAR2 * d2, FAR * (d3 - NEAR2 * d1));
        let ends = |d0: f32, d2: f32, d4: f32| NEAR2 * FAR2 * d0 - (NEAR2 + FAR2) * d2 + d4;
        let lanes = [ends(d0, d2, d4), even + odd, even - odd, even_far + odd_far, even_far - odd_far, ends(d1, d3, d5)];
        for (out, value) in out.iter_mut().zip(lanes) {
            out[lane] = value;
        }
    }
    out
}

pub fn backward(job: &Job, products: &[f32], stride: usize, targets: &[[Option<usize>; OUT]; OUT], y: Output) {
    match job.instructions {
        // SAFETY: `Instructions::detect` found AVX-512F.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512 => unsafe { backward_avx512(job, products, stride, targets, y) },
        // SAFETY: `Instructions::detect` found AVX2 and FMA.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 => unsafe { backward_avx2(job, products, stride, targets, y) },
        #[cfg(target_arch = "aarch64")]
        Instructions::Neon => backward_with(job, products, stride, targets, y),
        Instructions::Portable => backward_with(job, products, stride, targets, y),
    }
}

/// # Safety
/// The CPU has AVX-512F.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn backward_avx512(job: &Job, products: &[f32], stride: usize, targets: &[[Option<usize>; OUT]; OUT], y: Output) {
    backward_with(job, products, stride, targets, y);
}

/// # Safety
/// The CPU has AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn backward_avx2(job: &Job, products: &[f32], stride: usize, targets: &[[Option<usize>; OUT]; OUT], y: Output) {
    backward_with(job, products, stride, targets, y);
}

/// Aᵀ m A of a patch, whose points lie `stride` apart in `products`; then bias, residual and activation.
#[inline(always)]
fn backward_with(job: &Job, products: &[f32], stride: usize, targets: &[[Option<usize>; OUT]; OUT], y: Output) {
    for start in (0..job.conv.output.channels).step_by(LANES) {
        let mut half = [[[0.0; LANES]; IN]; OUT];
        for column in 0..IN {
            let lanes = std::array::from_fn(|row| load(&products[(row * IN + column) * stride + start..]));
            for (row, lane) in backward_line(&lanes).into_iter().enumerate() {
                half[row][column] = lane;
            }
        }
        let bias = job.bias.map_or([0.0; LANES], |bias| load(&bias[start..]));
        for (half, targets) in half.iter().zip(targets) {
            for (lane, target) in backward_line(half).iter().zip(targets) {
                let Some(target) = target else { continue };
                let residual = job.residual.map_or([0.0; LANES], |residual| load(&residual[target + start..]));
                // SAFETY: the outputs of a patch belong to no other patch.
                let to = unsafe { y.part(target + start, LANES) };
                finish(job.conv.activation, lane, &bias, &residual, to);
            }
        }
    }
}

#[inline(always)]
fn finish(activation: Activation, sums: &Lane, bias: &Lane, residual: &Lane, to: &mut [f32]) {
    let (low, high) = activation.clamp();
    for (lane, to) in to.iter_mut().enumerate() {
        *to = clamp(sums[lane] + bias[lane] + residual[lane], low, high);
    }
    activation.finish(to);
}

/// Aᵀ m of the paper for one column.
#[inline(always)]
fn backward_line(m: &[Lane; IN]) -> [Lane; OUT] {
    let mut out = [[0.0; LANES]; OUT];
    for lane in 0..LANES {
        let [m0, m1, m2, m3, m4, m5] = [m[0][lane], m[1][lane], m[2][lane], m[3][lane], m[4][lane], m[5][lane]];
        let (near, near_odd, far, far_odd) = (m1 + m2, NEAR * (m1 - m2), m3 + m4, FAR * (m3 - m4));
        let lanes = [m0 + near + far, near_odd + far_odd, NEAR2 * near + FAR2 * far, NEAR2 * near_odd + FAR2 * far_odd + m5];
        for (out, value) in out.iter_mut().zip(lanes) {
            out[lane] = value;
        }
    }
    out
}

#[inline(always)]
fn load(floats: &[f32]) -> Lane {
    let mut lane = [0.0; LANES];
    lane.copy_from_slice(&floats[..LANES]);
    lane
}
