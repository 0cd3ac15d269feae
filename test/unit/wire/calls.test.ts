import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InfrastructureError } from '../../../src/kernel/errors.ts';
import type { CallAnswerer } from '../../../src/wire/channels.ts';
import type { WireMember } from '../../../src/wire/listener.ts';
import { eventually } from '../../support/eventually.ts';
import { aborted, connected, gate, listener, NOTHING, recorder } from './members.ts';

const echo: CallAnswerer = (payload) => Promise.resolve(payload);

describe('WireDialer.call()', () => {
  it('gets what the answerer resolves with, and the answerer knows who calls', async () => {
    const about: CallAnswerer = (payload, caller) =>
      Promise.resolve(Buffer.from(`${payload.toString()} from ${caller.role} ${caller.name}`));
    await using at = await listener({ channels: { calls: { about }, news: {} } });
    await using from = await connected(at.port);
    expect((await from.client.call('about', Buffer.from('hello'))).toString()).toBe('hello from proxy proxy1');
  });

  it('carries any payloads in both directions, many at once', async () => {
    await using at = await listener({ channels: { calls: { echo }, news: {} } });
    await using from = await connected(at.port);
    const sizes = fc.array(fc.oneof(fc.nat({ max: 3000 }), fc.constantFrom(0, 16_384, 65_536, 300_000)), {
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(sizes, async (lengths) => {
        const sent = lengths.map((length, index) => Buffer.alloc(length, `${index},`));
        const replies = await Promise.all(sent.map((payload) => from.client.call('echo', payload)));
        expect(replies.map((reply) => reply.toString('latin1'))).toEqual(sent.map((p) => p.toString('latin1')));
      }),
      { numRuns: 30 },
    );
  });

  it('carries payloads over the frame limit and over the window in parts', async () => {
    await using at = await listener({ channels: { calls: { echo }, news: {} } });
    await using from = await connected(at.port);
    const payload = Buffer.alloc(20 * 1024 * 1024, 'large ');
    const [large, small] = await Promise.all([
      from.client.call('echo', payload),
      from.client.call('echo', Buffer.from('small')),
    ]);
    expect(large.equals(payload)).toBe(true);
    expect(small.toString()).toBe('small');
  });

  it('rejects as the answerer does, with code, text and what may have happened', async () => {
    const calls: Record<string, CallAnswerer> = {
      gone: () => Promise.reject(new InfrastructureError('engine-not-here', 'ME1 is not here', { processed: 'no' })),
      lost: () => Promise.reject(new InfrastructureError('lease-lost', 'Epoch 7 is over', { processed: 'unknown' })),
    };
    await using at = await listener({ channels: { calls, news: {} } });
    await using from = await connected(at.port);
    await expect(from.client.call('gone', NOTHING)).rejects.toMatchObject({
      name: 'InfrastructureError',
      code: 'engine-not-here',
      message: 'ME1 is not here',
      processed: 'no',
    });
    await expect(from.client.call('lost', NOTHING)).rejects.toMatchObject({ code: 'lease-lost', processed: 'unknown' });
  });

  it('learns nothing of the internals of an answerer that fails otherwise; the other end logs them', async () => {
    const { logger, lines } = recorder();
    const calls: Record<string, CallAnswerer> = {
      rejects: () => Promise.reject(new Error('password is hunter2')),
      throws: () => {
        throw new TypeError('password is hunter3');
      },
    };
    await using at = await listener({ channels: { calls, news: {} }, logger });
    await using from = await connected(at.port);
    for (const channel of ['rejects', 'throws']) {
      await expect(from.client.call(channel, NOTHING)).rejects.toMatchObject({
        code: 'store-unavailable',
        processed: 'unknown',
        message: expect.not.stringContaining('hunter') as string,
      });
    }
    const errors = lines.filter(({ level }) => level === 'error').map(({ error }) => error);
    expect(errors).toEqual(['password is hunter2', 'password is hunter3']);
  });

  it.each(['nobody', 'constructor', '__proto__'])(
    'rejects on the unknown channel %s: nothing happened',
    async (name) => {
      await using at = await listener({ channels: { calls: { echo }, news: {} } });
      await using from = await connected(at.port);
      await expect(from.client.call(name, NOTHING)).rejects.toMatchObject({ code: 'unreachable', processed: 'no' });
      expect((await from.client.call('echo', Buffer.from('still up'))).toString()).toBe('still up');
    },
  );

  it('refuses a payload over the limit before it sends anything', async () => {
    await using at = await listener({ channels: { calls: { echo }, news: {} } });
    await using from = await connected(at.port, { limits: { maxPayloadBytes: 1000 } });
    await expect(from.client.call('echo', Buffer.alloc(1001))).rejects.toMatchObject({
      code: 'overloaded',
      processed: 'no',
    });
    expect(await from.client.call('echo', Buffer.alloc(1000))).toHaveLength(1000);
  });

  it('survives an answer over the limit', async () => {
    await using at = await listener({
      channels: { calls: { echo, big: () => Promise.resolve(Buffer.alloc(1001)) }, news: {} },
      limits: { maxPayloadBytes: 1000 },
    });
    await using from = await connected(at.port);
    await expect(from.client.call('big', NOTHING)).rejects.toMatchObject({ code: 'store-unavailable' });
    expect(await from.client.call('echo', NOTHING)).toHaveLength(0);
  });

  it('gives up when its signal aborts, and the answerer hears of it', async () => {
    const { opened: heard, open } = gate();
    const { opened: begun, open: begin } = gate();
    const wait: CallAnswerer = async (_payload, _caller, signal) => {
      begin();
      await aborted(signal);
      open();
      return NOTHING;
    };
    await using at = await listener({ channels: { calls: { wait, echo }, news: {} } });
    await using from = await connected(at.port);
    const over = new AbortController();
    const call = from.client.call('wait', NOTHING, { signal: over.signal });
    await begun;
    over.abort(new Error('enough'));
    await expect(call).rejects.toMatchObject({ code: 'timed-out', processed: 'unknown' });
    await heard;
    expect((await from.client.call('echo', Buffer.from('on'))).toString()).toBe('on');
  });

  it('does not begin when its signal has aborted, nor go out when it aborts in the same turn', async () => {
    let answered = 0;
    const count: CallAnswerer = () => Promise.resolve(Buffer.from(`${(answered += 1)}`));
    await using at = await listener({ channels: { calls: { count }, news: {} } });
    await using from = await connected(at.port);
    const before = from.client.call('count', NOTHING, { signal: AbortSignal.abort() });
    await expect(before).rejects.toMatchObject({ code: 'timed-out', processed: 'no' });
    const over = new AbortController();
    const call = from.client.call('count', NOTHING, { signal: over.signal });
    over.abort();
    await expect(call).rejects.toMatchObject({ code: 'timed-out', processed: 'no' });
    expect((await from.client.call('count', NOTHING)).toString()).toBe('1');
  });

  it('leaves no listener on its signal', async () => {
    await using at = await listener({ channels: { calls: { echo }, news: {} } });
    await using from = await connected(at.port);
    const counting = new AbortController();
    let listeners = 0;
    const { signal } = counting;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners += 1;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners -= 1;
      remove(...args);
    };
    await Promise.all(Array.from({ length: 8 }, () => from.client.call('echo', NOTHING, { signal })));
    expect(listeners).toBe(0);
  });
});

describe('calling back and news', () => {
  it('the listener calls a member over the connection that the member made', async () => {
    const { opened, open } = gate();
    let member: WireMember | undefined;
    await using at = await listener({
      onMember: (arrived) => {
        member = arrived;
        open();
      },
    });
    await using from = await connected(at.port, { channels: { calls: { echo }, news: {} } });
    await opened;
    expect((await member!.call('echo', Buffer.from('back'))).toString()).toBe('back');
    expect(at.server.members()).toEqual([member]);
    expect(from.client.state).toBe('connected');
  });

  it('news reaches the other end in order, in both directions', async () => {
    const there: string[] = [];
    const here: string[] = [];
    await using at = await listener({
      channels: {
        calls: { echo },
        news: { routes: (payload, { name }) => there.push(`${name}: ${payload.toString()}`) },
      },
      onMember: (member) => member.tell('routes', Buffer.from('welcome')),
    });
    await using from = await connected(at.port, {
      channels: { calls: {}, news: { routes: (payload, { name }) => here.push(`${name}: ${payload.toString()}`) } },
    });
    for (let i = 0; i < 3; i += 1) expect(from.client.tell('routes', Buffer.from(`up ${i}`))).toBe(true);
    at.server.broadcast('routes', Buffer.from('down 0'));
    at.server.broadcast('routes', Buffer.alloc(100_000, 'd'));
    await eventually('the news', () => there.length === 3 && here.length === 3);
    expect(there).toEqual(['proxy1: up 0', 'proxy1: up 1', 'proxy1: up 2']);
    expect(here).toEqual(['server1: welcome', 'server1: down 0', `server1: ${'d'.repeat(100_000)}`]);
  });

  it('news that nobody takes, or whose taker fails, harms nothing', async () => {
    const { logger, lines } = recorder();
    const bad = (): void => {
      throw new Error('cannot take this');
    };
    await using at = await listener({ channels: { calls: { echo }, news: { bad } }, logger });
    await using from = await connected(at.port);
    from.client.tell('unknown', NOTHING);
    from.client.tell('bad', NOTHING);
    expect((await from.client.call('echo', Buffer.from('fine'))).toString()).toBe('fine');
    expect(lines.filter(({ level }) => level === 'error')).toMatchObject([{ error: 'cannot take this' }]);
  });

  it('two connections of one name stand side by side', async () => {
    await using at = await listener({ channels: { calls: { echo }, news: {} } });
    await using old = await connected(at.port);
    await using fresh = await connected(at.port);
    await eventually('both are members', () => at.server.members().length === 2);
    await old.client.stop(AbortSignal.timeout(5000));
    await eventually('the old one has left', () => at.server.members().length === 1);
    expect((await fresh.client.call('echo', Buffer.from('new'))).toString()).toBe('new');
  });
});
