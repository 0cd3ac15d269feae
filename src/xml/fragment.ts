import { InvariantError } from '../kernel/errors.ts';
import { memoized } from '../kernel/memo.ts';
import { COLON, GREATER_THAN, LEFT_BRACKET, LESS_THAN, NAME, NAME_START, trailingName } from './characters.ts';
import type { XmlElement } from './document.ts';
import { escapeAttribute } from './writer.ts';

/**
 * The element as text that stands alone: every namespace in scope that the element or its content may use (by name, or by a
 * `prefix:` in text or attribute values) is declared on it; nothing else of its bytes changes. `extraAttributes` is source text like
 * ` a:b="c"`, already escaped, that goes into the start tag; a prefix in it has to be declared in it, or around the place where
 * the text will stand.
 */
export function standalone(element: XmlElement, extraAttributes = ''): string {
  const slice = element.slice();
  const declarations = declare(neededFrom(element, slice).declarations);
  if (declarations === '' && extraAttributes === '') return slice.toString('utf8');
  const nameEnd = endOfName(slice);
  return `${slice.toString('utf8', 0, nameEnd)}${declarations}${extraAttributes}${slice.toString('utf8', nameEnd)}`;
}

/** What `wrapExact` puts around an element. */
export interface Wrapper {
  readonly namespace: string;
  readonly localName: string;
  readonly prefix: string;
}

/**
 * `<wrapper>`, the element's exact bytes, `</wrapper>`: the namespaces from above that the content may use are declared on the
 * wrapper. The wrapper's preferred prefix gives way when the content uses it for another namespace. The wrapper's namespace must not be ''.
 */
export function wrapExact(element: XmlElement, wrapper: Wrapper): Buffer {
  const slice = element.slice();
  const needed = neededFrom(element, slice, wrapper.prefix);
  const { head, tail } = needed === NOTHING ? plainTags(wrapper) : tagsOf(wrapper, needed);
  const bytes = Buffer.allocUnsafe(head.length + slice.length + tail.length);
  bytes.set(head);
  bytes.set(slice, head.length);
  bytes.set(tail, head.length + slice.length);
  return bytes;
}

interface Tags {
  readonly head: Buffer;
  readonly tail: Buffer;
}

function tagsOf(wrapper: Wrapper, needed: Needed): Tags {
  if (wrapper.namespace === '') throw new InvariantError('Expected a namespace for the wrapper, found none');
  const prefix = choosePrefix(wrapper, needed);
  const all = new Map(needed.declarations).set(prefix, wrapper.namespace);
  const name = `${prefix}:${wrapper.localName}`;
  return { head: Buffer.from(`<${name}${declare(all)}>`), tail: Buffer.from(`</${name}>`) };
}

/** The tags of wrappers around content that takes nothing from around it, which is most. */
const plain = new WeakMap<Wrapper, Tags>();

function plainTags(wrapper: Wrapper): Tags {
  const known = plain.get(wrapper);
  if (known !== undefined) return known;
  const tags = tagsOf(wrapper, NOTHING);
  plain.set(wrapper, tags);
  return tags;
}

/** What a piece of a document takes from the elements around it. */
interface Needed {
  /** The inherited declarations that it may use. */
  readonly declarations: ReadonlyMap<string, string>;
  /** Everything in its bytes that looks like a prefix, but for the prefixes that the element itself declares. */
  readonly mentioned: ReadonlySet<string>;
}

const NOTHING: Needed = { declarations: new Map(), mentioned: new Set() };

/** `own`: the prefix that is to be declared around the element, if there is one. */
function neededFrom(element: XmlElement, slice: Buffer, own?: string): Needed {
  const inherited = element.inherited();
  const needed = neededAtOnce(element, slice, inherited, own);
  if (needed !== undefined) return needed;
  const { prefixes, isCertain } = mentionedPrefixes(slice);
  const declarations = new Map<string, string>();
  for (const [prefix, namespace] of inherited) {
    if (prefix === '' || !isCertain || prefixes.has(prefix)) declarations.set(prefix, namespace);
  }
  if (prefixes.size > 0) {
    for (const prefix of element.inScope().keys()) if (!inherited.has(prefix)) prefixes.delete(prefix);
  }
  return { declarations, mentioned: prefixes };
}

/** From here on it is cheaper to look at every colon than for every prefix. */
const MANY_PREFIXES = 8;

/**
 * What is needed, where one native search for each inherited prefix tells it, as it nearly always does; otherwise undefined. There
 * must be nothing in the document that a prefix may hide behind, and no mention of `own` that may mean something else than
 * what it means around the element.
 */
function neededAtOnce(
  element: XmlElement,
  slice: Buffer,
  inherited: ReadonlyMap<string, string>,
  own: string | undefined,
): Needed | undefined {
  if (!element.document.isPlain || inherited.size > MANY_PREFIXES || own === '') return undefined;
  if (own !== undefined && !inherited.has(own) && mentions(slice, own) !== false) return undefined;
  let declarations: Map<string, string> | undefined;
  for (const [prefix, namespace] of inherited) {
    const isNeeded = prefix === '' || mentions(slice, prefix);
    if (isNeeded === undefined) return undefined;
    if (isNeeded) (declarations ??= new Map()).set(prefix, namespace);
  }
  return declarations === undefined ? NOTHING : { declarations, mentioned: NOTHING.mentioned };
}

const withColon = memoized((prefix): Buffer => Buffer.from(`${prefix}:`));

/** Whether the bytes mention the prefix; undefined where that takes a closer look. */
function mentions(slice: Buffer, prefix: string): boolean | undefined {
  const needle = withColon(prefix);
  for (let at = slice.indexOf(needle); at >= 0; at = slice.indexOf(needle, at + 1)) {
    const before = slice[at - 1] ?? LESS_THAN;
    if (NAME[before] === 0 || before === COLON) return true;
    // Behind a letter it is the end of a longer name. A digit, a dot or a hyphen belongs to a name or comes before one.
    if (before >= 0x80 || NAME_START[before] === 0) return undefined;
  }
  return false;
}

/**
 * Every name before a ":" in the bytes: prefixes of elements, attributes and QNames in content, and things that only look so.
 * Not certain where a prefix may be hidden: behind a character reference, or cut by a comment or the edge of a CDATA section.
 */
function mentionedPrefixes(slice: Buffer): { prefixes: Set<string>; isCertain: boolean } {
  const prefixes = new Set<string>();
  const seen: number[] = [];
  let isCertain = slice.indexOf(CHARACTER_REFERENCE) < 0;
  // Each run of name bytes is read once: it ends at this colon and begins behind the one before, or later.
  for (let colon = slice.indexOf(COLON); colon >= 0; colon = slice.indexOf(COLON, colon + 1)) {
    let start = colon;
    while (start > 0 && isPrefixByte(slice[start - 1])) start--;
    if (isAtSeam(slice, start)) isCertain = false;
    if (start === colon || isSeen(slice, seen, start, colon)) continue;
    if (seen.length < MAX_SEEN) seen.push(start, colon);
    // In an expression like "-p:x", "3.p:x" or "×p:x" the prefix begins behind the first characters.
    const prefix = trailingName(slice.toString('utf8', start, colon));
    if (prefix !== '') prefixes.add(prefix);
  }
  return { prefixes, isCertain };
}

const CHARACTER_REFERENCE = Buffer.from('&#');
/** Twice as many runs as are remembered: a message has a few prefixes, each of them many times. */
const MAX_SEEN = 32;

/** Whether the bytes from `start` to `end` are those of one of the runs in `seen`, which has starts and ends in turn. */
function isSeen(slice: Buffer, seen: readonly number[], start: number, end: number): boolean {
  const length = end - start;
  for (let run = 0; run < seen.length; run += 2) {
    const from = seen[run] ?? 0;
    if ((seen[run + 1] ?? 0) - from !== length) continue;
    let i = 0;
    while (i < length && slice[from + i] === slice[start + i]) i++;
    if (i === length) return true;
  }
  return false;
}

function isPrefixByte(byte: number | undefined): boolean {
  return byte !== undefined && byte !== COLON && NAME[byte] === 1;
}

/** Whether a comment or a CDATA section ends, or a section begins, right before `at`: text there goes on what stood before it. */
function isAtSeam(slice: Buffer, at: number): boolean {
  const before = slice[at - 1];
  if (before === LEFT_BRACKET) return slice.toString('latin1', Math.max(0, at - 9), at) === '<![CDATA[';
  if (before !== GREATER_THAN) return false;
  const end = slice.toString('latin1', Math.max(0, at - 3), at);
  return end === '-->' || end === ']]>';
}

/**
 * The preferred prefix, unless the content uses it otherwise; then one like it that the content does not mention. A prefix that
 * the content mentions and nobody has declared must keep meaning nothing.
 */
function choosePrefix(
  wrapper: { readonly namespace: string; readonly prefix: string },
  { declarations, mentioned }: Needed,
): string {
  const isFree = (prefix: string): boolean =>
    prefix !== '' &&
    (declarations.get(prefix) === wrapper.namespace || !(declarations.has(prefix) || mentioned.has(prefix)));
  if (isFree(wrapper.prefix)) return wrapper.prefix;
  const stem = wrapper.prefix === '' ? 'ns' : wrapper.prefix;
  let number = 1;
  while (!isFree(`${stem}${number}`)) number++;
  return `${stem}${number}`;
}

function declare(declarations: ReadonlyMap<string, string>): string {
  let text = '';
  for (const [prefix, namespace] of declarations) {
    text += ` ${prefix === '' ? 'xmlns' : `xmlns:${prefix}`}="${escapeAttribute(namespace)}"`;
  }
  return text;
}

/** The offset behind the name in a start tag. */
function endOfName(slice: Buffer): number {
  let i = 1;
  while (NAME[slice[i] ?? 0] === 1) i++;
  return i;
}
