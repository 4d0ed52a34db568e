// What both twins of the half-precision matrix product share: where a tile lies, staging, and the end of a tile.
// y = activation(x · weightᵀ + bias + residual), rows are output pixels of all items, columns output channels; the inner
// dimension runs over kernel row, kernel column, input channel, and patches are gathered while they are staged. With
// POINTWISE it is a plain product. Operands are float16, sums float32.
//
// A workgroup makes a tile of TILE_ROWS x TILE_COLUMNS in slices of 32 of the inner dimension. Staged rows are 32 halves and
// 8 of padding (5 words of 16 bytes), so that neighbours lie in other banks; the rows of x come first, then those of weight.
// The next slice is fetched into registers while this one is multiplied. Sums leave through the same memory, SIDE rows of
// every block at a time: that turns fragments of any shape into 16-byte stores.
//
// Sizes come with the run, not with the prelude: all layers of a network share a few variants. Prelude: TILE_ROWS
// TILE_COLUMNS BLOCK (rows and columns of a subgroup's share) MATRIX (those of one matrix) SUBGROUP THREADS STAGED ROLLED POINTWISE HAS_BIAS HAS_RESIDUAL.

@group(0) @binding(2) var<storage, read> weight: array<vec4<u32>>;  // [columns, inner], both filled up to whole tiles
@group(0) @binding(3) var<storage, read> bias: array<f32>;

const SIDE = u32(MATRIX);
const ROW_WORDS = 5u;      // of a staged row
const SLICE = 32u;
const LINES = u32(THREADS) / 4u;  // rows staged at once: four threads a row, 8 halves each
const X_LOADS = u32(TILE_ROWS) / LINES;
const WEIGHT_LOADS = u32(TILE_COLUMNS) / LINES;
const BAND = 8u;           // row tiles whose workgroups follow each other, to share weights and x in the cache

var<workgroup> stage: array<vec4<u32>, STAGED>;

// Of the rows that a thread fetches; the divisions are made once a tile.
struct Origins { rows: array<Origin, X_LOADS> }

struct Place { row: u32, column: u32, rows: u32, inner: u32, slices: u32, inside: bool }

// Registers of a thread between fetching and staging.
struct Fetched { x: array<vec4<u32>, X_LOADS>, weight: array<vec4<u32>, WEIGHT_LOADS> }

fn place_of(group: vec3u, groups: vec3u) -> Place {
  let inner = run.kernel_height * run.kernel_width * run.channels;
  let rows = run.items * run.out_height * run.out_width;
  let row_tiles = (rows + u32(TILE_ROWS) - 1u) / u32(TILE_ROWS);
  let column_tiles = (run.out_channels + u32(TILE_COLUMNS) - 1u) / u32(TILE_COLUMNS);
  let tile = group.y * groups.x + group.x;
  let band = tile / (BAND * column_tiles);
  let in_band = min(BAND, row_tiles - min(row_tiles, band * BAND));
  let rest = tile % (BAND * column_tiles);
  return Place(
    (band * BAND + rest % max(in_band, 1u)) * u32(TILE_ROWS), rest / max(in_band, 1u) * u32(TILE_COLUMNS),
    rows, inner, (inner + SLICE - 1u) / SLICE, tile < row_tiles * column_tiles);
}

// Rows beyond the last repeat it: what they give is never stored.
fn origins_of(place: Place, lane: u32) -> Origins {
  var origins: Origins;
  for (var i = 0u; i < X_LOADS + rolled(); i++) { origins.rows[i] = origin_of(min(place.row + lane / 4u + i * LINES, place.rows - 1u)); }
  return origins;
}

fn fetch(place: Place, origins: Origins, slice: u32, lane: u32) -> Fetched {
  var fetched: Fetched;
  let inner = slice * SLICE + lane % 4u * 8u;
  for (var i = 0u; i < X_LOADS + rolled(); i++) {
    fetched.x[i] = vec4<u32>();
    if (inner < place.inner) { fetched.x[i] = patch_of_eight(origins.rows[i], inner, place.inner); }
  }
  for (var i = 0u; i < WEIGHT_LOADS + rolled(); i++) {
    let column = place.column + lane / 4u + i * LINES;
    fetched.weight[i] = weight[(column * place.slices + slice) * 4u + lane % 4u];
  }
  return fetched;
}

fn put(fetched: Fetched, lane: u32) {
  for (var i = 0u; i < X_LOADS + rolled(); i++) { stage[(lane / 4u + i * LINES) * ROW_WORDS + lane % 4u] = fetched.x[i]; }
  for (var i = 0u; i < WEIGHT_LOADS + rolled(); i++) {
    stage[(u32(TILE_ROWS) + lane / 4u + i * LINES) * ROW_WORDS + lane % 4u] = fetched.weight[i];
  }
}
