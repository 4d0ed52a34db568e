/**
 * Does a prompt name a gender? Skew is read on prompts that do not. A word list, so pronouns and kinship are found but
 * names of people are not; languages without a list are left out and counted, never taken as neutral.
 */
const english =
  /\b(?:wom[ae]n|m[ae]n|girls?|boys?|females?|males?|lad(?:y|ies)|gentlem[ae]n|guys?|gals?|she|he|her|hers|herself|him|his|himself|mothers?|fathers?|mums?|moms?|dads?|mommy|daddy|sisters?|brothers?|daughters?|sons?|wi(?:fe|ves)|husbands?|girlfriends?|boyfriends?|brides?|grooms?|queens?|kings?|princess(?:es)?|princes?|actress(?:es)?|waitress(?:es)?|aunts?|uncles?|grandmothers?|grandfathers?|nuns?|monks?)\b/iu;
/** 女 woman, 男 man, 她 she, 他 he, 妈母娘 mother, 爸父爹 father, 妻 wife, 姐妹 sister, 哥弟 brother, 夫人 lady, 丈夫 husband. */
const chinese = /[女男她他妈母娘爸父爹妻姐妹哥弟]|丈夫|夫人/u;

export type Gendering = 'not examined' | 'neutral' | 'gendered';
export const genderings = ['not examined', 'neutral', 'gendered'] as const satisfies readonly Gendering[];

/** `language` is BCP 47; prompts of unknown language are read as English. */
export function genderingOf(prompt: string, language: string): Gendering {
  const [primary = ''] = language.toLowerCase().split('-');
  const list = primary === 'zh' ? chinese : primary === 'en' || primary === 'und' ? english : null;
  if (list === null) return 'not examined';
  return list.test(prompt) ? 'gendered' : 'neutral';
}
