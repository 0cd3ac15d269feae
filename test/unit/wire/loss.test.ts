import { describe, expect, it } from 'vitest';
import type { CallAnswerer } from '../../../src/wire/channels.ts';
import type { WireState } from '../../../src/wire/dialer.ts';
import { eventually } from '../../support/eventually.ts';
import { TcpRelay } from '../../support/tcp-relay.ts';
import { aborted, connected, dialer, gate, listener, never, NOTHING } from './members.ts';

const echo: CallAnswerer = (payload) => Promise.resolve(payload);

describe('a connection that is lost', () => {
  it.each(['cut', 'halfClose'] as const)(
    'by %s: calls under way fail as unknown, waiting ones as not sent',
    async (how) => {
      let begun = 0;
      const { opened: heard, open } = gate();
      const wait: CallAnswerer = async (_payload, _caller, signal) => {
        begun += 1;
        await aborted(signal);
        open();
        return NOTHING;
      };
      await using at = await listener({ channels: { calls: { wait }, news: {} }, limits: { windowBytes: 1 } });
      await using relay = await TcpRelay.to({ host: '127.0.0.1', port: at.port });
      await using from = await connected(relay.address().port);
      const underWay = from.client.call('wait', NOTHING);
      const waiting = from.client.call('wait', NOTHING);
      await eventually('the first has begun', () => begun === 1);
      relay[how]();
      await expect(underWay).rejects.toMatchObject({ code: 'unreachable', processed: 'unknown' });
      await expect(waiting).rejects.toMatchObject({ code: 'unreachable', processed: 'no' });
      await heard;
      expect(begun).toBe(1);
    },
  );

  it('is dialled again, and calls in between fail at once as not sent', async () => {
    await using at = await listener({ channels: { calls: { echo }, news: {} } });
    await using relay = await TcpRelay.to({ host: '127.0.0.1', port: at.port });
    await using from = await connected(relay.address().port);
    const states: WireState[] = [];
    from.client.onState((state) => states.push(state), never);
    for (let round = 1; round <= 3; round += 1) {
      relay.isRefusing = true;
      relay.cut();
      await eventually('it noticed', () => from.client.state === 'connecting');
      await expect(from.client.call('echo', NOTHING)).rejects.toMatchObject({ code: 'unreachable', processed: 'no' });
      expect(from.client.tell('any', NOTHING)).toBe(false);
      relay.isRefusing = false;
      await from.client.whenConnected(AbortSignal.timeout(10_000));
      expect((await from.client.call('echo', Buffer.from('again'))).toString()).toBe('again');
    }
    expect(states).toEqual(Array.from({ length: 3 }, () => ['connecting', 'connected']).flat());
    await eventually('the old ones have left', () => at.server.members().length === 1);
  });

  it('in the middle of a call in parts: unknown, and the answerer never runs', async () => {
    let ran = 0;
    const count: CallAnswerer = () => Promise.resolve(Buffer.from(`${(ran += 1)}`));
    await using at = await listener({ channels: { calls: { count }, news: {} } });
    await using relay = await TcpRelay.to({ host: '127.0.0.1', port: at.port });
    await using from = await connected(relay.address().port);
    const before = relay.forwarded;
    relay.delayMs = 20;
    const call = from.client.call('count', Buffer.alloc(30_000_000));
    const outcome = expect(call).rejects.toMatchObject({ code: 'unreachable', processed: 'unknown' });
    await eventually('some of it is on its way', () => relay.forwarded > before + 100_000);
    relay.cut();
    await outcome;
    relay.delayMs = 0;
    await from.client.whenConnected(AbortSignal.timeout(10_000));
    expect((await from.client.call('count', NOTHING)).toString()).toBe('1');
  });

  it('a listener that comes up later is found', async () => {
    await using first = await listener();
    const { port } = first;
    await first.server.stop(AbortSignal.abort());
    await using from = dialer(port);
    await from.client.start(never);
    await expect(from.client.whenConnected(AbortSignal.timeout(100))).rejects.toThrow();
    await using second = await listener({ listen: { host: '127.0.0.1', port } });
    await from.client.whenConnected(AbortSignal.timeout(10_000));
    expect(second.server.members().map(({ name }) => name)).toEqual(['proxy1']);
  });
});

describe('a network that misbehaves', () => {
  it('single bytes and delays change nothing', async () => {
    await using at = await listener({ channels: { calls: { echo }, news: {} } });
    await using relay = await TcpRelay.to({ host: '127.0.0.1', port: at.port });
    relay.singleBytes = true;
    relay.delayMs = 1;
    await using from = await connected(relay.address().port);
    const payloads = Array.from({ length: 20 }, (_, i) => Buffer.alloc(i * 40, `${i} `));
    const replies = await Promise.all(payloads.map((payload) => from.client.call('echo', payload)));
    expect(replies.map(String)).toEqual(payloads.map(String));
  });

  it('a silent end becomes suspect, is heard again, and is cut when the silence lasts', async () => {
    await using at = await listener({ channels: { calls: { echo }, news: {} } });
    await using relay = await TcpRelay.to({ host: '127.0.0.1', port: at.port });
    await using from = await connected(relay.address().port, { pingEveryMs: 40, silenceMs: 1500 });
    relay.blackHole = 'both';
    await eventually('it is suspect', () => from.client.state === 'suspect');
    const call = from.client.call('echo', Buffer.from('late'));
    relay.blackHole = 'none';
    expect((await call).toString()).toBe('late');
    await eventually('it is heard again', () => from.client.state === 'connected');
    relay.blackHole = 'both';
    relay.isRefusing = true;
    await expect(from.client.call('echo', NOTHING)).rejects.toMatchObject({
      code: 'unreachable',
      processed: 'unknown',
    });
    expect(from.client.state).toBe('connecting');
  });
});
