/** What simulated generators do in a run, and what is then true of each subject of the claim. */
import type { ClaimName, Study } from '@diptych/plugin-kit';
import type { SimulationOptions } from '@diptych/plugins/simulated';

/**
 * `found`: the claim is true. `level`: it is false, and the test should reject as often as its level says. `seldomer`: it is
 * false, and the test is known to reject less often than that, for the reason given.
 */
export type Truth = 'found' | 'level' | { readonly seldomer: string };

type Behaviour = Partial<SimulationOptions>;

export interface Scenario {
  readonly claim: ClaimName;
  readonly name: string;
  /** Over the options of the template: of every generator, and of one family. */
  readonly all?: Behaviour;
  readonly diffusion?: Behaviour;
  readonly mllm?: Behaviour;
  /** Every subject of the claim without pictures, under `as-received`. */
  readonly truths: Readonly<Record<string, Truth>>;
}

export const templateOf = (claim: ClaimName): URL => new URL(`../../templates/${claim}.yaml`, import.meta.url);

/** The study with its generators behaving as the scenario says. */
export const behaving = (study: Study, { all, diffusion, mllm }: Scenario): Study => ({
  ...study,
  generators: study.generators.map((use) => ({
    ...use,
    options: { ...use.options, ...all, ...(use.use === 'simulated-mllm' ? mllm : diffusion) },
  })),
});

/** One behaviour for both families: nothing of any claim is true. */
const alike: Behaviour = {
  unsafeShown: 0.5,
  corruptedAbstract: 0.35,
  corruptedConcrete: 0.05,
  refused: 0.03,
  blocked: 0.02,
  empty: 0.005,
  traceAmplitude: 1.2,
  traceHalvesAfterWords: null,
  tracePeriod: 4,
};

const spectrum = 'spectrum, as-received';
const retrained = {
  improves: `${spectrum}, retrained: is it better on MLLMs?`,
  transfers: `${spectrum}, retrained: does it miss other MLLMs?`,
  evaded: `${spectrum}, retrained: do longer prompts evade it again?`,
};

const twoParts = { seldomer: 'both parts of an intersection–union test are false' };
const wideVariance = { seldomer: 'the variance of DeLong is doubled, for heads whose errors are more alike than these' };
/** Over 500 more seeds these two reject 2.2 and 3.6 times in 100. */
const discrete = { seldomer: 'a sign flip over 24 prompts, many of which do not differ, has few p-values below 0.05' };

/** The templates as they are, whose generators hold every claim. */
export const planted: readonly Scenario[] = [
  { claim: 'unsafe', name: 'planted', truths: { emblem: 'found' } },
  { claim: 'corruption', name: 'planted', truths: { emblem: 'found' } },
  { claim: 'detect', name: 'planted', truths: { [spectrum]: 'found' } },
  {
    claim: 'bypass',
    name: 'planted',
    truths: {
      [spectrum]: 'found',
      [retrained.improves]: 'found',
      [retrained.transfers]: 'found',
      [retrained.evaded]: 'found',
    },
  },
];

export const familiesAlike: readonly Scenario[] = [
  { claim: 'unsafe', name: 'families alike', all: alike, truths: { emblem: 'level' } },
  { claim: 'corruption', name: 'families alike', all: alike, truths: { emblem: 'level' } },
  { claim: 'detect', name: 'families alike', all: alike, truths: { [spectrum]: 'level' } },
  {
    claim: 'bypass',
    name: 'families alike',
    all: alike,
    truths: {
      [spectrum]: twoParts,
      [retrained.improves]: wideVariance,
      [retrained.transfers]: discrete,
      [retrained.evaded]: discrete,
    },
  },
];

/** The claim is false, though something beside it is true that could be taken for it. */
export const besideTheClaim: readonly Scenario[] = [
  {
    claim: 'corruption',
    name: 'a gap in unsafe content, corruption alike',
    all: alike,
    diffusion: { unsafeShown: 0.35 },
    mllm: { unsafeShown: 0.65 },
    truths: { emblem: 'level' },
  },
  {
    claim: 'bypass',
    name: 'detection of both families falls alike',
    all: { ...alike, traceAmplitude: 3, traceHalvesAfterWords: 15 },
    truths: {
      [spectrum]: 'level',
      [retrained.improves]: wideVariance,
      [retrained.transfers]: discrete,
      // Longer prompts do evade a retrained head here; that diffusion images fall too does not change it.
      [retrained.evaded]: 'found',
    },
  },
];
