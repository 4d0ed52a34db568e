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

Every fault that a user can meet has a code that does not change between releases, so that scripts may match on it.
The message says what was expected, of what, and what came instead; then what to do.

| Exit code | Meaning |
| ---: | --- |
| 0 | done |
| 1 | a bug in Diptych |
| 2 | bad input |
| 3 | something is unavailable: a GPU, a secret, the network, disk space, a lock |
| 4 | unsupported |
| 5 | \`diptych verify\` found a number that does not follow from the journal |
| 130 | interrupted |

\`judge\` and \`detect\` of single images go on after a file that cannot be read or scored, and end with the exit code of the first such
fault. An abstention is an answer, not a fault.

Problems of plugins are told together, before anything runs, and have one exit code: 2 where one of them is bad input, else 4 where one is
unsupported, else 3. So 3 always means that the same study may run on another machine or later.

A run goes on after calls that fail, and ends with 0 where its plugins gave some result. A generator, set of images, judge, detector,
rewriter or rater that failed on everything ends it with PLUGIN_FAILED: the report is written and says nothing of that plugin, and the exit
code is chosen as above from the first failure of each (3 where that has no code). \`resume\` of such a run ends the same.
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
