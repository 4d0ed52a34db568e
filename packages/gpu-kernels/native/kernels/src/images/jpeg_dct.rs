//! libjpeg's accurate integer DCT ("islow"), as src/image-ops/jpeg-dct.ts: constants of 13 bits, 2 more between passes.

const CONSTANT_BITS: u32 = 13;
const PASS_BITS: u32 = 2;

fn rounded(value: i32, bits: u32) -> i32 {
    (value + (1 << (bits - 1))) >> bits
}

/// The rotations of the odd part, which both directions share.
fn odd(a: i32, b: i32, d: i32, e: i32) -> [i32; 4] {
    let z5 = (a + d + b + e) * 9633;
    let (z1, z2) = ((a + e) * -7373, (b + d) * -20995);
    let (z3, z4) = ((a + d) * -16069 + z5, (b + e) * -3196 + z5);
    [a * 2446 + z1 + z3, b * 16819 + z2 + z4, d * 25172 + z2 + z3, e * 12299 + z1 + z4]
}

#[inline(always)]
fn forward_pass(x: [i32; 8], is_first: bool) -> [i32; 8] {
    let bits = if is_first { CONSTANT_BITS - PASS_BITS } else { CONSTANT_BITS + PASS_BITS };
    let [t0, t1, t2, t3] = [x[0] + x[7], x[1] + x[6], x[2] + x[5], x[3] + x[4]];
    let [even0, even3, even1, even2] = [t0 + t3, t0 - t3, t1 + t2, t1 - t2];
    let scaled = |sum: i32| if is_first { sum << PASS_BITS } else { rounded(sum, PASS_BITS) };
    let z1 = (even2 + even3) * 4433;
    let [y7, y5, y3, y1] = odd(x[3] - x[4], x[2] - x[5], x[1] - x[6], x[0] - x[7]);
    [
        scaled(even0 + even1),
        rounded(y1, bits),
        rounded(z1 + even3 * 6270, bits),
        rounded(y3, bits),
        scaled(even0 - even1),
        rounded(y5, bits),
        rounded(z1 - even2 * 15137, bits),
        rounded(y7, bits),
    ]
}

#[inline(always)]
fn inverse_pass(x: [i32; 8], is_first: bool) -> [i32; 8] {
    let bits = if is_first { CONSTANT_BITS - PASS_BITS } else { CONSTANT_BITS + PASS_BITS + 3 };
    let z1 = (x[2] + x[6]) * 4433;
    let (t2, t3) = (z1 - x[6] * 15137, z1 + x[2] * 6270);
    let (t0, t1) = ((x[0] + x[4]) << CONSTANT_BITS, (x[0] - x[4]) << CONSTANT_BITS);
    let [e0, e3, e1, e2] = [t0 + t3, t0 - t3, t1 + t2, t1 - t2];
    let [o0, o1, o2, o3] = odd(x[7], x[5], x[3], x[1]);
    [e0 + o3, e1 + o2, e2 + o1, e3 + o0, e3 - o0, e2 - o1, e1 - o2, e0 - o3].map(|sum| rounded(sum, bits))
}

#[inline(always)]
fn lines(block: &mut [i32; 64], start: usize, step: usize, pass: impl Fn([i32; 8]) -> [i32; 8]) {
    for line in 0..8 {
        let at = |i: usize| line * start + i * step;
        let values = pass(std::array::from_fn(|i| block[at(i)]));
        for (i, value) in values.into_iter().enumerate() {
            block[at(i)] = value;
        }
    }
}

/// Samples less 128 to coefficients times 8: rows, then columns.
pub fn forward(block: &mut [i32; 64]) {
    lines(block, 8, 1, |x| forward_pass(x, true));
    lines(block, 1, 8, |x| forward_pass(x, false));
}

/// Coefficients to samples less 128: columns, then rows.
pub fn inverse(block: &mut [i32; 64]) {
    lines(block, 1, 8, |x| inverse_pass(x, true));
    lines(block, 8, 1, |x| inverse_pass(x, false));
}
