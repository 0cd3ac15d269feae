import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConfigError } from '../../../src/kernel/errors.ts';
import { describeTopology } from '../../../src/topology/describe.ts';
import { loadTopology } from '../../../src/topology/load.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pointsman-topology-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function write(name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

function failure(file: string): ConfigError {
  try {
    loadTopology(file, {});
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error(`${file} was accepted`);
}

const GOOD = `
name: small
topology: high-availability
proxies: [{ name: proxy1, listen: 127.0.0.1:8080 }]
servers: [{ name: server1, listen: 127.0.0.1:8081 }, { name: s2, listen: 127.0.0.1:8082 }]
engines: [{ name: ME1, candidates: [server1, s2] }]
`;

test('loadTopology() reads a file; relative directories start at its folder', () => {
  expect(loadTopology(write('good.yaml', GOOD), process.env).name).toBe('small');
  expect(loadTopology(write('good.yaml', GOOD), {}).store.directory).toBe(join(folder, 'data/small'));
});

test('loadTopology() throws everything that is wrong as one ConfigError', () => {
  const file = write('bad.yaml', GOOD.replace('8081', '8080').replace('small', '1'));
  expect(failure(file).diagnostics.map(({ file: named, line, path }) => [named, line, path])).toEqual([
    [file, 2, 'name'],
    [file, 5, 'servers[0].listen'],
  ]);
});

test.each([
  ['a file that is not there', () => join(folder, 'none.yaml'), 'cannot be read: there is no such file'],
  ['a directory', () => folder, 'cannot be read: it is a directory'],
  ['a folder that is a file', () => join(write('a-file', ''), 'x.yaml'), 'there is no such file'],
  ['a device without end', () => '/dev/zero', 'expected at most 262144 bytes, found more'],
  ['a huge file', () => write('huge.yaml', `${GOOD}#${'x'.repeat(300_000)}`), 'expected at most 262144 bytes'],
  ['bytes that are not UTF-8', () => write('latin1.yaml', Buffer.from('name: caf\xe9', 'latin1')), 'expected UTF-8'],
])('loadTopology() refuses %s with a ConfigError', (_what, make, message) => {
  const file = make();
  const { diagnostics } = failure(file);
  expect(diagnostics).toEqual([
    { file, line: 1, column: 1, path: '', message: expect.stringContaining(message) as string },
  ]);
});

test('describeTopology() says who listens where and who hosts what', () => {
  const topology = loadTopology(write('described.yaml', GOOD), { POINTSMAN_DATA: '/data' });
  expect(describeTopology(topology).split('\n')).toEqual([
    'small: high-availability, 1 proxy, 2 servers, 1 engine, for clients http://127.0.0.1:8080',
    '  proxy   proxy1   127.0.0.1:8080',
    '  server  server1  127.0.0.1:8081, wire 127.0.0.1:8091; hosts ME1',
    '  server  s2       127.0.0.1:8082, wire 127.0.0.1:8092; stands by for ME1',
    '  engine  ME1      server1, then s2; failback after 30s',
    '  store   sqlite   /data',
    '  lease            ttl 3s, renewed every 500ms',
  ]);
});

test('describeTopology() says how many workers a proxy has', () => {
  const text = GOOD.replace('listen: 127.0.0.1:8080', 'listen: 127.0.0.1:8080, workers: 3');
  expect(describeTopology(loadTopology(write('workers.yaml', text), {})).split('\n')).toContain(
    '  proxy   proxy1   127.0.0.1:8080, 3 workers',
  );
});

test('describeTopology() names the sources', () => {
  const text = `${GOOD}sources: [{ name: camera, address: "http://camera.example/x" }]\n`;
  expect(describeTopology(loadTopology(write('sources.yaml', text), {})).split('\n')).toContain(
    '  source  camera   http://camera.example/x, for ME1',
  );
});
