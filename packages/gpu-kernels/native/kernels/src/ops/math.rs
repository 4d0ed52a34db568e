//! exp, tanh, sigmoid and erf without branches and calls, so that the compiler works on a vector of numbers at once.
//! Errors against float64 are in the tests: a few units in the last place of float32.

/// x = n · ln 2 + r with whole n: e^x = 2^n · e^r, e^r by its series. ln 2 is subtracted in two parts (Cody and Waite).
/// Infinite from 88.38 on, where n is 128; e^-87 below -87.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    const SHIFT: f32 = 12_582_912.0; // 1.5 · 2^23: adding it leaves the nearest integer in the low bits
    let x = if x < -87.0 { -87.0 } else { x };
    let x = if x > 89.0 { 89.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + SHIFT;
    let n = shifted - SHIFT;
    let r = (x - n * 0.693_359_4) - n * -2.121_944_4e-4;
    let series = 1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0 + r / 5040.0))))));
    series * f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000))
}

/// For large negative x, e^-x is huge and the result 0, as it should be.
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// Below 0.625 the seventh convergent of Lambert's continued fraction, else 1 − 2 / (e^2x + 1). NaN stays NaN.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let s = x * x;
    let near = x * (135_135.0 + s * (17_325.0 + s * (378.0 + s))) / (135_135.0 + s * (62_370.0 + s * (3150.0 + s * 28.0)));
    let far = (1.0 - 2.0 / (exp(2.0 * x.abs()) + 1.0)).copysign(x);
    if x.abs() > 0.625 { far } else { near }
}

/// Abramowitz and Stegun: the series 7.1.5 below 1, the rational form 7.1.26 (error 1.5e-7) above. NaN stays NaN.
#[inline(always)]
pub fn erf(x: f32) -> f32 {
    let a = x.abs();
    let s = a * a;
    let tail = 1.0 / 75_600.0 - s * (1.0 / 685_440.0 - s * (1.0 / 6_894_720.0));
    let tail = 1.0 / 216.0 - s * (1.0 / 1320.0 - s * (1.0 / 9360.0 - s * tail));
    let near = std::f32::consts::FRAC_2_SQRT_PI * a * (1.0 - s * (1.0 / 3.0 - s * (1.0 / 10.0 - s * (1.0 / 42.0 - s * tail))));
    let t = 1.0 / (1.0 + 0.327_591_1 * a);
    let sum = t * (0.254_829_6 + t * (-0.284_496_74 + t * (1.421_413_7 + t * (-1.453_152 + t * 1.061_405_4))));
    let far = 1.0 - sum * exp(-s);
    (if a > 1.0 { far } else { near }).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn largest_error(range: f32, ours: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64) -> f64 {
        let grid = (-20_000..=20_000).map(|i| range * i as f32 / 20_000.0);
        grid.map(|x| (f64::from(ours(x)) - exact(f64::from(x))).abs() / exact(f64::from(x)).abs().max(1e-3)).fold(0.0, f64::max)
    }

    #[test]
    fn functions_agree_with_float64() {
        assert!(largest_error(86.0, exp, f64::exp) < 2e-7 * 86.0);
        assert!(largest_error(10.0, exp, f64::exp) < 4e-7);
        assert!(largest_error(10.0, tanh, f64::tanh) < 3e-7);
        assert!(largest_error(20.0, sigmoid, |x| 1.0 / (1.0 + (-x).exp())) < 5e-7);
    }

    /// From SciPy 1.17.1: `scipy.special.erf`.
    #[test]
    fn erf_agrees_with_scipy() {
        let table = [
            (1e-4, 1.128_379_163_334_248_6e-4),
            (0.1, 0.112_462_916_018_284_9),
            (0.5, 0.520_499_877_813_046_5),
            (0.999, 0.842_285_270_206_496_9),
            (1.5, 0.966_105_146_475_310_8),
            (3.0, 0.999_977_909_503_001_4),
        ];
        for (x, expected) in table {
            assert!((f64::from(erf(x)) - expected).abs() < 3e-7 * expected, "erf {x}: {}", erf(x));
            assert_eq!(erf(-x), -erf(x));
        }
        assert_eq!(erf(100.0), 1.0);
    }

    #[test]
    fn limits_and_nan() {
        assert_eq!((sigmoid(-200.0), sigmoid(200.0)), (0.0, 1.0));
        assert_eq!((tanh(50.0), tanh(f32::NEG_INFINITY)), (1.0, -1.0));
        assert!(erf(f32::NAN).is_nan() && tanh(f32::NAN).is_nan() && sigmoid(f32::NAN).is_nan());
    }
}
