// What both twins of the half-precision matrix product share: where a tile lies, staging, and the end of a tile.
// y = activation(x · weightᵀ + bias + residual), rows are output pixels of all items, columns output channels; the inner
// dimension runs over kernel row, kernel column, input channel, and patches are gathered while they are staged. With
// POINTWISE it is a plain product. Operands are float16, sums float32.
//
// A workgroup makes a tile of TILE_ROWS x TILE_COLUMNS in slices of 16 or 32 of the inner dimension. Staged rows are a slice of
// halves and 8 of padding (words of 16 bytes), so that neighbours lie in other banks; rows of x come first, then those of weight.
// The next slice is fetched into registers while this one is multiplied. With two BUFFERS it is put beside the one that is
// being read, which saves a barrier a slice. Sums leave through the same memory, SIDE rows of every block at a time: that
// turns fragments of any shape into wide stores.
//
// PARTS workgroups share the inner dimension of a tile; each makes sums of its own slices, which add-parts.wgsl adds up.
//
// Sizes come with the run, not with the prelude: all layers of a network share a few variants. Prelude: TILE_ROWS
// TILE_COLUMNS BLOCK_HEIGHT BLOCK_WIDTH (rows and columns of a subgroup's share) MATRIX (those of one matrix) SUBGROUP
// THREADS STAGED SLICE_WORDS BUFFERS PARTS ROLLED POINTWISE HAS_BIAS HAS_RESIDUAL.

@group(0) @binding(2) var<storage, read> weight: array<vec4<u32>>;  // [columns, inner], both filled up to whole tiles

const SIDE = u32(MATRIX);
const WORDS = u32(SLICE_WORDS);  // of a slice of one row, 8 halves each
const ROW_WORDS = WORDS + 1u;
const SLICE = 8u * WORDS;
const WEIGHT_SLICE = 32u;  // rows of weight are filled up to a multiple of it
const BUFFER_WORDS = u32(TILE_ROWS + TILE_COLUMNS) * ROW_WORDS;
const LINES = u32(THREADS) / WORDS;  // rows staged at once, a thread a word
const X_LOADS = u32(TILE_ROWS) / LINES;
const WEIGHT_LOADS = u32(TILE_COLUMNS) / LINES;
const BAND = 8u;           // row tiles whose workgroups follow each other, to share weights and x in the cache

var<workgroup> stage: array<vec4<u32>, STAGED>;

// Of the rows that a thread fetches; the divisions are made once a tile.
struct Origins { rows: array<Origin, X_LOADS> }

struct Place { row: u32, column: u32, rows: u32, inner: u32, weight_words: u32, part: u32, first: u32, end: u32, inside: bool }

// Registers of a thread between fetching and staging.
struct Fetched { x: Patches, weight: array<vec4<u32>, WEIGHT_LOADS> }

fn place_of(group: vec3u, groups: vec3u) -> Place {
  let inner = run.kernel_height * run.kernel_width * run.channels;
  let slices = (inner + SLICE - 1u) / SLICE;
  let rows = run.items * run.out_height * run.out_width;
  let row_tiles = (rows + u32(TILE_ROWS) - 1u) / u32(TILE_ROWS);
  let column_tiles = (run.out_channels + u32(TILE_COLUMNS) - 1u) / u32(TILE_COLUMNS);
  let index = group.y * groups.x + group.x;
  let part = index % u32(PARTS);
  let tile = index / u32(PARTS);
  let band = tile / (BAND * column_tiles);
  let in_band = min(BAND, row_tiles - min(row_tiles, band * BAND));
  let rest = tile % (BAND * column_tiles);
  let share = (slices + u32(PARTS) - 1u) / u32(PARTS);
  return Place(
    (band * BAND + rest % max(in_band, 1u)) * u32(TILE_ROWS), rest / max(in_band, 1u) * u32(TILE_COLUMNS),
    rows, inner, (inner + WEIGHT_SLICE - 1u) / WEIGHT_SLICE * (WEIGHT_SLICE / 8u), part, min(part * share, slices), min((part + 1u) * share, slices),
    tile < row_tiles * column_tiles);
}

// Rows beyond the last repeat it: what they give is never stored.
fn origins_of(place: Place, lane: u32) -> Origins {
  var origins: Origins;
  for (var i = 0u; i < X_LOADS + rolled(); i++) { origins.rows[i] = origin_of(min(place.row + lane / WORDS + i * LINES, place.rows - 1u)); }
  return origins;
}

// Behind the last slice zeros and the last weights again, which nothing reads: the loop over slices has no branches.
fn fetch(place: Place, origins: Origins, walk: Walk, slice: u32, lane: u32) -> Fetched {
  var fetched: Fetched;
  fetched.x = patches_of_eight(origins, walk, place.inner);
  let of_row = min(slice, place.weight_words / WORDS - 1u) * WORDS + lane % WORDS;
  for (var i = 0u; i < WEIGHT_LOADS + rolled(); i++) {
    let column = place.column + lane / WORDS + i * LINES;
    fetched.weight[i] = weight[column * place.weight_words + of_row];
  }
  return fetched;
}

// First word of the buffer that holds a slice.
fn buffer_of(slice: u32) -> u32 { return slice % u32(BUFFERS) * BUFFER_WORDS; }

fn put(fetched: Fetched, slice: u32, lane: u32) {
  let to = buffer_of(slice) + lane / WORDS * ROW_WORDS + lane % WORDS;
  for (var i = 0u; i < X_LOADS + rolled(); i++) { stage[to + i * LINES * ROW_WORDS] = word_of_patch(fetched.x, i); }
  for (var i = 0u; i < WEIGHT_LOADS + rolled(); i++) { stage[to + (u32(TILE_ROWS) + i * LINES) * ROW_WORDS] = fetched.weight[i]; }
}
