import { versionAround } from '../soap/addressing.ts';
import { ProtocolError } from '../soap/fault.ts';
import { clipped } from '../soap/text.ts';
import type { XmlElement } from '../xml/document.ts';
import { WSNT_NAMESPACE } from './namespaces.ts';

/** The request is not what the schema of its operation says: a Sender fault that says where. */
export function malformed(element: XmlElement, problem: string): ProtocolError {
  const { line, column } = element.position();
  const message = `${clipped(element.localName)} at ${line}:${column}: ${problem}`;
  return new ProtocolError(message, { version: versionAround(element), code: 'Sender' });
}

/** The child of that name in the namespace of WS-BaseNotification. Throws ProtocolError if it is there twice. */
export function optionalChild(element: XmlElement, localName: string): XmlElement | undefined {
  const [first, second] = element.children().filter((child) => child.is(WSNT_NAMESPACE, localName));
  if (second === undefined) return first;
  throw malformed(second, `found a second wsnt:${localName} in ${element.localName}, expected at most one`);
}

/** As `optionalChild`, for a child that has to be there. */
export function requiredChild(element: XmlElement, localName: string): XmlElement {
  const child = optionalChild(element, localName);
  if (child === undefined) throw malformed(element, `found no wsnt:${localName}, expected one`);
  return child;
}

/**
 * Refuses children in the namespace of WS-BaseNotification other than these: a misspelt part of a request must not be
 * passed over. Children of other namespaces are extensions and may be.
 */
export function refuseUnknownChildren(element: XmlElement, known: readonly string[]): void {
  const stray = element
    .children()
    .find((child) => child.namespace === WSNT_NAMESPACE && !known.includes(child.localName));
  if (stray === undefined) return;
  throw malformed(
    stray,
    `found wsnt:${clipped(stray.localName)}, expected ${known.map((name) => `wsnt:${name}`).join(', ')}`,
  );
}
