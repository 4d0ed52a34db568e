//! Depthwise convolution: one filter a channel. Vectorised over channels; bound by loads, not by arithmetic.

use super::conv::source;
use super::elementwise::{clamp, sigmoid};
use crate::error::Result;
use crate::program::{Activation, Conv};
use crate::threads::Mode;

/// Weights as `[tap][channel]`.
#[derive(Debug, Clone)]
pub struct PackedDepthwise {
    taps: Vec<f32>,
}

impl PackedDepthwise {
    /// From `[channel][tap]`.
    pub fn new(conv: &Conv, weight: &[f32]) -> Result<Self> {
        let channels = conv.input.channels;
        let mut taps = crate::error::allocate(weight.len(), "packed weights")?;
        for (channel, filter) in weight.chunks_exact(weight.len() / channels).enumerate() {
            for (tap, &value) in filter.iter().enumerate() {
                taps[tap * channels + channel] = value;
            }
        }
        Ok(PackedDepthwise { taps })
    }
}

pub fn depthwise(
    mode: Mode,
    conv: &Conv,
    packed: &PackedDepthwise,
    x: &[f32],
    bias: Option<&[f32]>,
    residual: Option<&[f32]>,
    y: &mut [f32],
    instructions: crate::gemm::Instructions,
) {
    let _ = instructions;
    let channels = conv.input.channels;
    let (input, output, window) = (conv.input, conv.output, conv.window);
    let (low, high) = conv.activation.clamp();
    mode.chunks(y, output.width * channels, |row, y| {
        let x = &x[row / output.height * input.size()..][..input.size()];
        let residual = residual.map(|residual| &residual[row * output.width * channels..][..y.len()]);
        for (at_x, pixel) in y.chunks_exact_mut(channels).enumerate() {
            match bias {
                Some(bias) => pixel.copy_from_slice(bias),
                None => pixel.fill(0.0),
            }
            for tap_y in 0..window.kernel[0] {
                let Some(from_y) = source(row % output.height, tap_y, window.strides[0], window.dilations[0], window.top, input.height)
                else {
                    continue;
                };
                for tap_x in 0..window.kernel[1] {
                    let Some(from_x) = source(at_x, tap_x, window.strides[1], window.dilations[1], window.left, input.width) else {
                        continue;
                    };
                    let x = &x[(from_y * input.width + from_x) * channels..][..channels];
                    let weight = &packed.taps[(tap_y * window.kernel[1] + tap_x) * channels..][..channels];
                    for ((y, &x), &weight) in pixel.iter_mut().zip(x).zip(weight) {
                        *y += x * weight;
                    }
                }
            }
            if let Some(residual) = residual {
                for (y, &value) in pixel.iter_mut().zip(&residual[at_x * channels..]) {
                    *y += value;
                }
            }
            for y in pixel.iter_mut() {
                *y = clamp(*y, low, high);
            }
        }
        if conv.activation == Activation::Sigmoid {
            sigmoid(y);
        }
    });
}
