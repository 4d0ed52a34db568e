// x holds float32: eight neighbours are two words of 16 bytes.
@group(0) @binding(1) var<storage, read> x: array<vec4f>;

alias Word = Eight;

fn word_at(at: u32) -> Word { return Word(x[2u * at], x[2u * at + 1u]); }

fn eight_of(word: Word) -> Eight { return word; }
