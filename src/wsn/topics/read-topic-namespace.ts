import { clipped, trimmed } from '../../soap/text.ts';
import { isQualifiedName } from '../../xml/characters.ts';
import type { XmlElement } from '../../xml/document.ts';
import { WSTOP_NAMESPACE } from '../namespaces.ts';
import type { ElementName } from '../operations.ts';
import { booleanAttribute, isUsable, resolveName, type Report } from './topic-document.ts';
import type { DefinedTopic } from './topic-model.ts';

/** A root topic as it is written: its parent is named, not found yet. */
export interface WrittenRoot extends DefinedTopic {
  readonly parent: readonly ElementName[] | undefined;
  readonly element: XmlElement;
}

/** A wstop:TopicNamespace as it is written. */
export interface WrittenNamespace {
  readonly targetNamespace: string;
  readonly isFinal: boolean;
  readonly roots: ReadonlyMap<string, WrittenRoot>;
  readonly element: XmlElement;
}

const NAMESPACE_ATTRIBUTES = ['name', 'targetNamespace', 'final'];
const ROOT_ATTRIBUTES = ['name', 'messageTypes', 'final', 'parent'];
const TOPIC_ATTRIBUTES = ['name', 'messageTypes', 'final'];

/**
 * Reads a wstop:TopicNamespace (WS-Topics §5 and §6); undefined if there is none to read. What is wrong is reported, and
 * read as if it were not there. Elements and attributes of other namespaces are passed over, and so are MessagePattern and
 * documentation.
 */
export function readTopicNamespace(element: XmlElement, report: Report): WrittenNamespace | undefined {
  if (!element.is(WSTOP_NAMESPACE, 'TopicNamespace')) {
    report(element, `found '${clipped(element.localName)}', expected wstop:TopicNamespace of ${WSTOP_NAMESPACE}`);
    return undefined;
  }
  requireKnownAttributes(element, NAMESPACE_ATTRIBUTES, report);
  const isFinal = booleanAttribute(element, 'final', report);
  const roots = new Map<string, WrittenRoot>();
  for (const child of topicsIn(element, ['documentation'], report)) {
    const name = nameOf(child, roots, report);
    if (name !== undefined)
      roots.set(name, { ...readTopic(child, ROOT_ATTRIBUTES, report), ...readParent(child, report) });
  }
  const targetNamespace = trimmed(element.attribute('', 'targetNamespace') ?? '');
  if (targetNamespace === '') {
    report(element, 'found no targetNamespace, expected the URI of the namespace');
    return undefined;
  }
  return isUsable(targetNamespace, element, report) ? { targetNamespace, isFinal, roots, element } : undefined;
}

function readTopic(element: XmlElement, attributes: readonly string[], report: Report): DefinedTopic {
  requireKnownAttributes(element, attributes, report);
  const children = new Map<string, DefinedTopic>();
  for (const child of topicsIn(element, ['documentation', 'MessagePattern'], report)) {
    const name = nameOf(child, children, report);
    if (name !== undefined) children.set(name, readTopic(child, TOPIC_ATTRIBUTES, report));
  }
  const isFinal = booleanAttribute(element, 'final', report);
  return { isFinal, messageTypes: readMessageTypes(element, report), children };
}

function readParent(element: XmlElement, report: Report): Pick<WrittenRoot, 'parent' | 'element'> {
  const text = element.attribute('', 'parent');
  if (text === undefined) return { parent: undefined, element };
  const names = trimmed(text)
    .split('/')
    .map((name) => resolveName(name, element, '', report));
  const parent = names.filter((name) => name !== undefined);
  return { parent: parent.length < names.length ? undefined : parent, element };
}

/** In a list of QNames the default namespace counts (XML Schema Part 2, §3.2.18). */
function readMessageTypes(element: XmlElement, report: Report): readonly ElementName[] | undefined {
  const text = element.attribute('', 'messageTypes');
  if (text === undefined) return undefined;
  const fallback = element.resolvePrefix('') ?? '';
  const names = trimmed(text)
    .split(/[\t\n\r ]+/)
    .filter((name) => name !== '');
  return names.map((name) => resolveName(name, element, fallback, report)).filter((name) => name !== undefined);
}

/** Undefined, and reported, if there is none or it is taken. */
function nameOf(element: XmlElement, taken: ReadonlyMap<string, unknown>, report: Report): string | undefined {
  const name = trimmed(element.attribute('', 'name') ?? '');
  if (name.includes(':') || !isQualifiedName(name)) {
    report(element, `found name="${clipped(name)}", expected a name without prefix`);
    return undefined;
  }
  if (!taken.has(name)) return name;
  report(element, `found the topic '${clipped(name)}' twice, expected each name once`);
  return undefined;
}

/** The wstop:Topic elements; others of that namespace are reported unless they are `allowed`. */
function topicsIn(element: XmlElement, allowed: readonly string[], report: Report): readonly XmlElement[] {
  const own = element.children().filter(({ namespace }) => namespace === WSTOP_NAMESPACE);
  for (const child of own) {
    if (child.localName === 'Topic' || allowed.includes(child.localName)) continue;
    report(
      child,
      `found wstop:${clipped(child.localName)}, expected wstop:Topic or wstop:${allowed.join(' or wstop:')}`,
    );
  }
  return own.filter(({ localName }) => localName === 'Topic');
}

function requireKnownAttributes(element: XmlElement, known: readonly string[], report: Report): void {
  for (const { namespace, localName } of element.attributes()) {
    if (namespace !== '' || known.includes(localName)) continue;
    report(element, `found the attribute '${clipped(localName)}', expected ${known.join(', ')}`);
  }
}
