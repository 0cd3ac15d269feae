import { addressKey, formatAddress, MAX_PORT } from './address.ts';
import type { Draft, DraftMember } from './draft.ts';
import { formatPath, type Finding, type Path } from './finding.ts';
import type { Address } from './model.ts';

/** A server without `wire` is reached by its peers this many ports above `listen`. */
const WIRE_PORT_OFFSET = 10;

/** The wire address of a server: as written, or the host of `listen` and its port + 10. */
export function defaultWire(listen: Address): Address {
  return { host: listen.host, port: listen.port + WIRE_PORT_OFFSET };
}

/** Where other members reach a server that may be half read; undefined when that cannot be told. */
export function wireOf({ listen, wire }: DraftMember): Address | undefined {
  if (wire === undefined) return undefined;
  return wire.value ?? (listen === undefined ? undefined : defaultWire(listen.value));
}

interface Taken {
  readonly address: Address;
  readonly path: Path;
  /** The `wire` that nobody wrote. */
  readonly isDefault: boolean;
}

/** Two members on one address, and default wire ports that do not exist. */
export function addressFindings({ proxies, servers = [] }: Draft): Finding[] {
  const written = [...proxies, ...servers].flatMap(writtenAddresses);
  const defaults = servers.flatMap((server) => {
    if (server.listen === undefined || server.wire === undefined || server.wire.value !== undefined) return [];
    return [{ address: defaultWire(server.listen.value), path: server.listen.path, isDefault: true }];
  });
  const impossible = defaults.filter(({ address }) => address.port > MAX_PORT);
  const taken = new Map<string, Taken>();
  return [
    ...impossible.map(({ address, path }) => ({
      path,
      message: `found no wire address: the default would be port ${address.port}, expected at most ${MAX_PORT}`,
      hint: 'set "wire" of this server',
    })),
    ...[...written, ...defaults].flatMap((entry) => clash(entry, taken)),
  ];
}

function writtenAddresses({ listen, wire }: DraftMember): Taken[] {
  return [listen, wire].flatMap((found) =>
    found?.value === undefined ? [] : [{ address: found.value, path: found.path, isDefault: false }],
  );
}

function clash(entry: Taken, taken: Map<string, Taken>): Finding[] {
  const key = addressKey(entry.address);
  const first = taken.get(key);
  if (first === undefined) {
    taken.set(key, entry);
    return [];
  }
  const where = `${formatPath(first.path)} (${formatAddress(first.address)})`;
  if (!entry.isDefault) {
    return [
      {
        path: entry.path,
        message: `found ${formatAddress(entry.address)}, taken by ${where}, expected an address of its own`,
      },
    ];
  }
  // Two defaults are equal only when their listen addresses are, and that has been said.
  if (first.isDefault) return [];
  return [
    {
      path: entry.path,
      message: `found the default wire address ${formatAddress(entry.address)}, taken by ${where}, expected an address of its own`,
      hint: 'set "wire" of this server',
    },
  ];
}
