import { writeEndpointReference } from '../../soap/addressing.ts';
import { WSA_NAMESPACE } from '../../soap/addressing-names.ts';
import type { EndpointReference } from '../../soap/endpoint-reference.ts';
import { escapeAttribute, escapeText } from '../../xml/writer.ts';
import { formatDateTime } from '../date-time.ts';
import type { ElementName } from '../element-name.ts';
import type { TopicExpression } from '../messages.ts';
import { PREFIXES, XSI_NAMESPACE } from '../namespaces.ts';

/** A value as text: an element that declares its own prefix. */
export function textElement(name: ElementName, text: string): string {
  const { start, end } = tags(name);
  return `<${start}>${escapeText(text)}</${end}>`;
}

export function booleanElement(name: ElementName, value: boolean): string {
  return textElement(name, String(value));
}

/** Milliseconds since 1970; null: nil. */
export function timeElement(name: ElementName, at: number | null): string {
  if (at !== null) return textElement(name, formatDateTime(at));
  return `<${tags(name).start} xmlns:xsi="${XSI_NAMESPACE}" xsi:nil="true"/>`;
}

export function referenceElement(name: ElementName, reference: EndpointReference): string {
  const { start, end } = tags(name);
  const declared = `${start} xmlns:wsa="${WSA_NAMESPACE}"`;
  return writeEndpointReference(end, reference).replace(end, () => declared);
}

/** A topic expression as it was sent, with the namespaces that its prefixes meant there. */
export function topicElement(name: ElementName, { dialect, text, namespaces }: TopicExpression): string {
  const prefix = prefixBeside(name, namespaces);
  const declarations = Object.entries(namespaces)
    .filter(([declared]) => !UNDECLARABLE.has(declared))
    .map(([declared, namespace]) => ` xmlns:${declared}="${escapeAttribute(namespace)}"`);
  const own = `${prefix}:${name.localName}`;
  const start = `${own} xmlns:${prefix}="${escapeAttribute(name.namespace)}"${declarations.join('')}`;
  return `<${start} Dialect="${escapeAttribute(dialect)}">${escapeText(text)}</${own}>`;
}

/** What needs no declaration, and what must not have one. */
const UNDECLARABLE: ReadonlySet<string> = new Set(['', 'xml', 'xmlns']);

/** The element's usual prefix, or one like it where the expression has that for something else. */
function prefixBeside(name: ElementName, namespaces: Readonly<Record<string, string>>): string {
  const usual = PREFIXES[name.namespace] ?? 'pm';
  let prefix = usual;
  for (let n = 1; Object.hasOwn(namespaces, prefix); n++) prefix = `${usual}${n}`;
  return prefix;
}

function tags({ namespace, localName }: ElementName): { readonly start: string; readonly end: string } {
  const end = `${PREFIXES[namespace] ?? 'pm'}:${localName}`;
  return { start: `${end} xmlns:${PREFIXES[namespace] ?? 'pm'}="${escapeAttribute(namespace)}"`, end };
}
