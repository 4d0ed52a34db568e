import { invariant } from '@diptych/plugin-kit';

export type Statement = string | boolean | null;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** Visits every number and every text below `value`, under the nearest `id` above it and the path from there. */
function visit(value: unknown, path: string, found: (key: string, leaf: number | string | boolean | null) => void): void {
  if (Array.isArray(value)) {
    value.forEach((item, index) => {
      visit(item, `${path}[${index}]`, found);
    });
  } else if (isObject(value)) {
    const base = typeof value.id === 'string' ? value.id : path;
    for (const [key, item] of Object.entries(value))
      if (key !== 'id') visit(item, base === '' ? key : `${base}.${key}`, found);
  } else if (value !== undefined) {
    found(path, value as number | string | boolean | null);
  }
}

/** `manifest` is input, `gallery` an illustration, `numbers` what is made here; everything else of a report model is a panel. */
const notPanels: readonly string[] = ['version', 'diptych', 'manifest', 'gallery', 'numbers'];

const parts = (model: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(model).filter(([name]) => !notPanels.includes(name)));

/** Every number of the panels by unique id, in the order of the report. Two numbers with one id are a bug. */
export function numbersOf(model: object): Record<string, number> {
  const numbers = new Map<string, number>();
  visit(parts(model), '', (key, leaf) => {
    if (typeof leaf !== 'number') return;
    invariant(!numbers.has(key), `Expected metric ids to be unique, but \`${key}\` occurs twice.`);
    numbers.set(key, leaf);
  });
  return Object.fromEntries(numbers);
}

/** Every other statement of the panels (texts, yes or no, "not defined") by the same ids. */
export function statementsOf(model: object): Map<string, Statement> {
  const statements = new Map<string, Statement>();
  visit(parts(model), '', (key, leaf) => {
    if (typeof leaf !== 'number') statements.set(key, leaf);
  });
  return statements;
}
