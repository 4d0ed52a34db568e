//! Residual filters in float32, summed in float64. Kernels, with their sources, are those of src/image-ops/residual-kernels.ts.

use super::geometry::Size;
use crate::error::{Result, allocate};
use crate::threads::Mode;

/// Square kernels of one size.
pub struct Kernels {
    pub size: usize,
    pub list: Vec<Vec<f32>>,
}

pub fn diagonal_gradient() -> Kernels {
    Kernels { size: 3, list: vec![vec![-2.0, -1.0, 0.0, -1.0, 0.0, 1.0, 0.0, 1.0, 2.0]] }
}

pub fn laplacian() -> Kernels {
    Kernels { size: 3, list: vec![vec![0.0, 1.0, 0.0, 1.0, -4.0, 1.0, 0.0, 1.0, 0.0]] }
}

type Matrix = [[f64; 5]; 5];

const SQUARE_3: Matrix = [[0.0; 5], [0.0, -1.0, 2.0, -1.0, 0.0], [0.0, 2.0, -4.0, 2.0, 0.0], [0.0, -1.0, 2.0, -1.0, 0.0], [0.0; 5]];
const SQUARE_5: Matrix = [
    [-1.0, 2.0, -2.0, 2.0, -1.0],
    [2.0, -6.0, 8.0, -6.0, 2.0],
    [-2.0, 8.0, -12.0, 8.0, -2.0],
    [2.0, -6.0, 8.0, -6.0, 2.0],
    [-1.0, 2.0, -2.0, 2.0, -1.0],
];

/// Weights on a line through the centre, from `first` steps in a direction.
fn along((dx, dy): (isize, isize), first: isize, weights: &[f64]) -> Matrix {
    let mut matrix = [[0.0; 5]; 5];
    for (step, &weight) in (first..).zip(weights) {
        matrix[(2 + dy * step) as usize][(2 + dx * step) as usize] = weight;
    }
    matrix
}

fn over(matrix: Matrix, divisor: f64) -> Matrix {
    matrix.map(|row| row.map(|weight| weight / divisor))
}

/// The rows down to the centre, as they are and turned three times by a quarter to the left.
fn four_edges(square: Matrix) -> [Matrix; 4] {
    let turned = |matrix: Matrix| std::array::from_fn(|y| std::array::from_fn(|x| matrix[x][4 - y]));
    let first = [square[0], square[1], square[2], [0.0; 5], [0.0; 5]];
    let (second, third) = (turned(first), turned(turned(first)));
    [first, second, third, turned(third)]
}

/// 3 or 30 filters of the Spatial Rich Model.
pub fn srm(filters: usize) -> Kernels {
    const AROUND: [(isize, isize); 8] = [(-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1)];
    let second = |direction| over(along(direction, -1, &[1.0, -2.0, 1.0]), 2.0);
    let matrices: Vec<Matrix> = match filters {
        3 => vec![over(SQUARE_3, 4.0), over(SQUARE_5, 12.0), second((1, 0))],
        _ => {
            let mut matrices: Vec<Matrix> = AROUND.iter().map(|&direction| along(direction, 0, &[-1.0, 1.0])).collect();
            matrices.extend(AROUND[..4].iter().map(|&direction| second(direction)));
            matrices.extend(AROUND.iter().map(|&direction| over(along(direction, -1, &[1.0, -3.0, 3.0, -1.0]), 3.0)));
            matrices.extend(four_edges(SQUARE_3).map(|edge| over(edge, 4.0)));
            matrices.push(over(SQUARE_3, 4.0));
            matrices.extend(four_edges(SQUARE_5).map(|edge| over(edge, 12.0)));
            matrices.push(over(SQUARE_5, 12.0));
            matrices
        }
    };
    let flat = |matrix: &Matrix| matrix.iter().flatten().map(|&weight| weight as f32).collect();
    Kernels { size: 5, list: matrices.iter().map(flat).collect() }
}

/// Cross-correlation, zero outside: the only kernel on each channel, or each over the sum of the channels.
pub fn stencil(mode: Mode, data: &[f32], (width, height): Size, channels: usize, kernels: &Kernels, sums: bool) -> Result<Vec<f32>> {
    let outputs = if sums { kernels.list.len() } else { channels };
    let reach = kernels.size / 2;
    let mut filtered = allocate(width * height * outputs, "a filtered image")?;
    mode.chunks(&mut filtered, width * outputs, |y, row| {
        for (x, pixel) in row.chunks_exact_mut(outputs).enumerate() {
            for (output, target) in pixel.iter_mut().enumerate() {
                let kernel = &kernels.list[if sums { output } else { 0 }];
                let mut sum = 0.0;
                for (place, &weight) in kernel.iter().enumerate() {
                    let (from_x, from_y) = (x + place % kernels.size, y + place / kernels.size);
                    let inside = (reach..width + reach).contains(&from_x) && (reach..height + reach).contains(&from_y);
                    if !inside || weight == 0.0 {
                        continue;
                    }
                    let pixel = &data[((from_y - reach) * width + from_x - reach) * channels..][..channels];
                    let read = if sums { pixel } else { &pixel[output..=output] };
                    sum += read.iter().map(|&value| f64::from(weight) * f64::from(value)).sum::<f64>();
                }
                *target = sum as f32;
            }
        }
    });
    Ok(filtered)
}

/// (value − the value at the even place before it) · 2 / 3.
pub fn npr(mode: Mode, data: &[f32], width: usize, channels: usize) -> Result<Vec<f32>> {
    let mut residual = allocate(data.len(), "a residual")?;
    mode.chunks(&mut residual, width * channels, |y, row| {
        for (at, target) in row.iter_mut().enumerate() {
            let (x, channel) = (at / channels, at % channels);
            let even = ((y - y % 2) * width + x - x % 2) * channels + channel;
            *target = (data[y * width * channels + at] - data[even]) * 2.0 / 3.0;
        }
    });
    Ok(residual)
}
