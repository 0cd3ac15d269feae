import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { generateTopologyDocs } from '../../scripts/generate-topology-docs.ts';
import { KIND_NAMES } from '../../src/topology/kind.ts';
import { DEVIATIONS } from '../../src/soap/tolerance.ts';
import { DEVIATION_NAMES } from '../../src/topology/deviations.ts';
import { loadTopology } from '../../src/topology/load.ts';
import { parseTopology } from '../../src/topology/parse.ts';
import { topologySchema } from '../../src/topology/schema.ts';
import { DIALECTS } from '../../src/topology/source-schema.ts';
import {
  CONCRETE_DIALECT,
  CONCRETE_SET_DIALECT,
  FULL_DIALECT,
  SIMPLE_DIALECT,
  XPATH_DIALECT,
} from '../../src/wsn/topics/dialects.ts';
import { filesBelow, ROOT } from './repository.ts';

const files = filesBelow('topologies', '.yaml');

test.each(generateTopologyDocs())(
  '$path is what npx tsx scripts/generate-topology-docs.ts writes',
  ({ path, text }) => {
    expect(readFileSync(join(ROOT, path), 'utf8')).toBe(text);
  },
);

test('there is a topology file for each kind', () => {
  expect(files.map((path) => basename(path, '.yaml'))).toEqual([...KIND_NAMES].sort());
});

describe.each(files)('%s', (path) => {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const topology = loadTopology(join(ROOT, path), {});
  const name = basename(path, '.yaml');

  test('is valid, and of the kind that its name says', () => {
    expect([topology.name, topology.kind]).toEqual([name, name]);
  });

  test('begins with the line for editors and a comment', () => {
    expect(text).toMatch(/^# yaml-language-server: \$schema=topology\.schema\.json\n#\n# \S/);
  });

  test('has proxies on 8080, servers from 8081 on, and a store of its own', () => {
    expect(topology.publicUrl).toBe('http://127.0.0.1:8080');
    expect(topology.proxies.map(({ listen }) => listen.port)).toEqual([8080]);
    expect(topology.servers.map(({ listen }) => listen.port)).toEqual(topology.servers.map((_, index) => 8081 + index));
    expect(topology.store.directory).toBe(join(ROOT, dirname(path), 'data', name));
  });
});

test('every key of the schema is described in docs/topology.md', () => {
  const reference = readFileSync(join(ROOT, 'docs/topology.md'), 'utf8');
  const keys = Object.keys(topologySchema.shape);
  expect(keys.length).toBeGreaterThan(8);
  for (const key of keys) expect(reference).toContain(`| \`${key}\` |`);
  expect(reference).not.toMatch(/undefined|\| +\|/);
});

test('the sample in docs/topology.md is valid', () => {
  const reference = readFileSync(join(ROOT, 'docs/topology.md'), 'utf8');
  const samples = [...reference.matchAll(/^```yaml\n(name: [^`]*)^```/gm)].map(([, text = '']) => text);
  expect(samples).toHaveLength(1);
  for (const sample of samples) {
    expect(parseTopology(sample, 'sample', { directory: '/etc', environment: {} })).toHaveProperty('topology');
  }
});

test('topology files name the deviations of the table in soap, and the dialects of wsn', () => {
  expect([...DEVIATION_NAMES].sort()).toEqual(Object.keys(DEVIATIONS).sort());
  expect(Object.fromEntries(DIALECTS)).toEqual({
    Simple: SIMPLE_DIALECT,
    Concrete: CONCRETE_DIALECT,
    Full: FULL_DIALECT,
    ConcreteSet: CONCRETE_SET_DIALECT,
    XPath: XPATH_DIALECT,
  });
});
