import { describe, expect, it } from 'vitest';
import type { RelayedReply } from '../../../src/http/relay.ts';
import { deferred } from '../../../src/kernel/deferred.ts';
import { InfrastructureError } from '../../../src/kernel/errors.ts';
import { eventually } from '../../support/eventually.ts';
import { proxyOver } from './support.ts';

const REQUEST = { path: '/wsn/NotificationBroker', requestId: 'r1', body: Buffer.from('<x/>') };
const never = new AbortController().signal;

function fails(processed: 'no' | 'unknown'): () => Promise<never> {
  return () => Promise.reject(new InfrastructureError('unreachable', 'gone', { processed }));
}

describe('RequestRelay', () => {
  it('passes a reply on', async () => {
    const { relay } = proxyOver(2);
    const reply = await relay.relay(REQUEST, { engine: 'ME2' }, never);
    expect('body' in reply && Buffer.from(reply.body).toString()).toBe('server2');
  });

  it('sends a request again elsewhere when it surely had no effect', async () => {
    const { relay, servers } = proxyOver(2);
    servers[0]!.answer = fails('no');
    const reply = await relay.relay(REQUEST, {}, never);
    expect('server' in reply && reply.server).toBe('server2');
    expect(servers[1]!.asked[0]?.engine).toBe('ME2');
  });

  it('sends a request of unknown outcome again with the same id, to the same engine', async () => {
    const { relay, servers } = proxyOver(3);
    servers[0]!.answer = fails('unknown');
    const reply = await relay.relay(REQUEST, {}, never);
    expect('server' in reply && reply.server).toBe('server2');
    expect(servers[1]!.asked.map(({ requestId, engine }) => ({ requestId, engine }))).toEqual([
      { requestId: 'r1', engine: 'ME1' },
    ]);
  });

  it('F37: tells with a further try how long the client has waited', async () => {
    const { relay, servers } = proxyOver(1);
    servers[0]!.answer = async (_request, signal) => {
      await eventually('some time has passed', () => performance.now() > since + 50 || signal.aborted);
      servers[0]!.answer = () => Promise.resolve({});
      return { outcome: 'not-processed', status: 503 };
    };
    const since = performance.now();
    await relay.relay(REQUEST, { engine: 'ME1' }, never);
    const [first, second] = servers[0]!.asked.map(({ waitedMs }) => waitedMs);
    expect(first).toBeUndefined();
    expect(second).toBeGreaterThanOrEqual(50);
  });

  it('keeps to that engine when a later try surely had no effect', async () => {
    const { relay, servers } = proxyOver(3);
    servers[0]!.answer = fails('unknown');
    servers[1]!.answer = () => Promise.resolve({ outcome: 'not-processed', status: 503 });
    const reply = await relay.relay(REQUEST, {}, never);
    expect('server' in reply && reply.server).toBe('server3');
    expect(servers.flatMap(({ asked }) => asked.map(({ engine }) => engine))).toEqual(['ME1', 'ME1', 'ME1']);
  });

  it('holds a request until its engine is announced elsewhere', async () => {
    const { relay, servers, directory } = proxyOver(2);
    servers[0]!.become('connecting');
    let isAnswered = false;
    const answering = relay.relay(REQUEST, { engine: 'ME1' }, never).finally(() => (isAnswered = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(isAnswered).toBe(false);
    directory.learn({ engine: 'ME1', server: 'server2', epoch: 2, state: 'active' });
    const reply = await answering;
    expect('server' in reply && reply.server).toBe('server2');
  });

  it('does not wait for a silent host once its engine runs elsewhere', async () => {
    const { relay, servers, directory } = proxyOver(2);
    servers[0]!.answer = (_request, signal) =>
      new Promise((_resolve, reject) => {
        const error = new InfrastructureError('timed-out', 'given up', { processed: 'unknown' });
        signal.addEventListener('abort', () => reject(error));
      });
    const answering = relay.relay(REQUEST, { engine: 'ME1' }, never);
    await eventually('it was sent', () => servers[0]!.asked.length === 1);
    directory.learn({ engine: 'ME1', server: 'server2', epoch: 2, state: 'active' });
    const reply = await answering;
    expect('server' in reply && reply.server).toBe('server2');
  });

  it('leaves a held request its time once a server has taken it', async () => {
    const { relay, servers, directory } = proxyOver(3, { holdMs: 60 });
    servers[0]!.become('connecting');
    servers[2]!.become('connecting');
    const poll = deferred<Partial<RelayedReply>>();
    servers[1]!.answer = (_request, signal) => {
      signal.addEventListener('abort', () => {
        poll.reject(new InfrastructureError('timed-out', 'given up', { processed: 'unknown' }));
      });
      return poll.promise;
    };
    const answering = relay.relay(REQUEST, { engine: 'ME1' }, never);
    directory.learn({ engine: 'ME1', server: 'server2', epoch: 2, state: 'active' });
    await eventually('it was sent', () => servers[1]!.asked.length === 1);
    // When one that came later is given up, the patience with the first is over too.
    expect(await relay.relay(REQUEST, { engine: 'ME3' }, never)).toEqual({ reason: 'nobody-answered' });
    poll.resolve({ status: 200 });
    expect('server' in (await answering)).toBe(true);
  });

  it('gives a request up when its patience ends, with the last 503 of a server', async () => {
    const { relay, servers } = proxyOver(1, { holdMs: 60 });
    servers[0]!.answer = () => Promise.resolve({ outcome: 'not-processed', status: 503 });
    expect(await relay.relay(REQUEST, { engine: 'ME1' }, never)).toMatchObject({
      reason: 'nobody-answered',
      reply: { status: 503 },
    });
    servers[0]!.become('connecting');
    expect(await relay.relay(REQUEST, { engine: 'ME1' }, never)).toEqual({ reason: 'nobody-answered' });
  });

  it('holds no more requests for one engine than it may, by number and by bytes', async () => {
    const { relay, servers } = proxyOver(2, { holdMs: 300, maxHeldRequests: 2, maxHeldBytes: 10 });
    servers[0]!.become('connecting');
    const held = [relay.relay(REQUEST, { engine: 'ME1' }, never), relay.relay(REQUEST, { engine: 'ME1' }, never)];
    expect(await relay.relay(REQUEST, { engine: 'ME1' }, never)).toEqual({ reason: 'too-many-held' });
    const reply = await relay.relay(REQUEST, { engine: 'ME2' }, never);
    expect('server' in reply && reply.server).toBe('server2');
    await Promise.all(held);
    const large = { ...REQUEST, body: Buffer.alloc(11) };
    expect(await relay.relay(large, { engine: 'ME1' }, never)).toEqual({ reason: 'too-many-held' });
  });
});
