import { escapeText } from '../xml/writer.ts';
import { writeEnvelope } from './fault.ts';
import { contentTypeOf } from './version.ts';
import type { SoapVersion } from './version.ts';

/** A message to post. Header names are in lower case. */
export interface SoapRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A one-way message to an endpoint, with WS-Addressing 2005/08 headers, none of them mustUnderstand. */
export function writeRequest(m: {
  readonly version: SoapVersion;
  /** The address of the endpoint reference. */
  readonly to: string;
  readonly action: string;
  /** An absolute IRI. */
  readonly messageId: string;
  /** Further header blocks: those of `headerBlocksFor` and one's own. They declare every prefix but `soap` and `wsa`. */
  readonly headerBlocks?: string | undefined;
  readonly body: string | readonly (string | Uint8Array)[];
}): SoapRequest {
  const addressing =
    `<wsa:To>${escapeText(m.to)}</wsa:To><wsa:Action>${escapeText(m.action)}</wsa:Action>` +
    `<wsa:MessageID>${escapeText(m.messageId)}</wsa:MessageID>`;
  const headers = {
    'content-type': contentTypeOf(m.version, m.action),
    ...(m.version === '1.1' ? { soapaction: `"${m.action}"` } : {}),
  };
  const headerBlocks = addressing + (m.headerBlocks ?? '');
  return { headers, body: writeEnvelope({ version: m.version, headerBlocks, body: m.body }) };
}
