/** Literals, names with the single colon that makes them prefixes, and whatever stands between them. */
const TOKENS = /"[^"]*"|'[^']*'|([^\s:/|*()[\]@'"=<>!,+.$-][^\s:/|*()[\]@'"=<>!,+$]*)(:(?!:))?|[^]/gu;

/**
 * An XPath expression with the namespaces in braces where it has prefixes: equal for expressions that differ in nothing but
 * the prefixes. Namespaces must not contain braces. Undefined if it is longer than `limit` characters.
 */
export function withNamespaces(
  text: string,
  namespaces: Readonly<Record<string, string>>,
  limit: number,
): string | undefined {
  let written = '';
  for (const [token, prefix, colon] of text.matchAll(TOKENS)) {
    const namespace =
      colon !== undefined && prefix !== undefined && Object.hasOwn(namespaces, prefix) ? namespaces[prefix] : undefined;
    written += namespace === undefined ? token : `{${namespace}}`;
    if (written.length > limit) return undefined;
  }
  return written;
}

/** An XPath expression with what is in brackets left out, brackets included. Undefined if they do not match. */
export function withoutPredicates(text: string): string | undefined {
  let left = '';
  let depth = 0;
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === '[') depth += 1;
    else if (token === ']') depth -= 1;
    else if (depth === 0) left += token;
    if (depth < 0) return undefined;
  }
  return depth === 0 ? left : undefined;
}
