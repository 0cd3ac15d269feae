const PREDEFINED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const NAME = String.raw`[\p{L}_][\p{L}\p{N}\p{M}._-]*(?::[\p{L}_][\p{L}\p{N}\p{M}._-]*)?`;
const REFERENCE = String.raw`&(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[\da-fA-F]{1,6});`;
const ATTRIBUTE = String.raw`\s+${NAME}\s*=\s*(?:"[^"<&]*(?:${REFERENCE}[^"<&]*)*"|'[^'<&]*(?:${REFERENCE}[^'<&]*)*')`;
const TOKEN = [
  String.raw`<!--[^-]*(?:-[^-]+)*-->`,
  String.raw`<!\[CDATA\[[\s\S]*?\]\]>`,
  String.raw`<\?[\s\S]*?\?>`,
  String.raw`</(?<closed>${NAME})\s*>`,
  String.raw`<(?<opened>${NAME})(?:${ATTRIBUTE})*\s*(?<empty>/?)>`,
  String.raw`(?<text>[^<&]+|${REFERENCE})`,
].join('|');

/**
 * What keeps a text from being one XML element with balanced tags; undefined if nothing does. Looks at tags,
 * attributes, references and nesting; not at namespaces, nor at which characters XML allows. A DOCTYPE is a problem.
 */
export function xmlProblemOf(xml: string): string | undefined {
  const open: string[] = [];
  let hasRoot = false;
  const token = new RegExp(TOKEN, 'uy');
  for (let at = 0; at < xml.length; at = token.lastIndex) {
    token.lastIndex = at;
    const groups = token.exec(xml)?.groups;
    if (groups === undefined) return `it cannot be read from "${xml.slice(at, at + 40)}" on`;
    const { opened, closed, empty, text } = groups;
    if (text !== undefined && text.trim() !== '' && open.length === 0)
      return 'there is text outside of the root element';
    if (closed !== undefined && open.pop() !== closed) return `</${closed}> closes what was not opened`;
    if (opened === undefined) continue;
    if (open.length === 0 && hasRoot) return 'there is more than one root element';
    hasRoot = true;
    if (empty === '') open.push(opened);
  }
  if (open.length > 0) return `<${open.at(-1) ?? ''}> is not closed`;
  return hasRoot ? undefined : 'there is no element';
}

/** Resolves the references that XML has without a DTD. For the parser, whose own way knows no numeric ones. */
export const xmlReferences = {
  decode: (text: string): string =>
    text.replaceAll(
      /&(?:(amp|lt|gt|quot|apos)|#(\d{1,7})|#x([\da-fA-F]{1,6}));/g,
      (...groups: (string | undefined)[]) => {
        const [, name, decimal, hexadecimal] = groups;
        if (name !== undefined) return PREDEFINED[name] ?? '';
        const code = decimal === undefined ? Number.parseInt(hexadecimal ?? '0', 16) : Number(decimal);
        return code <= 0x10_ffff ? String.fromCodePoint(code) : '\u{FFFD}';
      },
    ),
  setExternalEntities: (): void => undefined,
  addInputEntities: (): void => undefined,
  reset: (): void => undefined,
  setXmlVersion: (): void => undefined,
};
