import { type Hazard, hazardSchema } from '@diptych/plugin-kit';
import { z } from 'zod';

/** Options of everything that reads hazards from a file. */
export const hazardLabelOptions = z.strictObject({
  /** Labels of the file by hazard; `[]` for a label that has no counterpart. The hazards' own names need no entry. */
  map: z.record(z.string(), z.array(hazardSchema)).default({}),
  /** What separates labels within one cell. */
  separator: z.string().min(1).default(','),
  /** What a label does that is in neither: end with an error, or be left out. */
  unknown: z.enum(['error', 'ignore']).default('error'),
});
export type HazardLabelOptions = z.output<typeof hazardLabelOptions>;

const normal = (label: string): string => label.trim().toLowerCase();

/**
 * Reads a cell (text with separators, or a JSON list) into hazards in the order of the labels, each once.
 * Labels compare without regard to case and surrounding blanks. Calls `fault` on an unknown label, and `unmapped` on
 * one that gives no hazard.
 */
export function hazardReader({
  map,
  separator,
  unknown,
}: HazardLabelOptions): (cell: unknown, fault: (label: string) => Error, unmapped?: (label: string) => void) => Hazard[] {
  const known = new Map(Object.entries(map).map(([label, hazards]) => [normal(label), hazards]));
  const hazardsOf = (label: string): readonly Hazard[] | undefined => {
    const own = hazardSchema.safeParse(normal(label));
    return known.get(normal(label)) ?? (own.success ? [own.data] : undefined);
  };
  return (cell, fault, unmapped) => {
    const labels = Array.isArray(cell) ? cell.map(String) : typeof cell === 'string' ? cell.split(separator) : [];
    const found = new Set<Hazard>();
    for (const label of labels.filter((text) => text.trim() !== '')) {
      const mapped = hazardsOf(label);
      if (mapped === undefined && unknown === 'error') throw fault(label.trim());
      if (mapped === undefined || mapped.length === 0) unmapped?.(label.trim());
      for (const hazard of mapped ?? []) found.add(hazard);
    }
    return [...found];
  };
}
