import type { Filter, FilterExpression, StoredQuery } from '../wsn/messages.ts';

/** Whether both say the same, to the letter: what only means the same does not count. */
export function sameFilter(one: Filter, other: Filter): boolean {
  return (
    sameList(one.topics, other.topics, sameExpression) &&
    sameList(one.contents, other.contents, sameExpression) &&
    sameList(one.producerProperties, other.producerProperties, sameExpression) &&
    sameList(one.queries, other.queries, sameQuery)
  );
}

function sameList<T>(
  one: readonly T[] | undefined,
  other: readonly T[] | undefined,
  same: (one: T, other: T) => boolean,
): boolean {
  if (one === undefined || other === undefined) return one === other;
  return (
    one.length === other.length &&
    one.every((member, at) => {
      const counterpart = other[at];
      return counterpart !== undefined && same(member, counterpart);
    })
  );
}

function sameExpression(one: FilterExpression, other: FilterExpression): boolean {
  return one.text === other.text && one.dialect === other.dialect && sameNamespaces(one.namespaces, other.namespaces);
}

function sameNamespaces(one: FilterExpression['namespaces'], other: FilterExpression['namespaces']): boolean {
  const prefixes = Object.keys(one);
  if (prefixes.length !== Object.keys(other).length) return false;
  return prefixes.every((prefix) => Object.hasOwn(other, prefix) && one[prefix] === other[prefix]);
}

function sameQuery(one: StoredQuery, other: StoredQuery): boolean {
  return one.id === other.id && one.element === other.element;
}
