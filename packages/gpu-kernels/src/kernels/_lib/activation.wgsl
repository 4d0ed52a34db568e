// Prelude: ACTIVATION (0 none, 1 relu, 2 clip, 3 sigmoid), CLIP_MIN, CLIP_MAX.
fn activate(v: f32) -> f32 {
  if (ACTIVATION == 1) { return max(v, 0.0); }
  if (ACTIVATION == 2) { return clamp(v, f32(CLIP_MIN), f32(CLIP_MAX)); }
  if (ACTIVATION == 3) { return 1.0 / (1.0 + exp(-clamp(v, -87.0, 87.0))); }  // beyond 87, exp overflows float32
  return v;
}
