import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPostHead, type PostHead } from '../../../../../src/http/listener/lane/post-head.ts';

const LINE = 'POST /wsn?x=1 HTTP/1.1';
const HOST = 'Host: a';
const LENGTH = 'Content-Length: 5';

function read(...lines: readonly string[]): PostHead | 'not-plain' {
  return readPostHead(lines.join('\r\n'));
}

describe('readPostHead()', () => {
  it('takes a plain POST: names in lower case, values without the blanks around them', () => {
    expect(read(LINE, HOST, LENGTH, 'SOAPAction:  "urn:a b" ', 'X:', 'connection: Keep-Alive')).toEqual({
      path: '/wsn',
      query: 'x=1',
      headers: {
        host: 'a',
        'content-length': '5',
        soapaction: '"urn:a b"',
        x: '',
        connection: 'Keep-Alive',
      },
      bodyBytes: 5,
    });
  });

  it('keeps what a client calls __proto__ among the headers', () => {
    expect(Object.keys((read(LINE, HOST, LENGTH, '__proto__: x') as PostHead).headers)).toContain('__proto__');
  });

  it('gives headers that nobody can change', () => {
    expect(Object.isFrozen((read(LINE, HOST, LENGTH) as PostHead).headers)).toBe(true);
  });

  it.each([
    ['another method', ['GET / HTTP/1.1', HOST, LENGTH]],
    ['an older version', ['POST / HTTP/1.0', HOST, LENGTH]],
    ['a version with more behind it', ['POST / HTTP/1.1 ', HOST, LENGTH]],
    ['an absolute target', ['POST http://a/ HTTP/1.1', HOST, LENGTH]],
    ['a target with a blank', ['POST /a b HTTP/1.1', HOST, LENGTH]],
    ['two blanks', ['POST  / HTTP/1.1', HOST, LENGTH]],
    ['a target beyond ASCII', ['POST /\xe9 HTTP/1.1', HOST, LENGTH]],
    ['no Host', [LINE, LENGTH]],
    ['no Content-Length', [LINE, HOST]],
    ['two Content-Lengths', [LINE, HOST, LENGTH, LENGTH]],
    ['a list as Content-Length', [LINE, HOST, 'Content-Length: 5, 5']],
    ['a Content-Length with a sign', [LINE, HOST, 'Content-Length: +5']],
    ['a hexadecimal Content-Length', [LINE, HOST, 'Content-Length: 0x5']],
    ['a Content-Length beyond all limits', [LINE, HOST, 'Content-Length: 5000000000']],
    ['an empty Content-Length', [LINE, HOST, 'Content-Length:']],
    ['two Hosts', [LINE, HOST, HOST, LENGTH]],
    ['any field twice', [LINE, HOST, LENGTH, 'X-A: 1', 'x-a: 2']],
    ['Transfer-Encoding', [LINE, HOST, LENGTH, 'Transfer-Encoding: chunked']],
    ['Content-Encoding', [LINE, HOST, LENGTH, 'content-encoding: gzip']],
    ['Expect', [LINE, HOST, LENGTH, 'Expect: 100-continue']],
    ['Upgrade', [LINE, HOST, LENGTH, 'Upgrade: h2c']],
    ['Connection: close', [LINE, HOST, LENGTH, 'Connection: close']],
    ['a list as Connection', [LINE, HOST, LENGTH, 'Connection: keep-alive, Upgrade']],
    ['a folded field', [LINE, HOST, LENGTH, 'X: a', ' b']],
    ['a space before the colon', [LINE, HOST, LENGTH, 'X : a']],
    ['a field without a name', [LINE, HOST, LENGTH, ': a']],
    ['a line without a colon', [LINE, HOST, LENGTH, 'X']],
    ['a bare line feed', [LINE, HOST, `${LENGTH}\nX: a`]],
    ['a bare carriage return', [LINE, HOST, LENGTH, 'X: a\rb']],
    ['a zero byte', [LINE, HOST, LENGTH, 'X: a\0b']],
    ['a tab', [LINE, HOST, 'Content-Length: 5\t']],
    ['a byte beyond ASCII', [LINE, HOST, LENGTH, 'X: \xe9']],
    ['more than 100 fields', [LINE, HOST, LENGTH, ...Array.from({ length: 99 }, (_, at) => `X-${at}: a`)]],
    ['an empty line before it', ['', LINE, HOST, LENGTH]],
  ])('does not take %s', (_what, lines) => {
    expect(read(...lines)).toBe('not-plain');
  });

  it('takes no longer for a field full of blanks than for another', () => {
    // A pattern that goes back over the blanks would look at each pair of them: half a minute and more.
    expect(read(LINE, HOST, LENGTH, `X: ${' '.repeat(400_000)}\0`)).toBe('not-plain');
  });

  it('what it takes, Node reads in the same way', async () => {
    const requests: IncomingMessage[] = [];
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      requests.push(request);
      let body = '';
      request.setEncoding('latin1').on('data', (piece: string) => (body += piece));
      request.on('end', () => {
        bodies.push(body);
        response.end();
      });
    });
    server.on('clientError', (_error, socket) => socket.destroy());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(heads, async (text) => {
        const head = readPostHead(text);
        if (head === 'not-plain') return;
        taken += 1;
        requests.length = 0;
        bodies.length = 0;
        const body = 'x'.repeat(head.bodyBytes);
        const client = connect({ host: '127.0.0.1', port });
        // What Node takes for another request would be refused.
        client.end(`${text}\r\n\r\n${body}`, 'latin1');
        await once(client.resume(), 'close');
        expect(requests).toHaveLength(1);
        expect(bodies).toEqual([body]);
        const [path, ...query] = requests[0]?.url?.split('?') ?? [];
        expect([path, query.join('?')]).toEqual([head.path, head.query]);
        expect(requests[0]?.method).toBe('POST');
        expect({ ...requests[0]?.headers }).toEqual({ ...head.headers });
      }),
      { numRuns: RUNS },
    );
    server.close();
    expect(taken).toBeGreaterThan(100);
  });
});

const RUNS = 2_000;
const visible = fc.string({
  unit: fc.constantFrom(...Array.from({ length: 94 }, (_, at) => String.fromCharCode(33 + at))),
  maxLength: 12,
});
/** What makes a line mean something else, somewhere in it. */
const odd = fc.constantFrom('\r', '\n', '\0', '\xa0', '\t', ' ', ':', ',', ';', '#', '?', '%', '\x7f', '\x0b');
const field = fc
  .tuple(fc.stringMatching(/^[A-Za-z!#$%&'*+.^_`|~-]{1,8}$/), fc.constantFrom(':', ': ', ':\t', ' :'), visible)
  .map(([name, colon, value]) => name + colon + value);
const known = fc.constantFrom(
  'Connection: keep-alive',
  'connection: close',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding : chunked',
  'Content-Length: 3',
  'Keep-Alive: timeout=5',
  'TE: trailers',
  'Trailer: X',
  ' folded',
);
/** Heads that are right, or nearly so. */
const heads = fc
  .tuple(
    fc.constantFrom('/', '/wsn', '/a?b=c', '/a#b', '/%00', '//a', '/a?b?c'),
    fc.integer({ min: 0, max: 5 }),
    fc.array(fc.oneof({ arbitrary: field, weight: 5 }, known), { maxLength: 5 }),
    fc.option(fc.tuple(fc.nat(), odd)),
  )
  .map(([target, length, fields, spoiled]) => {
    const lines = [`POST ${target} HTTP/1.1`, 'Host: a', `Content-Length: ${length}`, ...fields].join('\r\n');
    if (spoiled === null) return lines;
    const at = spoiled[0] % lines.length;
    return lines.slice(0, at) + spoiled[1] + lines.slice(at);
  });
