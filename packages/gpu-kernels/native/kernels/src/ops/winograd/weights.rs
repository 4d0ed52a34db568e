//! Filters at the points.

use super::transforms::{FAR, NEAR};
use super::{IN, KERNEL, POINTS, TAPS};
use crate::error::Result;
use crate::gemm::{PANEL, Packed};
use crate::program::Conv;
use crate::stored::Stored;
use rayon::prelude::*;

/// Transformed weights, a matrix for each of the 36 points.
#[derive(Debug)]
pub struct PackedWinograd {
    pub points: Vec<Packed>,
}

/// G of the paper, by rows: the values of a filter at the points, divided by what the other points leave.
fn filter_transform() -> [[f64; KERNEL]; IN] {
    let [near, far] = [NEAR, FAR].map(f64::from);
    let at = |point: f64, other: f64| {
        let divisor = 2.0 * point * point * (point * point - other * other);
        [1.0 / divisor, point / divisor, point * point / divisor]
    };
    let origin = [1.0 / (near * near * far * far), 0.0, 0.0];
    [origin, at(near, far), at(-near, far), at(far, near), at(-far, near), [0.0, 0.0, 1.0]]
}

impl PackedWinograd {
    /// From `[filter][3][3][channel]`: G g Gᵀ in float64, by all threads of the pool that this runs in.
    pub fn new(conv: &Conv, weight: Stored) -> Result<Self> {
        let (channels, filters) = (conv.input.channels, conv.output.channels);
        let plain = if [[1, 1], [channels, TAPS]].contains(&weight.turn()) { Vec::new() } else { weight.to_vec()? };
        let weight = if plain.is_empty() { weight } else { Stored::plain(&plain) };
        let mut points = (0..POINTS).map(|_| Packed::empty(channels, filters)).collect::<Result<Vec<_>>>()?;
        let mut panels: Vec<Vec<&mut [f32]>> = (0..filters.div_ceil(PANEL)).map(|_| Vec::with_capacity(POINTS)).collect();
        for point in &mut points {
            point.panels_mut().zip(&mut panels).for_each(|(panel, all)| all.push(panel));
        }
        panels.par_iter_mut().enumerate().for_each(|(index, all)| transform_filters(weight, channels, index * PANEL, all));
        for index in 1..POINTS {
            let (before, rest) = points.split_at_mut(index);
            before[index - 1].precedes(&rest[0]);
        }
        Ok(PackedWinograd { points })
    }
}

/// Filters `first …` of a panel, channel by channel, to the panels of all points.
fn transform_filters(weight: Stored, channels: usize, first: usize, panels: &mut [&mut [f32]]) {
    let g = filter_transform();
    let [tap_stride, channel_stride] = if weight.turn() == [1, 1] { [channels, 1] } else { [1, TAPS] };
    for channel in 0..channels {
        let start = first * TAPS * channels + channel * channel_stride;
        let taps: [[f64; PANEL]; TAPS] = std::array::from_fn(|tap| {
            std::array::from_fn(|filter| f64::from(weight.at(start + tap * tap_stride + filter * TAPS * channels)))
        });
        let half: [[[f64; PANEL]; KERNEL]; IN] = std::array::from_fn(|row| {
            std::array::from_fn(|column| combine(&g[row], [column, column + KERNEL, column + 2 * KERNEL].map(|tap| &taps[tap])))
        });
        for (point, panel) in panels.iter_mut().enumerate() {
            let sums = combine(&g[point % IN], std::array::from_fn(|column| &half[point / IN][column]));
            let target = &mut panel[channel * PANEL..][..PANEL];
            target.iter_mut().zip(sums).for_each(|(target, sum)| *target = sum as f32);
        }
    }
}

#[inline(always)]
fn combine(factors: &[f64; KERNEL], lines: [&[f64; PANEL]; KERNEL]) -> [f64; PANEL] {
    std::array::from_fn(|lane| factors[0] * lines[0][lane] + factors[1] * lines[1][lane] + factors[2] * lines[2][lane])
}
