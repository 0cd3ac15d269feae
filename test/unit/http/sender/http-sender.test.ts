import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpSender } from '../../../../src/http/sender/http-sender.ts';
import type { HttpPost, HttpPostReply } from '../../../../src/http/sender/http-sender.ts';
import { eventually } from '../../../support/eventually.ts';
import { listening, textReply } from '../listener/listening.ts';

const senders: HttpSender[] = [];

afterEach(async () => {
  await Promise.all(senders.splice(0).map((sender) => sender.close()));
});

function sender(): HttpSender {
  const created = new HttpSender();
  senders.push(created);
  return created;
}

function post(url: string, options: Partial<HttpPost> = {}): Promise<HttpPostReply> {
  return (senders[0] ?? sender()).post({
    url,
    headers: { 'Content-Type': 'text/xml' },
    body: Buffer.from('hello'),
    connectTimeoutMs: 5000,
    totalTimeoutMs: 10_000,
    maxReplyBytes: 65_536,
    ...options,
  });
}

/** A peer that does what `serve` does with each connection once bytes have come. */
async function peer(
  serve: (socket: Socket, first: Buffer) => void,
): Promise<{ url: string; port: number; sockets: Set<Socket>; received: string[] } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  const received: string[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    socket.once('data', (first: Buffer) => {
      serve(socket, first);
    });
    socket.on('data', (chunk: Buffer) => received.push(chunk.toString()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('No address');
  return {
    url: `http://127.0.0.1:${address.port}/consumer`,
    port: address.port,
    sockets,
    received,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Writes the pieces, each after the one before has left, until the other end is gone. */
async function pour(socket: Socket, piece: string | Buffer, first = ''): Promise<void> {
  socket.write(first);
  while (!socket.destroyed) {
    if (!socket.write(piece)) await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('HttpSender.post()', () => {
  it('sends the body with its headers and resolves with status, headers and body', async () => {
    await using at = await listening({
      onPost: ({ path, query, headers, body }) =>
        Promise.resolve({
          status: 202,
          headers: { 'X-Seen': headers['soapaction'] as string },
          body: Buffer.from(`${path}?${query} ${headers['content-length'] ?? ''} ${body.toString()}`),
        }),
    });
    const body = [Buffer.from('<a>'), Buffer.from('é'), Buffer.from('</a>')];
    const reply = await post(`${at.url}/c/1?x=y#z`, { headers: { SOAPAction: '"urn:a"' }, body });
    expect(reply.status).toBe(202);
    expect(reply.headers['x-seen']).toBe('"urn:a"');
    expect(reply.body.toString()).toBe('/c/1?x=y 9 <a>é</a>');
  });

  it('keeps its connections', async () => {
    let accepted = 0;
    await using at = await peer((socket, first) => {
      accepted += 1;
      const answer = (chunk: Buffer): void => {
        if (chunk.toString().endsWith('hello')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      };
      answer(first);
      socket.on('data', answer);
    });
    for (let i = 0; i < 10; i += 1) expect((await post(at.url)).status).toBe(200);
    // A post right behind a reply may find its connection not yet free and open a second one.
    expect(accepted).toBeLessThanOrEqual(2);
  });

  it.each([
    ['says so', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n', true],
    [
      'keeps it for no longer than the way of a request',
      'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nKeep-Alive: timeout=1\r\n\r\n',
      true,
    ],
    ['sends more than it was asked for', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 500 No\r\n\r\n', true],
    ['speaks an older HTTP', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', true],
    ['keeps it for longer', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nKeep-Alive: timeout=60\r\n\r\n', false],
  ])('takes another connection for the next post where the peer %s', async (_what, answer, isAnother) => {
    let accepted = 0;
    await using at = await peer((socket) => {
      accepted += 1;
      socket.write(answer);
      socket.on('data', () => socket.write(answer));
    });
    expect((await post(at.url)).status).toBe(200);
    expect((await post(at.url)).status).toBe(200);
    expect(accepted).toBe(isAnother ? 2 : 1);
    if (isAnother) await eventually('the connections are closed', () => at.sockets.size === 0);
  });

  it('closes a connection that is not used before the peer does', async () => {
    await using at = await peer((socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nKeep-Alive: timeout=2\r\n\r\n'),
    );
    expect((await post(at.url)).status).toBe(200);
    expect(at.sockets.size).toBe(1);
    await eventually('the connection is closed', () => at.sockets.size === 0);
  });

  it('cuts a connection over which something comes that nobody has asked for', async () => {
    await using at = await peer((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
    expect((await post(at.url)).status).toBe(200);
    for (const socket of at.sockets) socket.write('HTTP/1.1 408 Request Timeout\r\n\r\n');
    await eventually('the connection is closed', () => at.sockets.size === 0);
    expect((await post(at.url)).status).toBe(200);
  });

  it.each([301, 302, 307, 308])('does not follow %i', async (status) => {
    await using at = await listening({
      onPost: () => Promise.resolve({ status, headers: { Location: '/elsewhere' }, body: Buffer.alloc(0) }),
    });
    expect(await post(at.url)).toMatchObject({ status, headers: { location: '/elsewhere' } });
  });

  it.each([400, 410, 429, 500, 503])('resolves with %i', async (status) => {
    await using at = await listening({ onPost: () => Promise.resolve(textReply(status, 'no')) });
    expect((await post(at.url)).status).toBe(status);
  });

  it('takes interim replies', async () => {
    await using odd = await peer((socket) => {
      socket.write('HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n');
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
    expect((await post(odd.url)).body.toString()).toBe('ok');
  });

  it('takes a reply that ends with the connection, and one of exactly the limit', async () => {
    await using odd = await peer((socket) => socket.end(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(1000)}`));
    expect((await post(odd.url, { maxReplyBytes: 1000 })).body).toHaveLength(1000);
  });

  it.each(['ftp://127.0.0.1/', 'file:///etc/passwd', 'nonsense', '', 'http://'])('refuses the URL %j', async (url) => {
    await expect(post(url)).rejects.toMatchObject({
      name: 'InfrastructureError',
      code: 'unreachable',
      processed: 'no',
    });
  });

  it.each<Record<string, string>>([
    { 'X-Bad': 'a\r\nHost: b' },
    { 'X-Bad': '€' },
    { 'X Bad': 'a' },
    { 'X-Bad:': 'a' },
    { '': 'a' },
  ])('refuses the headers %j, which HTTP cannot carry, before it sends anything', async (headers) => {
    await using at = await peer((socket) => socket.destroy());
    const outcome = post(at.url, { headers });
    await expect(outcome).rejects.toMatchObject({ code: 'unreachable', processed: 'no' });
    expect(at.received).toEqual([]);
  });

  it.each(['Content-Length', 'transfer-encoding', 'Host', 'CONNECTION'])(
    'refuses to be told the header %s, which it sets itself',
    async (name) => {
      await using at = await peer((socket) => socket.destroy());
      const outcome = post(at.url, { headers: { [name]: '1' } });
      await expect(outcome).rejects.toMatchObject({ code: 'unreachable', processed: 'no' });
      expect(at.received).toEqual([]);
    },
  );

  it('sends a body that is longer than what is written at once', async () => {
    await using at = await listening({
      onPost: ({ body }) => Promise.resolve(textReply(200, String(body.length))),
      limits: { maxBodyBytes: 1_000_000 },
    });
    for (const length of [16 * 1024, 16 * 1024 + 1, 1_000_000]) {
      expect((await post(at.url, { body: Buffer.alloc(length, 'x') })).body.toString()).toBe(String(length));
    }
  });

  it('reaches a name that has addresses of both kinds', async () => {
    await using at = await listening();
    expect((await post(at.url.replace('127.0.0.1', 'localhost'))).status).toBe(200);
  });
});

describe('a peer that was surely not reached', () => {
  it('because nobody listens', async () => {
    const gone = await peer(() => undefined);
    await gone[Symbol.asyncDispose]();
    await expect(post(gone.url)).rejects.toMatchObject({ code: 'unreachable', processed: 'no' });
  });

  it('because its name does not exist', async () => {
    await expect(post('http://no-such-host.invalid/')).rejects.toMatchObject({ code: 'unreachable', processed: 'no' });
  });

  it('because it does not speak TLS, at once or ever', async () => {
    await using plain = await peer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await expect(post(`https://127.0.0.1:${plain.port}/`)).rejects.toMatchObject({
      code: 'unreachable',
      processed: 'no',
    });
    await using mute = await peer(() => undefined);
    const outcome = post(`https://127.0.0.1:${mute.port}/`, { connectTimeoutMs: 50 });
    await expect(outcome).rejects.toMatchObject({ code: 'unreachable', processed: 'no' });
  });

  it('because the total time was over before there was a connection', async () => {
    await using mute = await peer(() => undefined);
    const outcome = post(`https://127.0.0.1:${mute.port}/`, { totalTimeoutMs: 50 });
    await expect(outcome).rejects.toMatchObject({ code: 'timed-out', processed: 'no' });
  });

  it('because it might not begin any more when there was a connection', async () => {
    await using server = await peer((socket) => socket.end('HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n'));
    const posting = post(server.url, { mayBegin: () => false });
    await expect(posting).rejects.toMatchObject({ code: 'unreachable', processed: 'no' });
    expect((await post(server.url, { mayBegin: () => true })).status).toBe(202);
    expect(server.received.join('').match(/POST/g)).toHaveLength(1);
  });

  it('because the signal had aborted', async () => {
    await using at = await peer(() => undefined);
    const outcome = post(at.url, { signal: AbortSignal.abort() });
    await expect(outcome).rejects.toMatchObject({ code: 'timed-out', processed: 'no' });
    expect(at.received).toEqual([]);
  });
});

describe('a peer that may have taken the request', () => {
  it.each([
    ['closes without an answer', (socket: Socket) => socket.end()],
    ['resets', (socket: Socket) => socket.resetAndDestroy()],
    ['closes in the middle of the head', (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nContent-')],
    [
      'closes in the middle of the body',
      (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx'),
    ],
    [
      'closes in the middle of a chunk',
      (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nx'),
    ],
    ['answers garbage', (socket: Socket) => socket.end('220 mail.example ESMTP\r\n')],
    [
      'answers two lengths',
      (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx'),
    ],
    ['switches protocols', (socket: Socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n')],
  ])('%s', async (_what, serve) => {
    await using odd = await peer((socket) => void serve(socket));
    await expect(post(odd.url)).rejects.toMatchObject({
      name: 'InfrastructureError',
      code: 'unreachable',
      processed: 'unknown',
    });
  });

  it.each([
    ['never answers', () => undefined],
    ['never ends its head', (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\n')],
    ['never ends its body', (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx')],
  ])('%s: the total time ends it, and the connection', async (_what, serve) => {
    await using odd = await peer((socket) => void serve(socket));
    const outcome = post(odd.url, { totalTimeoutMs: 100 });
    await expect(outcome).rejects.toMatchObject({ code: 'timed-out', processed: 'unknown' });
    await eventually('the connection is closed', () => odd.sockets.size === 0);
  });

  it('drips: the total time ends it', async () => {
    await using odd = await peer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
      const drip = setInterval(() => socket.write('x'), 10);
      socket.once('close', () => {
        clearInterval(drip);
      });
    });
    await expect(post(odd.url, { totalTimeoutMs: 150 })).rejects.toMatchObject({
      code: 'timed-out',
      processed: 'unknown',
    });
    await eventually('the connection is closed', () => odd.sockets.size === 0);
  });

  it.each([
    ['headers without end', 'HTTP/1.1 200 OK\r\n', `X: ${'y'.repeat(1000)}\r\n`],
    ['one endless header', 'HTTP/1.1 200 OK\r\nX: ', 'y'.repeat(1000)],
    ['an endless body', 'HTTP/1.1 200 OK\r\n\r\n', 'y'.repeat(10_000)],
    ['endless chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', '5\r\nhello\r\n'],
    ['interim replies without end', '', 'HTTP/1.1 102 Processing\r\n\r\n'],
  ])('sends %s: it is cut', async (_what, first, piece) => {
    await using odd = await peer((socket) => void pour(socket, piece, first));
    await expect(post(odd.url)).rejects.toMatchObject({ code: 'unreachable', processed: 'unknown' });
    await eventually('the connection is closed', () => odd.sockets.size === 0);
  });

  it('announces a body over the limit: it is not read', async () => {
    await using odd = await peer((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n'));
    await expect(post(odd.url)).rejects.toMatchObject({
      code: 'unreachable',
      processed: 'unknown',
      message: expect.stringContaining('The reply (status 200) is over 65536 bytes') as string,
    });
    await eventually('the connection is closed', () => odd.sockets.size === 0);
  });

  it('is left alone when the signal aborts', async () => {
    await using odd = await peer(() => undefined);
    const over = new AbortController();
    const outcome = expect(post(odd.url, { signal: over.signal })).rejects.toMatchObject({
      code: 'timed-out',
      processed: 'unknown',
    });
    await eventually('the request has come', () => odd.received.length > 0);
    over.abort();
    await outcome;
    await eventually('the connection is closed', () => odd.sockets.size === 0);
  });

  it('is left alone by close(), and nothing is posted after it', async () => {
    await using odd = await peer(() => undefined);
    const closing = sender();
    const outcome = expect(post(odd.url)).rejects.toMatchObject({ code: 'unreachable', processed: 'unknown' });
    await eventually('the request has come', () => odd.received.length > 0);
    await closing.close();
    await outcome;
    await expect(post(odd.url)).rejects.toMatchObject({ code: 'shutting-down', processed: 'no' });
    await eventually('the connection is closed', () => odd.sockets.size === 0);
  });
});

describe('many posts to one origin', () => {
  it('use at most 64 connections; one that is given up while it waits is never sent', async () => {
    const bodies: string[] = [];
    const release: (() => void)[] = [];
    await using at = await listening({
      onPost: ({ body }) => {
        bodies.push(body.toString());
        return new Promise((resolve) => {
          release.push(() => {
            resolve(textReply(200, 'ok'));
          });
        });
      },
    });
    const over = new AbortController();
    const first = Array.from({ length: 64 }, (_, i) => post(at.url, { body: Buffer.from(`${i}`) }));
    const givenUp = post(at.url, { body: Buffer.from('given up'), signal: over.signal });
    const last = post(at.url, { body: Buffer.from('last') });
    await eventually('all connections are in use', () => bodies.length === 64);
    over.abort();
    await expect(givenUp).rejects.toMatchObject({ code: 'timed-out', processed: 'no' });
    for (const answer of release) answer();
    await Promise.all(first);
    await eventually('the last one has come', () => bodies.length >= 65);
    for (const answer of release) answer();
    expect((await last).status).toBe(200);
    expect(bodies).toHaveLength(65);
    expect(bodies).not.toContain('given up');
  });
});
