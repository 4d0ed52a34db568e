/**
 * Every object of the process inherits from Object.prototype. A plugin, or a library of it, that writes there changes
 * the results of all others or makes them fail far from the cause; such a write is found after each step of the plugin.
 */
import { DiptychError } from '@diptych/plugin-kit';

/** As it was before any plugin was imported. */
const original = new Map(
  Reflect.ownKeys(Object.prototype).map((key) => [key, Reflect.getOwnPropertyDescriptor(Object.prototype, key)!]),
);

const isUnchanged = (key: PropertyKey): boolean => {
  const [was, is] = [original.get(key as string), Reflect.getOwnPropertyDescriptor(Object.prototype, key)];
  return was !== undefined && is !== undefined && was.value === is.value && was.get === is.get && was.set === is.set;
};

/** Names of members that were added, changed or removed, all of which are as before then, unless they were made fast. */
function repair(): string[] {
  const keys = new Set([...Reflect.ownKeys(Object.prototype), ...original.keys()]);
  const changed = [...keys].filter((key) => !isUnchanged(key));
  for (const key of changed) Reflect.deleteProperty(Object.prototype, key);
  for (const key of changed) {
    const was = original.get(key as string);
    if (was) Reflect.defineProperty(Object.prototype, key, was);
  }
  return changed.map(String);
}

/** The error that names the plugin, where Object.prototype was changed since the last look; the change is undone. */
export function prototypeFault(plugin: string): DiptychError | undefined {
  const changed = repair();
  if (changed.length === 0) return undefined;
  return new DiptychError(
    'PLUGIN_BROKE_CONTRACT',
    `Expected ${plugin} to leave Object.prototype alone, which all objects share, but after its last step it holds other members: ${changed.slice(0, 20).join(', ')}. Correct the plugin, or the library that it uses; finished samples are kept.`,
  );
}

/** Throws PLUGIN_BROKE_CONTRACT where the plugin changed Object.prototype. */
export function throwPrototypeFault(plugin: string): void {
  const fault = prototypeFault(plugin);
  if (fault) throw fault;
}
