/** Options that several commands have: each call makes its own. Without imports but commander's, so that `--help` stays quick. */
import type { BackendName } from '@diptych/plugin-kit';
import { type Command, InvalidArgumentError, Option } from 'commander';

export const backendNames = ['webgpu', 'native', 'reference'] as const satisfies readonly BackendName[];

/** The option's value where it is absent. A variable that is set to nothing, as shells and containers pass what is unset, is none. */
const orVariable = (option: Option, name: string): Option => (process.env[name] === '' ? option : option.env(name));

export const backend = () => new Option('--backend <name>', 'run networks on exactly this backend').choices(backendNames);
export const adapter = () =>
  orVariable(
    new Option('--adapter <name>', 'part of the name of the GPU to use, or its number in `diptych doctor`'),
    'DIPTYCH_ADAPTER',
  );
export const precision = () =>
  orVariable(
    new Option(
      '--precision <type>',
      'f16: faster on GPUs; bf16: faster on processors with AMX and AMD since Zen 4; f32 if absent',
    ).choices(['f32', 'f16', 'bf16']),
    'DIPTYCH_PRECISION',
  );
export const profile = () =>
  new Option('--profile <file>', 'time every kernel; write a trace for chrome://tracing there, a table to stderr');
export const accept = () =>
  new Option('--accept-licences', 'accept the licences of all weights and prompt sets this command needs');
export const budget = () =>
  new Option(
    '--budget <usd>',
    'US dollars that the whole run may cost, in place of limits.budgetUsd of the study',
  ).argParser((text: string) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
    throw new InvalidArgumentError('Expected US dollars above 0, such as 12.50.');
  });
export const full = () => new Option('--full', 'print every table and test of the report, not its summary');
export const runsFolder = () =>
  orVariable(new Option('--runs <folder>', 'folder that holds run folders').default('runs'), 'DIPTYCH_RUNS');
export const withPlugins = (kind: string) =>
  new Option(
    '--with <names>',
    `comma-separated ${kind} plugins, all built-in ones that need no file, key or service if absent`,
  );
export const difference = () => new Option('--difference <share>', 'smallest difference that matters').default('0.05');
export const wantedPower = () => new Option('--power <share>', 'chance to see it').default('0.8');

/** Which images raters are shown. */
export const drawn = (command: Command): Command =>
  command
    .option('--sample <n>', 'label n images drawn at random; all if absent')
    .option('--seed <number>', 'fixes what is drawn and in which order', '0')
    .addOption(
      new Option('--sampling <how>', 'every image as likely, or as many of each family')
        .choices(['uniform', 'by-family'])
        .default('uniform'),
    )
    .option('--with-prompt', 'show raters the prompt, which tells them what was asked for')
    .option('--images <folder>', 'copy the images there as plain PNG, so that format and metadata say nothing');

/** How a network file is read. */
export const network = (command: Command): Command =>
  command
    .option('--batch <number>', 'items in one run', '1')
    .option(
      '--shape <name=sizes...>',
      'sizes of an input without the batch, such as image=3,224,224, where the file leaves them open',
    )
    .option('--output <names...>', 'outputs that are wanted; what only others need is left out')
    .addOption(
      new Option('--quantisation <how>', 'of a quantised file; weights-only does not round activations')
        .choices(['as-written', 'weights-only'])
        .default('as-written'),
    )
    .addOption(
      new Option('--items <what>', 'what one item is: an entry of the first dimension, or one run of the whole graph, of a file without a batch') // biome-ignore format: one line
        .choices(['batch', 'graph'])
        .default('batch'),
    );
