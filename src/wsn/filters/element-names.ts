import { clipped } from '../../soap/text.ts';
import type { XmlElement } from '../../xml/document.ts';
import type { ElementName } from '../operations.ts';

/** The expanded name of an element. */
export function nameOf({ namespace, localName }: XmlElement): ElementName {
  return { namespace, localName };
}

/** Each name once, and at most ten, so that a fault stays small. */
export function distinctNames(names: readonly ElementName[]): readonly ElementName[] {
  const byKey = new Map(names.map((name) => [`{${name.namespace}}${name.localName}`, name]));
  return [...byKey.values()].slice(0, 10);
}

/** The distinct names as text for people. */
export function listedNames(names: readonly ElementName[]): string {
  const texts = distinctNames(names).map(({ namespace, localName }) => `{${clipped(namespace)}}${clipped(localName)}`);
  return texts.join(', ');
}
