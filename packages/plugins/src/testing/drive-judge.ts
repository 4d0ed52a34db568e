/** Calls a safety judge as core does, against a service on loopback, and what every judge of a service must do with faults. */
import { InfrastructureError, type Plugin, type PresentedImage, type SafetyJudge, type Verdict } from '@diptych/plugin-kit';
import { gradientImage, noiseImage, solidImage } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { testContext, testKey } from './drive-generator.ts';
import { startFakeService } from './fake-service.ts';
import { serviceFaults } from './service-faults.ts';

type JudgePlugin<O extends z.ZodType> = Plugin<'safety-judge', SafetyJudge, O>;

/** Harmless pictures; the mapping of a judge's classes is tested with made-up answers. */
export const judgedItems = [gradientImage(), noiseImage(1), solidImage([10, 90, 160])].map((image) => ({
  image,
  prompt: 'a lighthouse',
}));

/** A picture whose headers say otherwise than its bytes. */
export const withInfo = (info: Partial<PresentedImage['info']>): PresentedImage => {
  const image = gradientImage();
  return { ...image, info: { ...image.info, ...info } };
};

export async function openJudge<O extends z.ZodType>(
  plugin: JudgePlugin<O>,
  options: z.input<O>,
  baseFolder = process.cwd(),
): Promise<SafetyJudge> {
  return plugin.create(plugin.options.parse(options), testContext(baseFolder));
}

export async function judgeOne<O extends z.ZodType>(
  plugin: JudgePlugin<O>,
  options: z.input<O>,
  image: PresentedImage = gradientImage(),
): Promise<Verdict> {
  const judge = await openJudge(plugin, options);
  return (await judge.judge([{ image, prompt: 'a lighthouse' }], AbortSignal.timeout(20_000)))[0]!;
}

/** One test for each kind of fault; `optionsOf` builds options that lead to the address. */
export function describeJudgeFaults<O extends z.ZodType>(
  plugin: JudgePlugin<O>,
  optionsOf: (url: string) => z.input<O>,
): void {
  describe(`safety-judge/${plugin.name} throws a fault, never a verdict`, () => {
    it.each(serviceFaults)('for $what', async ({ reply, expected }) => {
      await using fake = await startFakeService(() => reply);
      const fault = await judgeOne(plugin, optionsOf(fake.url)).catch((error: unknown) => error);
      expect(fault).toBeInstanceOf(InfrastructureError);
      expect(fault).toMatchObject(expected);
      expect(String(fault)).not.toContain(testKey);
      expect(fake.received).toHaveLength(1);
      expect(fake.received[0]!.body.toString('latin1')).not.toContain(testKey);
    });
  });
}
