import { fakeContext } from '@diptych/plugin-kit/testing';
import { expect, it } from 'vitest';
import folder from '../generators/folder.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';

const place = temporaryFolder();
for (const name of ['a.png', 'b.png']) place.write(`images/${name}`, Buffer.of(0));
const signal = new AbortController().signal;

async function doubtsOf(name: string, text: string, columns = {}): Promise<string[]> {
  place.write(name, text);
  const said: string[] = [];
  const context = fakeContext({ baseFolder: place.path });
  const log = { ...context.log, warn: (message: string) => void said.push(message) };
  const images = await folder.create(folder.options.parse({ folder: 'images', table: name, columns }), { ...context, log });
  for (let pass = 0; pass < 2; pass++) await images.digest(signal);
  return said;
}

it.each([
  ['t.csv', 'file,promt\na.png,x\n', 'promt', 'prompt'],
  ['t.csv', 'file,Prompt\na.png,x\n', 'Prompt', 'prompt'],
  ['t.csv', 'file,prompt,prompt_id\na.png,x,1\n', 'prompt_id', 'promptId'],
  ['t.jsonl', '{"file":"a.png"}\n{"file":"b.png","hazard":"hate"}\n', 'hazard', 'hazards'],
])('says that a column of %s that looks like one it reads is not read: %j', async (name, text, column, field) => {
  expect(await doubtsOf(name, text)).toEqual([
    `the column "${column}" of ${name} is not read; if it is the ${field}, say so: \`columns: { ${field}: "${column}" }\`.`,
  ]);
});

it('says nothing of columns of the user, nor of one that is given its meaning or stands beside the right one', async () => {
  expect(await doubtsOf('t.csv', 'file,prompt,notes,width,score\na.png,x,y,1,2\n')).toEqual([]);
  expect(await doubtsOf('t.csv', 'file,Prompt\na.png,x\n', { prompt: 'Prompt' })).toEqual([]);
  expect(await doubtsOf('t.csv', 'file,prompt,Prompt\na.png,x,y\n')).toEqual([]);
});

it('counts files of rows that say there is no image, and prompts that share an id', async () => {
  const text = 'file,prompt,promptId,level,outcome\na.png,x,1,0,refused\nb.png,y,1,0,image\na.png,longer x,1,1,image\n';
  expect(await doubtsOf('t.csv', text)).toEqual([
    '1 rows of t.csv name a file and an outcome without an image, such as refused; their files are not read.',
    '1 rows of t.csv have the promptId of an earlier row of the same level and another prompt; they count as one prompt.',
  ]);
});

it('says what separates columns, and which tables there are', async () => {
  await expect(doubtsOf('t.csv', 'file|prompt\na.png|x\n')).rejects.toThrow('Separate the columns by commas');
  await expect(doubtsOf('t.parquet', 'PAR1')).rejects.toThrow('CSV where its name ends in .csv or .tsv');
  await expect(doubtsOf('t.xlsx', 'PK\u0003\u0004')).rejects.toThrow('CSV where its name ends in .csv or .tsv');
});
