import { createHash } from 'node:crypto';
import type { Topology } from './model.ts';

/**
 * Eight hexadecimal digits that are equal for two members with the same topology, whichever host they are on: paths and
 * the shift of the ports do not count, nor do comments and the form of the file.
 */
export function fingerprintOf({ store, topics, ...topology }: Topology): string {
  const ports = [...topology.proxies, ...topology.servers].map(({ listen }) => listen.port);
  const lowest = Math.min(...ports);
  const content = { ...topology, publicUrl: '', store: store.kind, topics: { ...topics, namespaces: 0, sets: 0 } };
  const text = JSON.stringify(content, (key, value: unknown) => (key === 'port' ? Number(value) - lowest : value));
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
