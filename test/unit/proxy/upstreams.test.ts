import { expect, it } from 'vitest';
import { Upstreams } from '../../../src/proxy/upstreams.ts';
import { MemoryUpstream } from './support.ts';

it('F34: servers that come are chosen and watched, those that go are not', () => {
  const one = new MemoryUpstream('server1');
  const two = new MemoryUpstream('server2');
  const upstreams = new Upstreams([one]);
  const over = new AbortController();
  let changes = 0;
  upstreams.onChange(() => (changes += 1), over.signal);
  upstreams.replace([one, two]);
  expect(changes).toBe(1);
  expect([upstreams.next(), upstreams.next(), upstreams.next()].map((next) => next?.server).sort()).toContain(
    'server2',
  );
  two.become('connecting');
  expect(changes).toBe(2);
  one.become('connecting');
  expect(changes).toBe(3);
  upstreams.replace([two]);
  expect(upstreams.find('server1')).toBeUndefined();
  over.abort();
  two.become('connected');
  expect(changes).toBe(4);
  expect(upstreams.next()?.server).toBe('server2');
});
