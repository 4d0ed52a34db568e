import { createHash } from 'node:crypto';

const quotedKeys = new Map<string, string>();
/** Keys come from schemas and repeat for every record; only so many are kept, as prompts' ids may be keys too. */
const mostQuotedKeys = 4096;

function quoted(key: string): string {
  const known = quotedKeys.get(key);
  if (known !== undefined) return known;
  const made = JSON.stringify(key);
  if (quotedKeys.size < mostQuotedKeys) quotedKeys.set(key, made);
  return made;
}

/** Text that JSON writes as it is; the test costs a fraction of `JSON.stringify`. */
const plain = /^[ !#-[\]-~]*$/;

function scalar(value: unknown): string {
  if (typeof value === 'string' && value.length < 100 && plain.test(value)) return `"${value}"`;
  if (typeof value === 'number' && Number.isFinite(value)) return value === 0 ? '0' : String(value);
  return JSON.stringify(value) ?? 'null';
}

/**
 * JSON with keys in code-unit order and without white space, so that equal values have equal digests. `undefined` members are
 * left out, and so are the outermost object's members of the names given.
 */
export function canonicalJson(value: unknown, without?: ReadonlySet<string>): string {
  if (typeof value !== 'object' || value === null) return scalar(value);
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  // Appended text and no lists in between: the digest of a run takes this for every record.
  let text = '';
  for (const key of Object.keys(value).sort()) {
    const member = (value as Record<string, unknown>)[key];
    if (member !== undefined && without?.has(key) !== true)
      text += `${text === '' ? '' : ','}${quoted(key)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}

/** `Hash.update` refuses 2 GiB and more at once. Arbitrary below that. */
const pieceBytes = 2 ** 26;

/** SHA-256 in lower-case hex. */
export function sha256Hex(data: string | Uint8Array): string {
  const hash = createHash('sha256');
  if (typeof data === 'string') return hash.update(data).digest('hex');
  for (let at = 0; at < data.length; at += pieceBytes) hash.update(data.subarray(at, at + pieceBytes));
  return hash.digest('hex');
}
