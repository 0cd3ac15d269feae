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
