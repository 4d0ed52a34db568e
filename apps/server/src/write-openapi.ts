/** Writes openapi.gen.json: `node apps/server/src/write-openapi.ts`. A test fails when the committed file has drifted. */
import { writeFile } from 'node:fs/promises';
import { createServer } from './create-server.ts';

export async function openApiText(): Promise<string> {
  const server = await createServer({ runsFolder: '.' });
  const text = `${JSON.stringify(server.swagger(), null, 2)}\n`;
  await server.close();
  return text;
}

if (import.meta.main) await writeFile(new URL('../openapi.gen.json', import.meta.url), await openApiText());
