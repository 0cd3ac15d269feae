import { describe, expect, it } from 'vitest';
import { proxyOver } from './support.ts';

describe('Router', () => {
  it('goes round the healthy servers, and gives each request the engine that its server hosts', () => {
    const { router, servers } = proxyOver(3);
    const chosen = Array.from({ length: 6 }, () => router.choose({}));
    expect(chosen.map((target) => target?.upstream.server)).toEqual(
      [1, 2, 3, 1, 2, 3].map((n) => `server${String(n)}`),
    );
    expect(chosen.map((target) => target?.engine)).toEqual([1, 2, 3, 1, 2, 3].map((n) => `ME${String(n)}`));
    servers[1]!.become('suspect');
    expect(Array.from({ length: 4 }, () => router.choose({})?.upstream.server)).toEqual([
      'server1',
      'server3',
      'server1',
      'server3',
    ]);
  });

  it('sends a request with an affinity to the host of its engine, and nowhere while that is away', () => {
    const { router, servers, directory } = proxyOver(2);
    expect(router.choose({ engine: 'ME2' })?.upstream.server).toBe('server2');
    servers[1]!.become('connecting');
    expect(router.choose({ engine: 'ME2' })).toBeUndefined();
    directory.learn({ engine: 'ME2', server: 'server1', epoch: 2, state: 'active' });
    expect(router.choose({ engine: 'ME2' })?.upstream.server).toBe('server1');
    directory.learn({ engine: 'ME2', server: 'server1', epoch: 2, state: 'moving' });
    expect(router.choose({ engine: 'ME2' })).toBeUndefined();
  });

  it('never follows a route with an older epoch', () => {
    const { router, directory } = proxyOver(2);
    directory.learn({ engine: 'ME1', server: 'server2', epoch: 5, state: 'active' });
    directory.learn({ engine: 'ME1', server: 'server1', epoch: 4, state: 'active' });
    expect(router.choose({ engine: 'ME1' })?.upstream.server).toBe('server2');
  });

  it('chooses the same engine for the same MessageID, whichever server has the turn', () => {
    const { router } = proxyOver(3);
    const engines = Array.from({ length: 9 }, () => router.choose({ messageId: 'urn:uuid:1' })?.engine);
    expect(new Set(engines).size).toBe(1);
  });

  it('keeps the engine of a try with an unknown outcome', () => {
    const { router } = proxyOver(3);
    const engines = Array.from({ length: 6 }, () => router.choose({}, 'ME3')?.engine);
    expect(new Set(engines)).toEqual(new Set(['ME3']));
  });

  it('lets any server answer for a name that is no engine', () => {
    const { router } = proxyOver(2);
    expect(router.choose({ engine: 'nobody' })?.upstream.server).toBe('server1');
  });
});
