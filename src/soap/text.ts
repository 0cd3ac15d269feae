const SPACE = 0x20;

/** The text without outer white space as XML means it (space, tab, CR, LF): a no-break space is no white space. */
export function trimmed(text: string): string {
  // Most have none, and this is asked of many.
  if (text.charCodeAt(0) > SPACE && text.charCodeAt(text.length - 1) > SPACE) return text;
  return text.replace(/^[\t\n\r ]+/, '').replace(/(?<![\t\n\r ])[\t\n\r ]+$/, '');
}

/** True if there is nothing but XML's white space. */
export function isBlank(text: string): boolean {
  return !/[^\t\n\r ]/.test(text);
}

/** The text for use in a message to people: cut off where it gets long, so that no fault repeats pages of what was sent. */
export function clipped(text: string, limit = 200): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}…`;
}
