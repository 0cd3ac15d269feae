import { clipped, trimmed } from '../../soap/text.ts';
import type { XmlElement } from '../../xml/document.ts';
import type { ElementName } from '../element-name.ts';
import { malformed, prefixedName, refuseUnknownChildren, requiredChild } from '../elements.ts';
import { WsnFault } from '../faults.ts';
import { RP_NAMESPACE } from '../namespaces.ts';
import { readPropertyName } from '../simple-values.ts';

export interface GetResourcePropertyRequest {
  readonly operation: 'GetResourceProperty';
  readonly property: ElementName;
}

export interface GetMultipleResourcePropertiesRequest {
  readonly operation: 'GetMultipleResourceProperties';
  /** At least one. */
  readonly properties: readonly ElementName[];
}

export interface PutResourcePropertyDocumentRequest {
  readonly operation: 'PutResourcePropertyDocument';
  /** The root of the document. */
  readonly document: XmlElement;
}

/** One component of a change. */
export type PropertyChange =
  | { readonly kind: 'insert' | 'update'; readonly values: readonly XmlElement[] }
  | { readonly kind: 'delete'; readonly property: ElementName };

/** The operations that change single properties. */
export type ChangeOperation =
  'SetResourceProperties' | 'InsertResourceProperties' | 'UpdateResourceProperties' | 'DeleteResourceProperties';

export interface ChangePropertiesRequest<O extends ChangeOperation = ChangeOperation> {
  readonly operation: O;
  /** At least one, in document order. */
  readonly changes: readonly PropertyChange[];
}

export interface QueryResourcePropertiesRequest {
  readonly operation: 'QueryResourceProperties';
  /** Undefined: the request does not say. */
  readonly dialect?: string;
  /** Without outer white space. */
  readonly text: string;
  /** Prefix to namespace, for what looks like a prefix in the text. */
  readonly namespaces: Readonly<Record<string, string>>;
}

/** How many properties one request may name, and how many values and components a change may have. */
const MAX_PROPERTIES = 100;
const MAX_VALUES = 1000;

/** Reads a GetResourceProperty (WS-ResourceProperties §5.2). Throws as `readPropertyName`. */
export function decodeGetResourceProperty(body: XmlElement): GetResourcePropertyRequest {
  const [stray] = body.children();
  if (stray !== undefined) throw malformed(stray, 'found an element, expected the QName of a property as text');
  return { operation: 'GetResourceProperty', property: readPropertyName(body, body.text()) };
}

/** Reads a GetMultipleResourceProperties (WS-ResourceProperties §5.3). Throws as `readPropertyName`. */
export function decodeGetMultipleResourceProperties(body: XmlElement): GetMultipleResourcePropertiesRequest {
  refuseUnknownChildren(body, ['ResourceProperty'], RP_NAMESPACE);
  const elements = body.children().filter((child) => child.is(RP_NAMESPACE, 'ResourceProperty'));
  requireSome(body, elements.length, 'rp:ResourceProperty', MAX_PROPERTIES);
  const properties = elements.map((element) => readPropertyName(element, element.text()));
  return { operation: 'GetMultipleResourceProperties', properties };
}

/** Reads a PutResourcePropertyDocument (WS-ResourceProperties §5.4): one element. Throws ProtocolError. */
export function decodePutResourcePropertyDocument(body: XmlElement): PutResourcePropertyDocumentRequest {
  const [document, second] = body.children();
  if (document === undefined || second !== undefined) {
    throw malformed(body, `found ${body.children().length} elements, expected one: the property document`);
  }
  return { operation: 'PutResourcePropertyDocument', document };
}

/**
 * Reads SetResourceProperties, or one of the operations for one kind of component (WS-ResourceProperties §5.5 to §5.8).
 * Throws ProtocolError for what is none or has too many components or values; otherwise as `readPropertyName`.
 */
export function decodeChangeProperties<O extends ChangeOperation>(
  body: XmlElement,
  operation: O,
): ChangePropertiesRequest<O> {
  const allowed = {
    SetResourceProperties: ['Insert', 'Update', 'Delete'],
    InsertResourceProperties: ['Insert'],
    UpdateResourceProperties: ['Update'],
    DeleteResourceProperties: ['Delete'],
  }[operation];
  refuseUnknownChildren(body, allowed, RP_NAMESPACE);
  const components = body.children().filter((child) => child.namespace === RP_NAMESPACE);
  const expected = allowed.map((name) => prefixedName(RP_NAMESPACE, name)).join(' or ');
  requireSome(body, components.length, expected, operation === 'SetResourceProperties' ? MAX_PROPERTIES : 1);
  return { operation, changes: components.map(readChange) };
}

function readChange(component: XmlElement): PropertyChange {
  if (component.localName === 'Delete') {
    const name = component.attribute('', 'ResourceProperty');
    if (name === undefined) throw malformed(component, 'found no attribute ResourceProperty, expected a QName in it');
    return { kind: 'delete', property: readPropertyName(component, name) };
  }
  const values = component.children();
  requireSome(component, values.length, 'element as value of a property', MAX_VALUES);
  return { kind: component.localName === 'Insert' ? 'insert' : 'update', values };
}

/** Characters of an expression: no honest one comes near. */
const MAX_EXPRESSION = 4096;

/**
 * Reads a QueryResourceProperties (WS-ResourceProperties §5.9). Throws ProtocolError for one without an expression, and
 * WsnFault InvalidQueryExpressionFault for one that is too long or has elements, which no dialect here has.
 */
export function decodeQueryResourceProperties(body: XmlElement): QueryResourcePropertiesRequest {
  refuseUnknownChildren(body, ['QueryExpression'], RP_NAMESPACE);
  const expression = requiredChild(body, 'QueryExpression', RP_NAMESPACE);
  const dialect = trimmed(expression.attribute('', 'Dialect') ?? '');
  const [stray] = expression.children();
  if (stray !== undefined) {
    const message = `Found the element ${clipped(stray.localName)} in the query expression, expected text`;
    throw new WsnFault('InvalidQueryExpressionFault', message);
  }
  const text = trimmed(expression.text());
  if (text.length > MAX_EXPRESSION) {
    const message = `Found a query expression of ${text.length} characters, expected at most ${MAX_EXPRESSION}`;
    throw new WsnFault('InvalidQueryExpressionFault', message);
  }
  const namespaces = [...expression.inScope()].filter(([prefix]) => text.includes(`${prefix}:`));
  return {
    operation: 'QueryResourceProperties',
    ...(dialect === '' ? {} : { dialect }),
    text,
    namespaces: Object.fromEntries(namespaces),
  };
}

function requireSome(element: XmlElement, count: number, what: string, limit: number): void {
  if (count === 0) throw malformed(element, `found no ${what}, expected at least one`);
  if (count > limit) throw malformed(element, `found ${count} times ${what}, expected at most ${limit}`);
}
