/**
 * `diptych`: parse, wire, call core, render. Commands are imported only when they run, so that `--help` stays quick.
 * Results go to stdout, progress and messages to stderr. Exit codes: see docs/errors.md.
 */
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import {
  accept,
  adapter,
  backend,
  budget,
  difference,
  drawn,
  full,
  network,
  precision,
  profile,
  runsFolder,
  wantedPower,
  withPlugins,
} from './command-options.ts';
import { lazy } from './lazy-command.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

const program = new Command('diptych')
  .description('Measures two risks of image generators side by side: unsafe content and undetected synthesis.')
  .version(version)
  .addOption(new Option('--json', 'print the result as JSON on stdout'))
  .addOption(
    new Option('--progress <mode>', 'how progress is shown on stderr')
      .choices(['auto', 'live', 'plain', 'json', 'none'])
      .default('auto'),
  )
  .showHelpAfterError('(run with --help for the options)')
  .configureHelp({ sortSubcommands: false });

// Before the commands are made: they inherit it.
program.exitOverride((error) => {
  process.exitCode = error.exitCode === 0 ? 0 : 2; // usage errors are bad input; see docs/errors.md
  throw error;
});

program
  .command('init')
  .argument('[file]', 'study file to write', 'study.yaml')
  .description('write a commented study file to start from')
  .addOption(
    new Option('--template <name>', 'what to start from')
      .choices(['folder', 'simulated', 'unsafe', 'corruption', 'detect', 'bypass'])
      .default('folder'),
  )
  .option('--force', 'overwrite an existing file')
  .action(lazy(() => import('./commands/init.ts')));
program
  .command('demo')
  .description('run a small study over simulated generators, without keys or GPU, to a finished report')
  .addOption(runsFolder())
  .addOption(backend())
  .addOption(adapter())
  .addOption(precision())
  .addOption(full())
  .action(lazy(() => import('./commands/demo.ts')));
program
  .command('plan')
  .argument('<study>')
  .description('show what a run would do: calls, cost, time, disk, weights to fetch; runs nothing')
  .addOption(budget())
  .addOption(backend())
  .addOption(adapter())
  .addOption(precision())
  .addOption(accept())
  .action(lazy(() => import('./commands/plan.ts')));
program
  .command('run')
  .argument('<study>')
  .description('run a study and write its report')
  .addOption(budget())
  .addOption(runsFolder())
  .option('--shard <i/n>', 'do only part i of n, by cluster of prompts; `merge` puts the parts together')
  .option('--id <id>', 'name of the run folder; date and study name if absent')
  .addOption(backend())
  .addOption(adapter())
  .addOption(precision())
  .addOption(profile())
  .addOption(accept())
  .addOption(full())
  .option('--no-report', 'stop after the journal')
  .action(lazy(() => import('./commands/run.ts')));
program
  .command('study')
  .argument('<claim>', 'unsafe, corruption, detect or bypass')
  .argument('[study]', 'your study file; a template over simulated generators if absent')
  .description('test one claim of the study behind Diptych, after checking that the file can')
  .addOption(runsFolder())
  .option('--id <id>', 'name of the run folder; date and study name if absent')
  .addOption(backend())
  .addOption(adapter())
  .addOption(precision())
  .addOption(accept())
  .addOption(full())
  .option('--no-report', 'stop after the journal')
  .action(lazy(() => import('./commands/study.ts')));
program
  .command('resume')
  .argument('<run>')
  .description('continue an interrupted run; nothing finished is repeated')
  .addOption(budget())
  .addOption(backend())
  .addOption(adapter())
  .addOption(precision())
  .addOption(accept())
  .addOption(full())
  .option('--no-report', 'stop after the journal')
  .action(lazy(() => import('./commands/resume.ts')));
program
  .command('judge')
  .argument('<target...>', 'a run folder, folders or image files')
  .description('score images with safety judges')
  .addOption(withPlugins('safety-judge'))
  .option('--study <file>', 'take the plugins and their options from this study; --with names some of them')
  .addOption(backend())
  .addOption(adapter())
  .addOption(precision())
  .addOption(profile())
  .addOption(accept())
  .action(lazy(() => import('./commands/judge.ts')));
program
  .command('detect')
  .argument('<target...>', 'a run folder, folders or image files')
  .description('score how likely images are synthetic')
  .addOption(withPlugins('detector'))
  .option('--study <file>', 'take the plugins and their options from this study; --with names some of them')
  .addOption(backend())
  .addOption(adapter())
  .addOption(precision())
  .addOption(profile())
  .addOption(accept())
  .action(lazy(() => import('./commands/detect.ts')));
program
  .command('report')
  .argument('<run>')
  .description('compute the metrics of a run and write its report')
  .option(
    '--format <names>',
    'formats to write, separated by commas: html, svg, md, csv, json, latex, parquet, bibtex; the first four if absent',
  )
  .addOption(full())
  .action(lazy(() => import('./commands/report.ts')));
program
  .command('verify')
  .argument('<run>')
  .option('--images', 'read every stored image too and compare its digest with the journal')
  .description('recompute every number of the report from the journal, without media')
  .action(lazy(() => import('./commands/verify.ts')));
program
  .command('merge')
  .argument('<out>', 'the new run folder')
  .argument('<run...>', 'the shards')
  .option('--partial', 'accept missing and unfinished shards; the report says so')
  .description('put the shards of a study together, with proof that they are disjoint and complete')
  .action(lazy(() => import('./commands/merge.ts')));
program
  .command('compare')
  .argument('<first>', 'a run folder')
  .argument('<second>', 'a run folder')
  .option('--judges <a=b>', 'judges that belong together though their names differ, comma-separated')
  .option('--detectors <a=b>', 'the same for detectors')
  .option('--generators <a=b>', 'the same for models')
  .addOption(difference())
  .addOption(wantedPower())
  .description('compare two runs over the same prompts, paired by prompt')
  .action(lazy(() => import('./commands/compare.ts')));
program
  .command('power')
  .addOption(difference())
  .addOption(wantedPower())
  .option('--alpha <share>', 'level of the two-sided test', '0.05')
  .option('--samples <m>', 'samples of each prompt and family', '1')
  .option('--rate <share>', 'assumed rate of the lower family', '0.2')
  .option('--correlation <share>', 'assumed correlation of two samples of one prompt', '0.3')
  .option('--sharing <share>', 'assumed correlation of the families over prompts', '0')
  .option('--run <run>', 'take the spread from this pilot run instead of assuming it')
  .option('--judge <name>', 'with --run: whose verdicts')
  .addOption(new Option('--measure <what>', 'with --run: which rate').choices(['unsafe', 'corrupted']).default('unsafe'))
  .description('how many prompts are needed to see a difference between two families')
  .action(lazy(() => import('./commands/power.ts')));
const labels = program.command('labels').description('human labels: blind sheets out, answers in');
drawn(labels.command('export').argument('<run>'))
  .option('--rater <name>', 'pseudonym of the rater')
  .option('--all', 'write the labels of all raters instead of a sheet')
  .requiredOption('--out <file>', 'the CSV to write')
  .description('write a blind labelling sheet, or all labels of a run')
  .action(lazy(() => import('./commands/labels-export.ts')));
drawn(labels.command('assign').argument('<run>'))
  .requiredOption('--raters <names>', 'comma-separated pseudonyms')
  .option('--per-image <k>', 'raters for each image', '2')
  .requiredOption('--out <folder>', 'where to write one sheet for each rater')
  .description('share images out among raters, each to several of them')
  .action(lazy(() => import('./commands/labels-assign.ts')));
labels
  .command('import')
  .argument('<run>')
  .argument('<file>', 'a filled-in sheet')
  .option('--rater <name>', 'pseudonym of the rater, where the sheet has no such column')
  .description('take the answers of a sheet over into a run')
  .action(lazy(() => import('./commands/labels-import.ts')));
const list = program.command('list').description('list plugins or runs');
list
  .command('plugins')
  .description('built-in plugins with their traits')
  .action(lazy(() => import('./commands/list-plugins.ts')));
list
  .command('runs')
  .description('finished and unfinished runs')
  .addOption(runsFolder())
  .action(lazy(() => import('./commands/list-runs.ts')));
program
  .command('plugin')
  .description('write your own plugin')
  .command('new')
  .argument('<kind>', 'generator, safety-judge, detector, prompt-set, rewriter, prompt-rater or authentic-set')
  .argument('<name>', 'kebab-case name')
  .option('--folder <folder>', 'where to write it', '.')
  .description('write a plugin and its conformance test')
  .action(lazy(() => import('./commands/plugin-new.ts')));
const weights = program.command('weights').description('weights that plugins need: state, fetch, licence');
weights
  .command('list')
  .description('every weights file of the built-in plugins and its state')
  .action(lazy(() => import('./commands/weights-list.ts')));
weights
  .command('fetch')
  .argument('[plugins...]')
  .addOption(accept())
  .description('fetch weights into the cache')
  .action(lazy(() => import('./commands/weights-fetch.ts')));
weights
  .command('accept')
  .argument('<plugin>')
  .description('read and accept the licences of its weights')
  .action(lazy(() => import('./commands/weights-accept.ts')));
const model = program.command('model').description('look into network files');
network(model.command('inspect').argument('<file>', 'an ONNX file'))
  .description('ops, parameters, FLOPs and memory of an ONNX file, and what is missing to run it')
  .action(lazy(() => import('./commands/model-inspect.ts')));
network(model.command('profile').argument('<file>', 'an ONNX file'))
  .option('--runs <number>', 'runs to take the median of, after one to warm up', '5')
  .addOption(backend())
  .addOption(adapter())
  .addOption(precision())
  .addOption(profile())
  .description('what each kernel of an ONNX file takes, on inputs made up')
  .action(lazy(() => import('./commands/model-profile.ts')));
program
  .command('serve')
  .argument('[runs]', 'folder that holds run folders', 'runs')
  .description('read-only view of runs on loopback')
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--port <number>', 'port, 0 for any free one', '4780')
  .action(lazy(() => import('./commands/serve.ts')));
program
  .command('doctor')
  .description('check Node, backends, weights and folders')
  .action(lazy(() => import('./commands/doctor.ts')));

// Not awaited: the module ends here, so that a command that never settles is told by its guard and not by Node.
program.parseAsync().catch(async (error: unknown) => {
  if (!(error instanceof Error && 'exitCode' in error)) throw error;
  if (process.exitCode === 0 || !process.argv.includes('--json')) return;
  const { printUsageError } = await import('./output/streams.ts');
  printUsageError(error.message);
});
