// Every function of one number, for unary steps and for the ends of convolutions and products.
// Prelude: ACTIVATION (0 none, else 1 + the order of `unaryFunctions`), ACTIVATION_A and ACTIVATION_B (its parameters).
// WGSL promises little of sin, asin, atan and the like, and has no erf: those are written out, to float32.

const PI = 3.14159265358979;
const LOG_2 = 0.693147180559945;

fn is_bits(v: f32, low: u32, high: u32) -> bool { let bits = bitcast<u32>(v); return bits >= low && bits <= high; }

// WGSL leaves open what max and clamp make of NaN; here it stays NaN, as on the other backends. `v != v` may be compiled away.
fn or_nan(v: f32, otherwise: f32) -> f32 { return select(otherwise, v, is_bits(abs(v), 0x7f800001u, 0x7fffffffu)); }

// Beyond 87, exp leaves float32.
fn sigmoid(v: f32) -> f32 { return or_nan(v, select(1.0 / (1.0 + exp(-clamp(v, -87.0, 87.0))), 0.0, v < -87.0)); }

// tanh and sinh of a driver may be differences of exponentials, which lose all digits near 0: Lambert's continued fraction and
// Taylor's series there. Beyond 10, tanh is 1 in float32; some drivers divide infinities.
fn hyperbolic_tangent(v: f32) -> f32 {
  let s = v * v;
  let near = v * (135135.0 + s * (17325.0 + s * (378.0 + s))) / (135135.0 + s * (62370.0 + s * (3150.0 + s * 28.0)));
  return or_nan(v, select(tanh(clamp(v, -15.0, 15.0)), near, s < 0.25));
}
fn half_exp(v: f32) -> f32 { let root = exp(0.5 * v); return 0.5 * root * root; }  // e^v may leave float32 where its half does not
fn hyperbolic_sine(v: f32) -> f32 {
  let s = v * v;
  return select(sign(v) * (half_exp(abs(v)) - half_exp(-abs(v))), v * (1.0 + s / 6.0 * (1.0 + s / 20.0 * (1.0 + s / 42.0 * (1.0 + s / 72.0)))), s < 1.0);
}

// Of |v| up to 1/3, by its series: 1 + v and 1 − v would lose the digits of a small v.
fn near_arc_tangent(v: f32) -> f32 {
  let s = v * v;
  return v * (1.0 + s * (1.0 / 3.0 + s * (1.0 / 5.0 + s * (1.0 / 7.0 + s * (1.0 / 9.0 + s * (1.0 / 11.0 + s / 13.0))))));
}
fn log_of_one_and(v: f32) -> f32 { return 2.0 * near_arc_tangent(v / (2.0 + v)); }  // 0 ≤ v ≤ 1
fn exp_less_one(v: f32) -> f32 {
  return select(exp(v) - 1.0, v * (1.0 + v / 2.0 * (1.0 + v / 3.0 * (1.0 + v / 4.0 * (1.0 + v / 5.0 * (1.0 + v / 6.0))))), abs(v) < 0.25);
}
fn softplus(v: f32) -> f32 { return or_nan(v, max(v, 0.0) + log_of_one_and(exp(-abs(v)))); }

// Abramowitz and Stegun: the series 7.1.5 below 1, the rational form 7.1.26 (error 1.5e-7) above.
fn erf(v: f32) -> f32 {
  let a = min(abs(v), 6.0);
  let s = a * a;
  let series = 1.0 + s * (-1.0 / 3.0 + s * (1.0 / 10.0 + s * (-1.0 / 42.0 + s * (1.0 / 216.0 + s * (-1.0 / 1320.0
    + s * (1.0 / 9360.0 + s * (-1.0 / 75600.0 + s * (1.0 / 685440.0 - s / 6894720.0))))))));
  let t = 1.0 / (1.0 + 0.3275911 * a);
  let far = 1.0 - t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * exp(-s);
  return or_nan(v, sign(v) * select(far, 1.1283791670955126 * a * series, a < 1.0));
}

fn wide_product(a: u32, b: u32) -> vec2u {  // low word, high word
  let low = (a & 0xffffu) * (b & 0xffffu);
  let one = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let other = (a & 0xffffu) * (b >> 16u) + (one & 0xffffu);
  return vec2u((other << 16u) | (low & 0xffffu), (a >> 16u) * (b >> 16u) + (one >> 16u) + (other >> 16u));
}

// v / (π/2) of a large v (Payne and Hanek, SIGNUM 18(1), 1983): its 24 bits by those 96 bits of 2/π whose products are below 4.
// The nearest whole number, modulo 4, and what is left of v.
fn far_quarter(v: f32) -> vec2f {
  const bits = array<u32, 8>(0u, 0xa2f9836eu, 0x4e441529u, 0xfc2757d1u, 0xf534ddc0u, 0xdb629599u, 0x3c439041u, 0xfe5163abu);
  let shape = bitcast<u32>(v);
  let mantissa = (shape & 0x7fffffu) | 0x800000u;
  let first = ((shape >> 23u) & 0xffu) - 120u;  // the bits before it make multiples of 4
  var words: array<u32, 3>;
  for (var i = 0u; i < 3u; i++) {
    let at = min((first >> 5u) + i, 6u);
    let after = bits[at + 1u] >> (31u - (first & 31u));
    words[i] = (bits[at] << (first & 31u)) | (after >> 1u);
  }
  let lowest = wide_product(mantissa, words[2]);
  let middle = wide_product(mantissa, words[1]);
  let second = middle.x + lowest.y;
  let top = mantissa * words[0] + middle.y + select(0u, 1u, second < lowest.y);
  let fraction = bitcast<i32>((top << 2u) | (second >> 30u));
  let quarter = (top >> 30u) + select(0u, 1u, fraction < 0);
  let rest = (f32(fraction) + f32(second << 2u) * 0x1p-32) * 0x1p-32 * (PI / 2.0);
  return select(vec2f(f32(quarter), rest), vec2f(4.0 - f32(quarter), -rest), v < 0.0);
}

// Sine and cosine of v: v less a multiple of π/2 that is subtracted in three parts, then Taylor series.
fn sine_cosine(v: f32) -> vec2f {
  var turns = round(v * (2.0 / PI));
  var r = ((v - turns * 1.5703125) - turns * 4.837512969970703e-4) - turns * 7.549789954891882e-8;
  if (is_bits(abs(v), 0x47000000u, 0x7f7fffffu)) { let far = far_quarter(v); turns = far.x; r = far.y; }  // from 32768
  let s = r * r;
  let sine = r * (1.0 + s * (-1.0 / 6.0 + s * (1.0 / 120.0 + s * (-1.0 / 5040.0 + s / 362880.0))));
  let cosine = 1.0 + s * (-0.5 + s * (1.0 / 24.0 + s * (-1.0 / 720.0 + s * (1.0 / 40320.0 - s / 3628800.0))));
  switch (i32(turns) & 3) {
    case 0: { return vec2f(sine, cosine); }
    case 1: { return vec2f(cosine, -sine); }
    case 2: { return vec2f(-sine, -cosine); }
    default: { return vec2f(-cosine, sine); }
  }
}

// Brought below tan(π/8) by atan v = π/2 − atan 1/v and atan v = π/4 + atan (v − 1)/(v + 1), then Taylor's series.
fn arctangent(v: f32) -> f32 {
  let a = abs(v);
  let inverted = select(a, 1.0 / a, a > 1.0);
  let is_upper = inverted > 0.41421356;
  let z = select(inverted, (inverted - 1.0) / (inverted + 1.0), is_upper);
  let s = z * z;
  var angle = z * (1.0 + s * (-1.0 / 3.0 + s * (1.0 / 5.0 + s * (-1.0 / 7.0 + s * (1.0 / 9.0 + s * (-1.0 / 11.0 + s * (1.0 / 13.0 + s * (-1.0 / 15.0 + s / 17.0))))))));
  angle += select(0.0, PI / 4.0, is_upper);
  return sign(v) * select(angle, PI / 2.0 - angle, a > 1.0);
}

fn arcsine(v: f32) -> f32 { return 2.0 * arctangent(v / (1.0 + sqrt((1.0 - v) * (1.0 + v)))); }
// log(|v| + √(v² + 1)) with the sign of v; small numbers by the logarithm of 1 and more, and 1 is nothing beside the square of large ones.
fn area_sine(v: f32) -> f32 {
  let a = abs(v);
  let b = min(a, 1e9);
  let root = sqrt(b * b + 1.0);
  let far = select(log(b + root), log(a) + LOG_2, a > 1e9);
  return or_nan(v, sign(v) * select(far, log_of_one_and(min(b + b * b / (1.0 + root), 1.0)), a < 0.75));
}
fn arccosine(v: f32) -> f32 { return 2.0 * arctangent(sqrt((1.0 - v) / (1.0 + v))); }

fn activate(v: f32) -> f32 {
  let p = f32(ACTIVATION_A);
  let q = f32(ACTIVATION_B);
  switch (ACTIVATION) {
    case 1: { return or_nan(v, max(v, 0.0)); }
    case 2: { return or_nan(v, clamp(v, p, q)); }
    case 3: { return sigmoid(v); }
    case 4: { return log(v); }
    case 5: { return exp(v); }
    case 6: { return sqrt(v); }
    case 7: { return abs(v); }
    case 8: { return -v; }
    case 9: { return hyperbolic_tangent(v); }
    case 10: { return 1.0 / v; }
    case 11: { return erf(v); }
    case 12: { return 0.5 * v * (1.0 + erf(v * 0.70710678118654752)); }
    case 13: { return 0.5 * v * (1.0 + hyperbolic_tangent(0.79788456080286536 * (v + 0.044715 * v * v * v))); }
    case 14: { return v * sigmoid(p * v); }
    case 15: { return or_nan(v, clamp(p * v + q, 0.0, 1.0)); }
    case 16: { return v * clamp(v / 6.0 + 0.5, 0.0, 1.0); }
    case 17: { let e = exp(min(v, 20.0)); let n = e * (e + 2.0); return v * (n / (n + 2.0)); }  // tanh(log(1 + e))
    case 18: { return softplus(v); }
    case 19: { return v / (1.0 + abs(v)); }
    case 20: { return select(v, p * v, v < 0.0); }
    case 21: { return select(v, p * exp_less_one(min(v, 0.0)), v < 0.0); }
    case 22: { return q * select(v, p * exp_less_one(min(v, 0.0)), v < 0.0); }
    case 23: { return select(v, p * exp_less_one(min(v, 0.0) / p), v < 0.0); }
    case 24: { return select(0.0, v, v > p); }
    case 25: { return select(select(0.0, v - q, v > p), v + q, v < -p); }
    case 26: { return floor(v); }
    case 27: { return ceil(v); }
    case 28: { return round(v); }
    case 29: { return trunc(v); }
    case 30: { return or_nan(v, sign(v)); }
    case 31: { return select(0.0, 1.0, v == 0.0); }
    case 32: { return sine_cosine(v).x; }
    case 33: { return sine_cosine(v).y; }
    case 34: { let both = sine_cosine(v); return both.x / both.y; }
    case 35: { return arcsine(v); }
    case 36: { return arccosine(v); }
    case 37: { return arctangent(v); }
    case 38: { return hyperbolic_sine(v); }
    case 39: { return half_exp(v) + half_exp(-v); }
    case 40: { return area_sine(v); }
    case 41: { return select(log(v + sqrt(v - 1.0) * sqrt(v + 1.0)), log(v) + LOG_2, v > 1e9); }
    case 42: { return select(0.5 * log((1.0 + v) / (1.0 - v)), near_arc_tangent(v), abs(v) < 0.33); }
    case 43: { return select(0.0, 1.0, is_bits(abs(v), 0x7f800001u, 0x7fffffffu)); }
    case 44: { return select(0.0, 1.0, (p != 0.0 && is_bits(v, 0xff800000u, 0xff800000u)) || (q != 0.0 && is_bits(v, 0x7f800000u, 0x7f800000u))); }
    default: { return v; }
  }
}
