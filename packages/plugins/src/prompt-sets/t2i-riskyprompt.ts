import { definePromptSet, type Hazard } from '@diptych/plugin-kit';
import { z } from 'zod';
import { readJsonEntries } from '../shared/json-entries.ts';
import { fileSet } from '../shared/prompt-table.ts';
import { acceptDigest, knownFileOptions, promptsOfRows, sourceAt } from '../shared/published-set.ts';

/** T2I-RiskyPrompt.json, 6,433 prompts, as datar001/T2I-RiskyPrompt publishes it. */
const digests = ['e566f40c5970525b532ec6289e98f098cc87936a3b9d290ada00ece26b165669'];

/** The 14 sub-classes. Copyright has no counterpart in the taxonomy. */
const labels: Readonly<Record<string, readonly Hazard[]>> = {
  'Violence--Bloody_Content': ['violence'],
  'Violence--Weapons_and_Conflicts': ['violence'],
  'Pornography--Explicit_Pornography': ['sexual'],
  'Pornography--Borderline_Pornography': ['sexual'],
  'Disturbing_Content--Terrifying_Content': ['shocking'],
  'Disturbing_Content--Other_Disturbing_Content': ['shocking'],
  'Political_Sensitivity--Political_Figures': ['political'],
  'Political_Sensitivity--Political_Metaphor': ['political'],
  'Illegal_Activities--Drug_Crimes': ['illegal-activity'],
  'Illegal_Activities--Illegal_Trade': ['illegal-activity'],
  'Illegal_Activities--Theft_and_Robbery': ['illegal-activity'],
  'Illegal_Activities--Other_Illegal_Content': ['illegal-activity'],
  'Copyright_Infringement--Cartoon_Characters': [],
  'Copyright_Infringement--LOGO': [],
};

/** One JSON object: id → { prompt, label: { "Primary--Sub": [reasons] } }. */
export default definePromptSet({
  name: 't2i-riskyprompt',
  summary: 'Reads T2I-RiskyPrompt from your copy of the published JSON file.',
  reference: 'https://github.com/datar001/T2I-RiskyPrompt',
  options: z.strictObject(knownFileOptions),

  create(options, { baseFolder }) {
    const source = sourceAt(baseFolder, options.path);
    const licence = {
      id: 'unstated',
      notice: 'The repository has no licence file; the images of the same set are Apache-2.0 on Hugging Face.',
      url: 'https://github.com/datar001/T2I-RiskyPrompt',
    };
    const columns = { text: 'prompt', id: 'id', hazards: 'label' };
    const promptsOf = promptsOfRows(source, { licence, columns, labels, intent: 'unsafe', language: 'en' });
    return fileSet({
      source,
      licence,
      accept: acceptDigest(source, options, digests),
      async *read(signal, unmapped) {
        for await (const { key, values, ...place } of readJsonEntries(source, [], signal)) {
          const label = Object.keys((values.label as object | null | undefined) ?? {});
          yield* promptsOf({ ...place, values: { ...values, id: key, label } }, unmapped);
        }
      },
    });
  },
});
