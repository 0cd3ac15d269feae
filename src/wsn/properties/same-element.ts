import { trimmed } from '../../soap/text.ts';
import type { XmlAttribute, XmlElement } from '../../xml/document.ts';

/**
 * Whether two elements say the same: names, attributes, elements in order, text but for outer white space. Prefixes do not
 * matter, but for those that the text may use: they must mean the same. Takes no longer than the first element is large.
 */
export function sameElement(one: XmlElement, other: XmlElement): boolean {
  if (!one.is(other.namespace, other.localName)) return false;
  const children = one.children();
  const others = other.children();
  if (children.length !== others.length || !sameAttributes(one, other)) return false;
  const text = trimmed(one.text());
  if (text !== trimmed(other.text()) || !samePrefixes(text, one, other)) return false;
  return children.every((child, index) => {
    const counterpart = others[index];
    return counterpart !== undefined && sameElement(child, counterpart);
  });
}

function sameAttributes(one: XmlElement, other: XmlElement): boolean {
  const attributes = one.attributes();
  if (attributes.length !== other.attributes().length) return false;
  return attributes.every(({ namespace, localName, value }: XmlAttribute) => {
    return other.attribute(namespace, localName) === value;
  });
}

function samePrefixes(text: string, one: XmlElement, other: XmlElement): boolean {
  if (!text.includes(':')) return true;
  return [...one.inScope()].every(
    ([prefix, namespace]) => !text.includes(`${prefix}:`) || other.resolvePrefix(prefix) === namespace,
  );
}
