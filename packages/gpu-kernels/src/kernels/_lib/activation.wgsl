// Every function of one number, for unary steps and for the ends of convolutions and products.
// Prelude: ACTIVATION (0 none, else 1 + the order of `unaryFunctions`), ACTIVATION_A and ACTIVATION_B (its parameters).
// WGSL promises little of sin, asin, atan and the like, and has no erf: those are written out, to float32.

const PI = 3.14159265358979;

fn sigmoid(v: f32) -> f32 { return 1.0 / (1.0 + exp(-clamp(v, -87.0, 87.0))); }  // beyond 87, exp overflows float32

// tanh and sinh of a driver may be differences of exponentials, which lose all digits near 0: Lambert's continued fraction and
// Taylor's series there. Beyond 10, tanh is 1 in float32; some drivers divide infinities.
fn hyperbolic_tangent(v: f32) -> f32 {
  let s = v * v;
  let near = v * (135135.0 + s * (17325.0 + s * (378.0 + s))) / (135135.0 + s * (62370.0 + s * (3150.0 + s * 28.0)));
  return select(tanh(clamp(v, -15.0, 15.0)), near, s < 0.25);
}
fn hyperbolic_sine(v: f32) -> f32 {
  let s = v * v;
  return select(0.5 * (exp(v) - exp(-v)), v * (1.0 + s / 6.0 * (1.0 + s / 20.0 * (1.0 + s / 42.0 * (1.0 + s / 72.0)))), s < 1.0);
}
fn softplus(v: f32) -> f32 { return max(v, 0.0) + log(1.0 + exp(-abs(v))); }

// Abramowitz and Stegun: the series 7.1.5 below 1, the rational form 7.1.26 (error 1.5e-7) above.
fn erf(v: f32) -> f32 {
  let a = min(abs(v), 6.0);
  let s = a * a;
  let series = 1.0 + s * (-1.0 / 3.0 + s * (1.0 / 10.0 + s * (-1.0 / 42.0 + s * (1.0 / 216.0 + s * (-1.0 / 1320.0
    + s * (1.0 / 9360.0 + s * (-1.0 / 75600.0 + s * (1.0 / 685440.0 - s / 6894720.0))))))));
  let t = 1.0 / (1.0 + 0.3275911 * a);
  let far = 1.0 - t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * exp(-s);
  return sign(v) * select(far, 1.1283791670955126 * a * series, a < 1.0);
}

// Sine and cosine of v: v less a multiple of π/2 that is subtracted in three parts, then Taylor series.
fn sine_cosine(v: f32) -> vec2f {
  let turns = round(v * (2.0 / PI));
  let r = ((v - turns * 1.5703125) - turns * 4.837512969970703e-4) - turns * 7.549789954891882e-8;
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
fn arccosine(v: f32) -> f32 { return 2.0 * arctangent(sqrt((1.0 - v) / (1.0 + v))); }
fn is_bits(v: f32, low: u32, high: u32) -> bool { let bits = bitcast<u32>(v); return bits >= low && bits <= high; }

// WGSL leaves open what max and clamp make of NaN; here it stays NaN, as on the other backends. `v != v` may be compiled away.
fn or_nan(v: f32, otherwise: f32) -> f32 { return select(otherwise, v, (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u); }

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
    case 15: { return clamp(p * v + q, 0.0, 1.0); }
    case 16: { return v * clamp(v / 6.0 + 0.5, 0.0, 1.0); }
    case 17: { let e = exp(min(v, 20.0)); let n = e * (e + 2.0); return v * n / (n + 2.0); }  // tanh(log(1 + e))
    case 18: { return softplus(v); }
    case 19: { return v / (1.0 + abs(v)); }
    case 20: { return select(v, p * v, v < 0.0); }
    case 21: { return select(v, p * (exp(min(v, 0.0)) - 1.0), v < 0.0); }
    case 22: { return q * select(p * (exp(min(v, 0.0)) - 1.0), v, v > 0.0); }
    case 23: { return max(v, 0.0) + min(0.0, p * (exp(min(v / p, 0.0)) - 1.0)); }
    case 24: { return select(0.0, v, v > p); }
    case 25: { return select(select(0.0, v - q, v > p), v + q, v < -p); }
    case 26: { return floor(v); }
    case 27: { return ceil(v); }
    case 28: { return round(v); }
    case 29: { return trunc(v); }
    case 30: { return sign(v); }
    case 31: { return select(0.0, 1.0, v == 0.0); }
    case 32: { return sine_cosine(v).x; }
    case 33: { return sine_cosine(v).y; }
    case 34: { let both = sine_cosine(v); return both.x / both.y; }
    case 35: { return arcsine(v); }
    case 36: { return arccosine(v); }
    case 37: { return arctangent(v); }
    case 38: { return hyperbolic_sine(v); }
    case 39: { return 0.5 * (exp(v) + exp(-v)); }
    case 40: { let a = abs(v); return sign(v) * log(1.0 + (a + a * a / (1.0 + sqrt(a * a + 1.0)))); }
    case 41: { return log(v + sqrt((v - 1.0) * (v + 1.0))); }
    case 42: { return 0.5 * log((1.0 + v) / (1.0 - v)); }
    case 43: { return select(0.0, 1.0, is_bits(abs(v), 0x7f800001u, 0x7fffffffu)); }
    case 44: { return select(0.0, 1.0, (p != 0.0 && is_bits(v, 0xff800000u, 0xff800000u)) || (q != 0.0 && is_bits(v, 0x7f800000u, 0x7f800000u))); }
    default: { return v; }
  }
}
