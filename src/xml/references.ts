/** The entities that every document has (XML 1.0 §4.6). */
export const PREDEFINED: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);

/** The number that a checked "#65" or "#x41" stands for. */
function codePointOf(name: string): number {
  return name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10);
}

/** The characters that checked character data stands for: line ends as "\n" (XML 1.0 §2.11), references resolved, comments left out. */
export function decodeText(raw: string): string {
  if (!raw.includes('<')) return decodeReferences(normalizeLineEnds(raw));
  let text = '';
  let at = 0;
  for (;;) {
    const markup = raw.indexOf('<', at);
    if (markup < 0) return text + decodeReferences(normalizeLineEnds(raw.slice(at)));
    text += decodeReferences(normalizeLineEnds(raw.slice(at, markup)));
    if (raw.startsWith('<!--', markup)) {
      at = raw.indexOf('-->', markup + 4) + 3;
    } else {
      const close = raw.indexOf(']]>', markup + CDATA_START.length);
      text += normalizeLineEnds(raw.slice(markup + CDATA_START.length, close));
      at = close + 3;
    }
  }
}

const CDATA_START = '<![CDATA[';

/** The normalised value of a checked attribute of type CDATA (XML 1.0 §3.3.3). */
export function decodeAttributeValue(raw: string): string {
  return decodeReferences(NEEDS_SPACES.test(raw) ? raw.replaceAll(/\r\n|[\t\n\r]/g, ' ') : raw);
}

const NEEDS_SPACES = /[\t\n\r]/;

function normalizeLineEnds(raw: string): string {
  return raw.includes('\r') ? raw.replaceAll(/\r\n?/g, '\n') : raw;
}

function decodeReferences(raw: string): string {
  return raw.includes('&') ? raw.replaceAll(/&([^;]+);/g, (_, name: string) => characterOf(name)) : raw;
}

function characterOf(name: string): string {
  return PREDEFINED.get(name) ?? String.fromCodePoint(codePointOf(name));
}
