import { hash } from 'node:crypto';
import type { JournalRecord } from '@diptych/plugin-kit';
import { recordKey } from '../journal/seen-records.ts';
import { canonicalJson, sha256Hex } from '../text/canonical-json.ts';
import { bytes, GrowableColumn } from './growable-column.ts';

/** Members that say how the work went and not what came out; two machines never agree on them. */
const circumstances = new Set(['durationMs', 'attempts', 'costUsd', 'promptCostsUsd']);

function digestOf(record: JournalRecord): Buffer {
  const found: Record<string, unknown> = {};
  for (const [member, value] of Object.entries(record)) if (!circumstances.has(member)) found[member] = value;
  return hash('sha256', canonicalJson(found), 'buffer');
}

const digestBytes = 32;

/**
 * One digest for everything that a run found: the same on one machine and over merged shards, whatever order the records
 * were written in. SHA-256 over lines: the study's digest, then for each record, sorted by group and index of its key,
 * `group index SHA-256`, the last over the record's canonical JSON without time, attempts and cost. 32 bytes a record.
 */
export class RunDigest {
  readonly #groups = new Map<string, GrowableColumn<Uint8Array>>();

  /** The first record of a key counts. */
  add(record: JournalRecord): void {
    const { group, index } = recordKey(record);
    const column = this.#groups.get(group) ?? new GrowableColumn(bytes, digestBytes);
    this.#groups.set(group, column);
    // No digest is all zero, so a row that is marks an index without a record.
    if (column.length > index && column.row(index).some((byte) => byte !== 0)) return;
    column.setRow(index, digestOf(record));
  }

  finish(studyDigest: string): string {
    const lines = [studyDigest];
    for (const group of [...this.#groups.keys()].sort()) {
      const column = this.#groups.get(group)!;
      for (let index = 0; index < column.length; index++) {
        const row = Buffer.from(column.row(index));
        if (row.some((byte) => byte !== 0)) lines.push(`${group} ${index} ${row.toString('hex')}`);
      }
    }
    return sha256Hex(`${lines.join('\n')}\n`);
  }
}

/** Passes records on, and shows each to `look`. */
export async function* watched<T>(items: AsyncIterable<T> | Iterable<T>, look: (item: T) => void): AsyncGenerator<T> {
  for await (const item of items) {
    look(item);
    yield item;
  }
}
