/**
 * Support codes in the messages of Google's image filters, with the category and whether prompt or picture was
 * filtered, after the table of docs.cloud.google.com/vertex-ai/generative-ai/docs/image/responsible-ai-imagen and
 * …/multimodal/gemini-image-responsible-ai (read 2026-11-24). Codes that the table gives no one side have none.
 */
type Stage = 'input' | 'output';

const codes: Readonly<Record<string, readonly [category: string, stage?: Stage]>> = {
  58061214: ['Child', 'input'],
  17301594: ['Child', 'output'],
  29310472: ['Celebrity', 'input'],
  15236754: ['Celebrity', 'output'],
  64151117: ['Celebrity or child'],
  62263041: ['Dangerous content', 'input'],
  57734940: ['Hate', 'input'],
  22137204: ['Hate', 'output'],
  42876398: ['Other', 'input'],
  29578790: ['Other', 'output'],
  74803281: ['Other', 'output'],
  39322892: ['People/Face', 'output'],
  92201652: ['Personal information', 'input'],
  89371032: ['Prohibited content', 'input'],
  49114662: ['Prohibited content', 'output'],
  72817394: ['Prohibited content', 'output'],
  90789179: ['Sexual', 'input'],
  63429089: ['Sexual', 'output'],
  43188360: ['Sexual', 'output'],
  35561574: ['Third-party content'],
  35561575: ['Third-party content'],
  78610348: ['Toxic', 'input'],
  61493863: ['Violence', 'input'],
  56562880: ['Violence', 'output'],
  32635315: ['Vulgar', 'input'],
};

/** What the codes in a message say: `Support codes: 56562880, 43188360`. An unknown code stands for itself. */
export function readSupportCodes(message: string): { readonly categories: string[]; readonly stage?: Stage } {
  const listed = /support codes?:\s*([\d,\s]+)/i.exec(message)?.[1]?.match(/\d+/g) ?? [];
  const categories = [...new Set(listed.map((code) => codes[code]?.[0] ?? `support code ${code}`))];
  const stages = new Set(listed.flatMap((code) => codes[code]?.[1] ?? []));
  // A picture that was filtered got past the prompt's filter; only codes of the prompt alone say input.
  if (stages.has('output')) return { categories, stage: 'output' };
  return stages.has('input') ? { categories, stage: 'input' } : { categories };
}
