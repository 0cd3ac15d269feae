import { describe, expect, it } from 'vitest';
import type { CallAnswerer } from '../../../src/wire/channels.ts';
import { eventually } from '../../support/eventually.ts';
import { connected, dialer, gate, listener, never, NOTHING } from './members.ts';

/** Sockets, servers and timers that this thread has open. */
/** How many sockets and timers this process has open, by kind. */
function openThings(): { readonly sockets: number; readonly timers: number } {
  const open = process.getActiveResourcesInfo();
  return {
    sockets: open.filter((kind) => kind.startsWith('TCP')).length,
    timers: open.filter((kind) => kind === 'Timeout').length,
  };
}

describe('stop()', () => {
  it('of the listener lets calls under way finish and refuses new ones; the dialer dials again afterwards', async () => {
    const { opened, open } = gate();
    let begun = 0;
    const slow: CallAnswerer = async () => {
      begun += 1;
      await opened;
      return Buffer.from('done');
    };
    await using at = await listener({ channels: { calls: { slow }, news: {} } });
    await using from = await connected(at.port);
    const underWay = from.client.call('slow', NOTHING);
    await eventually('it has begun', () => begun === 1);
    const stopped = at.server.stop(AbortSignal.timeout(10_000));
    // Sent before the goodbye has been read.
    const crossing = from.client.call('slow', NOTHING);
    await expect(crossing).rejects.toMatchObject({ code: 'shutting-down', processed: 'no' });
    await eventually('the goodbye was read', () => from.client.state === 'connecting');
    await expect(from.client.call('slow', NOTHING)).rejects.toMatchObject({ code: 'shutting-down', processed: 'no' });
    open();
    expect((await underWay).toString()).toBe('done');
    await stopped;
    expect(begun).toBe(1);
    await expect(from.client.call('slow', NOTHING)).rejects.toMatchObject({ code: 'unreachable', processed: 'no' });
    await using next = await listener({ listen: { host: '127.0.0.1', port: at.port } });
    await from.client.whenConnected(AbortSignal.timeout(10_000));
    expect(next.server.members()).toHaveLength(1);
  });

  it('of the listener cuts what is not done at the deadline', async () => {
    const aborts: unknown[] = [];
    let begun = 0;
    const stuck: CallAnswerer = (_payload, _caller, signal) => {
      begun += 1;
      signal.addEventListener('abort', () => aborts.push(signal.reason));
      return new Promise(() => undefined);
    };
    await using at = await listener({ channels: { calls: { stuck }, news: {} } });
    await using from = await connected(at.port);
    const outcome = expect(from.client.call('stuck', NOTHING)).rejects.toMatchObject({
      code: 'unreachable',
      processed: 'unknown',
    });
    await eventually('it has begun', () => begun === 1);
    const deadline = new AbortController();
    const stopped = at.server.stop(deadline.signal);
    await eventually('the goodbye was read', () => from.client.state === 'connecting');
    deadline.abort();
    await stopped;
    await outcome;
    expect(aborts).toHaveLength(1);
  });

  it('of the dialer waits for its replies and refuses new calls', async () => {
    const { opened, open } = gate();
    let begun = 0;
    const slow: CallAnswerer = async () => {
      begun += 1;
      await opened;
      return Buffer.from('done');
    };
    await using at = await listener({ channels: { calls: { slow }, news: {} } });
    await using from = await connected(at.port);
    const underWay = from.client.call('slow', NOTHING);
    await eventually('it has begun', () => begun === 1);
    const stopped = from.client.stop(AbortSignal.timeout(10_000));
    await expect(from.client.call('slow', NOTHING)).rejects.toMatchObject({ code: 'shutting-down', processed: 'no' });
    open();
    expect((await underWay).toString()).toBe('done');
    await stopped;
    await eventually('the member has left', () => at.server.members().length === 0);
  });

  it('of the dialer at an end that does not let it finish fails its calls at the deadline', async () => {
    const stuck: CallAnswerer = () => new Promise(() => undefined);
    await using at = await listener({ channels: { calls: { stuck }, news: {} } });
    await using from = await connected(at.port);
    const outcome = expect(from.client.call('stuck', NOTHING)).rejects.toMatchObject({ processed: 'unknown' });
    await from.client.stop(AbortSignal.timeout(50));
    await outcome;
  });

  it('of both ends at once ends', async () => {
    await using at = await listener();
    await using from = await connected(at.port);
    const deadline = AbortSignal.timeout(10_000);
    await Promise.all([at.server.stop(deadline), from.client.stop(deadline)]);
    expect(deadline.aborted).toBe(false);
  });

  it('a call made right before the stop of its own end is answered', async () => {
    const echo: CallAnswerer = (payload) => Promise.resolve(payload);
    await using at = await listener({ channels: { calls: { echo }, news: {} } });
    await using from = await connected(at.port);
    const calls = Array.from({ length: 50 }, (_, i) => from.client.call('echo', Buffer.from(`${i}`)));
    await from.client.stop(AbortSignal.timeout(10_000));
    expect((await Promise.all(calls)).map(String)).toEqual(Array.from({ length: 50 }, (_, i) => `${i}`));
  });

  it('is idempotent, works before start(), and start() after it does nothing', async () => {
    const { client } = dialer(1);
    await client.stop(AbortSignal.abort());
    await client.start(never);
    await client.stop(AbortSignal.abort());
    expect(client.state).toBe('connecting');
    await expect(client.call('any', NOTHING)).rejects.toMatchObject({ code: 'shutting-down', processed: 'no' });
  });

  it('leaves no socket and no timer open, whatever was going on', async () => {
    // The tests before this one may still be closing.
    await eventually('no socket is open', () => openThings().sockets === 0);
    const before = openThings();
    {
      const stuck: CallAnswerer = () => new Promise(() => undefined);
      await using at = await listener({ channels: { calls: { stuck }, news: {} } });
      await using busy = await connected(at.port);
      await using idle = await connected(at.port);
      expect(idle.client.state).toBe('connected');
      await using lost = dialer(1);
      await using refused = dialer(at.port, { secret: Buffer.from('another') });
      await Promise.all([lost.client.start(never), refused.client.start(never)]);
      busy.client.call('stuck', NOTHING).catch(() => undefined);
      await eventually('both are members', () => at.server.members().length === 2);
    }
    // The test runner's own timers may come and go.
    await eventually('all is closed', () => openThings().sockets === 0 && openThings().timers <= before.timers);
  });

  it('start() rejects when the port is taken', async () => {
    await using at = await listener();
    await expect(listener({ listen: { host: '127.0.0.1', port: at.port } })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });
});
