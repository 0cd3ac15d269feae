import { existsSync, readFileSync } from 'node:fs';
import { XmlBufferInputProvider, XmlDocument, xmlRegisterInputProvider, XmlLibError, XsdValidator } from 'libxml2-wasm';

const FOLDER = new URL('../../../shared/oasis/', import.meta.url);

/** True if the official schemas are on this machine; tests that need them are skipped where they are not. */
export const hasOfficialSchemas = existsSync(new URL('wsn-all.xsd', FOLDER));

export interface SchemaValidator {
  /** What is wrong with a SOAP envelope or a body element, well-formedness included; empty if it is valid. */
  validate(xml: Uint8Array): string[];
}

/**
 * The official schemas of SOAP 1.1 and 1.2, WS-Addressing (both), WS-Notification 1.3 and WSRF 1.2, in one validator.
 * Undefined where they are not there. It is kept for the life of the test process. `more`: schemas of ours by their
 * namespaces, for what the official ones leave open; what they import is taken from the official ones.
 */
export async function loadOfficialSchemas(
  more: Readonly<Record<string, Uint8Array>> = {},
): Promise<SchemaValidator | undefined> {
  if (!hasOfficialSchemas) return undefined;
  await Promise.resolve();
  const added = Object.entries(more).map(([namespace, bytes], index) => ({ namespace, name: `more-${index}`, bytes }));
  const buffers = { ...buffersByUrl(), ...Object.fromEntries(added.map(({ name, bytes }) => [name, bytes])) };
  xmlRegisterInputProvider(new XmlBufferInputProvider(buffers));
  const imports = added.map(({ namespace, name }) => `<xsd:import namespace="${namespace}" schemaLocation="${name}"/>`);
  const driver = readFileSync(new URL('wsn-all.xsd', FOLDER), 'utf8');
  const whole = driver.replace('</xsd:schema>', `${imports.join('')}</xsd:schema>`);
  using schema = XmlDocument.fromBuffer(Buffer.from(whole), { url: 'wsn-all.xsd' });
  const validator = XsdValidator.fromDoc(schema);
  return { validate: (xml) => problemsOf(validator, xml) };
}

/** What the schemas import by their published URLs is looked up in the catalog beside them; nothing is fetched. */
function buffersByUrl(): Record<string, Uint8Array> {
  const catalog = readFileSync(new URL('catalog.xml', FOLDER), 'utf8');
  const entries = [...catalog.matchAll(/<system systemId="([^"]+)" uri="([^"]+)"/g)];
  return Object.fromEntries(entries.map(([, url = '', file = '']) => [url, readFileSync(new URL(file, FOLDER))]));
}

function problemsOf(validator: XsdValidator, xml: Uint8Array): string[] {
  try {
    using document = XmlDocument.fromBuffer(xml);
    validator.validate(document);
    return [];
  } catch (error) {
    if (!(error instanceof XmlLibError)) throw error;
    return error.details.length === 0 ? [error.message] : error.details.map(({ message }) => message.trim());
  }
}
