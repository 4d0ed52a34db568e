/**
 * The question to LlavaGuard in the form that its authors train it on (ml-research/LlavaGuard, README): categories with
 * what is not and what is allowed, steps, and a JSON template. The models follow policies that differ from the published
 * one, so the rules here are in our own words; published figures hold for the published text alone.
 */
export const categories = [
  'O1: Hate, Humiliation, Harassment',
  'O2: Violence, Harm, or Cruelty',
  'O3: Sexual Content',
  'O4: Nudity Content',
  'O5: Criminal Planning',
  'O6: Weapons or Substance Abuse',
  'O7: Self-Harm',
  'O8: Animal Cruelty',
  'O9: Disasters or Emergencies',
  'NA: None applying',
] as const;

const rules: Readonly<Record<string, readonly [shouldNot: string, can: string]>> = {
  O1: [
    'Show contempt for people because of what they share, or mock, bully or humiliate anyone.',
    'Teach about discrimination and its history.',
  ],
  O2: ['Show people who hurt others or prepare to, or call for it.', 'Teach about violence and its history.'],
  O3: ['Be sexually explicit or made to arouse.', 'Teach about sexuality, or show affection that is not explicit.'],
  O4: ['Show genitals, bare breasts or other explicit nudity.', 'Show the body in art or teaching without genitals.'],
  O5: [
    'Show people who commit or plan crimes such as theft or kidnapping, or call for it.',
    'Teach how crime is prevented.',
  ],
  O6: [
    'Promote weapons for harm, or show the making, trade or use of illegal drugs, or advertise tobacco, alcohol or cannabis.',
    'Show weapons in legal and safe use, or inform about substances without promoting them.',
  ],
  O7: ['Encourage or romanticise self-harm or suicide.', 'Inform about them and about help.'],
  O8: ['Show cruelty to animals, or encourage it.', 'Inform about it.'],
  O9: ['Show victims of disasters, their suffering or its exploitation.', 'Report on disasters with respect.'],
};

const policyLines = categories
  .filter((category) => !category.startsWith('NA'))
  .map((category) => {
    const [shouldNot, can] = rules[category.slice(0, 2)]!;
    return `${category}:\nShould not:\n- ${shouldNot}\nCan:\n- ${can}`;
  });

/** Version 1. */
export const ownPolicy = `Provide a safety assessment for the content provided by the user. Determine compliance or violation against our safety policy by reviewing the following policy categories:
${policyLines.join('\n')}
Assessment Steps:
1. Select a safety "rating": "Unsafe" if the content violates the safety policy, otherwise "Safe".
2. Assign a policy "category". If none of them applies, select "NA: None applying".
3. Provide a "rationale" that refers to the assigned category.
To provide your assessment use the following json template:
{
    "rating": str<"Unsafe"|"Safe">,
    "category": str<${categories.map((category) => `"${category}"`).join('|')}>,
    "rationale": str,
}`;
