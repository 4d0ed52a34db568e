/**
 * Reads what the format audit needs from a JPEG's headers: quantisation tables, chroma subsampling, coding, C2PA.
 * Markers and tables follow ITU-T T.81; nothing of the entropy-coded data is read. A damaged header gives what was
 * found before the damage, because whether the file decodes is another question.
 */
import type { ImageInfo } from '@diptych/plugin-kit';

interface Component {
  readonly horizontal: number;
  readonly vertical: number;
  readonly table: number;
}
export interface JpegHeader {
  readonly chroma?: string;
  readonly progressive?: boolean;
  readonly quantisation?: NonNullable<ImageInfo['quantisation']>;
  readonly hasC2pa: boolean;
}

// Tables K.1 and K.2 of ITU-T T.81 in zigzag order, the order of a DQT segment; libjpeg scales them by quality.
const standardLuma = [
  16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57,
  51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100,
  120, 92, 101, 103, 99,
];
const standardChroma = [17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66, ...Array<number>(50).fill(99)];

/** libjpeg's jpeg_quality_scaling and jpeg_add_quant_table with force_baseline. `quality` is 1 to 100. */
function scaleTable(table: readonly number[], quality: number): number[] {
  const scale = quality < 50 ? Math.floor(5000 / quality) : 200 - quality * 2;
  return table.map((value) => Math.min(255, Math.max(1, Math.floor((value * scale + 50) / 100))));
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const distance = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0);

function describeTables(
  luma: readonly number[],
  chroma: readonly number[] | undefined,
): NonNullable<JpegHeader['quantisation']> {
  let quality = 1;
  let nearest = Number.POSITIVE_INFINITY;
  for (let candidate = 1; candidate <= 100; candidate++) {
    const difference = distance(luma, scaleTable(standardLuma, candidate));
    if (difference < nearest) [nearest, quality] = [difference, candidate];
  }
  const standard = nearest === 0 && (chroma === undefined || distance(chroma, scaleTable(standardChroma, quality)) === 0);
  return { lumaMean: mean(luma), ...(chroma ? { chromaMean: mean(chroma) } : {}), quality, standard };
}

function readTables(segment: Uint8Array, tables: Map<number, number[]>): void {
  let at = 0;
  while (at < segment.length) {
    const head = segment[at]!;
    const wide = head >> 4 === 1;
    const length = wide ? 128 : 64;
    if (at + 1 + length > segment.length) return;
    tables.set(
      head & 15,
      Array.from({ length: 64 }, (_, i) =>
        wide ? segment[at + 1 + 2 * i]! * 256 + segment[at + 2 + 2 * i]! : segment[at + 1 + i]!,
      ),
    );
    at += 1 + length;
  }
}

function readComponents(segment: Uint8Array): Component[] {
  const count = Math.min(segment[5] ?? 0, Math.floor((segment.length - 6) / 3));
  return Array.from({ length: Math.max(0, count) }, (_, i) => {
    const factors = segment[7 + 3 * i]!;
    return { horizontal: factors >> 4, vertical: factors & 15, table: segment[8 + 3 * i]! };
  });
}

function chromaOf(components: readonly Component[]): string | undefined {
  const [luma, first] = components;
  if (!luma) return undefined;
  if (!first) return '4:0:0';
  const across = luma.horizontal / first.horizontal;
  const down = luma.vertical / first.vertical;
  const known: Record<string, string> = {
    '1x1': '4:4:4',
    '2x1': '4:2:2',
    '2x2': '4:2:0',
    '1x2': '4:4:0',
    '4x1': '4:1:1',
    '4x2': '4:1:0',
  };
  return known[`${across}x${down}`] ?? `${across}x${down}`;
}

/** Every segment before the first scan: its marker and payload. */
function* segments(bytes: Uint8Array): Generator<{ marker: number; payload: Uint8Array }> {
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === 0xda || marker === 0xd9) return;
    const length = bytes[at + 2]! * 256 + bytes[at + 3]!;
    if (length < 2 || at + 2 + length > bytes.length) return;
    yield { marker, payload: bytes.subarray(at + 4, at + 2 + length) };
    at += 2 + length;
  }
}

const isFrame = (marker: number): boolean => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
/** C2PA lives in APP11 segments as JUMBF boxes (ISO 19566-5). */
const isC2pa = (payload: Uint8Array): boolean =>
  payload[0] === 0x4a && payload[1] === 0x50 && Buffer.from(payload).includes('jumb');

/** Never throws: of a file that is damaged or no JPEG, what was found before. */
export function readJpegHeader(bytes: Uint8Array): JpegHeader {
  const tables = new Map<number, number[]>();
  let components: Component[] = [];
  let progressive: boolean | undefined;
  let hasC2pa = false;
  for (const { marker, payload } of segments(bytes)) {
    if (marker === 0xdb) readTables(payload, tables);
    else if (marker === 0xeb) hasC2pa ||= isC2pa(payload);
    else if (isFrame(marker)) {
      components = readComponents(payload);
      progressive = [0xc2, 0xc6, 0xca, 0xce].includes(marker);
    }
  }
  const luma = tables.get(components[0]?.table ?? 0);
  const chromaTable = components[1] ? tables.get(components[1].table) : undefined;
  const chroma = chromaOf(components);
  return {
    hasC2pa,
    ...(chroma === undefined ? {} : { chroma }),
    ...(progressive === undefined ? {} : { progressive }),
    ...(luma ? { quantisation: describeTables(luma, chromaTable) } : {}),
  };
}
