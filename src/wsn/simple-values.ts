import { clipped, trimmed } from '../soap/text.ts';
import { isQualifiedName } from '../xml/characters.ts';
import type { XmlElement } from '../xml/document.ts';
import type { ElementName } from './element-name.ts';
import { malformed } from './elements.ts';
import { WsnFault } from './faults.ts';

/**
 * An xsd:boolean. `whenEmpty` is what an element without text means (a default of the schema); without it an empty one is
 * no boolean. Throws ProtocolError (Sender).
 */
export function readBoolean(element: XmlElement, whenEmpty?: boolean): boolean {
  const text = trimmed(element.text());
  if (element.children().length === 0) {
    if (text === 'true' || text === '1') return true;
    if (text === 'false' || text === '0') return false;
    if (text === '' && whenEmpty !== undefined) return whenEmpty;
  }
  throw malformed(element, `found '${clipped(text)}', expected true or false (xsd:boolean)`);
}

/**
 * The name of a resource property: a QName in text that stands in `scope`, where its prefix is looked up; a name without
 * prefix is in the default namespace there. Throws ProtocolError (Sender) for what is no QName, and WsnFault
 * InvalidResourcePropertyQNameFault for a prefix that is not declared.
 */
export function readPropertyName(scope: XmlElement, text: string): ElementName {
  const name = trimmed(text);
  if (!isQualifiedName(name)) throw malformed(scope, `found '${clipped(name)}', expected the QName of a property`);
  const colon = name.indexOf(':');
  const prefix = colon === -1 ? '' : name.slice(0, colon);
  const namespace = scope.resolvePrefix(prefix);
  if (namespace !== undefined) return { namespace, localName: name.slice(colon + 1) };
  const message = `Found the property '${clipped(name)}', whose prefix is not declared in ${scope.localName}`;
  throw new WsnFault('InvalidResourcePropertyQNameFault', message);
}
