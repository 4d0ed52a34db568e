//! Which pixel of the input lies under a tap.

use crate::program::{Extent, IntegerProduct};

/// A pixel of the output, and the pixel of the input under its first tap.
#[derive(Clone, Copy)]
pub struct Place {
    pub item: usize,
    pub y: usize,
    pub x: usize,
}

impl Place {
    pub fn of(op: &IntegerProduct, row: usize) -> Self {
        let Extent { height, width, .. } = op.output;
        let (line, column) = (row / width, row % width);
        Place { item: line / height, y: line % height * op.window.strides[0], x: column * op.window.strides[1] }
    }

    /// The next pixel, of the next item after the last.
    #[cfg(target_arch = "x86_64")]
    pub fn advance(&mut self, op: &IntegerProduct) {
        self.x += op.window.strides[1];
        if self.x == op.output.width * op.window.strides[1] {
            (self.x, self.y) = (0, self.y + op.window.strides[0]);
        }
        if self.y == op.output.height * op.window.strides[0] {
            (self.y, self.item) = (0, self.item + 1);
        }
    }

    /// Where the pixel under a tap lies in the image of its item; `None` in the padding.
    #[inline(always)]
    pub fn under(self, op: &IntegerProduct, (tap_y, tap_x): (usize, usize)) -> Option<usize> {
        let Extent { width, height, channels } = op.input;
        // Below 0 they wrap, beyond any height and width.
        let (y, x) = ((self.y + tap_y).wrapping_sub(op.window.top), (self.x + tap_x).wrapping_sub(op.window.left));
        (y < height && x < width).then(|| (y * width + x) * channels)
    }
}

/// Columns of x under a row of y, padding counted.
#[cfg(target_arch = "x86_64")]
pub fn columns_under(op: &IntegerProduct) -> usize {
    (op.output.width - 1) * op.window.strides[1] + (op.window.kernel[1] - 1) * op.window.dilations[1] + 1
}

/// Whether lines of x with their padding take far more than x: a file may say so, and no network does.
#[cfg(target_arch = "x86_64")]
pub fn mostly_padding(op: &IntegerProduct) -> bool {
    columns_under(op).max(op.window.left + op.input.width) > 2 * op.input.width + 64
}
