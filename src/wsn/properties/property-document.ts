import { clipped } from '../../soap/text.ts';
import { expandedName } from '../element-name.ts';
import type { ElementName } from '../element-name.ts';
import { prefixedName } from '../elements.ts';
import { WsnFault } from '../faults.ts';
import { PROPERTIES_NAMESPACE } from '../namespaces.ts';

/** One value of a resource property. */
export interface PropertyValue {
  readonly name: ElementName;
  /** A complete element of that name that declares everything it uses. */
  readonly xml: string;
}

/** The property document of a resource (WS-ResourceProperties §4). */
export interface PropertyDocument {
  /** In our own namespace: the types of the standards are closed, and a lifetime has no place in them. */
  readonly root: ElementName;
  /** Every property that the resource has, with or without a value now. */
  readonly names: readonly ElementName[];
  /** In the order of the document's schema. */
  readonly values: readonly PropertyValue[];
}

/** The whole document as an element that declares everything it uses. */
export function writePropertyDocument({ root, values }: PropertyDocument): string {
  const content = values.map(({ xml }) => xml).join('');
  return `<pm:${root.localName} xmlns:pm="${PROPERTIES_NAMESPACE}">${content}</pm:${root.localName}>`;
}

/** The values of one property, one after the other. Throws as `requireProperty`. */
export function writeProperty(document: PropertyDocument, name: ElementName): string {
  requireProperty(document, name);
  return valuesOf(document, name).join('');
}

/** The values of one property, each an element of its own; none for a name that is no property. */
export function valuesOf({ values }: PropertyDocument, name: ElementName): readonly string[] {
  return values.filter((value) => expandedName(value.name) === expandedName(name)).map(({ xml }) => xml);
}

/** Throws WsnFault InvalidResourcePropertyQNameFault, which lists what there is, for a name that is no property of it. */
export function requireProperty({ root, names }: PropertyDocument, name: ElementName): void {
  if (names.some((property) => expandedName(property) === expandedName(name))) return;
  const found = `Found the property {${clipped(name.namespace)}}${clipped(name.localName)}`;
  const expected = names.map((property) => prefixedName(property.namespace, property.localName)).join(', ');
  throw new WsnFault(
    'InvalidResourcePropertyQNameFault',
    `${found}, expected one of those that a ${root.localName} has: ${expected}`,
  );
}
