import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Lane } from '../../../../../src/http/listener/lane/lane.ts';
import { Lanes } from '../../../../../src/http/listener/lane/lanes.ts';
import type { HttpReply } from '../../../../../src/http/messages.ts';
import { Visits } from '../../../../../src/http/listener/visits.ts';
import { deferred } from '../../../../../src/kernel/deferred.ts';
import { silentLogger } from '../../../../../src/kernel/log.ts';
import { Turn } from '../../../../../src/kernel/turn.ts';
import { eventually } from '../../../../support/eventually.ts';
import { echo, listening, never, RawClient, textReply } from '../listening.ts';

const HEAD = 'POST /wsn?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n';
const KEPT_MS = 65_000;

/** What has been sent is read, as everything here is in one process. */
async function beRead(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await turnOfLoop();
}

/** A lane on a connection of its own, and what it handed over. */
async function laneFor(client: (port: number) => RawClient) {
  const handedOver: string[] = [];
  const visits = new Visits();
  const handOver = (_socket: Socket, come: Buffer): void => void handedOver.push(come.toString());
  const shared = { visits, turn: new Turn(), logger: silentLogger, silentMs: 10_000, handOver };
  const lanes = new Lanes({ ...shared, onPost: echo, limits: { maxBodyBytes: 1_000 } });
  const server = createServer({ allowHalfOpen: true });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const accepted = once(server, 'connection');
  const from = client((server.address() as AddressInfo).port);
  const [socket] = (await accepted) as [Socket];
  server.close();
  const lane = new Lane(socket, visits.begin(socket), lanes);
  return { lane, lanes, from, handedOver, socket };
}

describe('a request on a connection', () => {
  it('arrives whole wherever the network cuts it', async () => {
    await using at = await listening();
    const request = `${HEAD}hello`;
    for (let cut = 1; cut < request.length; cut += 1) {
      using client = new RawClient(at.port);
      await once(client.socket, 'connect');
      client.send(request.slice(0, cut));
      await beRead();
      client.send(request.slice(cut));
      await client.until('POST /wsn x=1 hello');
      expect(client.received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    }
  });

  it('is answered as Node answers it', async () => {
    await using at = await listening();
    using client = new RawClient(at.port);
    client.send(`${HEAD}hello`);
    await client.until('hello');
    using other = new RawClient(at.port);
    other.send('POST /wsn?x=1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n');
    await other.until('hello');
    const headers = (text: string): string[] =>
      text
        .replace(/Date: .* GMT/, 'Date')
        .split('\r\n')
        .sort((a, b) => a.localeCompare(b));
    expect(headers(client.received)).toEqual(headers(other.received));
    expect(client.received).toMatch(/\r\nDate: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n/);
  });

  it('may be followed by one of another kind, and that by a plain one', async () => {
    await using at = await listening();
    using client = new RawClient(at.port);
    client.send(`${HEAD}first`);
    await client.until('first');
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until('the fallback');
    client.send(`${HEAD}third`);
    await client.until('third');
    expect(client.received.match(/200 OK/g)).toHaveLength(3);
  });

  it.each([0, 1, 16 * 1024, 16 * 1024 + 1, 1_000_000])('gets a reply of %i bytes whole', async (length) => {
    const body = Buffer.alloc(length, 'y');
    await using at = await listening({ onPost: () => Promise.resolve({ status: 200, headers: {}, body }) });
    const reply = await fetch(at.url, { method: 'POST', body: 'x' });
    expect(Buffer.from(await reply.arrayBuffer()).equals(body)).toBe(true);
  });

  it('gets no length with a status that has none', async () => {
    await using at = await listening({
      onPost: () => Promise.resolve({ status: 204, headers: {}, body: Buffer.alloc(0) }),
    });
    const reply = await fetch(at.url, { method: 'POST', body: 'x' });
    expect([reply.status, reply.headers.get('content-length')]).toEqual([204, null]);
  });

  it('whose client has closed its half is given up', async () => {
    let isAborted = false;
    const asked = deferred<'asked'>();
    await using at = await listening({
      onPost: (_request, signal) => {
        signal.addEventListener('abort', () => (isAborted = true));
        asked.resolve('asked');
        return new Promise(() => undefined);
      },
    });
    using client = new RawClient(at.port);
    client.send(`${HEAD}hello`);
    await asked.promise;
    client.socket.end();
    await eventually('it is given up', () => isAborted);
  });

  it('of which the body is on its way when stop() begins is served', async () => {
    await using at = await listening();
    using client = new RawClient(at.port);
    await once(client.socket, 'connect');
    client.send(`${HEAD}he`);
    await beRead();
    const stopped = at.listener.stop(never);
    await beRead();
    client.send('llo');
    await stopped;
    await client.closed;
    expect(client.received).toMatch(/\r\nConnection: close\r\n/);
    expect(client.received).toMatch(/hello$/);
  });
});

describe('a client that does not wait for its answer', () => {
  it('is answered in the order in which it asked', async () => {
    const first = deferred<HttpReply>();
    let asked = 0;
    await using at = await listening({
      onPost: (request) => ((asked += 1) === 1 ? first.promise : echo(request)),
    });
    using client = new RawClient(at.port);
    client.send(`${HEAD}first`);
    await eventually('it was asked', () => asked === 1);
    client.send(`${HEAD}secondly`.slice(0, -3), `${HEAD}third`);
    await beRead();
    expect(asked).toBe(1);
    first.resolve(textReply(200, 'the first'));
    await client.until('third');
    expect(client.received).toMatch(/the first[^]*secon[^]*third$/);
  });

  it('is not read from any more when it has sent too much', async () => {
    let asked = 0;
    await using at = await listening({
      onPost: () => {
        asked += 1;
        return new Promise(() => undefined);
      },
    });
    using client = new RawClient(at.port);
    client.send(`${HEAD}first`);
    await eventually('it was asked', () => asked === 1);
    // More than the buffers of two sockets hold.
    const flushed = new Promise<string>((resolve) => {
      client.socket.write(Buffer.alloc(64_000_000, 'x'), () => resolve('all was read'));
    });
    await beRead();
    const held = eventually(
      'what is left does not become less',
      stands(() => client.socket.writableLength),
    ).then(() => 'held');
    expect(await Promise.race([flushed, held])).toBe('held');
  });

  it('and does not read it gets no second one', async () => {
    let asked = 0;
    const body = Buffer.alloc(50_000_000);
    await using at = await listening({
      onPost: () => {
        asked += 1;
        return Promise.resolve({ status: 200, headers: {}, body });
      },
    });
    using client = new RawClient(at.port);
    client.socket.pause();
    client.send(`${HEAD}first`);
    await eventually('it was asked', () => asked === 1);
    client.send(`${HEAD}secon`);
    await beRead();
    expect(asked).toBe(1);
    client.socket.resume();
    await eventually('the first answer is read', () => asked === 2);
  });
});

describe('time', () => {
  it('has no end while a request is answered; a connection that is not used any more is closed', async () => {
    const { lane, from } = await laneFor((port) => new RawClient(port));
    using client = from;
    client.send(`${HEAD}hello`);
    await client.until('hello');
    const { dueAt } = lane;
    lane.overdue(dueAt);
    expect(client.socket.closed).toBe(false);
    // It was used after the time had been set.
    expect(lane.dueAt).toBeGreaterThanOrEqual(dueAt + KEPT_MS);
    lane.overdue(lane.dueAt);
    await client.closed;
  });

  it('of a connection on which nothing ever came is for Node to tell', async () => {
    const { lane, lanes, from, handedOver, socket } = await laneFor((port) => new RawClient(port));
    lane.overdue(lane.dueAt);
    expect([handedOver, lanes.watch.size]).toEqual([[''], 0]);
    socket.destroy();
    await from.closed;
  });

  it('of a request that does not come whole within seconds is for Node to tell, and all of it', async () => {
    const { lane, lanes, from, handedOver, socket } = await laneFor((port) => new RawClient(port));
    using client = from;
    await once(client.socket, 'connect');
    client.send(`${HEAD}he`);
    await beRead();
    client.send('ll');
    await beRead();
    expect(lane.dueAt - performance.now()).toBeLessThan(2_001);
    lane.overdue(lane.dueAt);
    expect([handedOver, lanes.watch.size]).toEqual([[`${HEAD}hell`], 0]);
    socket.destroy();
  });

  it('is not told of a connection that has closed', async () => {
    const { lanes, from } = await laneFor((port) => new RawClient(port));
    from[Symbol.dispose]();
    await eventually('it is watched over no more', () => lanes.watch.size === 0);
  });
});

/** True as soon as `value` has been the same for some looks. */
function stands(value: () => number): () => boolean {
  let last = -1;
  let looks = 0;
  return () => {
    looks = value() === last ? looks + 1 : 0;
    last = value();
    return looks > 10;
  };
}
