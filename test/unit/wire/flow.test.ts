import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Link } from '../../../src/wire/link.ts';
import { Outbox, type Transfer } from '../../../src/wire/outbox.ts';
import { FRAME } from '../../../src/wire/protocol.ts';
import { frame } from './raw-member.ts';

/** Two ends of a connection, both destroyed at the end of the test. */
async function ends(): Promise<{ near: Socket; far: Socket } & AsyncDisposable> {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as { port: number };
  const near = connect(address.port, '127.0.0.1');
  const [far] = (await once(server, 'connection')) as [Socket];
  if (near.connecting) await once(near, 'connect');
  const end = async (): Promise<void> => {
    near.destroy();
    far.destroy();
    server.close();
    await once(server, 'close');
  };
  return { near, far, [Symbol.asyncDispose]: end };
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);
const framesOf = (ids: readonly number[]): Buffer => Buffer.concat(ids.map((id) => frame(FRAME.ping, id, Buffer.of())));

describe('Link', () => {
  it('takes sixteen frames at a time, all in their order, and others have their turn in between', async () => {
    await using pair = await ends();
    const taken: number[] = [];
    /** How many had been taken at each turn of the event loop. */
    const turns: number[] = [];
    new Link(pair.far, {
      onFrame: (_type, id) => taken.push(id),
      onHeard: () => undefined,
      onLost: () => undefined,
    });
    pair.near.write(framesOf(numbers(100)));
    pair.far.resume();
    while (taken.length < 100) {
      turns.push(taken.length);
      await nextTurn();
    }
    expect(taken).toEqual(numbers(100));
    const most = Math.max(
      ...turns.map((count, at) => count - (turns[at - 1] ?? 0)),
      taken.length - (turns.at(-1) ?? 0),
    );
    expect(most).toBe(16);
  });

  it('takes what comes after, too, and hears of the end behind it', async () => {
    await using pair = await ends();
    const taken: number[] = [];
    const lost = new Promise<Error>((resolve) => {
      new Link(pair.far, { onFrame: (_type, id) => taken.push(id), onHeard: () => undefined, onLost: resolve });
    });
    pair.far.resume();
    for (const first of [0, 1, 2]) {
      pair.near.write(framesOf(numbers(40).map((id) => first * 40 + id)));
      await nextTurn();
    }
    pair.near.end();
    expect((await lost).message).toBe('The other end closed the connection');
    expect(taken).toEqual(numbers(120));
  });

  it('counts what had come when the connection breaks', async () => {
    await using pair = await ends();
    const taken: number[] = [];
    const lost = new Promise<number>((resolve) => {
      new Link(pair.far, {
        onFrame: (_type, id) => {
          if (id === 1) queueMicrotask(() => pair.far.destroy(new Error('Cut')));
          taken.push(id);
        },
        onHeard: () => undefined,
        onLost: () => resolve(taken.length),
      });
    });
    pair.near.write(framesOf(numbers(50)));
    pair.far.resume();
    expect(await lost).toBe(50);
  });

  it('takes nothing more once it was released, and lets its socket end', async () => {
    await using pair = await ends();
    const taken: number[] = [];
    const link = new Link(pair.far, {
      onFrame: (_type, id) => {
        taken.push(id);
        if (id === 3) link.release();
      },
      onHeard: () => undefined,
      onLost: () => expect.unreachable(),
    });
    pair.near.end(framesOf(numbers(50)));
    pair.far.resume();
    await once(pair.far, 'close');
    expect(taken).toEqual([1, 2, 3]);
  });
});

function replyOf(id: number): Transfer {
  return {
    firstType: FRAME.reply,
    restType: FRAME.replyPart,
    id,
    prefix: Buffer.alloc(0),
    payload: Buffer.from('reply'),
    sent: 0,
    hasStarted: false,
    isCancelled: false,
    onDone: undefined,
  };
}

describe('Outbox', () => {
  const outboxOf = (socket: Socket): Outbox =>
    new Outbox({
      socket,
      nextCall: () => undefined,
      beforeFlush: () => undefined,
      onOverflow: () => expect.unreachable(),
      maxUnsentBytes: 1 << 20,
    });
  const bytesOf = (count: number): number => count * (9 + 4 + 5);

  it('writes what one event leads to when that is over', async () => {
    await using pair = await ends();
    const outbox = outboxOf(pair.near);
    for (const id of numbers(15)) outbox.enqueue(replyOf(id));
    expect(pair.near.bytesWritten).toBe(0);
    await Promise.resolve();
    expect(pair.near.bytesWritten).toBe(0);
    await nextTurn();
    expect(pair.near.bytesWritten).toBe(bytesOf(15));
  });

  it('does not keep sixteen waiting', async () => {
    await using pair = await ends();
    const outbox = outboxOf(pair.near);
    for (const id of numbers(20)) outbox.enqueue(replyOf(id));
    expect(pair.near.bytesWritten).toBe(bytesOf(16));
    await nextTurn();
    expect(pair.near.bytesWritten).toBe(bytesOf(20));
  });

  it('writes what a finished reply leads to', async () => {
    await using pair = await ends();
    const outbox = outboxOf(pair.near);
    outbox.enqueue({ ...replyOf(1), onDone: () => outbox.enqueue(replyOf(2)) });
    await nextTurn();
    expect(pair.near.bytesWritten).toBe(bytesOf(2));
  });
});
