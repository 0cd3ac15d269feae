import type { Readings } from '../rounds.ts';
import { load, type LoadOptions } from './client.ts';
import { cpuMs } from './cpu.ts';

export const PER_SECOND = 'requests/s';
export const CPU = 'µs of CPU per request';

/** Whom the load is for, and the processes whose time counts. */
export interface Site {
  readonly name: string;
  readonly url: string;
  readonly pids: readonly number[];
}

/** One measurement of a site under load. Rejects when a request fails: what is refused is cheap. */
export async function loadOf(site: Site, options: Omit<LoadOptions, 'host' | 'port'>): Promise<Readings> {
  const { hostname: host, port } = new URL(site.url);
  const before = cpuMs(site.pids);
  const { count, perSecond, p50Ms, p99Ms, failed } = await load({ ...options, host, port: Number(port) });
  if (failed > 0) throw new Error(`${site.name}: ${failed} requests failed`);
  return {
    [PER_SECOND]: perSecond,
    'p50 ms': p50Ms,
    'p99 ms': p99Ms,
    [CPU]: ((cpuMs(site.pids) - before) * 1000) / count,
  };
}
