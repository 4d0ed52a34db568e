/**
 * Loops that a kernel's text must not have. WGSL holds the matrices of a subgroup in variables, and drivers keep them in registers only
 * where no index is computed, so what is done to each of a block is written out, as often as the block is high or wide.
 */

const [opening, closing] = [/^\s*\/\/ each (\w+) of (\w+)$/, /^\s*\/\/ end$/];

/**
 * Lines between `// each ROW of DOWN` and `// end` as many times as `counts.DOWN` says, `$ROW` in them being 0, 1, 2 and so on.
 * Blocks may lie in each other. Throws where a count is missing or a block is not closed: a fault of the kernel's author.
 */
export function writtenOut(text: string, counts: Readonly<Record<string, number>>): string {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => opening.test(line));
  if (start < 0) return text;
  const [, name = '', times = ''] = opening.exec(lines[start]!)!;
  const count = counts[times];
  const end = endOf(lines, start);
  if (count === undefined || end < 0)
    throw new Error(`"${lines[start]!.trim()}" needs ${end < 0 ? 'an end' : `the count ${times}`}`);
  const body = lines.slice(start + 1, end).join('\n');
  const copies = Array.from({ length: count }, (_, index) => body.replaceAll(`$${name}`, String(index)));
  return writtenOut([...lines.slice(0, start), ...copies, ...lines.slice(end + 1)].join('\n'), counts);
}

/** The `// end` of the block that `start` opens, or -1. */
function endOf(lines: readonly string[], start: number): number {
  let depth = 0;
  return lines.findIndex((line, index) => {
    if (index < start) return false;
    if (opening.test(line)) depth += 1;
    if (closing.test(line)) depth -= 1;
    return depth === 0;
  });
}
