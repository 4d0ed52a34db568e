import type { JournalRecord, LabelRecord, Manifest } from '@diptych/plugin-kit';

/** What reporting needs of a run: its folder, its manifest and its records. */
export interface ReportedRun {
  readonly folder: string;
  readonly manifest: Manifest;
  records(): AsyncIterable<JournalRecord> | Iterable<JournalRecord>;
  /** Human labels; none where absent. */
  labels?(): Promise<readonly LabelRecord[]>;
}

/** Reports also show pictures, and so need the image store; verifying does not. */
export interface IllustratedRun extends ReportedRun {
  /** Rejects with IMAGE_MISSING. */
  findImage(sha256: string): Promise<{ readonly bytes: Uint8Array }>;
}
