import { memoized } from '../kernel/memo.ts';
import { trailingName } from '../xml/characters.ts';
import type { XmlElement } from '../xml/document.ts';

/** What published examples of the profiles use without declaring it: IHE DSUB, ONVIF Core, OGC. */
const KNOWN_PREFIXES: ReadonlyMap<string, string> = new Map([
  ['ihe', 'urn:ihe:iti:dsub:2009'],
  ['tns1', 'http://www.onvif.org/ver10/topics'],
  ['tt', 'http://www.onvif.org/ver10/schema'],
  ['wstop', 'http://docs.oasis-open.org/wsn/t-1'],
]);

/**
 * The namespace of each prefix in an expression, as it is declared around `scope`; for an undeclared one that is known
 * from the profiles, its namespace there. Every other undeclared prefix is left out, and so is the default namespace.
 */
export function namespacesIn(expression: string, scope: XmlElement): Readonly<Record<string, string>> {
  const namespaces: Record<string, string> = {};
  for (const prefix of prefixesIn(expression)) {
    const value = scope.resolvePrefix(prefix) ?? KNOWN_PREFIXES.get(prefix);
    if (value === undefined) continue;
    // That one cannot be assigned.
    if (prefix === '__proto__') Object.defineProperty(namespaces, prefix, { value, enumerable: true });
    else namespaces[prefix] = value;
  }
  return namespaces;
}

/** The first prefix in an expression that `namespacesIn` knows though nothing declares it; text in quotes does not count. */
export function undeclaredKnownPrefix(expression: string, scope: XmlElement): string | undefined {
  const code = expression.replace(/"[^"]*"|'[^']*'/g, ' ');
  return prefixesIn(code).find((prefix) => KNOWN_PREFIXES.has(prefix) && scope.resolvePrefix(prefix) === undefined);
}

/** The names before colons, axes of XPath among them. Each character is looked at a fixed number of times. */
const prefixesIn = memoized((expression): readonly string[] => {
  const pieces = expression.split(':').slice(0, -1).map(trailingName);
  return pieces.filter((prefix) => prefix !== '');
});
