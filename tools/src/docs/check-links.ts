/** Links between files of the repository. Links to the network are not followed. */
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

const fence = /^ *(?:```|~~~)[\s\S]*?^ *(?:```|~~~)[ \t]*$/gm;
const blank = (text: string): string => text.replace(/[^\n]/g, ' ');

/** GitHub's anchor of a heading. */
export const anchorOf = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');

function anchorsOf(markdown: string): Set<string> {
  const headings = markdown.replace(fence, blank).matchAll(/^#{1,6}\s+(.+)$/gm);
  return new Set([...headings].map((match) => anchorOf(match[1]!)));
}

/** One line a link that leads nowhere, as `file:line  message`. */
export function checkLinks(root: string, files: readonly string[]): string[] {
  return files.flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8')
      .replace(fence, blank)
      .replace(/`[^`\n]*`/g, blank);
    return [...text.matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)].flatMap((match) => {
      const reason = brokenLink(root, file, match[1]!);
      const line = text.slice(0, match.index).split('\n').length;
      return reason === undefined ? [] : [`${file}:${line}  ${reason}`];
    });
  });
}

function brokenLink(root: string, file: string, link: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(link)) return undefined;
  const [path, anchor] = link.split('#');
  const target = path === '' || path === undefined ? file : posix.join(posix.dirname(file), decodeURI(path));
  if (target.startsWith('..')) return `link ${link} leaves the repository`;
  if (!existsSync(join(root, target))) return `link ${link} leads nowhere: ${target} does not exist`;
  if (!anchor || !target.endsWith('.md')) return undefined;
  return anchorsOf(readFileSync(join(root, target), 'utf8')).has(anchor)
    ? undefined
    : `link ${link}: ${target} has no such heading`;
}

/** AGENTS.md is the index of recipes: one that it does not link is never found. */
export function checkRecipes(root: string, files: readonly string[]): string[] {
  const index = existsSync(join(root, 'AGENTS.md')) ? readFileSync(join(root, 'AGENTS.md'), 'utf8') : '';
  return files
    .filter((file) => file.startsWith('docs/recipes/') && !index.includes(`(${file})`))
    .map((file) => `${file}  is not linked from AGENTS.md. Add it to the table of recipes.`);
}
