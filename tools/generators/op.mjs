// `nx g @diptych/tools:op HardSigmoid`: writes the planner function of an ONNX op and its test, and enters it in the op
// table. What the backends need beyond that, docs/recipes/add-an-op.md says.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = 'packages/gpu-kernels/src/graph';

/** HardSigmoid → hard-sigmoid, LRN → lrn. */
export const fileNameOf = (op) => op.replace(/([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, '$1$3-$2').toLowerCase();

export function checkOp(op) {
  if (/^[A-Z][A-Za-z0-9]*$/.test(op)) return;
  throw new Error(`Expected the ONNX name of an op such as HardSigmoid, received "${op}".`);
}

/** The op table with one import and one entry more, both at their place in the order. */
export function enterOp(table, op) {
  if (new RegExp(`^  ${op},$`, 'm').test(table)) throw new Error(`Expected a new op, ${op} is in the op table already.`);
  const lines = table.split('\n');
  const insert = (line, isPlace) => lines.splice(lines.findIndex(isPlace), 0, line);
  const path = `./ops/${fileNameOf(op)}.ts`;
  const isLater = (line) => /from '\.\/(ops\/.*|plan-builder\.ts)';$/.test(line) && line.split("'")[1] > path;
  insert(`import { ${op} } from '${path}';`, isLater);
  const start = lines.findIndex((line) => line.includes('opTable:'));
  insert(`  ${op},`, (line, index) => index > start && (line === '};' || line.trim().replace(',', '') > op));
  return lines.join('\n');
}

export function op(tree, { name }) {
  checkOp(name);
  const file = fileNameOf(name);
  const table = `${folder}/op-table.ts`;
  tree.write(table, enterOp(tree.read(table, 'utf8'), name));
  for (const suffix of ['ts', 'test.ts']) {
    const path = `${folder}/ops/${file}.${suffix}`;
    if (tree.exists(path)) throw new Error(`Expected ${path} not to exist yet. Edit it instead.`);
    const template = readFileSync(join(tree.root, `tools/templates/op.${suffix}.tmpl`), 'utf8');
    tree.write(path, template.replaceAll('{{op}}', name).replaceAll('{{name}}', file));
  }
}
