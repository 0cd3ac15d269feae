import { versionAround } from '../soap/addressing.ts';
import { ProtocolError } from '../soap/fault.ts';
import { clipped } from '../soap/text.ts';
import type { XmlElement } from '../xml/document.ts';
import { PREFIXES, WSNT_NAMESPACE } from './namespaces.ts';

/** The request is not what the schema of its operation says: a Sender fault that says where. */
export function malformed(element: XmlElement, problem: string): ProtocolError {
  const { line, column } = element.position();
  const message = `${clipped(element.localName)} at ${line}:${column}: ${problem}`;
  return new ProtocolError(message, { version: versionAround(element), code: 'Sender' });
}

/** The child of that name in the namespace (WS-BaseNotification's). Throws ProtocolError if it is there twice. */
export function optionalChild(
  element: XmlElement,
  localName: string,
  namespace: string = WSNT_NAMESPACE,
): XmlElement | undefined {
  let found: XmlElement | undefined;
  for (const child of element.children()) {
    if (!child.is(namespace, localName)) continue;
    if (found !== undefined) {
      const name = prefixedName(namespace, localName);
      throw malformed(child, `found a second ${name} in ${element.localName}, expected at most one`);
    }
    found = child;
  }
  return found;
}

/** As `optionalChild`, for a child that has to be there. */
export function requiredChild(element: XmlElement, localName: string, namespace: string = WSNT_NAMESPACE): XmlElement {
  const child = optionalChild(element, localName, namespace);
  if (child === undefined) throw malformed(element, `found no ${prefixedName(namespace, localName)}, expected one`);
  return child;
}

/**
 * Refuses children in the namespaces of the standards other than these in `namespace`: a misspelt part of a request must
 * not be passed over. Children of other namespaces are extensions and may be.
 */
export function refuseUnknownChildren(
  element: XmlElement,
  known: readonly string[],
  namespace: string = WSNT_NAMESPACE,
): void {
  const stray = element
    .children()
    .find((child) =>
      child.namespace === namespace ? !known.includes(child.localName) : child.namespace === WSNT_NAMESPACE,
    );
  if (stray === undefined) return;
  const expected = known.length === 0 ? 'nothing' : known.map((name) => prefixedName(namespace, name)).join(', ');
  throw malformed(stray, `found ${prefixedName(stray.namespace, clipped(stray.localName))}, expected ${expected}`);
}

/** The name as people know it: `wsnt:Subscribe`. */
export function prefixedName(namespace: string, localName: string): string {
  const prefix = Object.hasOwn(PREFIXES, namespace) ? PREFIXES[namespace] : undefined;
  return prefix === undefined ? `{${clipped(namespace)}}${localName}` : `${prefix}:${localName}`;
}
