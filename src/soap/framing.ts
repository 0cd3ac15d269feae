import { memoized } from '../kernel/memo.ts';

/** A Content-Type header taken apart; media type and parameter names in lower case (RFC 9110 §8.3). */
export interface ContentType {
  /** '' if there is no header. */
  readonly mediaType: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const PARAMETER = /;[\t ]*([!#$%&'*+.^_`|~\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^;\s"]*))/g;

/** Longer headers are cut off: no honest one comes near. */
const MAX_HEADER = 2048;

/** Never throws: what is no parameter is passed over, and of two with the same name the first counts. */
export function parseContentType(header: string | undefined): ContentType {
  return parse(header?.slice(0, MAX_HEADER) ?? '');
}

const parse = memoized((text): ContentType => {
  const semicolon = text.indexOf(';');
  const mediaType = (semicolon === -1 ? text : text.slice(0, semicolon)).trim().toLowerCase();
  const parameters = new Map<string, string>();
  if (semicolon === -1) return { mediaType, parameters };
  for (const [, name = '', quoted, plain = ''] of text.slice(semicolon).matchAll(PARAMETER)) {
    const key = name.toLowerCase();
    if (!parameters.has(key)) parameters.set(key, quoted === undefined ? plain : quoted.replace(/\\(.)/g, '$1'));
  }
  return { mediaType, parameters };
});

/**
 * The action that the HTTP headers state: SOAPAction without its quotes, or else the `action` parameter of the
 * Content-Type. Undefined if there is none or it is empty, which both SOAP versions take as no statement.
 */
export function httpAction(framing: {
  readonly contentType?: string | undefined;
  readonly soapAction?: string | undefined;
}): string | undefined {
  const header = framing.soapAction?.trim() ?? '';
  const isQuoted = header.length > 1 && header.startsWith('"') && header.endsWith('"');
  const unquoted = (isQuoted ? header.slice(1, -1) : header).trim();
  if (unquoted !== '') return unquoted;
  const parameter = parseContentType(framing.contentType).parameters.get('action')?.trim();
  return parameter === '' ? undefined : parameter;
}
