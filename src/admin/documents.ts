import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The WSDL and its schemas as clients get them: with the addresses of this broker. */
export interface Documents {
  readonly wsdl: string;
  /** By the name that `?xsd=` takes, for example `b-2.xsd`. Nothing else may be asked for. */
  readonly schemas: ReadonlyMap<string, string>;
}

/** What stands in pointsman.wsdl where the public URL belongs. */
const PLACEHOLDER = 'http://pointsman.invalid';
const WSDL_FILE = 'pointsman.wsdl';
const SCHEMA_FILES = [
  'b-2.xsd',
  'bf-2.xsd',
  'br-2.xsd',
  'properties.xsd',
  'r-2.xsd',
  'rl-2.xsd',
  'rp-2.xsd',
  't-1.xsd',
  'ws-addr.xsd',
] as const;

/** Where the WSDL of a broker with this public URL is. */
export function wsdlUrlOf(publicUrl: string): string {
  return `${publicUrl}/wsn/NotificationBroker?wsdl`;
}

/**
 * Reads the WSDL and its schemas and puts the public URL into them. Imports become absolute, since some clients
 * cannot resolve a relative reference against a URL with a query. Throws what the file system throws.
 */
export function loadDocuments(directory: string, publicUrl: string): Documents {
  const read = (name: string): string => fill(readFileSync(join(directory, name), 'utf8'), publicUrl);
  return { wsdl: read(WSDL_FILE), schemas: new Map(SCHEMA_FILES.map((name) => [name, read(name)])) };
}

function fill(text: string, publicUrl: string): string {
  const url = escapeMarkup(publicUrl);
  return text
    .replaceAll(PLACEHOLDER, () => url)
    .replaceAll(
      /schemaLocation="([^"/:]+)"/g,
      (_all, name: string) => `schemaLocation="${url}/wsn/NotificationBroker?xsd=${name}"`,
    );
}

/** Makes text safe inside attribute values and content of XML and HTML. */
export function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
