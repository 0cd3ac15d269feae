import { describe, expect, test } from 'vitest';
import { defaultBacklogLimits } from '../../../src/engine/backlog/backlog-limits.ts';
import { DEFAULT_CONDUCT, DEFAULT_TOPICS } from '../../../src/topology/defaults.ts';
import type { Topology } from '../../../src/topology/model.ts';
import { parseTopology } from '../../../src/topology/parse.ts';
import type { TopologyEnvironment } from '../../../src/topology/resolve.ts';
import { formatDiagnostic } from '../../../src/kernel/errors.ts';

function resolved(text: string, environment: TopologyEnvironment = {}): Topology {
  const parsed = parseTopology(text, 'good.yaml', { directory: '/etc/pointsman', environment });
  if ('topology' in parsed) return parsed.topology;
  throw new Error(parsed.diagnostics.map(formatDiagnostic).join('\n'));
}

function refused(text: string, environment: TopologyEnvironment): string[] {
  const parsed = parseTopology(text, 'good.yaml', { directory: '/etc/pointsman', environment });
  return 'diagnostics' in parsed ? parsed.diagnostics.map(formatDiagnostic) : [];
}

const SMALLEST = `
name: smallest
topology: single
proxies: [{ name: proxy1, listen: 127.0.0.1:8080 }]
servers: [{ name: server1, listen: 127.0.0.1:8081 }]
engines: [{ name: ME1, candidates: [server1] }]
`;

const FULL = `
name: full
topology: combined
publicUrl: https://Gateway.example/
proxies:
  - { name: proxy1, listen: "0.0.0.0:8080" }
  - { name: proxy2, listen: "[::1]:8090", workers: 4 }
servers:
  - { name: server1, listen: "[0:0::1]:8081", wire: localhost:9001 }
  - { name: server2, listen: localhost:8082 }
engines:
  - { name: ME1, candidates: [server1, server2], failback: manual }
  - { name: ME2, candidates: [server2], failbackDelay: 0s }
store: { sqlite: { directory: /var/lib/pointsman, ballast: 1MiB, onRegression: accept } }
lease: { ttl: 6s, renewEvery: 1s, guard: 2s }
limits: { maxBody: 65536, hold: 0s, maxHeldRequests: 0, maxHeld: 1GiB }
delivery: { connectTimeout: 100ms, totalTimeout: 1m, firstRetry: 50ms, maxRetry: 1h }
topics: { fixed: true, namespaces: [a.xml], sets: [/srv/b.xml, ../c.xml] }
publishers: { registration: required }
subscriptions: { renewGrace: 0s, pauseRetention: last }
pullPoints: { lifetime: 30m }
profiles: { dsub: true, onvif: true }
strict: true
tolerate: { topicEmpty: true, actionBw2: false }
replyTo: [Client.Example, "replies.example:80", "[0::1]:8443", 10.0.0.1]
sources:
  - name: registry
    engine: ME2
    address: https://Registry.example/broker?a=b
    soap: 1.1
    topics:
      - { expression: "t:a", namespaces: { t: urn:t } }
      - { dialect: XPath, expression: "//*" }
      - { dialect: "urn:own", expression: x }
    lifetime: 90m
  - { name: camera, kind: onvif, address: "http://127.0.0.1/onvif" }
backlog:
  perSubscription: { messages: 5, bytes: 4KiB, age: unlimited, policy: pause }
  perPullPoint: { messages: 6, bytes: 4097, age: 1m, policy: refusePublisher }
  perLink: { messages: 7, bytes: 4098, age: 1h, policy: dropOldest }
  perEngine: { messages: 8, bytes: 4099 }
  patience: 0s
`;

test('a file with what is required and nothing else gets every default', () => {
  expect(resolved(SMALLEST)).toEqual({
    name: 'smallest',
    version: 0,
    kind: 'single',
    publicUrl: 'http://127.0.0.1:8080',
    proxies: [{ name: 'proxy1', listen: { host: '127.0.0.1', port: 8080 }, workers: 1 }],
    servers: [{ name: 'server1', listen: { host: '127.0.0.1', port: 8081 }, wire: { host: '127.0.0.1', port: 8091 } }],
    engines: [
      {
        name: 'ME1',
        candidates: ['server1'],
        failback: 'automatic',
        failbackDelayMs: 30_000,
        failbackEveryMs: 600_000,
      },
    ],
    store: {
      kind: 'sqlite',
      directory: '/etc/pointsman/data/smallest',
      ballastBytes: 32 * 1024 * 1024,
      onRegression: 'refuse',
    },
    lease: { ttlMs: 3_000, renewEveryMs: 500, guardMs: 1_000 },
    limits: { maxBodyBytes: 4_194_304, holdMs: 10_000, maxHeldRequests: 1_000, maxHeldBytes: 67_108_864 },
    delivery: { connectTimeoutMs: 3_000, totalTimeoutMs: 15_000, firstRetryMs: 1_000, maxRetryMs: 300_000 },
    // The defaults of the engine and those of the file are the same.
    backlog: defaultBacklogLimits,
    topics: DEFAULT_TOPICS,
    sources: [],
    conduct: DEFAULT_CONDUCT,
  });
});

test('a file that says everything is taken at its word', () => {
  expect(resolved(FULL)).toEqual({
    name: 'full',
    version: 0,
    kind: 'combined',
    publicUrl: 'https://gateway.example',
    proxies: [
      { name: 'proxy1', listen: { host: '0.0.0.0', port: 8080 }, workers: 1 },
      { name: 'proxy2', listen: { host: '::1', port: 8090 }, workers: 4 },
    ],
    servers: [
      { name: 'server1', listen: { host: '::1', port: 8081 }, wire: { host: 'localhost', port: 9001 } },
      { name: 'server2', listen: { host: 'localhost', port: 8082 }, wire: { host: 'localhost', port: 8092 } },
    ],
    engines: [
      {
        name: 'ME1',
        candidates: ['server1', 'server2'],
        failback: 'manual',
        failbackDelayMs: 30_000,
        failbackEveryMs: 600_000,
      },
      { name: 'ME2', candidates: ['server2'], failback: 'automatic', failbackDelayMs: 0, failbackEveryMs: 600_000 },
    ],
    store: { kind: 'sqlite', directory: '/var/lib/pointsman', ballastBytes: 1024 * 1024, onRegression: 'accept' },
    lease: { ttlMs: 6_000, renewEveryMs: 1_000, guardMs: 2_000 },
    limits: { maxBodyBytes: 65_536, holdMs: 0, maxHeldRequests: 0, maxHeldBytes: 1_073_741_824 },
    delivery: { connectTimeoutMs: 100, totalTimeoutMs: 60_000, firstRetryMs: 50, maxRetryMs: 3_600_000 },
    topics: {
      fixed: true,
      namespaces: ['/etc/pointsman/a.xml'],
      sets: ['/srv/b.xml', '/etc/c.xml'],
    },
    sources: [
      {
        name: 'registry',
        engine: 'ME2',
        address: 'https://registry.example/broker?a=b',
        kind: 'wsn',
        soapVersion: '1.1',
        topics: [
          {
            dialect: 'http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete',
            expression: 't:a',
            namespaces: { t: 'urn:t' },
          },
          { dialect: 'http://www.w3.org/TR/1999/REC-xpath-19991116', expression: '//*', namespaces: {} },
          { dialect: 'urn:own', expression: 'x', namespaces: {} },
        ],
        lifetimeMs: 5_400_000,
      },
      {
        name: 'camera',
        engine: 'ME1',
        address: 'http://127.0.0.1/onvif',
        kind: 'onvif',
        soapVersion: '1.2',
        topics: [],
        lifetimeMs: 3_600_000,
      },
    ],
    backlog: {
      subscription: { messages: 5, bytes: 4_096, ageMs: null, policy: 'pause' },
      pullPoint: { messages: 6, bytes: 4_097, ageMs: 60_000, policy: 'refusePublisher' },
      link: { messages: 7, bytes: 4_098, ageMs: 3_600_000, policy: 'dropOldest' },
      engine: { messages: 8, bytes: 4_099 },
      patienceMs: 0,
    },
    conduct: {
      strict: true,
      tolerate: { topicEmpty: true, actionBw2: false },
      replyTo: ['client.example', 'replies.example:80', '[::1]:8443', '10.0.0.1'],
      profiles: { dsub: true, onvif: true },
      requiresRegistration: true,
      renewGraceMs: 0,
      pauseRetention: 'last',
      pullPointLifetimeMs: 1_800_000,
    },
  });
});

test('anchors and aliases, flow and block style, a byte order mark and CRLF are all YAML', () => {
  const text = `\uFEFF${SMALLEST.replace('[server1] }', '&all [server1], failbackDelay: 5m }')}`.replaceAll(
    '\n',
    '\r\n',
  );
  expect(resolved(text).engines).toEqual([
    { name: 'ME1', candidates: ['server1'], failback: 'automatic', failbackDelayMs: 300_000, failbackEveryMs: 600_000 },
  ]);
  const aliased = FULL.replace('ME1, candidates: [', 'ME1, candidates: &both [').replace('[server2], f', '*both, f');
  expect(resolved(aliased).engines.map(({ candidates }) => candidates)).toEqual([
    ['server1', 'server2'],
    ['server1', 'server2'],
  ]);
});

test('the default public URL of an IPv6 proxy has brackets', () => {
  expect(resolved(SMALLEST.replace('127.0.0.1:8080', '"[fe80:0::1]:8080"')).publicUrl).toBe('http://[fe80::1]:8080');
});

test('the result is frozen to its leaves', () => {
  const pending: unknown[] = [resolved(FULL)];
  let count = 0;
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    expect(Object.isFrozen(value)).toBe(true);
    count += 1;
    pending.push(...(Object.values(value) as unknown[]));
  }
  expect(count).toBeGreaterThan(20);
});

describe('POINTSMAN_PORT_BASE', () => {
  const ports = ({ proxies, servers }: Topology): number[] => [
    ...proxies.map(({ listen }) => listen.port),
    ...servers.flatMap(({ listen, wire }) => [listen.port, wire.port]),
  ];

  test('moves every port so that the lowest is the base', () => {
    const topology = resolved(FULL, { POINTSMAN_PORT_BASE: '20000' });
    expect(ports(topology)).toEqual([20000, 20010, 20001, 20921, 20002, 20012]);
  });

  test('takes the public URL along when it is that of a proxy', () => {
    expect(resolved(SMALLEST, { POINTSMAN_PORT_BASE: '30000' }).publicUrl).toBe('http://127.0.0.1:30000');
    const named = SMALLEST.replace('proxies', 'publicUrl: http://gateway:8080\nproxies');
    expect(resolved(named, { POINTSMAN_PORT_BASE: '30000' }).publicUrl).toBe('http://gateway:30000');
    const standard = named.replace('gateway:8080', 'gateway').replace('127.0.0.1:8080', '127.0.0.1:80');
    expect(resolved(standard, { POINTSMAN_PORT_BASE: '30000' }).publicUrl).toBe('http://gateway:30000');
  });

  test('leaves the public URL of something before the proxy', () => {
    expect(resolved(FULL, { POINTSMAN_PORT_BASE: '30000' }).publicUrl).toBe('https://gateway.example');
  });

  test('counts as not set when it is empty', () => {
    expect(ports(resolved(SMALLEST, { POINTSMAN_PORT_BASE: '' }))).toEqual([8080, 8081, 8091]);
  });

  test.each([
    ['zero', '0', 'found "0", expected a port from 1 to 65535'],
    ['a word', 'high', 'found "high", expected a port'],
    ['a number in other clothes', '1e4', 'found "1e4", expected a port'],
    ['a number with a sign', '-1', 'found "-1", expected a port'],
    ['beyond the last port', '65536', 'found "65536", expected a port'],
    ['too high for the highest port', '65530', 'found 65530, expected at most 65524: the highest port would be 65541'],
  ])('is refused when it is %s', (_what, base, message) => {
    const [first, ...rest] = refused(SMALLEST, { POINTSMAN_PORT_BASE: base });
    expect(first).toContain('POINTSMAN_PORT_BASE: ');
    expect(first).toContain(message);
    expect(rest).toEqual([]);
  });

  test('may be as high as the highest port allows', () => {
    expect(ports(resolved(SMALLEST, { POINTSMAN_PORT_BASE: '65524' }))).toEqual([65524, 65525, 65535]);
  });
});

describe('POINTSMAN_DATA', () => {
  test('replaces the directory of the store, relative to the working directory', () => {
    expect(resolved(FULL, { POINTSMAN_DATA: '/tmp/elsewhere' }).store.directory).toBe('/tmp/elsewhere');
    expect(resolved(FULL, { POINTSMAN_DATA: 'elsewhere' }).store.directory).toBe(`${process.cwd()}/elsewhere`);
  });

  test('counts as not set when it is empty', () => {
    expect(resolved(FULL, { POINTSMAN_DATA: '' }).store.directory).toBe('/var/lib/pointsman');
  });
});
