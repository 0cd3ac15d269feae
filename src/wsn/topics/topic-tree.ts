import { escapeAttribute } from '../../xml/writer.ts';
import type { TopicPath } from '../messages.ts';
import { WSTOP_NAMESPACE } from '../namespaces.ts';
import type { ElementName } from '../operations.ts';
import { stepLabel } from './topic-pattern.ts';
import { topicSteps } from './topic-path.ts';

interface Branch {
  readonly name: ElementName;
  readonly children: Map<string, Branch>;
  isTopic: boolean;
}

/**
 * The namespaces that every XML processor takes: URIs of ordinary form, or relative ones. Some refuse a whole document for
 * one that is no URI, so a single publisher could take the topic set away from everybody.
 */
const URI_CHARACTERS = "(?:[\\w.~:/@!$&'()*+,;=-]|%[\\dA-Fa-f]{2})*";
const AUTHORITY = '(?://[\\w.~-]*(?::\\d{1,5})?(?=[/?#]|$)|(?!//))';
const URI = new RegExp(
  `^(?:[A-Za-z][A-Za-z\\d+.-]*:${AUTHORITY}${URI_CHARACTERS}(?:\\?${URI_CHARACTERS})?(?:#${URI_CHARACTERS})?|(?!//)[\\w./-]*)$`,
);

/** Topics as the elements of a topic set are nested: what is around a topic need not be one. */
export class TopicTree {
  readonly #roots = new Map<string, Branch>();
  readonly #prefixes = new Map<string, string>([[WSTOP_NAMESPACE, 'wstop']]);

  /** A topic with a namespace that is no URI is left out. */
  add(topic: TopicPath): void {
    const names = topicSteps(topic);
    if (!names.every(({ namespace }) => URI.test(namespace))) return;
    let children = this.#roots;
    let branch: Branch | undefined;
    for (const name of names) {
      const label = stepLabel(name);
      branch = children.get(label) ?? { name, children: new Map(), isTopic: false };
      children.set(label, branch);
      children = branch.children;
    }
    if (branch !== undefined) branch.isTopic = true;
  }

  /**
   * The wstop:TopicSet. Its schema forbids roots in no namespace (`##other`), which are the ad-hoc topics that the text of
   * WS-Topics §7 wants, and roots in the namespace of WS-Topics itself. So they are left out with all that is below them,
   * unless `withForbidden`.
   */
  toXml(options: { readonly withForbidden?: boolean } = {}): string {
    const parts: string[] = [`<wstop:TopicSet xmlns:wstop="${WSTOP_NAMESPACE}">`];
    const declared = new Set([WSTOP_NAMESPACE]);
    for (const root of this.#roots.values()) {
      const isForbidden = root.name.namespace === '' || root.name.namespace === WSTOP_NAMESPACE;
      if (options.withForbidden === true || !isForbidden) this.#write(root, declared, parts);
    }
    parts.push('</wstop:TopicSet>');
    return parts.join('');
  }

  /** `declared`: the namespaces that have their prefix where the element will stand. */
  #write({ name, children, isTopic }: Branch, declared: Set<string>, parts: string[]): void {
    const { namespace, localName } = name;
    const prefix = this.#prefixOf(namespace);
    const tag = prefix === undefined ? localName : `${prefix}:${localName}`;
    const isNew = prefix !== undefined && !declared.has(namespace);
    parts.push('<', tag);
    if (isNew) {
      parts.push(` xmlns:${prefix}="`, escapeAttribute(namespace), '"');
      declared.add(namespace);
    }
    if (isTopic) parts.push(' wstop:topic="true"');
    if (children.size === 0) {
      parts.push('/>');
    } else {
      parts.push('>');
      for (const child of children.values()) this.#write(child, declared, parts);
      parts.push('</', tag, '>');
    }
    if (isNew) declared.delete(namespace);
  }

  /** Undefined: no namespace needs none. Never the default namespace, since names below are unqualified. */
  #prefixOf(namespace: string): string | undefined {
    if (namespace === '') return undefined;
    const known = this.#prefixes.get(namespace);
    if (known !== undefined) return known;
    const prefix = `tns${this.#prefixes.size}`;
    this.#prefixes.set(namespace, prefix);
    return prefix;
  }
}
