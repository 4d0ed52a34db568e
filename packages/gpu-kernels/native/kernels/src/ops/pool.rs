//! Max, mean and sum over sliding windows.

use crate::chain::Band;
use crate::check::Checker;
use crate::plan::StepOp;
use crate::program::{Extent, Form, Op, Window};
use crate::rules::{Fault, check_window, refuse_fault, slide};
use crate::threads::Mode;
use std::ops::Range;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Max,
    Sum,
    /// Of the pixels there are.
    Mean,
    /// Of pixels and padding, which goes on this far after the last row and column.
    MeanWithPads {
        bottom: usize,
        right: usize,
    },
}

/// Windows that fit, or one more: that one covers what there is (ONNX ceil_mode).
pub fn check(checker: &Checker, step: &str, output: usize, body: &StepOp) -> Result<Op, Fault> {
    let StepOp::Pool { function, x, kernel, strides, pads, dilations, count_pad } = body else {
        return refuse_fault(format!("Expected step `{step}` to be a pool."));
    };
    let kind = match (function.as_str(), count_pad) {
        ("max", _) => Kind::Max,
        ("sum", _) => Kind::Sum,
        ("average", false) => Kind::Mean,
        ("average", true) => Kind::MeanWithPads { bottom: pads[2], right: pads[3] },
        (other, _) => return Err(Fault::Unsupported(format!("this backend does not know the function `{other}`"))),
    };
    let x = checker.value(step, *x)?;
    let input = checker.extent(step, x)?;
    let window = check_window(step, *kernel, *strides, *dilations, *pads)?;
    let declared = checker.extent(step, output)?;
    let side = |axis: usize, size: usize, declared: usize| {
        let fitting = slide(size, kernel[axis], strides[axis], dilations[axis], pads[axis] + pads[axis + 2]);
        let one_more = fitting > 0 && declared == fitting + 1 && fitting * strides[axis] < size + pads[axis];
        if one_more { declared } else { fitting }
    };
    let height = side(0, input.height, declared.height);
    let width = side(1, input.width, declared.width);
    checker.expect_output(step, output, &[height, width, input.channels])?;
    Ok(Op::Pool { x, kind, input, output: declared, window, form: Form::Floats })
}

/// A window that lies in padding alone gives -Infinity as maximum and 0 as mean.
pub fn pool(mode: Mode, x: &[f32], input: Extent, output: Extent, window: Window, kind: Kind, y: &mut [f32], band: Band) {
    let channels = input.channels;
    let (by_y, by_x) = (window.dilations[0], window.dilations[1]);
    mode.chunks(y, output.width * channels, |row, y| {
        let x = &x[row / output.height * input.size()..];
        let at_y = (row + band.first) % output.height * window.strides[0];
        let rows = taps(at_y, window.top, window.kernel[0], by_y, input.height);
        for (column, pixel) in y.chunks_exact_mut(channels).enumerate() {
            let at_x = column * window.strides[1];
            let columns = taps(at_x, window.left, window.kernel[1], by_x, input.width);
            pixel.fill(if kind == Kind::Max { f32::NEG_INFINITY } else { 0.0 });
            for tap_y in rows.clone() {
                let from_y = at_y + tap_y * by_y - window.top - band.origin;
                for tap_x in columns.clone() {
                    let from_x = at_x + tap_x * by_x - window.left;
                    let source = &x[(from_y * input.width + from_x) * channels..][..channels];
                    if kind == Kind::Max {
                        for (y, &x) in pixel.iter_mut().zip(source) {
                            *y = if x > *y || x.is_nan() { x } else { *y };
                        }
                    } else {
                        for (y, &x) in pixel.iter_mut().zip(source) {
                            *y += x;
                        }
                    }
                }
            }
            let count = match kind {
                Kind::Max | Kind::Sum => continue,
                Kind::Mean => rows.len() * columns.len(),
                Kind::MeanWithPads { bottom, right } => {
                    let tall = taps(at_y, 0, window.kernel[0], by_y, window.top + input.height + bottom).len();
                    tall * taps(at_x, 0, window.kernel[1], by_x, window.left + input.width + right).len()
                }
            };
            let divisor = count.max(1) as f32;
            for y in pixel.iter_mut() {
                *y /= divisor;
            }
        }
    });
}

/// Whether each window lies on some pixel, so that a maximum is one of x.
pub fn meets_pixels(input: Extent, output: Extent, window: Window) -> bool {
    let meets = |axis: usize, before: usize, size: usize, outputs: usize| {
        let of = |at: usize| taps(at * window.strides[axis], before, window.kernel[axis], window.dilations[axis], size);
        !of(0).is_empty() && !of(outputs - 1).is_empty()
    };
    meets(0, window.top, input.height, output.height) && meets(1, window.left, input.width, output.width)
}

/// The maximum of bytes; each window lies on some pixel.
pub fn max_of_bytes(mode: Mode, x: &[u8], input: Extent, output: Extent, window: Window, y: &mut [u8]) {
    let channels = input.channels;
    mode.chunks(y, output.width * channels, |row, y| {
        let x = &x[row / output.height * input.size()..];
        let at_y = row % output.height * window.strides[0];
        let rows = taps(at_y, window.top, window.kernel[0], window.dilations[0], input.height);
        for (column, pixel) in y.chunks_exact_mut(channels).enumerate() {
            let at_x = column * window.strides[1];
            pixel.fill(0);
            for tap_y in rows.clone() {
                let from_y = at_y + tap_y * window.dilations[0] - window.top;
                for tap_x in taps(at_x, window.left, window.kernel[1], window.dilations[1], input.width) {
                    let from_x = at_x + tap_x * window.dilations[1] - window.left;
                    let source = &x[(from_y * input.width + from_x) * channels..][..channels];
                    pixel.iter_mut().zip(source).for_each(|(y, &x)| *y = x.max(*y));
                }
            }
        }
    });
}

/// Which taps of a window that starts at `start`, `before` pixels of padding included, lie on one of `size` pixels.
fn taps(start: usize, before: usize, kernel: usize, dilation: usize, size: usize) -> Range<usize> {
    let first = before.saturating_sub(start).div_ceil(dilation).min(kernel);
    let end = (size + before).saturating_sub(start).div_ceil(dilation).min(kernel);
    first..end.max(first)
}
