import { isDeepStrictEqual } from 'node:util';
import { addressKey, formatAddress } from './address.ts';
import { KEY_RULES, LIST_RULES, type ChangeClass, type ChangeRule, type ListRule } from './change-rules.ts';
import { quote, type Path } from './finding.ts';
import type { Topology } from './model.ts';

/** One difference between two topologies. */
export interface TopologyChange {
  /** The key of the schema, such as `engines[].candidates`. */
  readonly key: string;
  /** Where it is in the file that is newer; the list, for a member that is no longer in it. */
  readonly path: Path;
  readonly change: ChangeClass;
  /** For people: what was changed, and from what to what. */
  readonly what: string;
  /** Why it is not live, or what to do instead. */
  readonly note?: string;
}

const LONGEST_VALUE = 80;

/** All that differs between two topologies of the same name, but for the order of members. */
export function changesBetween(before: Topology, after: Topology): readonly TopologyChange[] {
  return [
    ...Object.entries(KEY_RULES).flatMap(([key, rule]) => {
      return valueChange(rule, { before, after }, { key, path: key.split('.'), label: key });
    }),
    ...listChanges('proxies', 'proxy', LIST_RULES.proxies, before, after),
    ...listChanges('servers', 'server', LIST_RULES.servers, before, after),
    ...listChanges('engines', 'engine', LIST_RULES.engines, before, after),
    ...inheritedAddresses(before, after),
  ];
}

function valueChange<Of>(
  rule: ChangeRule<Of>,
  { before, after }: { readonly before: Of; readonly after: Of },
  { key, path, label }: { readonly key: string; readonly path: Path; readonly label: string },
): TopologyChange[] {
  const was = rule.valueOf(before);
  const is = rule.valueOf(after);
  if (isDeepStrictEqual(was, is)) return [];
  return [{ ...withNote(rule), key, path, what: `${label} changed from ${shown(rule, was)} to ${shown(rule, is)}` }];
}

function withNote({ change, note }: { readonly change: ChangeClass; readonly note?: string }) {
  return { change, ...(note === undefined || change === 'live' ? {} : { note }) };
}

function shown<Of>({ show }: ChangeRule<Of>, value: unknown): string {
  const text = show === undefined ? JSON.stringify(value) : show(value as never);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}

function listChanges<Member extends { readonly name: string }>(
  list: string,
  noun: string,
  rule: ListRule<Member>,
  before: Topology,
  after: Topology,
): TopologyChange[] {
  const was = new Map(rule.membersOf(before).map((member) => [member.name, member]));
  const is = new Map(rule.membersOf(after).map((member) => [member.name, member]));
  const removed = [...was.keys()].filter((name) => !is.has(name));
  const { note } = rule;
  return [
    ...[...is.values()].flatMap((member, index) => {
      const path: Path = [list, index];
      const known = was.get(member.name);
      const label = `${noun} ${quote(member.name)}`;
      if (known === undefined)
        return [{ ...withNote({ change: rule.added }), key: list, path, what: `${label} added` }];
      return Object.entries(rule.members).flatMap(([field, fieldRule]) => {
        const where = { key: `${list}[].${field}`, path: [...path, field], label: `${field} of ${label}` };
        return valueChange(fieldRule, { before: known, after: member }, where);
      });
    }),
    ...removed.map((name): TopologyChange => {
      const what = `${noun} ${quote(name)} removed`;
      return {
        ...withNote({ change: rule.removed, ...(note === undefined ? {} : { note }) }),
        key: list,
        path: [list],
        what,
      };
    }),
  ];
}

/** A member that comes cannot listen where another still drains. */
function inheritedAddresses(before: Topology, after: Topology): TopologyChange[] {
  const owners = new Map<string, string>();
  for (const { name, listen, ...rest } of [...before.proxies, ...before.servers]) {
    owners.set(addressKey(listen), name);
    if ('wire' in rest) owners.set(addressKey(rest.wire), name);
  }
  const known = new Set([...before.proxies, ...before.servers].map(({ name }) => name));
  const addresses = (['proxies', 'servers'] as const).flatMap((list) =>
    after[list].flatMap((member, index) => {
      if (known.has(member.name)) return [];
      const wire = 'wire' in member ? [{ field: 'wire', address: member.wire }] : [];
      const all = [{ field: 'listen', address: member.listen }, ...wire];
      return all.map((one) => ({ ...one, list, index, member: member.name }));
    }),
  );
  return addresses.flatMap(({ field, address, list, index, member }): TopologyChange[] => {
    const owner = owners.get(addressKey(address));
    if (owner === undefined) return [];
    const what = `${quote(member)} takes ${formatAddress(address)} over from ${quote(owner)}`;
    const note = `give it an address of its own, or remove ${quote(owner)} first, reload, then add ${quote(member)}`;
    return [{ key: `${list}[].${field}`, path: [list, index, field], change: 'never', what, note }];
  });
}
