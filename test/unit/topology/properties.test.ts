import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { formatDiagnostic } from '../../../src/kernel/errors.ts';
import { formatAddress, parseAddress } from '../../../src/topology/address.ts';
import { parseTopology, type ParsedTopology } from '../../../src/topology/parse.ts';
import { closest } from '../../../src/topology/spelling.ts';
import { formatDuration, formatSize, parseDuration, parseSize } from '../../../src/topology/units.ts';

const runs = { numRuns: 300 };

function parse(text: string): ParsedTopology {
  return parseTopology(text, 'any.yaml', { directory: '/', environment: {} });
}

/** Places exist in the text, and every diagnostic can be printed on its line. */
function expectSound(parsed: ParsedTopology, text: string): void {
  if ('topology' in parsed) return;
  const lines = text.split('\n');
  expect(parsed.diagnostics.length).toBeGreaterThan(0);
  for (const diagnostic of parsed.diagnostics) {
    expect(diagnostic.line).toBeGreaterThanOrEqual(1);
    expect(diagnostic.line).toBeLessThanOrEqual(lines.length);
    expect(diagnostic.column).toBeGreaterThanOrEqual(1);
    expect(diagnostic.column).toBeLessThanOrEqual((lines[diagnostic.line - 1] ?? '').length + 1);
    expect(diagnostic.message.length).toBeLessThan(2_000);
    expect(formatDiagnostic(diagnostic).replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  }
}

const key = fc.constantFrom(
  'name', 'topology', 'publicUrl', 'proxies', 'servers', 'engines', 'store', 'lease', 'limits', 'delivery', 'listen',
  'wire', 'candidates', 'failback', 'sqlite', 'postgres', 'directory', 'ttl', 'maxBody', 'proxeis', '__proto__', 'toString',
  'sources', 'topics', 'tolerate', 'strict', 'replyTo', 'profiles', 'pullPoints', 'address', 'soap', 'namespaces', 'fixed',
); // prettier-ignore
const leaf = fc.oneof(
  fc.constantFrom(
    'server1',
    'server2',
    'ME1',
    '127.0.0.1:8081',
    '[::1]:1',
    'single',
    'combined',
    '3s',
    '4MiB',
    '',
    '\0',
  ),
  fc.jsonValue({ maxDepth: 0 }),
);
/** Values that look like topologies more often than chance would have it. */
const { tree } = fc.letrec<{ tree: unknown; node: unknown }>((tie) => ({
  tree: fc.dictionary(key, tie('node'), { maxKeys: 12 }),
  node: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie('node'), { maxLength: 4 }),
    fc.dictionary(key, tie('node'), { maxKeys: 6 }),
  ),
}));

describe('parseTopology()', () => {
  test('gives diagnostics for any JSON value, and never throws', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = JSON.stringify(value);
        expectSound(parse(text), text);
      }),
      runs,
    );
  });

  test('gives diagnostics for anything built from its own keys, and never throws', () => {
    fc.assert(
      fc.property(tree, fc.boolean(), (value, isFlow) => {
        const text = isFlow ? JSON.stringify(value) : stringify(value);
        expectSound(parse(text), text);
      }),
      runs,
    );
  });

  test('gives diagnostics for any text, and never throws', () => {
    const piece = fc.constantFrom(
      'name', ': ', '- ', '\n', '  ', '[', ']', '{', '}', ',', '&a ', '*a', '!x ', '"', "'", '|', '>', '?', '#', '%', '---',
      '...', '\t', '<<', '~', '\uFEFF', '\r', 'servers', '@', '`', '\0', '\u2028',
    ); // prettier-ignore
    const text = fc
      .array(fc.oneof(piece, fc.string({ maxLength: 4 })), { maxLength: 60 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (written) => {
        const parsed = parse(written);
        if ('diagnostics' in parsed) expect(parsed.diagnostics.length).toBeGreaterThan(0);
      }),
      runs,
    );
  });

  test('accepts every load-balanced topology, in whatever number and order', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 9 }), fc.integer({ min: 1, max: 60_000 }), (count, port) => {
        const numbers = Array.from({ length: count }, (_, index) => index + 1);
        const parsed = parse(
          JSON.stringify({
            name: 'any',
            topology: 'load-balanced',
            proxies: [{ name: 'proxy', listen: `localhost:${port}` }],
            servers: numbers.map((n) => ({ name: `s${n}`, listen: `localhost:${port + n}` })),
            engines: numbers.toReversed().map((n) => ({ name: `e${n}`, candidates: [`s${n}`] })),
          }),
        );
        expect('topology' in parsed && parsed.topology.engines.length).toBe(count);
      }),
      { numRuns: 50 },
    );
  });
});

test('durations, sizes and addresses are read back as they are written', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999_999_999 }), (amount) => {
      expect(parseDuration(formatDuration(amount))).toBe(amount);
      expect(parseSize(formatSize(amount))).toBe(amount);
    }),
    runs,
  );
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()), fc.integer({ min: 1, max: 65_535 }), (host, port) => {
      const address = parseAddress(host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
      expect(address?.port).toBe(port);
      expect(address && parseAddress(formatAddress(address))).toEqual(address);
    }),
    runs,
  );
});

test.each([
  ['proxys', 'proxies'],
  ['SERVERS', 'servers'],
  ['lisetn', 'listen'],
  ['maxbody', 'maxBody'],
])('closest() takes %s for %s', (word, meant) => {
  expect(closest(word, ['name', 'proxies', 'servers', 'listen', 'maxBody', 'maxHeld'])).toBe(meant);
});

test.each(['xyz', '', 'x'.repeat(1_000)])('closest() takes %j for nothing', (word) => {
  expect(closest(word, ['name', 'proxies', 'wire'])).toBeUndefined();
});
