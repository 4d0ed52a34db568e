// src/image-ops/counter-hash.ts: MurmurHash3's finaliser, word by word, from 0x9e3779b9.
fn hash_word(hash: u32, word: u32) -> u32 {
  var h = (hash ^ word) + 0x9e3779b9u;
  h = (h ^ (h >> 16u)) * 0x85ebca6bu;
  h = (h ^ (h >> 13u)) * 0xc2b2ae35u;
  return h ^ (h >> 16u);
}
