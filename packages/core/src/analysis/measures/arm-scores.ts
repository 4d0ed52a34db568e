import type { Protocol } from '@diptych/plugin-kit';
import type { RunTable } from '../run-table/run-table.ts';
import type { Placement } from './clustered-rate.ts';

/** A detector's scores, whoever fitted it: all that the tables need. */
export interface ArmScores {
  readonly table: RunTable;
  readonly detector: string;
  readonly protocol: Protocol;
  /** Null: the detector as in panel B. */
  readonly retrainedOn: string | null;
  /** Part of ids. */
  readonly key: string;
  /** By sample index, NaN where there is none. */
  readonly bySample: Float64Array;
  readonly place: (sample: number) => Placement;
  readonly studySeed: number;
}

export const armId = ({ detector, protocol, key }: ArmScores): string => `bypass/${detector}/${protocol}/${key}`;
