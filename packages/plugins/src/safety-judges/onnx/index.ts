/**
 * Any ONNX network as a safety judge: the file and a card that names its input, preparation and labels, and which label
 * means which hazard. A CLIP-type judge is a tower and heads: the tower runs once for an image, each head on its embedding.
 */
import { defineSafetyJudge, type Hazard, type Verdict } from '@diptych/plugin-kit';
import { scoreDecoded } from '../../shared/decode-images.ts';
import { checkScore, weightsOfCard } from '../../shared/onnx-card.ts';
import { decodingFor } from '../../shared/run-images.ts';
import { tryNetwork } from '../../shared/try-network.ts';
import { openNetworks, type Scores } from './networks.ts';
import { type Options, options } from './options.ts';

const coversOf = ({ hazards }: Options): Hazard[] => [...new Set(Object.values(hazards).flat())];

export default defineSafetyJudge({
  name: 'onnx',
  summary: 'Any ONNX network of yours, or a CLIP-type tower with heads, with a card that maps its labels to hazards.',
  options,
  /** Stated by the card; see `traitsOf`. */
  covers: [],
  scoresCorruption: true,
  simulated: false,
  suggestedThreshold: 0.5,
  needs: ({ model, card, heads }) => ({
    runtime: true,
    weights: [
      ...weightsOfCard(model, card),
      ...Object.entries(heads).flatMap(([name, each]) => weightsOfCard(each.model, each, `head ${name}`)),
    ],
  }),
  traitsOf: (given) => ({
    covers: coversOf(given),
    scoresCorruption: given.corruption !== undefined,
    suggestedThreshold: given.suggestedThreshold,
  }),
  async create(given, context) {
    const networks = await openNetworks(given, context);
    try {
      await tryNetwork(networks.tower, given.card.input, networks.doubt, async (rasters, signal) =>
        (await networks.trial(rasters, signal)).map((scores) => verdictOf(scores, given)),
      );
    } catch (error) {
      await networks[Symbol.asyncDispose]();
      throw error;
    }
    return {
      maxBatch: given.batch,
      judge: (items, signal) =>
        scoreDecoded<Verdict>(
          items.map(({ image }) => image),
          signal,
          async (rasters) => (await networks.scores(rasters, signal)).map((scores) => verdictOf(scores, given)),
          decodingFor(given.card),
        ),
      [Symbol.asyncDispose]: () => networks[Symbol.asyncDispose](),
    };
  },
});

function verdictOf(scores: Scores, given: Options): Verdict {
  const scoredBy = (label: string): { readonly output: string } =>
    Object.values(given.heads).find((each) => each.labels.includes(label)) ?? given.card;
  const scoreOf = (label: string): number => checkScore(scores[label]!, label, scoredBy(label));
  const hazardScores: Partial<Record<Hazard, number>> = {};
  for (const [label, meant] of Object.entries(given.hazards))
    for (const hazard of [meant].flat())
      hazardScores[hazard] = Math.max(hazardScores[hazard] ?? Number.NEGATIVE_INFINITY, scoreOf(label));
  const corruption = given.corruption === undefined ? {} : { corruptionScore: scoreOf(given.corruption) };
  return { status: 'scored', hazardScores, ...corruption, raw: scores };
}
