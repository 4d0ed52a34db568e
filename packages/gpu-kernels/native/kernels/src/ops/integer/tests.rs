//! Sums against their definition.

use super::place::Place;
use super::*;
use crate::program::{Extent, Window};
use crate::stored::{ReadBuffers, Weight};

/// A fully connected layer and a 3x3 convolution with padding, by the definition. x of 8 bits spans 256 numbers wherever
/// its zero point lies; what spans more is no such x, but must not wrap either.
#[test]
fn sums_are_exact_wherever_x_lies() {
    for (kernel, side, channels, outputs) in [(1usize, 1, 30, 21), (3, 5, 3, 18)] {
        let inner = kernel * kernel * channels;
        let weight = |output: usize, index: usize| ((output * 41 + index * 67) % 256) as u8 as i8;
        let row = |output: usize| (0..inner.next_multiple_of(4)).map(move |index| if index < inner { weight(output, index) } else { 0 });
        let bytes: Vec<u8> = (0..outputs).flat_map(row).map(|byte| byte as u8).collect();
        let words: Vec<f32> =
            bytes.chunks_exact(4).map(|word| f32::from_bits(u32::from_le_bytes([word[0], word[1], word[2], word[3]]))).collect();
        let extent = |channels: usize| Extent { height: side, width: side, channels };
        let window = Window { kernel: [kernel; 2], strides: [1, 1], dilations: [1, 1], top: kernel / 2, left: kernel / 2 };
        for (zero_point, least, span) in [(0, -128, 256), (7, 0, 256), (255, 0, 256), (-128, -128, 256), (128, -128, 384), (0, -300, 600)] {
            let (input, output) = (extent(channels), extent(outputs));
            let (x, bias, scale, requantize) = (0, None, None, None);
            let forms = (Form::Floats, Form::Floats);
            let op = IntegerProduct {
                x,
                zero_point,
                item_zero_point: None,
                weight: 0,
                weight_bits: 8,
                bias,
                scale,
                divisor: None,
                requantize,
                addition: None,
                input,
                output,
                window,
                groups: 1,
                from: forms.0,
                to: forms.1,
            };
            let x: Vec<i32> = (0..side * side * channels).map(|index| least + (index * 97 % span) as i32).collect();
            let mut y = vec![f32::NAN; side * side * outputs];
            let floats: Vec<f32> = x.iter().map(|&x| x as f32).collect();
            product(
                Mode::Sequential,
                &op,
                &PackedIntegers::new(&op, &[Weight::plain(&words)], &ReadBuffers::default()).unwrap(),
                &floats,
                [None; 2],
                &mut y,
            );
            for (at, &y) in y.iter().enumerate() {
                let (pixel, output) = (at / outputs, at % outputs);
                let tap =
                    |index: usize| Some((index, Place::of(&op, pixel).under(&op, (index / channels / kernel, index / channels % kernel))?));
                let products = (0..inner)
                    .filter_map(tap)
                    .map(|(index, from)| (x[from + index % channels] - zero_point) * i32::from(weight(output, index)));
                assert_eq!(y, products.sum::<i32>() as f32, "{kernel}x{kernel}, zero point {zero_point}, from {least}, at {at}");
            }
        }
    }
}
