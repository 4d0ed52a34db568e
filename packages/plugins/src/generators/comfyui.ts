import { type Decoder, DiptychError, defineGenerator, type Family, type PluginContext } from '@diptych/plugin-kit';
import { z } from 'zod';
import { runWorkflow } from '../shared/comfyui/run.ts';
import {
  checkWorkflow,
  fillSlots,
  slotsOf,
  takeWorkflow,
  type Workflow,
  workflowSchema,
} from '../shared/comfyui/workflow.ts';
import { localMetering, localOptions, localService, needsOfLocal } from '../shared/http/local-server.ts';
import { kindOptions, oneByOne, pollSecondsOption } from '../shared/http/service-options.ts';

const optionsSchema = z.strictObject({
  /** Path from the study file, or the workflow itself: API format, with the slots {{prompt}} and {{seed}}. */
  workflow: z.union([z.string().min(1).max(4096), workflowSchema]),
  /** Of the workflow file; a changed one is refused then. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  /** Values of other slots, such as {{negative}} or {{steps}}. */
  slots: z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]*$/), z.union([z.string(), z.number(), z.boolean()])).default({}),
  /** Id of the node whose images are taken; where absent, the first that saves any. */
  outputNode: z.string().min(1).max(100).optional(),
  ...kindOptions,
  pollSeconds: pollSecondsOption(0.5),
  ...localOptions({ baseUrl: 'http://127.0.0.1:8188', concurrency: 2 }),
});
type Options = z.output<typeof optionsSchema>;

/** What the user states; else a workflow that decodes latents is taken for what it looks like, and any other is asked about. */
function kindOf({ family, decoder }: Options): { family: Family; decoder: Decoder } {
  return { family: family ?? 'diffusion', decoder: decoder ?? (family === undefined ? 'vae' : 'unknown') };
}

function checkKind(workflow: Workflow, { family }: Options): void {
  const types = Object.values(workflow).map((node) => node.class_type);
  if (family !== undefined || types.some((type) => type.startsWith('VAEDecode'))) return;
  throw new DiptychError(
    'PLUGIN_OPTIONS_INVALID',
    `Expected a VAEDecode node or \`family\`, found nodes ${[...new Set(types)].join(', ')}. Set \`family\` (diffusion or mllm), and \`decoder\` where known.`,
  );
}

export default defineGenerator({
  name: 'comfyui',
  summary: "Makes images with the user's own workflow on a ComfyUI server.",
  reference: 'https://docs.comfy.org/development/comfyui-server/comms_routes',
  /** Of the workflow; see `traitsOf`. */
  family: 'diffusion',
  decoder: 'vae',
  simulated: false,
  options: optionsSchema,
  traitsOf: kindOf,
  needs: needsOfLocal,

  async create(options: Options, context: PluginContext) {
    const { baseUrl, pollSeconds, slots, extra, outputNode } = options;
    const service = localService('ComfyUI', options, context);
    const { workflow, sha256 } = await takeWorkflow(options.workflow, context.baseFolder, options.sha256);
    checkWorkflow(workflow, ['prompt', 'seed', ...Object.keys(slots)], outputNode);
    checkKind(workflow, options);
    const hasSeed = slotsOf(workflow).has('seed');
    const metering = localMetering('comfyui', options);
    const server = { service, baseUrl, pollSeconds, outputNode };
    return {
      ...metering,
      facts: { workflowSha256: sha256 },
      generate: oneByOne(metering.estimate, async ({ prompt, seed }, signal) => {
        const filled = fillSlots(workflow, { ...slots, prompt, seed });
        const made = await runWorkflow({ prompt: filled, ...extra }, server, signal);
        if (made.outcome !== 'image' || hasSeed) return made;
        return { ...made, warnings: ['The workflow has no {{seed}}, so the seed was not used.'] };
      }),
    };
  },
});
