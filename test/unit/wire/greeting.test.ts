import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { proofOf } from '../../../src/wire/proof.ts';
import { eventually } from '../../support/eventually.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { dialer, listener, never, recorder, SECRET } from './members.ts';
import { frame, greetAsDialer, helloOf, readFrame } from './raw-member.ts';

/** A server made of one function; its sockets are destroyed at the end. */
async function rawServer(serve: (socket: Socket) => Promise<void>): Promise<{ port: number } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    serve(socket).catch(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('No address');
  return {
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function closedAfter(port: number, bytes: Uint8Array): Promise<number> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => undefined);
  let received = 0;
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(bytes);
  await closed;
  return received;
}

describe('the greeting', () => {
  it('with different secrets both ends say so, and the dialer keeps trying', async () => {
    const there = recorder();
    const here = recorder();
    await using at = await listener({ logger: there.logger });
    await using from = dialer(at.port, { secret: Buffer.from('another'), logger: here.logger });
    await from.client.start(never);
    const text = 'The proof does not fit: the two ends have different cluster secrets';
    await eventually('the dialer tried again', () => here.lines.filter(({ error }) => error.includes(text)).length > 1);
    expect(from.client.state).toBe('connecting');
    expect(at.server.members()).toEqual([]);
    // Loudly once, quietly afterwards.
    expect(here.lines.filter(({ level }) => level === 'error')).toMatchObject([
      { error: `The other end refused this one: ${text}` },
    ]);
    expect(there.lines.filter(({ level }) => level === 'warn')).toMatchObject([{ error: text }]);
  });

  it('the dialer wants the member that it expects', async () => {
    const there = recorder();
    const here = recorder();
    await using at = await listener({ logger: there.logger });
    await using from = dialer(at.port, { expect: 'server2', logger: here.logger });
    await from.client.start(never);
    const text = 'The dialer expected "server2", the listener is "server1"';
    await eventually('both logged it', () =>
      [here, there].every(({ lines }) => lines.some(({ error }) => error.includes(text))),
    );
    expect(from.client.state).toBe('connecting');
  });

  it('the dialer refuses a listener that claims another name, whatever the listener thinks', async () => {
    const here = recorder();
    await using impostor = await rawServer(async (socket) => {
      await readFrame(socket);
      socket.write(frame(1, 0, helloOf('server2', '')));
      await readFrame(socket);
    });
    await using from = dialer(impostor.port, { logger: here.logger });
    await from.client.start(never);
    await eventually('it is logged', () =>
      here.lines.some(({ error }) => error === 'The dialer expected "server1", the listener is "server2"'),
    );
  });

  it('a reflected proof fails', async () => {
    const here = recorder();
    let reflected = 0;
    await using mirror = await rawServer(async (socket) => {
      await readFrame(socket);
      socket.write(frame(1, 0, helloOf('server1', '')));
      const { payload } = await readFrame(socket);
      reflected += 1;
      socket.write(frame(2, 0, payload));
    });
    await using from = dialer(mirror.port, { logger: here.logger });
    await from.client.start(never);
    await eventually('it is refused', () => here.lines.some(({ error }) => error.startsWith('The proof does not fit')));
    expect(reflected).toBeGreaterThan(0);
    expect(from.client.state).toBe('connecting');
  });

  it('a recorded proof fails: the nonces differ', async () => {
    await using at = await listener();
    const own = helloOf('proxy1', 'server1');
    const first = connect({ host: '127.0.0.1', port: at.port });
    first.write(frame(1, 0, own));
    const proof = proofOf(SECRET, 'dialer', own, (await readFrame(first)).payload);
    first.write(frame(2, 0, proof));
    expect((await readFrame(first)).type).toBe(2);
    first.destroy();
    const second = connect({ host: '127.0.0.1', port: at.port });
    second.write(Buffer.concat([frame(1, 0, own), frame(2, 0, proof)]));
    expect((await readFrame(second)).type).toBe(1);
    const answer = await readFrame(second);
    expect([answer.type, answer.payload.toString('latin1')]).toEqual([7, expect.stringContaining('secret') as string]);
    second.destroy();
  });

  it('another version is refused with both versions named', async () => {
    const there = recorder();
    await using at = await listener({ logger: there.logger });
    const socket = connect({ host: '127.0.0.1', port: at.port });
    socket.write(frame(1, 0, helloOf('proxy1', 'server1', 2)));
    const { type, payload } = await readFrame(socket);
    socket.destroy();
    const text = 'The listener speaks wire version 1, the dialer version 2';
    expect(type).toBe(7);
    expect(payload.toString('latin1')).toContain(text);
    expect(there.lines).toContainEqual({ level: 'warn', message: 'Refused a connection', error: text });
  });

  it('the dialer names the version of a listener that differs', async () => {
    const here = recorder();
    await using later = await rawServer(async (socket) => {
      await readFrame(socket);
      socket.write(frame(1, 0, helloOf('server1', '', 3)));
    });
    await using from = dialer(later.port, { logger: here.logger });
    await from.client.start(never);
    const text = 'The dialer speaks wire version 1, the listener version 3';
    await eventually('it is logged', () => here.lines.some(({ error, level }) => level === 'error' && error === text));
  });

  it('the listener proves nothing to an end that has not proven itself', async () => {
    await using at = await listener();
    const socket = connect({ host: '127.0.0.1', port: at.port });
    socket.write(Buffer.concat([frame(1, 0, helloOf('proxy1', 'server1')), frame(2, 0, Buffer.alloc(32))]));
    expect((await readFrame(socket)).type).toBe(1);
    expect((await readFrame(socket)).type).toBe(7);
    socket.destroy();
  });

  it.each([
    ['an HTTP request', Buffer.from('POST / HTTP/1.1\r\n\r\n')],
    ['a greeting over 1 KiB', frame(1, 0, Buffer.alloc(1024))],
    ['a call instead of a hello', frame(3, 1, Buffer.from('\u0004echo\0\0\0\0'))],
    ['no magic', frame(1, 0, Buffer.alloc(60))],
    ['a second hello', Buffer.concat([1, 2].map(() => frame(1, 0, helloOf('proxy1', 'server1'))))],
  ])('%s closes the connection', async (_what, bytes) => {
    await using at = await listener();
    expect(await closedAfter(at.port, bytes)).toBeLessThan(200);
    expect(at.server.members()).toEqual([]);
  });

  it('an end that says nothing is cut after 5 s', async () => {
    const clock = new ManualClock();
    await using at = await listener({ clock });
    const socket = connect({ host: '127.0.0.1', port: at.port });
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await eventually('it was accepted', () => clock.sleeping === 1);
    await clock.advance(4999);
    expect(clock.sleeping).toBe(1);
    await clock.advance(1);
    socket.resume();
    await closed;
  });

  it('a hello after the greeting cuts the connection', async () => {
    await using at = await listener();
    const socket = connect({ host: '127.0.0.1', port: at.port });
    await greetAsDialer(socket, { name: 'proxy1', expect: 'server1' });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(frame(1, 0, helloOf('proxy1', 'server1')));
    socket.resume();
    await closed;
  });
});
