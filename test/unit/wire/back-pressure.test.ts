import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { CallAnswerer } from '../../../src/wire/channels.ts';
import { eventually } from '../../support/eventually.ts';
import { TcpRelay } from '../../support/tcp-relay.ts';
import { connected, gate, listener, NOTHING } from './members.ts';
import { frame, greetAsDialer } from './raw-member.ts';

const echo: CallAnswerer = (payload) => Promise.resolve(payload);
const CHARGE = 256;

describe('credit', () => {
  it('holds calls back in order until the other end has answered earlier ones', async () => {
    const begun: string[] = [];
    const { opened, open } = gate();
    const slow: CallAnswerer = async (payload) => {
      begun.push(payload.toString());
      await opened;
      return payload;
    };
    // Three calls of one byte use up the window; the third by a byte more than there is.
    await using at = await listener({
      channels: { calls: { slow, echo }, news: {} },
      limits: { windowBytes: 3 * CHARGE },
    });
    await using from = await connected(at.port);
    const replies = Promise.all(
      Array.from({ length: 20 }, (_, i) => from.client.call('slow', Buffer.from(`${i % 10}`))),
    );
    await eventually('three have begun', () => begun.length === 3);
    expect(begun).toEqual(['0', '1', '2']);
    open();
    expect((await replies).map(String)).toEqual(Array.from({ length: 20 }, (_, i) => `${i % 10}`));
    expect(begun).toEqual(Array.from({ length: 20 }, (_, i) => `${i % 10}`));
  });

  it('lets a call through that is larger than the window, one after the other', async () => {
    await using at = await listener({ channels: { calls: { echo }, news: {} }, limits: { windowBytes: 1000 } });
    await using from = await connected(at.port);
    const payloads = [5000, 900_000, 10, 40_000].map((length, i) => Buffer.alloc(length, `${i}`));
    const replies = await Promise.all(payloads.map((payload) => from.client.call('echo', payload)));
    expect(replies.map((reply) => reply.length)).toEqual([5000, 900_000, 10, 40_000]);
  });

  it('refuses further calls when too many wait, and those refused were not sent', async () => {
    let answered = 0;
    const { opened, open } = gate();
    const slow: CallAnswerer = async () => {
      answered += 1;
      await opened;
      return NOTHING;
    };
    await using at = await listener({ channels: { calls: { slow }, news: {} }, limits: { windowBytes: 1 } });
    await using from = await connected(at.port, { limits: { maxQueuedCalls: 3 } });
    const first = from.client.call('slow', NOTHING);
    await eventually('the first is under way', () => answered === 1);
    const waiting = [1, 2, 3].map(() => from.client.call('slow', NOTHING));
    await expect(from.client.call('slow', NOTHING)).rejects.toMatchObject({ code: 'overloaded', processed: 'no' });
    open();
    await Promise.all([first, ...waiting]);
    expect(answered).toBe(4);
  });

  it('refuses further bytes when too many wait', async () => {
    const { opened, open } = gate();
    let answered = 0;
    const slow: CallAnswerer = async () => {
      answered += 1;
      await opened;
      return NOTHING;
    };
    await using at = await listener({ channels: { calls: { slow }, news: {} }, limits: { windowBytes: 1 } });
    await using from = await connected(at.port, { limits: { maxQueuedBytes: 1000 } });
    const calls = [from.client.call('slow', NOTHING)];
    await eventually('the first is under way', () => answered === 1);
    calls.push(from.client.call('slow', Buffer.alloc(600)));
    await expect(from.client.call('slow', Buffer.alloc(600))).rejects.toMatchObject({ code: 'overloaded' });
    calls.push(from.client.call('slow', Buffer.alloc(400)));
    open();
    await Promise.all(calls);
  });

  it('a waiting call that is given up makes room and is never sent', async () => {
    const begun: string[] = [];
    const { opened, open } = gate();
    const slow: CallAnswerer = async (payload) => {
      begun.push(payload.toString());
      await opened;
      return payload;
    };
    await using at = await listener({ channels: { calls: { slow }, news: {} }, limits: { windowBytes: 1 } });
    await using from = await connected(at.port, { limits: { maxQueuedCalls: 2 } });
    const first = from.client.call('slow', Buffer.from('first'));
    await eventually('the first is under way', () => begun.length === 1);
    const over = new AbortController();
    const givenUp = from.client.call('slow', Buffer.from('given up'), { signal: over.signal });
    const second = from.client.call('slow', Buffer.from('second'));
    over.abort();
    await expect(givenUp).rejects.toMatchObject({ code: 'timed-out', processed: 'no' });
    const third = from.client.call('slow', Buffer.from('third'));
    open();
    await Promise.all([first, second, third]);
    expect(begun).toEqual(['first', 'second', 'third']);
  });

  it('gives back the credit of calls that fail, are refused or are given up', async () => {
    const stuck: CallAnswerer = (_payload, _caller, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(new Error('given up', { cause: signal.reason }));
        });
      });
    const fails: CallAnswerer = () => Promise.reject(new Error('no'));
    await using at = await listener({
      channels: { calls: { echo, fails, stuck }, news: {} },
      limits: { windowBytes: 600 },
    });
    await using from = await connected(at.port);
    for (let i = 0; i < 20; i += 1) {
      await expect(from.client.call('fails', NOTHING)).rejects.toMatchObject({ code: 'store-unavailable' });
      await expect(from.client.call('unknown', NOTHING)).rejects.toMatchObject({ code: 'unreachable' });
      const over = new AbortController();
      const call = from.client.call('stuck', NOTHING, { signal: over.signal });
      setImmediate(() => over.abort());
      await expect(call).rejects.toMatchObject({ code: 'timed-out' });
      expect(await from.client.call('echo', NOTHING)).toHaveLength(0);
    }
  });

  it('both ends flood each other with large calls and replies without standing still', async () => {
    await using at = await listener({ channels: { calls: { echo }, news: {} }, limits: { windowBytes: 100_000 } });
    await using from = await connected(at.port, {
      channels: { calls: { echo }, news: {} },
      limits: { windowBytes: 100_000 },
    });
    await eventually('the member is there', () => at.server.members().length === 1);
    const member = at.server.members()[0]!;
    const payload = Buffer.alloc(700_000, 'p');
    const replies = await Promise.all(
      Array.from({ length: 30 }, (_, i) => (i % 2 === 0 ? from.client : member).call('echo', payload)),
    );
    expect(replies.every((reply) => reply.length === payload.length)).toBe(true);
  });
});

describe('an end that does not read', () => {
  it('is cut when it leaves too much news unread', async () => {
    await using at = await listener({ limits: { maxUnsentBytes: 1_000_000 } });
    await using relay = await TcpRelay.to({ host: '127.0.0.1', port: at.port });
    await using from = await connected(relay.address().port);
    await eventually('the member is there', () => at.server.members().length === 1);
    const member = at.server.members()[0]!;
    expect(from.client.state).toBe('connected');
    relay.blackHole = 'towards-client';
    await eventually('it is cut', () => {
      member.tell('routes', Buffer.alloc(500_000));
      return member.gone.aborted;
    });
    expect(member.tell('routes', NOTHING)).toBe(false);
  });

  it('cannot pile up replies: the credit comes back when a reply has left', async () => {
    let answered = 0;
    const big: CallAnswerer = () => {
      answered += 1;
      return Promise.resolve(Buffer.alloc(1_000_000));
    };
    await using at = await listener({ channels: { calls: { big }, news: {} }, limits: { windowBytes: 10 * CHARGE } });
    await using relay = await TcpRelay.to({ host: '127.0.0.1', port: at.port });
    await using from = await connected(relay.address().port);
    relay.blackHole = 'towards-client';
    const calls = Array.from({ length: 40 }, () => from.client.call('big', NOTHING));
    // Nothing is read back: calls go on arriving as the window allows, and for those whose reply the kernels took.
    const settled = Promise.allSettled(calls);
    await eventually('the window is used up', () => answered >= 10);
    expect(answered).toBeLessThan(40);
    relay.blackHole = 'none';
    expect((await settled).every(({ status }) => status === 'fulfilled')).toBe(true);
  });

  it('that calls without credit is cut', async () => {
    await using at = await listener({ channels: { calls: { echo }, news: {} }, limits: { windowBytes: 1 } });
    const socket = connect({ host: '127.0.0.1', port: at.port });
    await greetAsDialer(socket, { name: 'proxy1', expect: 'server1' });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.resume();
    const call = Buffer.concat([Buffer.from('\u0004echo'), Buffer.alloc(4)]);
    socket.write(Buffer.concat([frame(3, 1, call), frame(3, 2, call)]));
    await closed;
    expect(at.server.members()).toEqual([]);
  });
});
