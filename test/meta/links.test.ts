import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { filesBelow, ROOT } from './repository.ts';

/** Targets of Markdown links and images, and of reference definitions, outside of code. */
function linksIn(markdown: string): string[] {
  const prose = markdown.replace(/^(`{3,}|~{3,})[\s\S]*?^\1[^\n]*$/gm, '').replace(/`[^`\n]*`/g, '');
  const inline = prose.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g);
  const definitions = prose.matchAll(/^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)>?/gm);
  return [...inline, ...definitions].map(([, target = '']) => target);
}

/** Anchors that the headings of a document make, as the usual renderers do. */
function anchorsOf(markdown: string): Set<string> {
  const headings = markdown.matchAll(/^#{1,6} +(.+)$/gm);
  return new Set(
    [...headings].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(/\s/g, '-'),
    ),
  );
}

const documents = [
  ...['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'].filter((name) => existsSync(join(ROOT, name))),
  ...filesBelow('docs', '.md'),
];

test.each(documents)('every relative link of %s leads somewhere', (path) => {
  const markdown = readFileSync(join(ROOT, path), 'utf8');
  const broken = linksIn(markdown).filter((link) => {
    if (/^[a-z][a-z0-9+.-]*:/i.test(link)) return false;
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? path : join(dirname(path), decodeURIComponent(file));
    if (!existsSync(join(ROOT, target))) return true;
    if (anchor === undefined || !target.endsWith('.md')) return false;
    return !anchorsOf(readFileSync(join(ROOT, target), 'utf8')).has(anchor);
  });
  expect(broken).toEqual([]);
});

test('linksIn() finds links, images and definitions, and none in code', () => {
  const text = '[a](b.md) ![c](d.png "t") [e](<f.md>#g)\n[h]: i.md\n`[j](k)`\n```\n[l](m)\n```\n';
  expect(linksIn(text.replace('(<f.md>#g)', '(<f.md#g>)'))).toEqual(['b.md', 'd.png', 'f.md#g', 'i.md']);
});

test('anchorsOf() follows the headings', () => {
  expect([...anchorsOf('# The `topology` file\n## `proxies[]`\n')]).toEqual(['the-topology-file', 'proxies']);
});
