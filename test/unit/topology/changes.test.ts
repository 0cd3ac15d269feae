import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { KEY_RULES, LIST_RULES } from '../../../src/topology/change-rules.ts';
import { changesBetween } from '../../../src/topology/changes.ts';
import { fingerprintOf } from '../../../src/topology/fingerprint.ts';
import { kindOf } from '../../../src/topology/kind.ts';
import { LiveTopology, viewOf } from '../../../src/topology/live.ts';
import type { Topology } from '../../../src/topology/model.ts';
import { parseTopology } from '../../../src/topology/parse.ts';
import { judgeReload, type Judgement } from '../../../src/topology/reload.ts';
import { topologySchema } from '../../../src/topology/schema.ts';

const around = { file: 't.yaml', directory: '/', environment: {} };

function topologyOf(text: string): Topology {
  const parsed = parseTopology(text, 't.yaml', { directory: '/', environment: {} });
  if ('diagnostics' in parsed) throw new Error(JSON.stringify(parsed.diagnostics));
  return parsed.topology;
}

const BASE = `name: t
version: 3
topology: high-availability
publicUrl: http://127.0.0.1:8080
proxies: [{ name: p1, listen: 127.0.0.1:8080 }]
servers:
  - { name: s1, listen: 127.0.0.1:8081 }
  - { name: s2, listen: 127.0.0.1:8082 }
engines: [{ name: E1, candidates: [s1, s2] }]
`;
const before = topologyOf(BASE);

function judge(text: string, allows: 'live' | 'rolling' = 'live'): Judgement {
  return judgeReload({ ...around, text, before, allows });
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

/** `servers[].wire`, `limits.hold`, … */
function leavesOf({ properties, items }: Schema, path: string): readonly string[] {
  if (items?.properties !== undefined) return leavesOf(items, `${path}[]`);
  if (properties === undefined) return [path];
  return Object.entries(properties).flatMap(([key, schema]) => leavesOf(schema, path === '' ? key : `${path}.${key}`));
}

describe('F34: the table of what may change', () => {
  const fields = Object.entries(LIST_RULES).flatMap(([list, { members }]) => [
    `${list}[].name`,
    ...Object.keys(members).map((field) => `${list}[].${field}`),
  ]);
  const ruled = [...Object.keys(KEY_RULES), ...fields];
  const leaves = leavesOf(z.toJSONSchema(topologySchema, { io: 'input' }) as Schema, '');

  test.each(leaves)('has one rule for the key %s of the schema', (leaf) => {
    const rules = ruled.filter((key) => key === leaf || leaf.startsWith(`${key}.`) || leaf.startsWith(`${key}[]`));
    expect(rules).toHaveLength(1);
  });

  test.each(ruled)('has no rule for a key that is not there: %s', (key) => {
    expect(leaves.some((leaf) => leaf === key || leaf.startsWith(`${key}.`) || leaf.startsWith(`${key}[]`))).toBe(true);
  });
});

describe('judgeReload()', () => {
  test.each([
    ['limits: { hold: 20s }', ['version', 'limits.hold']],
    ['delivery: { firstRetry: 2s }', ['version', 'delivery.firstRetry']],
    ['strict: true', ['version', 'strict']],
    ['replyTo: [a.example]', ['version', 'replyTo']],
  ])('takes %s', (extra, keys) => {
    const judged = judge(`${BASE.replace('version: 3', 'version: 4')}${extra}\n`);
    expect('changes' in judged && judged.changes.map(({ key }) => key)).toEqual(keys);
  });

  test('takes another number of workers', () => {
    const text = BASE.replace('version: 3', 'version: 4').replace(':8080 }]', ':8080, workers: 2 }]');
    const judged = judge(text);
    expect('changes' in judged && judged.changes.map(({ what }) => what)).toEqual([
      'version changed from 3 to 4',
      'workers of proxy "p1" changed from 1 to 2',
    ]);
  });

  test.each([
    ['lease: { ttl: 5s }', 'lease.ttl', 11],
    ['publishers: { registration: required }', 'publishers.registration', 11],
    ['store: { sqlite: { directory: /elsewhere } }', 'store.sqlite.directory', 11],
  ])('refuses %s where it stands', (extra, path, line) => {
    const judged = judge(`${BASE.replace('version: 3', 'version: 4')}${extra}\n`);
    expect('refused' in judged && judged.refused).toMatchObject([{ file: 't.yaml', path, line: line - 1 }]);
  });

  test('refuses all of a change of which one part cannot be, and names each part', () => {
    const text = BASE.replace('version: 3', 'version: 4').replace(':8081', ':8091');
    const judged = judge(`${text}limits: { hold: 20s }\nsubscriptions: { pauseRetention: last }\n`);
    const refused = 'refused' in judged ? judged.refused : [];
    expect(refused.map(({ path }) => path)).toEqual([
      'subscriptions.pauseRetention',
      'servers[0].listen',
      'servers[0].wire',
    ]);
  });

  test('takes what needs a rolling restart when there is one', () => {
    const text = `${BASE.replace('version: 3', 'version: 4')}subscriptions: { pauseRetention: last }\n`;
    expect('changes' in judge(text, 'rolling')).toBe(true);
    expect('refused' in judge(`${text}lease: { ttl: 5s }\n`, 'rolling')).toBe(true);
  });

  test('refuses an engine that goes, and a server that takes the address of another', () => {
    const renamed = judge(BASE.replace('version: 3', 'version: 4').replaceAll('s2', 's9'));
    expect('refused' in renamed && renamed.refused.map(({ path }) => path)).toEqual([
      'servers[1].listen',
      'servers[1].wire',
    ]);
    const other = judge(BASE.replace('version: 3', 'version: 4').replace('E1', 'E2'));
    expect('refused' in other && other.refused.map(({ message }) => message)).toEqual([
      expect.stringContaining('engine "E1" removed'),
    ]);
  });

  test.each([
    ['version: 2', 'at least 3'],
    ['version: 3\nstrict: true', 'a higher version'],
    ['', 'at least 3'],
  ])('F34: lower version or another content of the same version is refused: %j', (version, expected) => {
    const judged = judge(BASE.replace('version: 3', version));
    expect('refused' in judged && judged.refused.map(({ message }) => message)).toEqual([
      expect.stringContaining(expected),
    ]);
  });

  test('takes the same again as no change', () => {
    expect(judge(`# a comment\n${BASE}`)).toMatchObject({ changes: [] });
  });
});

/** Valid topologies of any kind over a few names. */
const anyTopology = fc
  .record({
    candidates: fc.array(fc.subarray([1, 2, 3, 4], { minLength: 1 }), { minLength: 1, maxLength: 3 }),
    proxies: fc.integer({ min: 1, max: 2 }),
    workers: fc.integer({ min: 1, max: 2 }),
    hold: fc.integer({ min: 1, max: 3 }),
    retry: fc.integer({ min: 1, max: 3 }),
    strict: fc.boolean(),
    failback: fc.constantFrom('automatic', 'manual'),
  })
  .map(({ candidates, proxies, workers, hold, retry, strict, failback }) => {
    const servers = [1, 2, 3, 4];
    const engines = candidates.map((some, n) => ({
      ...{ name: `E${String(n)}`, failback, candidates: some.map((s) => `s${String(s)}`) },
    }));
    const names = servers.map((n) => `s${String(n)}`);
    const text = JSON.stringify({
      name: 'any',
      topology: kindOf({ servers: names, engines, isResolved: true }) ?? 'single',
      publicUrl: 'http://127.0.0.1:9000',
      proxies: Array.from({ length: proxies }, (_, n) => ({
        name: `p${String(n)}`,
        listen: `127.0.0.1:${String(9000 + n)}`,
        workers,
      })),
      servers: servers.map((n) => ({ name: `s${String(n)}`, listen: `127.0.0.1:${String(8000 + n)}` })),
      engines,
      limits: { hold: `${String(hold)}s` },
      delivery: { firstRetry: `${String(retry)}s` },
      strict,
    });
    const parsed = parseTopology(text, 't', { directory: '/', environment: {} });
    return 'topology' in parsed ? parsed.topology : undefined;
  })
  .filter((topology) => topology !== undefined);

describe('F34: any two topologies', () => {
  test('differ by a change, unless they are equal', () => {
    fc.assert(
      fc.property(anyTopology, anyTopology, (one, other) => {
        const isEqual = JSON.stringify(one) === JSON.stringify(other);
        expect(changesBetween(one, other).length === 0).toBe(isEqual);
        expect(fingerprintOf(one) === fingerprintOf(other)).toBe(isEqual);
      }),
      { numRuns: 60 },
    );
  });

  test('after the change the live views say what a fresh start would', () => {
    fc.assert(
      fc.property(anyTopology, anyTopology, (one, other) => {
        const live = new LiveTopology(one);
        const views = [
          viewOf(() => live.current.limits),
          viewOf(() => live.current.delivery),
          viewOf(() => live.current.conduct),
        ];
        live.replace(other);
        expect(views.map((view) => ({ ...view }))).toEqual([other.limits, other.delivery, other.conduct]);
      }),
      { numRuns: 60 },
    );
  });
});
