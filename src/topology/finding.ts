/** Where something stands in the document: keys of mappings, indices of lists. */
export type Path = readonly (string | number)[];

/** Something wrong, before its place in the text is looked up. */
export interface Finding {
  readonly path: Path;
  /** What was found and what was expected. */
  readonly message: string;
  readonly hint?: string | undefined;
  /** Point at the key instead of its value. */
  readonly atKey?: boolean;
}

const LONGEST_SHOWN = 60;

/** `servers[1].listen` */
export function formatPath(path: Path): string {
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index === 0 ? '' : '.'}${plain(step)}`))
    .join('');
}

/** A value as a message shows it: short, on one line, without control characters. */
export function show(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  return value === undefined || value === null ? 'nothing' : 'a mapping';
}

/** The text in double quotes, cut when it is long; what a terminal might obey is escaped. */
export function quote(text: string): string {
  const shown = text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
  return JSON.stringify(shown).replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, escapeCharacter);
}

/** `a, b and c` */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;
}

/** `1 server`, `2 servers`, `2 proxies` */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

function plain(key: string): string {
  return /^[\w.-]{1,60}$/.test(key) ? key : quote(key);
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
