import { memoized } from '../kernel/memo.ts';

const TOKEN = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
/** Visible, a blank, a tab, or a byte that HTTP leaves to those who talk to each other. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Where a request ends, and whom it is for, is not said twice. */
const OWN: ReadonlySet<string> = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'upgrade']);

const startOf = memoized((name) => {
  if (!TOKEN.test(name) || OWN.has(name.toLowerCase())) {
    throw new TypeError(`Found the header ${JSON.stringify(name)}, expected a name that may be set`);
  }
  return `${name}: `;
});

/** A line of a request's head. Throws when the header would end elsewhere than it seems to, or is not to be set. */
export function fieldLine(name: string, value: string): string {
  if (!VALUE.test(value)) throw new TypeError(`The header ${name} has a character that HTTP cannot carry`);
  return `${startOf(name)}${value}\r\n`;
}
