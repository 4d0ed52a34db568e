import type { DetectionRecord, JournalRecord } from '@diptych/plugin-kit';

export const verdictGroup = (judge: string): string => `verdict ${judge}`;
export const detectionGroup = ({
  detector,
  protocol,
  side,
}: Pick<DetectionRecord, 'detector' | 'protocol' | 'side'>): string => `detection ${detector} ${protocol} ${side}`;

/** What a record is about: two records with one key answer the same question, and the first one counts. */
export function recordKey(record: JournalRecord): { readonly group: string; readonly index: number } {
  switch (record.type) {
    case 'sample':
    case 'authentic':
      return { group: record.type, index: record.index };
    case 'verdict':
      return { group: verdictGroup(record.judge), index: record.index };
    case 'detection':
      return { group: detectionGroup(record), index: record.index };
  }
}

/** Remembers keys in growing bit sets, so that a million records cost a few hundred kilobytes. */
export class SeenRecords {
  readonly #groups = new Map<string, Uint8Array>();
  readonly #counts = new Map<string, number>();

  has(group: string, index: number): boolean {
    const bits = this.#groups.get(group);
    return bits !== undefined && ((bits[index >>> 3] ?? 0) & (1 << (index & 7))) !== 0;
  }

  /** Number of keys in a group. */
  count(group: string): number {
    return this.#counts.get(group) ?? 0;
  }

  /** Returns true for the first record of a key. */
  add(group: string, index: number): boolean {
    if (this.has(group, index)) return false;
    this.#counts.set(group, this.count(group) + 1);
    let bits = this.#groups.get(group);
    const needed = (index >>> 3) + 1;
    if (!bits || bits.length < needed) {
      const grown = new Uint8Array(Math.max(1024, 2 ** Math.ceil(Math.log2(needed))));
      grown.set(bits ?? []);
      this.#groups.set(group, grown);
      bits = grown;
    }
    bits[index >>> 3]! |= 1 << (index & 7);
    return true;
  }
}
