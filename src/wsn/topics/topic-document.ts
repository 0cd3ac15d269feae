import { clipped, trimmed } from '../../soap/text.ts';
import { isQualifiedName } from '../../xml/characters.ts';
import type { XmlElement } from '../../xml/document.ts';
import type { ElementName } from '../operations.ts';

/** Says what is wrong with an element: what was found, and what was expected. Reading goes on. */
export type Report = (element: XmlElement, message: string) => void;

/** An attribute in no namespace of type xsd:boolean, or in `namespace`. Absent, and reported as wrong: false. */
export function booleanAttribute(element: XmlElement, name: string, report: Report, namespace = ''): boolean {
  const value = element.attribute(namespace, name);
  if (value === undefined) return false;
  const text = trimmed(value);
  if (text === 'true' || text === '1') return true;
  if (text !== 'false' && text !== '0') report(element, `found ${name}="${clipped(text)}", expected true or false`);
  return false;
}

/** The name that a QName in a document means where it stands; undefined, and reported, if it means none. `fallback`: without a prefix. */
export function resolveName(
  text: string,
  element: XmlElement,
  fallback: string,
  report: Report,
): ElementName | undefined {
  if (!isQualifiedName(text)) {
    report(element, `found '${clipped(text)}', expected a qualified name`);
    return undefined;
  }
  const colon = text.indexOf(':');
  if (colon === -1) return { namespace: fallback, localName: text };
  const namespace = element.resolvePrefix(text.slice(0, colon));
  if (namespace !== undefined) return { namespace, localName: text.slice(colon + 1) };
  report(element, `found '${clipped(text)}', whose prefix is not declared`);
  return undefined;
}

/** False, and reported, for a namespace that no topic can be in. */
export function isUsable(namespace: string, element: XmlElement, report: Report): boolean {
  if (!/[{}]/.test(namespace)) return true;
  report(element, `found braces in the namespace '${clipped(namespace)}', expected none`);
  return false;
}
