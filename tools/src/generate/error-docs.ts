/** Writes docs/errors.md from the error table of plugin-kit. */
import { type ErrorCode, type ErrorKind, errorTable, exitCodeOf } from '@diptych/plugin-kit';
import { type GeneratedFile, origin } from './generated-file.ts';

const kinds: Readonly<Record<ErrorKind, string>> = {
  'bad-input': 'Bad input: you can fix it',
  unavailable: 'Unavailable: something outside is missing',
  unsupported: 'Unsupported: valid, but not implemented',
  bug: 'Bug: ours',
};

const introduction = `# Errors

<!-- ${origin('error-docs.ts')} -->

Every fault that a user can meet has a code that does not change between releases, so scripts may match on it.
The message says what was expected, of what, what came instead, and what to do.

| Exit code | Meaning |
| ---: | --- |
| 0 | success |
| 1 | a bug in Diptych |
| 2 | bad input |
| 3 | something is unavailable: a GPU, a secret, the network, disk space, a lock |
| 4 | unsupported |
| 5 | a number differs from the one recomputed from the journal, or an image of the run was changed |
| 130 | interrupted |

\`judge\` and \`detect\` of single images continue after a file that cannot be read or scored, and end with the exit code of the first such
fault. An abstention is an answer, not a fault.

All problems of plugins are reported together, before anything runs, with one exit code: 2 if one of them is bad input, else 4 if one is
unsupported, else 3. Exit code 3 therefore always means that the same study may run on another machine or later.

A run continues after failed calls and ends with 0 if each of its plugins gave some result. If a generator, set of images, judge, detector,
rewriter or rater failed on all its items, the run ends with PLUGIN_FAILED: the report is written without results of that plugin, and the exit
code is chosen as above from the first failure of each (3 if that has no code). \`resume\` of such a run ends the same way.
`;

export function writeErrorDocs(): Promise<readonly GeneratedFile[]> {
  const codes = Object.keys(errorTable) as ErrorCode[];
  const sections = (Object.entries(kinds) as [ErrorKind, string][]).map(([kind, title]) => {
    const own = codes.filter((code) => errorTable[code].kind === kind).toSorted();
    return `\n## ${title}\n${own.map(describeCode).join('')}`;
  });
  return Promise.resolve([{ path: 'docs/errors.md', text: introduction + sections.join('') }]);
}

function describeCode(code: ErrorCode): string {
  const { meaning, cure } = errorTable[code];
  const exit = code === 'PLUGIN_PROBLEMS' ? '2, 4 or 3, as the problems are (see above)' : String(exitCodeOf(code));
  return `\n### ${code}\n\n${meaning} ${cure} Exit code ${exit}.\n`;
}
