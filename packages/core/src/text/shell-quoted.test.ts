import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { shellQuoted } from './shell-quoted.ts';

it.each(['runs/first', 'my study/runs/a', "l'été 図", 'a"b$HOME`c`', '-x'])('is one argument: %s', (path) => {
  expect(execFileSync('sh', ['-c', `printf %s ${shellQuoted(path)}`], { encoding: 'utf8' })).toBe(path);
});

it('leaves plain paths as they are', () => {
  expect(shellQuoted('/data/runs/2026-11-26_a.b')).toBe('/data/runs/2026-11-26_a.b');
});
