import type { IncomingHttpHeaders } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReplyReader, type Reading, type ReplySink } from '../../../../src/http/sender/plain/reply-reader.ts';

/** What was told of one reply. */
class Seen implements ReplySink {
  readonly heads: { readonly status: number; readonly headers: Readonly<IncomingHttpHeaders> }[] = [];
  readonly pieces: Buffer[] = [];

  head(status: number, headers: Readonly<IncomingHttpHeaders>): void {
    this.heads.push({ status, headers });
  }

  piece(bytes: Buffer): void {
    this.pieces.push(bytes);
  }

  get body(): string {
    return Buffer.concat(this.pieces).toString('latin1');
  }
}

/** Reads `reply` in pieces that end at `cuts`, all in the same memory, as a connection does. */
function read(
  reply: string,
  { cuts = [], isEnded = false }: { cuts?: readonly number[]; isEnded?: boolean } = {},
): { seen: Seen; reader: ReplyReader; reading: Reading } {
  const bytes = Buffer.from(reply, 'latin1');
  const buffer = Buffer.alloc(64 * 1024);
  const reader = new ReplyReader();
  const seen = new Seen();
  const ends = [...new Set([...cuts, bytes.length])].filter((cut) => cut > 0 && cut <= bytes.length);
  let reading: Reading = 'going-on';
  let from = 0;
  for (const to of ends.sort((a, b) => a - b)) {
    bytes.copy(buffer, 0, from, to);
    if (reading === 'going-on') reading = reader.read(buffer, to - from, seen);
    buffer.fill('?');
    from = to;
  }
  if (isEnded && reading === 'going-on') reading = reader.end();
  return { seen, reader, reading };
}

const OK = 'HTTP/1.1 200 OK\r\n';

describe('ReplyReader', () => {
  it.each([
    ['with a length', `${OK}Content-Length: 5\r\n\r\nhello`, 'hello'],
    ['without a body', 'HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n', ''],
    ['that has none by its status', 'HTTP/1.1 204 No Content\r\n\r\n', ''],
    ['without a reason', 'HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx', 'x'],
    ['in chunks', `${OK}Transfer-Encoding: chunked\r\n\r\n3;a="b"\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n`, 'hello'],
    ['with trailers', `${OK}Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\nC: d\r\n\r\n`, 'hello'],
    [
      'behind interim ones',
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nA: b\r\n\r\n${OK}Content-Length: 2\r\n\r\nok`,
      'ok',
    ],
    ['with a header over two lines', `${OK}X: a\r\n \t b\r\nContent-Length: 1\r\n\r\nx`, 'x'],
  ])('reads a reply %s, however it is cut', (_what, reply, body) => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: reply.length })), (cuts) => {
        const { seen, reading } = read(reply, { cuts });
        expect(reading).toBe('complete');
        expect(seen.body).toBe(body);
      }),
    );
  });

  it('gives headers by their lower-case names, several as a list, whatever they are called', () => {
    const { seen } = read(
      `${OK}X-A:  b c \t\r\nset-cookie: 1\r\nSet-Cookie: 2\r\n__proto__: x\r\nempty:\r\nContent-Length: 0\r\n\r\n`,
    );
    const [head] = seen.heads;
    expect(head?.status).toBe(200);
    expect(Object.entries(head?.headers ?? {})).toEqual([
      ['x-a', 'b c'],
      ['set-cookie', ['1', '2']],
      ['__proto__', 'x'],
      ['empty', ''],
      ['content-length', '0'],
    ]);
  });

  it('reads to the end of the connection where nothing else says where the end is', () => {
    const { seen, reader, reading } = read(`${OK}\r\nhello`, { isEnded: true });
    expect(reading).toBe('complete');
    expect(seen.body).toBe('hello');
    expect(reader.lastHead?.isKept).toBe(false);
  });

  it.each([
    ['HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', true],
    ['HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, Close\r\n\r\n', false],
    ['HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', false],
    ['HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n', true],
  ])('knows of %j whether the connection is kept', (reply, isKept) => {
    expect(read(reply).reader.lastHead?.isKept).toBe(isKept);
  });

  it('knows for how long a connection is kept', () => {
    const reply = `${OK}Content-Length: 0\r\nKeep-Alive: timeout=5, max=100\r\n\r\n`;
    expect(read(reply).reader.lastHead?.keptSeconds).toBe(5);
  });

  it('reads one reply after the other', () => {
    const reader = new ReplyReader();
    for (const body of ['a', 'b']) {
      const seen = new Seen();
      const reply = Buffer.from(`${OK}Content-Length: 1\r\n\r\n${body}`);
      reader.next();
      expect(reader.read(reply, reply.length, seen)).toBe('complete');
      expect(seen.body).toBe(body);
    }
  });

  it.each([
    ['no HTTP', '220 mail.example ESMTP\r\n'],
    ['another version', 'HTTP/2 200 OK\r\n\r\n'],
    ['no status', 'HTTP/1.1 OK\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'],
    ['two lengths', `${OK}Content-Length: 1\r\nContent-Length: 1\r\n\r\nx`],
    ['a list of lengths', `${OK}Content-Length: 1, 1\r\n\r\nx`],
    ['a length that is no number', `${OK}Content-Length: -1\r\n\r\n`],
    ['a length in hex', `${OK}Content-Length: 0x1\r\n\r\nx`],
    ['a length and chunks', `${OK}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['a blank before the colon', `${OK}Content-Length : 1\r\n\r\nx`],
    ['no colon', `${OK}Content-Length\r\n\r\n`],
    ['a bare CR in a header', `${OK}X: a\rContent-Length: 1\r\n\r\n`],
    ['a bare LF in a header', `${OK}X: a\nContent-Length: 1\r\n\r\n`],
    ['a NUL in a header', `${OK}X: a\0\r\n\r\n`],
    ['a chunk whose size is no number', `${OK}Transfer-Encoding: chunked\r\n\r\nx\r\n`],
    ['a chunk whose size is beyond numbers', `${OK}Transfer-Encoding: chunked\r\n\r\nfffffffff\r\n`],
    ['a chunk that is longer than it says', `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n`],
    ['a line of a chunk without end', `${OK}Transfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(5_000)}`],
    ['trailers without end', `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n${'a: b\r\n'.repeat(100)}`],
    ['a head that is too long', `${OK}X: ${'y'.repeat(17_000)}\r\n\r\n`],
    ['a head without end', `${OK}X: ${'y'.repeat(17_000)}`],
    ['more than was asked for', `${OK}Content-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n`],
  ])('does not go on behind %s', (_what, reply) => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: reply.length }), { maxLength: 20 }), (cuts) => {
        const { reading, reader } = read(reply, { cuts });
        expect(reading === 'broken' || reader.isComplete).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it.each([`${OK}Content-`, `${OK}Content-Length: 2\r\n\r\nx`, `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n`])(
    'knows that %j has broken off',
    (reply) => {
      expect(read(reply, { isEnded: true }).reading).toBe('broken');
    },
  );

  it('survives whatever comes', () => {
    const piece = fc.oneof(
      fc.constantFrom(OK, '\r\n', 'Content-Length: 3', 'Transfer-Encoding: chunked', '0', '3', ':', 'HTTP/1.0 503 '),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(piece), fc.array(fc.nat(100)), (pieces, cuts) => {
        const whole = read(pieces.join(''), { isEnded: true });
        const cut = read(pieces.join(''), { isEnded: true, cuts });
        expect(cut.seen.heads).toEqual(whole.seen.heads);
        expect(cut.seen.body.startsWith(whole.seen.body) || whole.seen.body.startsWith(cut.seen.body)).toBe(true);
      }),
    );
  });
});
