import { expect, it } from 'vitest';
import { TopologyNews } from '../../../src/app/topology-news.ts';
import type { Logger } from '../../../src/kernel/log.ts';
import { silentLogger } from '../../../src/kernel/log.ts';
import { LiveTopology } from '../../../src/topology/live.ts';
import type { Topology } from '../../../src/topology/model.ts';
import { parseTopology } from '../../../src/topology/parse.ts';

function topology(version: number): Topology {
  const text = `name: t
version: ${String(version)}
topology: single
proxies: [{ name: p1, listen: 127.0.0.1:8080 }]
servers: [{ name: s1, listen: 127.0.0.1:8081 }]
engines: [{ name: E1, candidates: [s1] }]
`;
  const parsed = parseTopology(text, 't', { directory: '/', environment: {} });
  if ('diagnostics' in parsed) throw new Error('not valid');
  return parsed.topology;
}

function member(version: number, file: number) {
  const live = new LiveTopology(topology(version));
  const warnings: string[] = [];
  const logger: Logger = { ...silentLogger, warn: (message) => void warnings.push(message) };
  let looks = 0;
  const onNewer = (): void => {
    looks += 1;
    if (file > live.current.version) live.replace(topology(file));
  };
  const news = new TopologyNews({ live, logger, onNewer });
  return { live, news, warnings, looks: () => looks };
}

it('F34: two versions at once: who hears of a higher one looks at its own file, and the higher one wins', () => {
  const ahead = member(2, 2);
  const behind = member(1, 2);
  ahead.news.hear('behind', behind.news.encode());
  expect(ahead.looks()).toBe(0);
  behind.news.hear('ahead', ahead.news.encode());
  expect(behind.live.current.version).toBe(2);
  expect(behind.warnings).toEqual([]);
});

it('F34: says once that another member is ahead whose file is not here yet', () => {
  const ahead = member(2, 2);
  const behind = member(1, 1);
  behind.news.hear('ahead', ahead.news.encode());
  behind.news.hear('ahead', ahead.news.encode());
  expect(behind.live.current.version).toBe(1);
  expect(behind.looks()).toBe(2);
  expect(behind.warnings).toHaveLength(1);
});

it.each(['', 'nonsense', 'x'.repeat(5_000)])('passes over what is no mark: %#', (bytes) => {
  const { news, looks } = member(1, 1);
  news.hear('somebody', Buffer.from(bytes));
  expect(looks()).toBe(0);
});
