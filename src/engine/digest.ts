import { createHash } from 'node:crypto';

/**
 * A short text that is equal for values of equal content: JSON values and byte strings, whatever the order of their
 * members; members that are undefined count as absent.
 */
export function digestOf(...values: readonly unknown[]): string {
  const hash = createHash('sha1');
  for (const value of values) add(value);
  return hash.digest('base64url');

  function add(value: unknown): void {
    if (value instanceof Uint8Array) hash.update(`b${value.byteLength}:`).update(value);
    else if (Array.isArray(value)) addList(value);
    else if (typeof value === 'object' && value !== null) addMembers(value);
    else hash.update(typeof value === 'string' ? `s${value.length}:${value}` : `${typeof value}:${String(value)};`);
  }

  function addList(values: readonly unknown[]): void {
    hash.update(`[${values.length}:`);
    for (const value of values) add(value);
  }

  function addMembers(value: object): void {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    members.sort(([a], [b]) => (a < b ? -1 : 1));
    hash.update(`{${members.length}:`);
    for (const [name, member] of members) {
      add(name);
      add(member);
    }
  }
}
