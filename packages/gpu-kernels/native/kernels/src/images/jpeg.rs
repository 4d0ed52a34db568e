//! A JPEG round trip equal to libjpeg-turbo's, entropy coding left out. The arithmetic, with its sources, is that of
//! src/image-ops/jpeg-stage.ts, jpeg-dct.ts and jpeg-tables.ts.

use super::jpeg_dct::{forward, inverse};
use crate::error::{Result, allocate};
use crate::threads::Mode;

#[rustfmt::skip]
const LUMA: [u32; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];
#[rustfmt::skip]
const CHROMA: [u32; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
];

/// `quality` from 1 to 100, as `jpeg_set_quality` scales.
fn table(base: &[u32; 64], quality: u32) -> [i32; 64] {
    let scale = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
    base.map(|entry| ((entry * scale + 50) / 100).clamp(1, 255) as i32)
}

/// Samples of one component in rows of whole blocks.
struct Plane {
    width: usize,
    height: usize,
    stride: usize,
    data: Vec<u8>,
}

impl Plane {
    fn new(width: usize, height: usize) -> Result<Self> {
        let stride = width.next_multiple_of(8);
        Ok(Plane { width, height, stride, data: allocate(stride * height.next_multiple_of(8), "a plane of a JPEG")? })
    }

    /// Beyond the right edge and below, the last sample again.
    fn extend(&mut self) {
        for row in self.data.chunks_exact_mut(self.stride).take(self.height) {
            let last = row[self.width - 1];
            row[self.width..].fill(last);
        }
        let end = self.height * self.stride;
        let (rows, below) = self.data.split_at_mut(end);
        below.chunks_exact_mut(self.stride).for_each(|row| row.copy_from_slice(&rows[end - self.stride..]));
    }

    fn quantise(&mut self, mode: Mode, table: &[i32; 64]) {
        let stride = self.stride;
        mode.chunks(&mut self.data, stride * 8, |_, rows| {
            for left in (0..stride).step_by(8) {
                let mut block: [i32; 64] = std::array::from_fn(|i| i32::from(rows[i / 8 * stride + left + i % 8]) - 128);
                forward(&mut block);
                for (value, &step) in block.iter_mut().zip(table) {
                    *value = value.signum() * ((value.abs() + step * 4) / (step * 8)) * step;
                }
                inverse(&mut block);
                for (i, value) in block.iter().enumerate() {
                    rows[i / 8 * stride + left + i % 8] = (value + 128).clamp(0, 255) as u8;
                }
            }
        });
    }

    /// Means of 2 × 2, rounded down in even columns and up in odd ones; the last column of an odd width counts twice.
    fn halved(&self) -> Result<Plane> {
        let mut half = Plane::new(self.width.div_ceil(2), self.height.div_ceil(2))?;
        let (width, stride) = (half.width, half.stride);
        for (y, target) in half.data.chunks_exact_mut(stride).take(half.height).enumerate() {
            let below = (2 * y + 1).min(self.height - 1);
            let (upper, lower) = (&self.data[2 * y * self.stride..], &self.data[below * self.stride..]);
            for (x, target) in target[..width].iter_mut().enumerate() {
                let right = (2 * x + 1).min(self.width - 1);
                let sum: u32 = [upper[2 * x], upper[right], lower[2 * x], lower[right]].iter().map(|&value| u32::from(value)).sum();
                *target = ((sum + 1 + x as u32 % 2) >> 2) as u8;
            }
        }
        half.extend_means(self);
        Ok(half)
    }

    /// Right of the image libjpeg repeats samples before it takes means, below it repeats rows of means.
    fn extend_means(&mut self, full: &Plane) {
        for (y, row) in self.data.chunks_exact_mut(self.stride).take(self.height).enumerate() {
            let below = (2 * y + 1).min(full.height - 1);
            let sample = |row: usize| u32::from(full.data[row * full.stride + full.width - 1]);
            let sum = 2 * sample(2 * y) + 2 * sample(below);
            for (x, target) in row.iter_mut().enumerate().skip(self.width) {
                *target = ((sum + 1 + x as u32 % 2) >> 2) as u8;
            }
        }
        let end = self.height * self.stride;
        let (rows, extra) = self.data.split_at_mut(end);
        extra.chunks_exact_mut(self.stride).for_each(|row| row.copy_from_slice(&rows[end - self.stride..]));
    }

    /// Row `y` of the plane at twice its size: ¾ of the nearest and ¼ of the next sample, along y and then along x.
    fn upsample(&self, y: usize, target: &mut [u8]) {
        let row = &self.data[y / 2 * self.stride..][..self.width];
        if self.width <= 2 {
            target.iter_mut().enumerate().for_each(|(x, target)| *target = row[x / 2]);
            return;
        }
        let next = if y.is_multiple_of(2) { (y / 2).saturating_sub(1) } else { (y / 2 + 1).min(self.height - 1) };
        let next = &self.data[next * self.stride..][..self.width];
        let sum = |x: usize| u32::from(row[x]) * 3 + u32::from(next[x]);
        for (x, target) in target.iter_mut().enumerate() {
            let (column, rounding) = (x / 2, if x.is_multiple_of(2) { 8 } else { 7 });
            let other = if x.is_multiple_of(2) { column.checked_sub(1) } else { Some(column + 1).filter(|&at| at < self.width) };
            *target = (match other {
                Some(other) => sum(column) * 3 + sum(other) + rounding,
                None => sum(column) * 4 + rounding,
            } >> 4) as u8;
        }
    }

    fn row(&self, y: usize, is_half: bool, target: &mut [u8]) {
        match is_half {
            true => self.upsample(y, target),
            false => target.copy_from_slice(&self.data[y * self.stride..][..target.len()]),
        }
    }
}

/// RGB to luma, blue difference, red difference: 16-bit fixed point.
fn components(width: usize, height: usize, data: &[u8], stride: usize) -> Result<[Plane; 3]> {
    const WEIGHTS: [[i32; 4]; 3] =
        [[19595, 38470, 7471, 32768], [-11059, -21709, 32768, (128 << 16) + 32767], [32768, -27439, -5329, (128 << 16) + 32767]];
    let mut planes = [Plane::new(width, height)?, Plane::new(width, height)?, Plane::new(width, height)?];
    for (plane, [red, green, blue, rounding]) in planes.iter_mut().zip(WEIGHTS) {
        for (row, pixels) in plane.data.chunks_exact_mut(plane.stride).zip(data.chunks_exact(width * stride)) {
            for (target, pixel) in row.iter_mut().zip(pixels.chunks_exact(stride)) {
                let sum = i32::from(pixel[0]) * red + i32::from(pixel[1]) * green + i32::from(pixel[2]) * blue;
                *target = ((sum + rounding) >> 16) as u8;
            }
        }
        plane.extend();
    }
    Ok(planes)
}

/// `stride` bytes from pixel to pixel; gives RGB.
pub fn round_trip(mode: Mode, (width, height): (usize, usize), data: &[u8], stride: usize, quality: u32, is_half: bool) -> Result<Vec<u8>> {
    let [mut luma, mut blue, mut red] = components(width, height, data, stride)?;
    if is_half {
        (blue, red) = (blue.halved()?, red.halved()?);
    }
    luma.quantise(mode, &table(&LUMA, quality));
    blue.quantise(mode, &table(&CHROMA, quality));
    red.quantise(mode, &table(&CHROMA, quality));
    let mut decoded = allocate(width * height * 3, "a decoded JPEG")?;
    mode.chunks(&mut decoded, width * 3, |y, target| {
        let (mut blues, mut reds) = (vec![0; width], vec![0; width]);
        blue.row(y, is_half, &mut blues);
        red.row(y, is_half, &mut reds);
        for (((pixel, &light), &blue), &red) in target.chunks_exact_mut(3).zip(&luma.data[y * luma.stride..]).zip(&blues).zip(&reds) {
            let (light, blue, red) = (i32::from(light), i32::from(blue) - 128, i32::from(red) - 128);
            let clamped = |difference: i32| (light + ((difference + 32768) >> 16)).clamp(0, 255) as u8;
            pixel.copy_from_slice(&[clamped(91881 * red), clamped(-22554 * blue - 46802 * red), clamped(116_130 * blue)]);
        }
    });
    Ok(decoded)
}
