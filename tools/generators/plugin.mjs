// `nx g @diptych/tools:<kind> <name>`: writes a built-in plugin and its test from the templates that
// `diptych plugin new` uses for everyone else's plugins, then brings the registry up to date.
// Plain JavaScript, because Nx loads it itself.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const folders = {
  'authentic-set': 'authentic-sets',
  detector: 'detectors',
  generator: 'generators',
  'prompt-rater': 'prompt-raters',
  'prompt-set': 'prompt-sets',
  rewriter: 'rewriters',
  'safety-judge': 'safety-judges',
};

export function checkName(name) {
  if (/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(name)) return;
  throw new Error(`Expected a kebab-case name such as patch-statistics, received "${name}".`);
}

/** The two files of a new plugin, as path → text. */
export function pluginFiles(kind, name, readTemplate) {
  checkName(name);
  const base = `packages/plugins/src/${folders[kind]}/${name}`;
  const fill = (template) => readTemplate(template).replaceAll('{{name}}', name);
  return { [`${base}.ts`]: fill(`${kind}.ts.txt`), [`${base}.test.ts`]: fill(`${kind}.test.ts.txt`) };
}

/** Nx runs the returned function after it has written the files. */
const generatorFor = (kind) => (tree, options) => {
  const readTemplate = (file) => readFileSync(join(tree.root, 'apps/cli/templates/plugins', file), 'utf8');
  for (const [path, text] of Object.entries(pluginFiles(kind, options.name, readTemplate))) {
    if (tree.exists(path)) throw new Error(`Expected ${path} not to exist yet. Choose another name or edit it.`);
    tree.write(path, text);
  }
  return () => execFileSync(process.execPath, ['tools/src/generate.ts'], { cwd: tree.root, stdio: 'inherit' });
};

export const authenticSet = generatorFor('authentic-set');
export const detector = generatorFor('detector');
export const generator = generatorFor('generator');
export const promptRater = generatorFor('prompt-rater');
export const promptSet = generatorFor('prompt-set');
export const rewriter = generatorFor('rewriter');
export const safetyJudge = generatorFor('safety-judge');
