import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../../support/eventually.ts';
import { errorRecorder, listening, never, RawClient, rawExchange, textReply } from './listening.ts';

const POST = 'POST /wsn?x=1 HTTP/1.1';
const HOST = 'Host: localhost';
const CLOSE = 'Connection: close';

describe('HttpListener', () => {
  it('hands a POST over whole, path and query as sent', async () => {
    await using at = await listening();
    const reply = await fetch(`${at.url}/wsn/a%2Fb?q=%20&q`, { method: 'POST', body: 'hello' });
    expect(reply.status).toBe(200);
    expect(await reply.text()).toBe('POST /wsn/a%2Fb q=%20&q hello');
  });

  it('takes a chunked body, and always answers with Content-Length', async () => {
    await using at = await listening();
    const reply = await rawExchange(
      at.port,
      POST,
      HOST,
      CLOSE,
      'Transfer-Encoding: chunked',
      '',
      '3',
      'abc',
      '2;x=y',
      'de',
      '0',
      '',
      '',
    );
    expect(reply).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(reply).toMatch(/\r\nContent-Length: 19\r\n/);
    expect(reply).not.toMatch(/chunked/i);
    expect(reply).toMatch(/\r\n\r\nPOST \/wsn x=1 abcde$/);
  });

  it('takes a POST without a body', async () => {
    await using at = await listening();
    expect(await rawExchange(at.port, POST, HOST, CLOSE, '', '')).toMatch(/POST \/wsn x=1 $/);
  });

  it('takes HTTP/1.0', async () => {
    await using at = await listening();
    const reply = await rawExchange(at.port, 'POST / HTTP/1.0', 'Content-Length: 2', '', 'hi');
    expect(reply).toMatch(/ 200 OK\r\n/);
    expect(reply).toMatch(/POST \/ {2}hi$/);
  });

  it.each(['GET', 'HEAD', 'PUT', 'OPTIONS', 'DELETE'])('%s goes to the fallback', async (method) => {
    await using at = await listening();
    const reply = await fetch(at.url, { method });
    expect(await reply.text()).toBe(method === 'HEAD' ? '' : 'the fallback');
  });

  it('keeps the connection, and serves one request after the other on it', async () => {
    await using at = await listening();
    using client = new RawClient(at.port);
    for (const text of ['one', 'two', 'three']) {
      client.send(POST, HOST, `Content-Length: ${text.length}`, '', text);
      await client.until(text);
    }
    expect(client.received.match(/200 OK/g)).toHaveLength(3);
  });

  it('passes on status and headers of the reply, but not those that frame it', async () => {
    await using at = await listening({
      onPost: () =>
        Promise.resolve({
          status: 503,
          headers: {
            'Retry-After': '2',
            'Transfer-Encoding': 'chunked',
            'content-length': '9999',
            Connection: 'upgrade',
          },
          body: Buffer.from('busy'),
        }),
    });
    const reply = await fetch(at.url, { method: 'POST', body: 'x' });
    expect(reply.status).toBe(503);
    expect(reply.headers.get('retry-after')).toBe('2');
    expect(reply.headers.get('content-length')).toBe('4');
    expect(reply.headers.get('transfer-encoding')).toBeNull();
    expect(await reply.text()).toBe('busy');
  });

  it('answers 202 without a body', async () => {
    await using at = await listening({
      onPost: () => Promise.resolve({ status: 202, headers: {}, body: Buffer.alloc(0) }),
    });
    const reply = await fetch(at.url, { method: 'POST', body: 'x' });
    expect([reply.status, reply.headers.get('content-length'), await reply.text()]).toEqual([202, '0', '']);
  });

  it('answers 500 without internals when onPost rejects, throws or gives what HTTP cannot carry; and logs it', async () => {
    const { logger, errors } = errorRecorder();
    const outcomes = [
      () => Promise.reject(new Error('password is hunter2')),
      () => {
        throw new Error('password is hunter3');
      },
      () => Promise.resolve({ status: 200, headers: { 'X-Bad': 'a\r\nSet-Cookie: b' }, body: Buffer.alloc(0) }),
      () => Promise.resolve({ status: 9, headers: {}, body: Buffer.alloc(0) }),
    ];
    for (const onPost of outcomes) {
      await using at = await listening({ onPost, logger });
      const reply = await fetch(at.url, { method: 'POST', body: 'x' });
      expect([reply.status, await reply.text(), reply.headers.get('set-cookie')]).toEqual([
        500,
        'Internal error\n',
        null,
      ]);
    }
    expect(errors).toHaveLength(4);
  });

  it('answers 500 when the fallback throws', async () => {
    const { logger, errors } = errorRecorder();
    await using at = await listening({
      fallback: () => {
        throw new Error('broken');
      },
      logger,
    });
    expect((await fetch(at.url)).status).toBe(500);
    expect(errors).toHaveLength(1);
  });

  it.each(['gzip', 'deflate', 'br, identity'])('refuses Content-Encoding %s', async (encoding) => {
    await using at = await listening();
    const reply = await fetch(at.url, { method: 'POST', body: 'x', headers: { 'Content-Encoding': encoding } });
    expect(reply.status).toBe(415);
    const plain = await fetch(at.url, { method: 'POST', body: 'x', headers: { 'Content-Encoding': 'identity' } });
    expect(plain.status).toBe(200);
  });

  it('hands an upgrade over only for a GET', async () => {
    await using at = await listening({
      onUpgrade: (_request, socket) => {
        socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n');
      },
    });
    const wanted = ['Upgrade: websocket', 'Connection: Upgrade'];
    expect(await rawExchange(at.port, 'GET / HTTP/1.1', HOST, ...wanted, '', '')).toMatch(/^HTTP\/1\.1 101 /);
    expect(await rawExchange(at.port, POST, HOST, ...wanted, 'Content-Length: 1', '', 'x')).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe('a body over the limit', () => {
  it('is refused before it is read when Content-Length says so', async () => {
    await using at = await listening();
    using client = new RawClient(at.port);
    client.send(POST, HOST, 'Content-Length: 1001', '', 'only a little');
    await client.until('at most 1000 bytes');
    expect(client.received).toMatch(/^HTTP\/1\.1 413 /);
    expect(client.received).toMatch(/\r\nConnection: close\r\n/);
    expect(client.received).toMatch(/\r\nContent-Length: 55\r\n/);
  });

  it('is refused while it arrives when it is chunked', async () => {
    let asked = 0;
    await using at = await listening({ onPost: () => Promise.resolve(textReply(200, `${(asked += 1)}`)) });
    using client = new RawClient(at.port);
    client.send(POST, HOST, 'Transfer-Encoding: chunked', '', '');
    for (let i = 0; i < 11; i += 1) client.send('64', 'x'.repeat(100), '');
    await client.until('413');
    expect(asked).toBe(0);
  });

  it('of exactly the limit is taken', async () => {
    await using at = await listening();
    expect((await fetch(at.url, { method: 'POST', body: 'x'.repeat(1000) })).status).toBe(200);
    expect((await fetch(at.url, { method: 'POST', body: 'x'.repeat(1001) })).status).toBe(413);
  });

  it('does not keep a client that sends on from reading why', async () => {
    await using at = await listening({ tooLarge: ({ path }) => textReply(413, `not on ${path}`) });
    const reply = await fetch(`${at.url}/wsn`, { method: 'POST', body: Buffer.alloc(8_000_000) });
    expect([reply.status, await reply.text()]).toEqual([413, 'not on /wsn']);
  });
});

describe('Expect: 100-continue', () => {
  it('is answered before the body is read', async () => {
    await using at = await listening();
    using client = new RawClient(at.port);
    client.send(POST, HOST, CLOSE, 'Expect: 100-continue', 'Content-Length: 5', '', '');
    await client.until('HTTP/1.1 100 Continue\r\n\r\n');
    client.send('hello');
    await client.until('x=1 hello');
  });

  it('is not answered when the body would be refused', async () => {
    await using at = await listening();
    const reply = await rawExchange(at.port, POST, HOST, 'Expect: 100-continue', 'Content-Length: 5000', '', '');
    expect(reply).toMatch(/^HTTP\/1\.1 413 /);
    expect(reply).not.toContain('100 Continue');
  });

  it('with any other expectation is refused', async () => {
    await using at = await listening();
    const reply = await rawExchange(at.port, POST, HOST, CLOSE, 'Expect: miracles', 'Content-Length: 1', '', 'x');
    expect(reply).toMatch(/^HTTP\/1\.1 417 /);
  });
});

describe('what is ambiguous or not HTTP', () => {
  it.each([
    [
      'Content-Length and Transfer-Encoding',
      [POST, HOST, 'Content-Length: 5', 'Transfer-Encoding: chunked', '', '0', '', ''],
    ],
    ['two Content-Lengths', [POST, HOST, 'Content-Length: 5', 'Content-Length: 6', '', 'hello']],
    ['the same Content-Length twice', [POST, HOST, 'Content-Length: 5', 'Content-Length: 5', '', 'hello']],
    ['a list as Content-Length', [POST, HOST, 'Content-Length: 5, 5', '', 'hello']],
    ['a negative Content-Length', [POST, HOST, 'Content-Length: -1', '', 'hello']],
    ['a folded header', [POST, HOST, 'SOAPAction: a', ' b', 'Content-Length: 5', '', 'hello']],
    ['a space before the colon', [POST, HOST, 'Content-Length : 5', '', 'hello']],
    ['bare line feeds', ['POST / HTTP/1.1\nHost: a\nContent-Length: 5\n\nhello']],
    ['a bare line feed after one header', [`${POST}\r\n${HOST}\nContent-Length: 5\r\n\r\nhello`]],
    ['a bare carriage return in a header', [POST, 'X: a\rb', HOST, 'Content-Length: 5', '', 'hello']],
    ['a zero byte in a header', [POST, HOST, 'X: a\0b', 'Content-Length: 5', '', 'hello']],
    ['an unknown transfer coding last', [POST, HOST, 'Transfer-Encoding: chunked, gzip', '', '0', '', '']],
    ['a chunk size that is none', [POST, HOST, 'Transfer-Encoding: chunked', '', '0x5', 'hello', '0', '', '']],
    ['no Host', [POST, 'Content-Length: 5', '', 'hello']],
    ['another protocol', ['\u0016\u0003\u0001\u0002 hello']],
    ['garbage', ['garbage\r\n\r\n']],
  ])('%s is refused', async (_what, lines) => {
    let asked = 0;
    await using at = await listening({ onPost: () => Promise.resolve(textReply(200, `${(asked += 1)}`)) });
    expect(await rawExchange(at.port, ...lines)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(asked).toBe(0);
  });

  it('garbage behind a request does not become its answer', async () => {
    let release = (): void => undefined;
    await using at = await listening({
      onPost: () =>
        new Promise((resolve) => {
          release = () => {
            resolve(textReply(200, 'fine'));
          };
        }),
    });
    const reply = await rawExchange(at.port, POST, HOST, 'Content-Length: 1', '', 'xgarbage\r\n\r\n');
    release();
    expect(reply).toBe('');
  });

  it.each([
    ['headers over 16 KiB', ['X: ' + 'y'.repeat(17_000)]],
    ['more than 100 headers', Array.from({ length: 101 }, (_, i) => `X-${i}: y`)],
  ])('%s are refused', async (_what, headers) => {
    await using at = await listening();
    const reply = await rawExchange(at.port, POST, HOST, ...headers, 'Content-Length: 0', '', '');
    expect(reply).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('a client that drips its headers, or its body, runs out of time', async () => {
    await using at = await listening({ limits: { maxBodyBytes: 10, headersTimeoutMs: 100, requestTimeoutMs: 200 } });
    expect(await rawExchange(at.port, POST, HOST, 'X: ')).toMatch(/^HTTP\/1\.1 408 /);
    expect(await rawExchange(at.port, POST, HOST, 'Content-Length: 5', '', 'x')).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('a client that pipelines without end is refused', async () => {
    let open = 0;
    await using at = await listening({
      onPost: () => {
        open += 1;
        return new Promise(() => undefined);
      },
    });
    using client = new RawClient(at.port);
    for (let i = 0; i < 100; i += 1) client.send(POST, HOST, 'Content-Length: 1', '', 'x');
    await eventually('some are open', () => open === 16);
    // The ones beyond are answered 503 in their turn; the first of them would close the connection.
    expect(open).toBe(16);
  });

  it('a connection over the maximum is closed', async () => {
    await using at = await listening({ limits: { maxBodyBytes: 10, maxConnections: 1 } });
    using first = new RawClient(at.port);
    first.send(POST, HOST, 'Content-Length: 1', '', 'x');
    await first.until('200 OK');
    using second = new RawClient(at.port);
    await second.closed;
    expect(second.received).toBe('');
  });
});

describe('a client that goes away', () => {
  it('aborts the signal of its request', async () => {
    const reasons: unknown[] = [];
    let asked = false;
    await using at = await listening({
      onPost: (_request, signal) => {
        asked = true;
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reasons.push(signal.reason);
            reject(new Error('given up', { cause: signal.reason }));
          });
        });
      },
    });
    using client = new RawClient(at.port);
    client.send(POST, HOST, 'Content-Length: 1', '', 'x');
    await eventually('it was asked', () => asked);
    client.socket.destroy();
    await eventually('the signal aborted', () => reasons.length === 1);
  });

  it('aborts the signals of all requests that it has pipelined', async () => {
    let asked = 0;
    let aborts = 0;
    await using at = await listening({
      onPost: (_request, signal) => {
        asked += 1;
        signal.addEventListener('abort', () => (aborts += 1));
        return new Promise(() => undefined);
      },
    });
    using client = new RawClient(at.port);
    for (let i = 0; i < 3; i += 1) client.send(POST, HOST, 'Content-Length: 1', '', 'x');
    await eventually('all were asked', () => asked === 3);
    client.socket.destroy();
    await eventually('all signals aborted', () => aborts === 3);
  });

  it('in the middle of its body leaves nothing behind', async () => {
    let asked = 0;
    const { logger, errors } = errorRecorder();
    await using at = await listening({ logger, onPost: () => Promise.resolve(textReply(200, `${(asked += 1)}`)) });
    using client = new RawClient(at.port);
    client.send(POST, HOST, 'Content-Length: 100', '', 'x');
    await eventually('it was connected', () => client.socket.bytesWritten > 0);
    client.socket.destroy();
    await at.listener.stop(AbortSignal.timeout(10_000));
    expect([asked, errors]).toEqual([0, []]);
  });

  it('does not abort the signal of a request that was answered', async () => {
    let aborted = false;
    await using at = await listening({
      onPost: (_request, signal) => {
        signal.addEventListener('abort', () => (aborted = true));
        return Promise.resolve(textReply(200, 'fine'));
      },
    });
    await rawExchange(at.port, POST, HOST, CLOSE, 'Content-Length: 1', '', 'x');
    expect(aborted).toBe(false);
  });
});

describe('stop()', () => {
  it('F31: with a linger answers who is connected once more and tells him to close; another takes the port over', async () => {
    await using at = await listening({ lingerMs: 60_000 });
    using client = new RawClient(at.port);
    const ask = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n';
    client.socket.write(ask);
    await eventually('it is answered', () => client.received.includes('200 OK'));
    await using successor = await listening({ inherited: at.listener.listeningSocket() });
    expect(successor.port).toBe(at.port);
    const stopped = at.listener.stop(never);
    client.received = '';
    client.socket.write(ask);
    await stopped;
    await eventually('it is answered', () => client.received.includes('200 OK'));
    expect(client.received).toContain('Connection: close');
  });

  it('answers what is in flight with Connection: close, closes idle connections at once, and accepts nobody', async () => {
    let release = (): void => undefined;
    let asked = false;
    await using at = await listening({
      onPost: ({ body }) => {
        if (body.toString() === 'quick') return Promise.resolve(textReply(200, 'quick'));
        asked = true;
        return new Promise((resolve) => {
          release = () => {
            resolve(textReply(200, 'in the end'));
          };
        });
      },
    });
    using fresh = new RawClient(at.port);
    using idle = new RawClient(at.port);
    idle.send(POST, HOST, 'Content-Length: 5', '', 'quick');
    await idle.until('quick');
    using busy = new RawClient(at.port);
    busy.send(POST, HOST, 'Content-Length: 4', '', 'slow');
    await eventually('it was asked', () => asked);
    const stopped = at.listener.stop(AbortSignal.timeout(10_000));
    await Promise.all([idle.closed, fresh.closed]);
    using late = new RawClient(at.port);
    await late.closed;
    release();
    await stopped;
    await busy.closed;
    expect(busy.received).toMatch(/\r\nConnection: close\r\n/);
    expect(busy.received).toMatch(/in the end$/);
  });

  it('cuts what is in flight at the deadline, and its signal aborts', async () => {
    let reason: unknown;
    let asked = false;
    await using at = await listening({
      onPost: (_request, signal) => {
        asked = true;
        signal.addEventListener('abort', () => {
          reason = signal.reason;
        });
        return new Promise(() => undefined);
      },
    });
    using client = new RawClient(at.port);
    client.send(POST, HOST, 'Content-Length: 4', '', 'slow');
    await eventually('it was asked', () => asked);
    await at.listener.stop(AbortSignal.timeout(30));
    await client.closed;
    expect(reason).toMatchObject({ code: 'shutting-down' });
  });

  it('is idempotent, works before start(), and frees the port', async () => {
    const first = await listening();
    await Promise.all([first.listener.stop(AbortSignal.abort()), first.listener.stop(AbortSignal.abort())]);
    await using second = await listening({ listen: { host: '127.0.0.1', port: first.port } });
    expect(second.port).toBe(first.port);
  });

  it('leaves no socket open while clients keep theirs', async () => {
    await using at = await listening();
    const done = new Promise((resolve, reject) => {
      const sent = request(
        { port: at.port, method: 'POST', agent: false, headers: { Connection: 'keep-alive' } },
        (reply) => {
          reply.resume().once('end', resolve);
        },
      );
      sent.once('error', reject);
      sent.end('x');
    });
    await done;
    await at.listener.stop(AbortSignal.timeout(10_000));
    await eventually('all is closed', () => !process.getActiveResourcesInfo().some((kind) => kind.startsWith('TCP')));
  });
});
