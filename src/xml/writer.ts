/** Text for element content: `&`, `<`, `>` and carriage returns escaped, what XML 1.0 cannot carry replaced by U+FFFD. */
export function escapeText(text: string): string {
  return NEEDS_ESCAPE.test(text) ? text.replaceAll(TEXT, escapeOne) : text;
}

/** Text for an attribute value in double or single quotes; like escapeText, and quotes, tabs and line feeds too. */
export function escapeAttribute(text: string): string {
  return NEEDS_ESCAPE.test(text) ? text.replaceAll(ATTRIBUTE, escapeOne) : text;
}

// Without the u flag a surrogate matches alone, so pairs come first and stay as they are.
const NEEDS_ESCAPE = /[^ !#-%(-;=?-\ud7ff\ue000-\ufffd]/;
const ILLEGAL = '\\0-\\x08\\x0b\\x0c\\x0e-\\x1f\\ud800-\\udfff\\ufffe\\uffff';
const TEXT = new RegExp(`[\\ud800-\\udbff][\\udc00-\\udfff]|[&<>\\r${ILLEGAL}]`, 'g');
const ATTRIBUTE = new RegExp(`[\\ud800-\\udbff][\\udc00-\\udfff]|[&<>"'\\t\\n\\r${ILLEGAL}]`, 'g');

function escapeOne(found: string): string {
  switch (found) {
    case '&':
      return '&amp;';
    case '<':
      return '&lt;';
    case '>':
      return '&gt;';
    case '"':
      return '&quot;';
    case "'":
      return '&apos;';
    case '\t':
      return '&#9;';
    case '\n':
      return '&#10;';
    case '\r':
      return '&#13;';
    default:
      return found.length === 2 ? found : '\ufffd';
  }
}
