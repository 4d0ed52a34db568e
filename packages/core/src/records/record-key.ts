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
