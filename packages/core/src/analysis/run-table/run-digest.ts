import { createHash, hash } from 'node:crypto';
import type { JournalRecord, RunFormat } from '@diptych/plugin-kit';
import { lineOfFormat } from '../../records/older-formats.ts';
import { recordKey } from '../../records/record-key.ts';
import { canonicalJson } from '../../text/canonical-json.ts';
import { bytes, GrowableColumn } from './growable-column.ts';

/** Members that say how the work went and not what came out; two machines never agree on them. */
const circumstances = new Set(['durationMs', 'attempts', 'costUsd', 'promptCostsUsd']);

const digestOf = (record: JournalRecord, format: RunFormat): Buffer =>
  hash('sha256', canonicalJson(lineOfFormat(record, format), circumstances), 'buffer');

const digestBytes = 32;
/** Characters. */
const chunk = 2 ** 18;
const isWritten = (row: Uint8Array): boolean => row.some((byte) => byte !== 0);

/**
 * One digest for everything that a run found: the same on one machine and over merged shards, whatever order the records
 * were written in. SHA-256 over lines: the study's digest, then for each record, sorted by group and index of its key,
 * `group index SHA-256`, the last over the record's canonical JSON without time, attempts and cost. 32 bytes a record.
 */
export class RunDigest {
  readonly #groups = new Map<string, GrowableColumn<Uint8Array>>();
  readonly #format: RunFormat;

  /** `format` is that of the run, which keeps its digest when a later release reads it. */
  constructor(format: RunFormat) {
    this.#format = format;
  }

  /** The first record of a key counts. */
  add(record: JournalRecord): void {
    const { group, index } = recordKey(record);
    const column = this.#groups.get(group) ?? new GrowableColumn(bytes, digestBytes);
    this.#groups.set(group, column);
    // No digest is all zero, so a row that is marks an index without a record.
    if (column.length > index && isWritten(column.row(index))) return;
    column.setRow(index, digestOf(record, this.#format));
  }

  finish(studyDigest: string): string {
    const all = createHash('sha256').update(`${studyDigest}\n`);
    for (const group of [...this.#groups.keys()].sort()) {
      const column = this.#groups.get(group)!;
      let lines = '';
      for (let index = 0; index < column.length; index++) {
        const row = column.row(index);
        if (isWritten(row))
          lines += `${group} ${index} ${Buffer.from(row.buffer, row.byteOffset, row.length).toString('hex')}\n`;
        // Some thousand lines at a time: a million of them at once are hundreds of megabytes.
        if (lines.length < chunk) continue;
        all.update(lines);
        lines = '';
      }
      all.update(lines);
    }
    return all.digest('hex');
  }
}
