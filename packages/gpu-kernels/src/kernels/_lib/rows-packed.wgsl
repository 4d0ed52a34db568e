// x holds halves: eight neighbours are one word of 16 bytes, and stay one in registers.
@group(0) @binding(1) var<storage, read> x: array<vec4<u32>>;

alias Word = vec4<u32>;

fn word_at(at: u32) -> Word { return x[at]; }

fn eight_of(word: Word) -> Eight {
  return Eight(vec4f(unpack2x16float(word.x), unpack2x16float(word.y)), vec4f(unpack2x16float(word.z), unpack2x16float(word.w)));
}
