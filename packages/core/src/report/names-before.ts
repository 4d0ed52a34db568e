/**
 * How reports of older releases name what this release names otherwise. `verify` compares number by number and name by name,
 * so a report that was written before a renaming is still checked. Ids are never renamed: random numbers derive from them.
 */
export const oldestReadVersion = 2;

interface Renaming {
  /** The last version of the report model with the old name. */
  readonly until: number;
  readonly from: RegExp;
  readonly to: string;
}

const renamings: readonly Renaming[] = [
  { until: 2, from: /^unsafe\.(promptSets|overRefusal|languages|coverage)\b/, to: '$1' },
  { until: 2, from: /^unsafe\.genders\b/, to: 'gender' },
  { until: 2, from: /^summary\.cost$/, to: 'cost' },
  { until: 2, from: /^generalisation\.notes\b/, to: 'heldOut.notes' },
  { until: 2, from: /^robustnessNotes\b/, to: 'robustness.notes' },
  { until: 2, from: /^(corruption\/[^.]*)\.twins\b/, to: '$1.counterparts' },
  { until: 2, from: /\.unsafeTwins$/, to: '.unsafeOfPairs' },
];

/** What reports of older versions did not say yet: their readers find the rest equal. */
const additions: readonly { readonly until: number; readonly name: RegExp }[] = [
  { until: 2, name: /^claim-\d\/[^.]*\.(scorer|protocol|part|brief|measure|unit)$/ },
  // What the metadata control recognises, by family.
  { until: 2, name: /^audit\/[^.]*\/recall-at-5\./ },
  { until: 2, name: /^audit\/[^.]*\.families\[\d+\]\.recallAt5$/ },
];

/** Whether a report of `version` lacks the number or statement because its release did not know it. */
export const isNewerThan = (version: number, name: string): boolean =>
  additions.some(({ until, name: pattern }) => version <= until && pattern.test(name));

/** The name of a number or statement in this release, from its name in a report of `version`. */
export const nameToday = (name: string, version: number): string =>
  renamings.filter(({ until }) => version <= until).reduce((text, { from, to }) => text.replace(from, to), name);
