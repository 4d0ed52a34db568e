/** Sections of the report model about claims 3 and 4; definitions stand in docs/report.md. */
import { protocolSchema } from '@diptych/plugin-kit';
import { z } from 'zod';
import {
  count,
  estimateSchema,
  familyKey,
  finite,
  groupSchema,
  id,
  intervalSchema,
  rateSchema,
  testSchema,
} from '../analysis/parts.ts';

const of = { detector: z.string(), protocol: protocolSchema };

/** One detector on one group of images, as received and after a change. Differences are changed minus as received. */
const robustnessRowSchema = groupSchema.extend({
  id,
  detector: z.string(),
  perturbation: protocolSchema,
  /** Where a head was fitted in the run: it is the one fitted on images as received. */
  frozenHead: z.boolean(),
  /** Synthetic images that have a score both times. */
  images: count,
  auroc: finite.nullable(),
  aurocDifference: estimateSchema.nullable(),
  /** TPR at 5 % FPR with the threshold fixed on the changed authentic images. */
  recallAt5: finite.nullable(),
  recallDifference: estimateSchema.nullable(),
  /** With the threshold fixed on the authentic images as received: what a detector in use would do. */
  recallAtOldThreshold: finite.nullable(),
  falseAlarmsAtOldThreshold: finite.nullable(),
});
export type RobustnessRow = z.infer<typeof robustnessRowSchema>;

const measuredShareSchema = z.object({ auroc: estimateSchema.nullable(), recallAt5: rateSchema });
export type MeasuredShare = z.infer<typeof measuredShareSchema>;

/** Detectors with weights of their own: generators that their authors trained on, against the others. */
const seenSplitSchema = z.object({
  id,
  ...of,
  trainedOn: z.array(z.string()),
  /** Why there is nothing to compare, or null. */
  reason: z.string().nullable(),
  sides: z.array(
    z.object({
      id,
      family: familyKey.nullable(),
      seen: z.boolean(),
      models: count,
      images: count,
      ...measuredShareSchema.shape,
    }),
  ),
  /** TPR at 5 % FPR, seen minus unseen; the adjusted p covers all such tests of the report. */
  test: testSchema.nullable(),
});
export type SeenSplit = z.infer<typeof seenSplitSchema>;

/** Heads fitted in the run, with a generator or a whole family left out of the fit. */
const heldOutRowSchema = groupSchema.extend({
  id,
  ...of,
  within: measuredShareSchema,
  generatorHeldOut: measuredShareSchema.nullable(),
  familyHeldOut: measuredShareSchema.nullable(),
  /** TPR at 5 % FPR, within minus held out, over the same images. */
  generatorLoss: estimateSchema.nullable(),
  familyLoss: estimateSchema.nullable(),
});
export type HeldOutRow = z.infer<typeof heldOutRowSchema>;

const transferSchema = z.object({
  id,
  ...of,
  /** Row and column labels, in this order; families beside them. */
  generators: z.array(z.object({ label: z.string(), family: familyKey })),
  cells: z.array(z.object({ id, trained: z.string(), tested: z.string(), ...measuredShareSchema.shape })),
  /** Mean TPR at 5 % FPR over pairs of different generators by family of each, and over the diagonal. */
  means: z.array(
    z.object({
      id,
      trained: familyKey,
      tested: familyKey,
      isOwn: z.boolean(),
      pairs: count,
      recallAt5: finite,
      auroc: finite.nullable(),
    }),
  ),
  notes: z.array(z.string()),
});
export type TransferModel = z.infer<typeof transferSchema>;

const levelRowSchema = groupSchema.extend({
  id,
  level: count,
  images: count,
  prompts: count,
  meanScore: estimateSchema,
  recallAt5: rateSchema,
});
export type LevelRow = z.infer<typeof levelRowSchema>;

/** Level minus the lowest level, paired by prompt and generator; p by sign flips, adjusted over the arm's differences. */
const levelDifferenceSchema = groupSchema.extend({
  id,
  level: count,
  measure: z.enum(['score', 'recall at 5 % FPR']),
  test: testSchema,
});
export type LevelDifference = z.infer<typeof levelDifferenceSchema>;

const predictorSchema = z.enum(['level', 'words', 'tokens']);
export type SlopePredictor = z.infer<typeof predictorSchema>;

const lengthSlopeSchema = groupSchema.extend({
  id,
  predictor: predictorSchema,
  /** Within prompts: only differences between images of one prompt by one generator count. Else across prompts. */
  withinPrompts: z.boolean(),
  slope: finite,
  interval: intervalSchema.nullable(),
  pValue: finite.nullable(),
  samples: count,
  prompts: count,
});
export type LengthSlope = z.infer<typeof lengthSlopeSchema>;

/** Slope of MLLM images minus slope of diffusion images. */
const slopeDifferenceSchema = z.object({
  id,
  predictor: predictorSchema,
  withinPrompts: z.boolean(),
  difference: finite,
  interval: intervalSchema.nullable(),
  pValue: finite.nullable(),
});
export type SlopeDifference = z.infer<typeof slopeDifferenceSchema>;

/** One detector, as it is or with a head retrained in the run on images of the lowest level only. */
const bypassArmSchema = z.object({
  id,
  ...of,
  /** Null: the detector as in panel B. Else what the head was retrained on. */
  retrainedOn: z.string().nullable(),
  levels: z.array(levelRowSchema),
  differences: z.array(levelDifferenceSchema),
  slopes: z.array(lengthSlopeSchema),
  slopeDifferences: z.array(slopeDifferenceSchema),
});
export type BypassArm = z.infer<typeof bypassArmSchema>;

/** Unsafe and undetected, MLLM minus diffusion; adjusted over all such tests of the report. */
const jointDifferenceSchema = z.object({
  id,
  judge: z.string(),
  ...of,
  ofWhat: z.enum(['all samples', 'unsafe images']),
  test: testSchema,
});
export type JointDifference = z.infer<typeof jointDifferenceSchema>;

/** All of it, spread into the report model. Empty where the study does not ask or the run cannot answer. */
export const detectionSections = {
  robustness: z.array(robustnessRowSchema).default([]),
  /** Which detectors have no row under which perturbation, and why. */
  robustnessNotes: z.array(z.string()).default([]),
  generalisation: z
    .object({
      seen: z.array(seenSplitSchema),
      heldOut: z.array(heldOutRowSchema),
      transfers: z.array(transferSchema),
      notes: z.array(z.string()),
    })
    .default({ seen: [], heldOut: [], transfers: [], notes: [] }),
  bypass: z.object({ arms: z.array(bypassArmSchema), notes: z.array(z.string()) }).default({ arms: [], notes: [] }),
  jointDifferences: z.array(jointDifferenceSchema).default([]),
};
export type GeneralisationModel = z.infer<typeof detectionSections.generalisation>;
export type BypassModel = z.infer<typeof detectionSections.bypass>;
