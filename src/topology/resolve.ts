import { resolve } from 'node:path';
import { formatAddress, MAX_PORT, portOf } from './address.ts';
import { defaultWire } from './address-rules.ts';
import { quote, type Finding } from './finding.ts';
import type { Address, Topology } from './model.ts';
import { resolveBacklog, resolveConduct, resolveSources, resolveTopics } from './resolve-conduct.ts';
import type { WrittenTopology } from './schema.ts';

/** The environment variables that change a topology. Empty counts as not set. */
export interface TopologyEnvironment {
  /** Lowest port: every port p becomes base + (p − lowest port of the topology). */
  readonly POINTSMAN_PORT_BASE?: string | undefined;
  /** Replaces the directory of the store; relative to the working directory. */
  readonly POINTSMAN_DATA?: string | undefined;
}

/** Fills in the defaults that depend on other keys, shifts the ports, makes paths absolute, and freezes the result. */
export function resolveTopology(
  written: WrittenTopology,
  options: { readonly directory: string; readonly environment: TopologyEnvironment },
): { readonly topology: Topology } | { readonly findings: readonly Finding[] } {
  const { environment, directory } = options;
  const servers = written.servers.map((server) => ({ ...server, wire: server.wire ?? defaultWire(server.listen) }));
  const ports = [
    ...written.proxies.map(({ listen }) => listen),
    ...servers.flatMap(({ listen, wire }) => [listen, wire]),
  ].map(({ port }) => port);
  const shift = portShift(environment.POINTSMAN_PORT_BASE, Math.min(...ports), Math.max(...ports));
  if (typeof shift !== 'number') return { findings: [shift] };
  const moved = ({ host, port }: Address): Address => ({ host, port: port + shift });
  const proxies = written.proxies.map(({ name, listen, workers }) => ({ name, listen: moved(listen), workers }));
  const proxyPorts = new Set(written.proxies.map(({ listen }) => listen.port));
  const { lease, limits, delivery } = written;
  const topology: Topology = {
    name: written.name,
    version: written.version,
    kind: written.topology,
    publicUrl:
      written.publicUrl === undefined
        ? new URL(`http://${proxies.map(({ listen }) => formatAddress(listen))[0] ?? ''}`).origin
        : movedUrl(written.publicUrl, proxyPorts, shift),
    proxies,
    servers: servers.map(({ name, listen, wire }) => ({ name, listen: moved(listen), wire: moved(wire) })),
    engines: written.engines.map(({ name, candidates, failback, failbackDelay, failbackEvery }) => ({
      name,
      candidates,
      failback,
      failbackDelayMs: failbackDelay,
      failbackEveryMs: failbackEvery,
    })),
    store: {
      kind: 'sqlite',
      directory: storeDirectory(written, directory, environment.POINTSMAN_DATA),
      ballastBytes: written.store.sqlite.ballast,
      onRegression: written.store.sqlite.onRegression,
    },
    lease: { ttlMs: lease.ttl, renewEveryMs: lease.renewEvery, guardMs: lease.guard },
    limits: {
      maxBodyBytes: limits.maxBody,
      holdMs: limits.hold,
      maxHeldRequests: limits.maxHeldRequests,
      maxHeldBytes: limits.maxHeld,
    },
    delivery: {
      connectTimeoutMs: delivery.connectTimeout,
      totalTimeoutMs: delivery.totalTimeout,
      firstRetryMs: delivery.firstRetry,
      maxRetryMs: delivery.maxRetry,
    },
    backlog: resolveBacklog(written),
    topics: resolveTopics(written, directory),
    sources: resolveSources(written),
    conduct: resolveConduct(written),
  };
  return { topology: deepFreeze(topology) };
}

/** What is added to each port; a finding when the base is no port or leads beyond the last one. */
function portShift(base: string | undefined, lowest: number, highest: number): number | Finding {
  if (base === undefined || base === '') return 0;
  const path = ['POINTSMAN_PORT_BASE'];
  const port = /^\d{1,5}$/.test(base) ? Number(base) : 0;
  if (port < 1 || port > MAX_PORT)
    return { path, message: `found ${quote(base)}, expected a port from 1 to ${MAX_PORT}` };
  const last = port + highest - lowest;
  if (last <= MAX_PORT) return port - lowest;
  const most = MAX_PORT - (highest - lowest);
  return { path, message: `found ${base}, expected at most ${most}: the highest port would be ${last}` };
}

/** A public URL on the port of a proxy follows that proxy; any other is of something that stands before it. */
function movedUrl(publicUrl: string, proxyPorts: ReadonlySet<number>, shift: number): string {
  const url = new URL(publicUrl);
  const port = portOf(url);
  if (proxyPorts.has(port)) url.port = String(port + shift);
  return url.origin;
}

function storeDirectory(written: WrittenTopology, directory: string, override: string | undefined): string {
  if (override !== undefined && override !== '') return resolve(override);
  return resolve(directory, written.store.sqlite.directory ?? `data/${written.name}`);
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
