/** The value of a YAML document of a user: nothing in it is passed over, and it ends. */
import type { Document } from 'yaml';

/** The `yaml` package refuses documents whose aliases expand beyond this, so that an alias bomb cannot fill memory. */
const maxAliasCount = 100;

/**
 * Throws the parser's first fault, for a tag or directive that it would pass over as for any other, and an Error where an
 * alias stands inside what it names: no manifest could hold that.
 */
export function yamlValue(document: Document.Parsed): unknown {
  const [fault] = [...document.errors, ...document.warnings];
  if (fault) throw fault;
  const value: unknown = document.toJS({ maxAliasCount });
  const place = placeInItself(value);
  if (place !== undefined) throw new Error(`the alias at ${place.join('.')} stands inside what it names`);
  return value;
}

/** Where a value holds itself, in the members that lead there; undefined where it does not. */
export function placeInItself(value: unknown): string[] | undefined {
  const [above, known] = [new Set<object>(), new Set<object>()];
  const visit = (inner: unknown): string[] | undefined => {
    if (typeof inner !== 'object' || inner === null || known.has(inner)) return undefined;
    if (above.has(inner)) return [];
    above.add(inner);
    for (const [key, each] of Object.entries(inner)) {
      const rest = visit(each);
      if (rest !== undefined) return [key, ...rest];
    }
    above.delete(inner);
    known.add(inner);
    return undefined;
  };
  return visit(value);
}
