import { readFileSync, readdirSync } from 'node:fs';
import { XmlBufferInputProvider, XmlDocument, XmlLibError, xmlRegisterInputProvider, XsdValidator } from 'libxml2-wasm';

export const WSDL_DIRECTORY = new URL('../../../wsdl/', import.meta.url);
export const SCHEMA_NAMES = readdirSync(WSDL_DIRECTORY).filter((name) => name.endsWith('.xsd'));

const NAMESPACES: Readonly<Record<string, string>> = {
  'b-2.xsd': 'http://docs.oasis-open.org/wsn/b-2',
  'bf-2.xsd': 'http://docs.oasis-open.org/wsrf/bf-2',
  'br-2.xsd': 'http://docs.oasis-open.org/wsn/br-2',
  'properties.xsd': 'urn:pointsman:properties',
  'r-2.xsd': 'http://docs.oasis-open.org/wsrf/r-2',
  'rl-2.xsd': 'http://docs.oasis-open.org/wsrf/rl-2',
  'rp-2.xsd': 'http://docs.oasis-open.org/wsrf/rp-2',
  't-1.xsd': 'http://docs.oasis-open.org/wsn/t-1',
  'ws-addr.xsd': 'http://www.w3.org/2005/08/addressing',
};

/** What our own schemas find wrong with an element; empty if it is valid. */
export function loadOurSchemas(): (xml: string | Uint8Array) => string[] {
  const files = SCHEMA_NAMES.map((name) => [`ours/${name}`, readFileSync(new URL(name, WSDL_DIRECTORY))] as const);
  xmlRegisterInputProvider(new XmlBufferInputProvider(Object.fromEntries(files)));
  const imports = SCHEMA_NAMES.map((name) => `<x:import namespace="${NAMESPACES[name]}" schemaLocation="${name}"/>`);
  const driver = `<x:schema xmlns:x="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:all">${imports.join('')}</x:schema>`;
  using schema = XmlDocument.fromBuffer(Buffer.from(driver), { url: 'ours/all.xsd' });
  const validator = XsdValidator.fromDoc(schema);
  return (xml) => {
    try {
      using document = XmlDocument.fromBuffer(Buffer.from(xml));
      validator.validate(document);
      return [];
    } catch (error) {
      if (!(error instanceof XmlLibError)) throw error;
      return error.details.length === 0 ? [error.message] : error.details.map(({ message }) => message.trim());
    }
  };
}
