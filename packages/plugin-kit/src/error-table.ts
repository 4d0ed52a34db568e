/**
 * Every error code, its kind, its meaning and its remedy. `docs/errors.md` is generated from this table.
 * Codes are stable: scripts may match on them. Exit codes follow from the kind (see `exitCodeOf`).
 */
/** `bad-input`: the user can fix it. `unsupported`: valid, not implemented. `unavailable`: missing GPU, secret, network, disk. `bug`: ours. */
export type ErrorKind = 'bad-input' | 'unsupported' | 'unavailable' | 'bug';

interface ErrorEntry {
  readonly kind: ErrorKind;
  readonly meaning: string;
  readonly cure: string;
}

const entry = (kind: ErrorKind, meaning: string, cure: string): ErrorEntry => ({ kind, meaning, cure });

/** By code. A code keeps its meaning for ever and is never reused for another fault. */
export const errorTable = {
  // Study and plugins
  STUDY_INVALID: entry(
    'bad-input',
    'The study file does not match the study schema.',
    'Correct the lines that the message names; `diptych init` writes a valid example.',
  ),
  STUDY_NOT_FOUND: entry(
    'bad-input',
    'The study file named on the command line does not exist or cannot be read.',
    'Check the path, or write one with `diptych init`.',
  ),
  CLAIM_NOT_TESTABLE: entry(
    'bad-input',
    'The study lacks a part that the claim of `diptych study` needs.',
    'Add the parts that the message lists; `diptych init --template NAME` writes an example.',
  ),
  PLUGIN_NOT_FOUND: entry(
    'bad-input',
    'A study names a plugin that is neither built in nor importable.',
    'Run `diptych list plugins` for the built-in names, or give a module name or a path that starts with ./.',
  ),
  PLUGIN_INVALID: entry(
    'bad-input',
    'A module cannot be imported, or its default export is not a plugin of the expected kind and API version.',
    'Correct what the message names, install the missing package, or export the result of `defineGenerator`, `defineDetector` … as default.',
  ),
  PLUGIN_OPTIONS_INVALID: entry(
    'bad-input',
    'The options of a plugin do not match its schema.',
    'Correct the options that the message names; `diptych list plugins --json` prints each schema.',
  ),
  PLUGIN_SECRET_MISSING: entry(
    'unavailable',
    'A plugin needs a secret that is not in the environment.',
    'Set the environment variable that the message names.',
  ),
  PLUGIN_BACKEND_MISSING: entry(
    'unavailable',
    'A plugin needs a runtime backend that could not be opened.',
    'Run `diptych doctor` to see why each backend failed.',
  ),
  PLUGIN_PACKAGE_MISSING: entry(
    'unavailable',
    'A plugin needs an npm package that is not installed.',
    'Install the package that the message names.',
  ),
  PLUGIN_PROBLEMS: entry(
    'bad-input',
    'One or more plugins of the study cannot be used; all problems are listed together.',
    'Fix each listed problem and run again; nothing was run.',
  ),
  PLUGIN_BROKE_CONTRACT: entry(
    'bad-input',
    'A plugin returned something that its contract forbids (too few results, NaN, a score outside [0, 1]), threw outside of its calls, or changed Object.prototype.',
    'Report it to the author of the plugin; the conformance suites of `@diptych/plugin-kit/testing` find such faults.',
  ),
  PLUGIN_FAILED: entry(
    'unavailable',
    'A plugin failed on all its items, so the run has no result of it. Everything else is complete and the report is written.',
    'Fix what the message names and start a new run, or run the judge or detector again with `diptych judge` or `diptych detect` under another name (`as`).',
  ),
  PLUGIN_TIMEOUT: entry(
    'unavailable',
    'A plugin did not answer within its time limit.',
    'Raise `limits.callTimeoutMs` in the study, or examine the plugin.',
  ),
  WORKER_UNAVAILABLE: entry(
    'unavailable',
    'A worker process could not be started, or did not answer `hello` in time.',
    'Run the command in the message by hand; set `python`, `script` or `startSeconds` in the options of the plugin.',
  ),
  WORKER_INVALID: entry(
    'bad-input',
    'A worker has another protocol version or kind, or contradicts the options of the study.',
    'Correct what the message names in the worker or in the options; docs/worker-protocol.md describes the protocol.',
  ),
  // Weights
  WEIGHTS_MISSING: entry(
    'unavailable',
    'A weights file is not in the cache and could not be fetched.',
    'Run `diptych weights fetch` with network access, or name the file in the options of the plugin.',
  ),
  WEIGHTS_DIGEST_MISMATCH: entry(
    'bad-input',
    'A weights file does not have the pinned SHA-256.',
    'Delete the file and fetch it again; if the error persists, the source has changed and must not be trusted.',
  ),
  WEIGHTS_LICENCE_NOT_ACCEPTED: entry(
    'bad-input',
    'A weights file has a licence that is not accepted yet.',
    'Read the licence shown, then run `diptych weights accept` with the name of the study file or of a built-in plugin, or pass --accept-licences.',
  ),
  WEIGHTS_SOURCE_INVALID: entry(
    'bad-input',
    'A weights source is malformed or is none of npm:, pypi:, https:, hf:, file:.',
    'Correct the source; the message shows the expected form.',
  ),
  WEIGHTS_FORMAT_INVALID: entry(
    'bad-input',
    'A weights file does not have the expected tensors.',
    'Use the file that the plugin names; missing and extra tensors are listed.',
  ),
  // Images
  IMAGE_UNREADABLE: entry(
    'bad-input',
    'An image cannot be decoded: truncated, empty, or not an image.',
    'Replace or remove the file; the run records the sample and continues.',
  ),
  IMAGE_TOO_LARGE: entry(
    'bad-input',
    'An image exceeds the limit on bytes or pixels.',
    'Shrink it, or raise `limits.maxImageBytes` or `limits.maxImagePixels` in the study; no side may have more than 65,536 pixels, and no WebP more than 8192 frames.',
  ),
  IMAGE_UNSUPPORTED: entry(
    'unsupported',
    'An image has a container format that Diptych does not read.',
    'Convert it to JPEG, PNG, WebP, GIF, TIFF or AVIF.',
  ),
  // Prompts and tables
  PROMPTS_INVALID: entry(
    'bad-input',
    'A prompt file is malformed: missing column, bad row, line too long.',
    'Correct the row that the message names.',
  ),
  PROMPTS_LICENCE_NOT_ACCEPTED: entry(
    'bad-input',
    'A prompt set has terms that are not accepted yet.',
    'Read the terms shown, then pass --accept-licences once for this file.',
  ),
  PROMPTS_DIGEST_MISMATCH: entry(
    'bad-input',
    'A known prompt set does not have the expected digest.',
    'Fetch the published file again, or set `allowOtherDigest: true` to use your own version under its digest.',
  ),
  IMAGES_FOLDER_INVALID: entry(
    'bad-input',
    'A folder of images or its table is malformed.',
    'Correct the row or path that the message names.',
  ),
  PATH_OUTSIDE_ROOT: entry(
    'bad-input',
    'A file name or symbolic link points outside its folder.',
    'Move the file into the folder; links out of it are never followed.',
  ),
  // Runs
  RUN_NOT_FOUND: entry(
    'bad-input',
    'The folder is not a run: it has no manifest.json.',
    'Give the path of a run folder, such as runs/2026-….',
  ),
  RUN_EXISTS: entry('bad-input', 'A run with this id already exists.', 'Use `diptych resume`, or choose another id.'),
  RUN_LOCKED: entry(
    'unavailable',
    'Another running process writes this run.',
    'Wait for it or stop it; the lock of a dead process is taken over automatically.',
  ),
  RUN_CHANGED: entry(
    'bad-input',
    'A plugin, its weights or its input differ from what the run started with.',
    'Restore what the message names, or start a new run; a run never continues with other parts.',
  ),
  RUN_FORMAT_UNSUPPORTED: entry(
    'unsupported',
    'This release does not read the format version of the run.',
    'Use the release that wrote it, or a newer one.',
  ),
  JOURNAL_CORRUPT: entry(
    'bad-input',
    'A line in the middle of the journal is damaged; only an incomplete last line is repaired automatically.',
    'Restore the journal from a copy; the message names the line.',
  ),
  MANIFEST_INVALID: entry('bad-input', 'manifest.json does not match the manifest schema.', 'Restore it from a copy.'),
  STORE_WRITE_FAILED: entry(
    'unavailable',
    'Writing to the run folder failed, often because the disk is full.',
    'Free space or correct the permissions, then `diptych resume`; finished samples are kept.',
  ),
  IMAGE_MISSING: entry(
    'bad-input',
    'The journal names an image that is missing from the image store or has other bytes there.',
    'Restore the file and resume the run, or resume without it, which generates the image again.',
  ),
  REPORT_NOT_FOUND: entry(
    'bad-input',
    'A run has no report yet, or its report cannot be read.',
    'Write it with `diptych report`.',
  ),
  REPORT_INVALID: entry(
    'bad-input',
    'report/metrics.json is damaged or has a version that this release does not read.',
    'Rebuild it with `diptych report`.',
  ),
  IMAGES_CHANGED: entry(
    'bad-input',
    'Images of a run are missing, or were changed after they were stored: their bytes have another digest than the journal names.',
    'Restore the files that the message names from a copy. Without a copy, `diptych resume` makes those images again that a judge or detector could not read.',
  ),
  VERIFY_MISMATCH: entry(
    'bad-input',
    'A number in the report differs from the number recomputed from the journal.',
    'Rebuild the report with `diptych report`; if the error persists, the journal or the report was changed by hand.',
  ),
  INTERRUPTED: entry('unavailable', 'A signal stopped the run.', 'Continue with the printed `diptych resume` command.'),
  MERGE_REFUSED: entry(
    'bad-input',
    'Runs cannot be merged: they are not disjoint, finished shards of one study by one version.',
    'Do what the message says; `--partial` merges unfinished shards and the report says so.',
  ),
  COMPARE_REFUSED: entry(
    'bad-input',
    'Two runs cannot be compared: they share no prompt, or no measurement.',
    'Compare runs over the same prompt sets; prompts match by set, id and level.',
  ),
  LABELS_INVALID: entry(
    'bad-input',
    'A file of human labels is malformed or belongs to another run; none of its rows was imported.',
    'Correct the line and column that the message names.',
  ),
  BUDGET_REACHED: entry(
    'unavailable',
    'The next call would exceed the budget of the run in US dollars. Calls in flight were completed, and all finished work is kept.',
    'Continue with `diptych resume RUN --budget USD`, where the budget is that of the whole run; the study does not change.',
  ),
  METRIC_INPUT_INVALID: entry(
    'bad-input',
    'A metric got values for which it is undefined (NaN, wrong length).',
    'Examine the records that the message names.',
  ),
  // Runtime
  BACKEND_UNAVAILABLE: entry(
    'unavailable',
    'The requested runtime backend could not be opened.',
    'Run `diptych doctor`; omit --backend to let Diptych choose.',
  ),
  OP_UNSUPPORTED: entry(
    'unsupported',
    'A network uses an op, or a form of an op, that Diptych does not implement.',
    'The message names op, node and reason; nothing was approximated.',
  ),
  GRAPH_INVALID: entry(
    'bad-input',
    'A network or its image recipe is malformed (unknown value, wrong shape, missing weight), or the file leaves a size open.',
    'Correct the node or the recipe step that the message names, or give the size.',
  ),
  RUN_INPUT_INVALID: entry(
    'bad-input',
    'The inputs of a network do not match it: wrong name, shape, image size or number of items.',
    'Correct the call that the message names; the fault is in the plugin, not in the study.',
  ),
  DEVICE_LOST: entry(
    'unavailable',
    'The GPU device was lost during a run.',
    'Resume the run; if the error persists, use --backend native.',
  ),
  OUT_OF_MEMORY: entry('unavailable', 'The backend ran out of memory.', 'Use a smaller batch or the native backend.'),
  SYSTEM_FAULT: entry(
    'unavailable',
    'The machine failed during a read or a call: too many open files, no memory, a failing disk, lost permissions.',
    'Fix what the message names (such as `ulimit -n 4096`), then `diptych resume`; unfinished work has no record and is repeated.',
  ),
  // Command line and server
  USAGE: entry(
    'bad-input',
    'The command line, an environment variable or an argument of a library call is invalid.',
    'Correct what the message names; --help lists the arguments of a command.',
  ),
  PUBLIC_BIND_REFUSED: entry(
    'bad-input',
    'The server was asked to listen on a public address, but it has no authentication yet.',
    'Listen on a loopback address and use an SSH tunnel.',
  ),
  REQUEST_INVALID: entry('bad-input', 'An HTTP request does not match the schema of its route.', 'See /openapi.json.'),
  NOT_FOUND: entry(
    'bad-input',
    'The requested object does not exist.',
    'Check the name against the list of existing objects.',
  ),
  INVARIANT_BROKEN: entry(
    'bug',
    'A guarantee of Diptych was broken: this is a bug.',
    'Please report it with the command and the message.',
  ),
} as const satisfies Record<string, ErrorEntry>;

/** What `DiptychError.code` may be: a key of `errorTable`. */
export type ErrorCode = keyof typeof errorTable;

/** Process exit codes, documented in docs/errors.md: 0 success, 1 bug, 2 bad input, 3 unavailable, 4 unsupported, 5 verify mismatch, 130 interrupted. */
export function exitCodeOf(code: ErrorCode): number {
  if (code === 'INTERRUPTED') return 130;
  if (code === 'VERIFY_MISMATCH' || code === 'IMAGES_CHANGED') return 5;
  return { 'bad-input': 2, unavailable: 3, unsupported: 4, bug: 1 }[errorTable[code].kind];
}
