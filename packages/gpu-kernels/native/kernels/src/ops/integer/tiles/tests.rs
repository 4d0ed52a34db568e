//! Squares on AMX against the tiles of VNNI, to the bit.

use super::super::{Weights, dots};
use super::*;
use crate::plan::PlanRequantize;
use crate::program::{Addition, Extent, Window};
use crate::stored::{ReadBuffers, Weight};
use crate::threads::Team;

/// Kernel, strides, dilations, pads at the top, left, bottom and right, groups.
type Slide = ([usize; 2], [usize; 2], [usize; 2], [usize; 4], usize);

const ONE: Slide = ([1, 1], [1, 1], [1, 1], [0; 4], 1);
const THREE: Slide = ([3, 3], [1, 1], [1, 1], [1; 4], 1);

/// Height, width and channels of x, channels of y.
const LAYERS: [([usize; 3], usize, Slide); 24] = [
    ([1, 1, 64], 16, ONE),
    ([2, 1, 7], 3, ONE),
    ([16, 1, 64], 32, ONE),
    ([17, 1, 100], 33, ONE),
    ([31, 1, 128], 48, ONE),
    ([32, 1, 130], 1, ONE),
    ([33, 1, 3], 70, ONE),
    ([70, 1, 260], 17, ONE),
    ([49, 1, 768], 40, ONE),
    ([6, 5, 24], 20, ([1, 1], [1, 1], [1, 1], [0; 4], 2)),
    ([5, 7, 16], 20, ([1, 1], [2, 2], [1, 1], [0; 4], 1)),
    ([6, 6, 65], 20, ([1, 1], [3, 2], [1, 1], [1, 1, 0, 2], 1)),
    ([7, 7, 64], 35, THREE),
    ([1, 1, 4], 5, THREE),
    ([5, 40, 3], 16, THREE),
    ([9, 8, 22], 18, ([3, 3], [1, 1], [1, 1], [1; 4], 2)),
    ([9, 11, 20], 18, ([3, 3], [2, 2], [1, 1], [1; 4], 1)),
    ([8, 8, 20], 18, ([3, 3], [2, 2], [1, 1], [0, 0, 1, 1], 1)),
    ([23, 20, 3], 30, ([7, 7], [2, 2], [1, 1], [3; 4], 1)),
    ([12, 12, 3], 33, ([4, 4], [4, 4], [1, 1], [0; 4], 1)),
    ([13, 9, 8], 7, ([3, 3], [1, 2], [2, 3], [2, 3, 2, 3], 1)),
    ([9, 9, 5], 9, ([5, 1], [1, 1], [1, 1], [2, 0, 2, 0], 1)),
    ([9, 9, 5], 9, ([1, 5], [2, 1], [1, 1], [0, 4, 0, 1], 1)),
    ([10, 10, 3], 9, ([2, 3], [3, 4], [3, 1], [0, 0, 3, 0], 1)),
];

fn product_of([height, width, channels]: [usize; 3], outputs: usize, slide: Slide) -> IntegerProduct {
    let (kernel, strides, dilations, [top, left, bottom, right], groups) = slide;
    let extent = |size: usize, axis: usize, pads: usize| (size + pads - (kernel[axis] - 1) * dilations[axis] - 1) / strides[axis] + 1;
    IntegerProduct {
        x: 0,
        zero_point: 77,
        item_zero_point: None,
        weight: 0,
        weight_bits: 8,
        bias: None,
        scale: Some(1),
        divisor: None,
        requantize: None,
        addition: None,
        input: Extent { height, width, channels },
        output: Extent { height: extent(height, 0, top + bottom), width: extent(width, 1, left + right), channels: outputs },
        window: Window { kernel, strides, dilations, top, left },
        groups,
        from: Form::Bytes { least: 0 },
        to: Form::Floats,
    }
}

/// Floats, bytes by one factor and by two, and bytes with a residual, each with its zero points.
fn endings(of: &IntegerProduct) -> [(IntegerProduct, bool); 4] {
    let to = Form::Bytes { least: 0 };
    let requantize = Some(PlanRequantize { zero_point: 120.0, min: 0.0, max: 255.0 });
    let rounded = IntegerProduct { requantize, to, ..of.clone() };
    let residual = PlanRequantize { zero_point: 90.0, min: 0.0, max: 255.0 };
    let addition = Addition { value: 1, least: 0, zeros: [120.0, 99.0], scales: [0.02, 0.031], divisor: 0.05, requantize: residual };
    [
        (of.clone(), true),
        (rounded.clone(), false),
        (IntegerProduct { divisor: Some(0.7), ..rounded.clone() }, true),
        (IntegerProduct { addition: Some(addition), ..rounded }, false),
    ]
}

#[test]
fn amx_gives_the_numbers_of_vnni() {
    if !products_of().int8 || !has_vnni() {
        return; // One of them does not run here.
    }
    let team = Team::new(3).unwrap_or_else(|cause| panic!("{cause:?}"));
    for (input, outputs, slide) in LAYERS {
        let layer = product_of(input, outputs, slide);
        let inner = slide.0[0] * slide.0[1] * input[2] / slide.4;
        let words = inner.div_ceil(4);
        let weights: Vec<f32> = (0..outputs * words).map(|at| f32::from_bits((at as u32).wrapping_mul(2_654_435_761))).collect();
        let scale: Vec<f32> = (0..outputs).map(|at| 0.001 + at as f32 / 40_000.0).collect();
        let items = 3;
        let x: Vec<u8> = (0..items * layer.input.size()).map(|at| (at * 97 % 251) as u8).collect();
        let zeros: Vec<f32> = (0..items).map(|item| 5.0 * item as f32).collect();
        for (op, has_zeros) in endings(&layer) {
            let packed = [false, true].map(|in_tiles| {
                PackedIntegers::pack(&op, &[Weight::plain(&weights), Weight::plain(&scale)], &ReadBuffers::default(), in_tiles)
                    .unwrap_or_else(|cause| panic!("{cause:?}"))
            });
            let [Weights::Bytes(panels), Weights::Tiles(registers)] = [&packed[0].weights, &packed[1].weights] else {
                panic!("expected panels of bytes and registers")
            };
            let zeros = has_zeros.then_some(zeros.as_slice());
            let size = items * op.output.size() * unit(&op);
            let other: Vec<u8> = if op.addition.is_some() { (0..size).map(|at| (at * 31 % 256) as u8).collect() } else { vec![] };
            let (mut expected, mut y) = (vec![0; size], vec![0; size]);
            dots::product(Mode::Sequential, &op, &packed[0], panels, &x, 0, zeros, &other, &mut expected);
            product(Mode::Sequential, &op, &packed[1], registers, &x, 0, zeros, &other, &mut y);
            assert!(y == expected && y.iter().any(|&number| number != y[0]), "{op:?}");
            y.fill(1);
            team.awake(|| product(Mode::Parallel(&team), &op, &packed[1], registers, &x, 0, zeros, &other, &mut y));
            assert!(y == expected, "three threads, {op:?}");
        }
    }
}

#[test]
fn layers_that_fill_registers_are_made_of_them() {
    if !products_of().int8 || !has_vnni() {
        return; // None are.
    }
    for (input, outputs, slide, expected) in [
        ([49, 1, 768], 3072, ONE, true),
        ([56, 56, 64], 64, THREE, true),
        ([7, 7, 512], 512, THREE, true),
        ([224, 224, 3], 64, ([7, 7], [2, 2], [1, 1], [3; 4], 1), true),
        ([224, 224, 3], 768, ([32, 32], [32, 32], [1, 1], [0; 4], 1), true),
        ([1, 1, 2048], 1000, ONE, false),
        ([112, 112, 8], 16, ONE, false),
        ([14, 14, 256], 256, ([3, 3], [1, 1], [1, 1], [1; 4], 32), false),
    ] {
        assert_eq!(suits(&product_of(input, outputs, slide)), expected, "{input:?} to {outputs}, {slide:?}");
    }
}
