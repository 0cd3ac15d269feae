import { formatAddress } from './address.ts';
import { counted } from './finding.ts';
import type { EngineSpec, ProxySpec, Topology } from './model.ts';
import { formatDuration } from './units.ts';

/** A topology in a few lines for a person: what it is, where it listens, who hosts what. Ends without a line break. */
export function describeTopology(topology: Topology): string {
  const { name, kind, publicUrl, proxies, servers, engines, sources, store, lease } = topology;
  const counts = [
    counted(proxies.length, 'proxy', 'proxies'),
    counted(servers.length, 'server'),
    counted(engines.length, 'engine'),
  ].join(', ');
  const rows = [
    ...proxies.map((proxy) => ['proxy', proxy.name, describeProxy(proxy)]),
    ...servers.map(({ name: server, listen, wire }) => [
      'server',
      server,
      `${formatAddress(listen)}, wire ${formatAddress(wire)}${hosting(server, engines)}`,
    ]),
    ...engines.map((engine) => ['engine', engine.name, describeEngine(engine)]),
    ...sources.map((source) => ['source', source.name, `${source.address}, for ${source.engine}`]),
    ['store', store.kind, store.directory],
    ['lease', '', `ttl ${formatDuration(lease.ttlMs)}, renewed every ${formatDuration(lease.renewEveryMs)}`],
  ];
  const width = Math.max(...rows.map(([, label = '']) => label.length));
  return [
    `${name}: ${kind}, ${counts}, for clients ${publicUrl}`,
    ...rows.map(([what = '', label = '', text = '']) => `  ${what.padEnd(6)}  ${label.padEnd(width)}  ${text}`),
  ].join('\n');
}

function describeProxy({ listen, workers }: ProxySpec): string {
  return `${formatAddress(listen)}${workers > 1 ? `, ${workers} workers` : ''}`;
}

function describeEngine({ candidates, failback, failbackDelayMs }: EngineSpec): string {
  const order = candidates.join(', then ');
  if (candidates.length < 2) return `${order} only`;
  return `${order}; failback ${failback === 'automatic' ? `after ${formatDuration(failbackDelayMs)}` : 'by hand'}`;
}

function hosting(server: string, engines: readonly EngineSpec[]): string {
  const preferred = engines.filter(({ candidates }) => candidates[0] === server).map(({ name }) => name);
  const standby = engines.filter(({ candidates }) => candidates.includes(server, 1)).map(({ name }) => name);
  return [
    ...(preferred.length > 0 ? [`; hosts ${preferred.join(', ')}`] : []),
    ...(standby.length > 0 ? [`; stands by for ${standby.join(', ')}`] : []),
  ].join('');
}
