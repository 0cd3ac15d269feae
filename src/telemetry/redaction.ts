/** What may be logged of a value: bounded, without secrets, without the bodies of messages. */
export type Loggable = string | number | boolean | null | readonly Loggable[] | { readonly [key: string]: Loggable };

const REDACTED = '[redacted]';
const MOST_DEPTH = 6;
const MOST_MEMBERS = 50;
const LONGEST_TEXT = 2_000;
const LONGEST_STACK = 8_000;

const SECRET_KEY =
  /secret|passw|passphrase|credential|authorization|cookie|private.?key|api.?key|access.?key|session.?key|^(?:auth|access|refresh|bearer|id)?[_-]?token$|^pwd$/i;
const BODY_KEY = /^(?:body|payload|envelope|rawMessage)$/i;
const URL_USER = /\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#@]+@/gi;
const AUTHORIZATION = /\b(Basic|Bearer|Digest)\s+[\w.~+/=-]{8,}/gi;

/**
 * Turns anything into what may be logged. Values under keys that name a secret are replaced; users in URLs and
 * authorization values are replaced in every text; byte strings and bodies are shown by their size only. Depth,
 * members and lengths are bounded; cycles and getters that throw do no harm.
 */
export function redact(value: unknown): Loggable {
  return redactAt('', value, 0, []);
}

/** The part of a value that defies reading (a proxy, an error whose message is a getter that throws). */
const UNREADABLE = '[unreadable]';

function redactAt(key: string, value: unknown, depth: number, above: readonly object[]): Loggable {
  if (value === null || value === undefined || typeof value === 'boolean') return value ?? null;
  if (SECRET_KEY.test(key)) return REDACTED;
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'string':
      return BODY_KEY.test(key) ? `[${value.length} characters]` : redactText(value, LONGEST_TEXT);
    case 'object':
      try {
        return redactObject(key, value, depth, above);
      } catch {
        return UNREADABLE;
      }
    case 'bigint':
    case 'symbol':
      return value.toString();
    default:
      return `[${typeof value}]`;
  }
}

function redactObject(key: string, value: object, depth: number, above: readonly object[]): Loggable {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (BODY_KEY.test(key)) return '[body]';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (value instanceof URL) return redactText(value.href, LONGEST_TEXT);
  if (above.includes(value)) return '[circular]';
  if (depth >= MOST_DEPTH) return '[too deep]';
  const inner = [...above, value];
  if (value instanceof Error) return redactError(value, depth, inner);
  if (Array.isArray(value)) return redactList(value, depth, inner);
  if (value instanceof Set) return redactList([...value], depth, inner);
  const entries = value instanceof Map ? namedEntries(value) : readable(value);
  return redactEntries(entries, depth, inner);
}

function namedEntries(map: ReadonlyMap<unknown, unknown>): (readonly [string, unknown])[] {
  return [...map].map(([name, member]) => [nameOf(name), member] as const);
}

function nameOf(key: unknown): string {
  if (typeof key === 'string' || typeof key === 'number') return String(key);
  return typeof key === 'symbol' ? key.toString() : `[${typeof key}]`;
}

function redactEntries(
  entries: readonly (readonly [string, unknown])[],
  depth: number,
  above: readonly object[],
): Record<string, Loggable> {
  const members = entries
    .slice(0, MOST_MEMBERS)
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) => [redactText(name, 100), redactAt(name, member, depth + 1, above)] as const);
  const more = entries.length > MOST_MEMBERS ? [['…', `${entries.length - MOST_MEMBERS} more`] as const] : [];
  return Object.fromEntries([...members, ...more]);
}

function redactList(list: readonly unknown[], depth: number, above: readonly object[]): Loggable[] {
  const members = list.slice(0, MOST_MEMBERS).map((member) => redactAt('', member, depth + 1, above));
  return list.length > MOST_MEMBERS ? [...members, `… ${list.length - MOST_MEMBERS} more`] : members;
}

/** Name, message, stack, cause and whatever the error carries besides (code, processed, diagnostics …). */
function redactError(error: Error, depth: number, above: readonly object[]): Loggable {
  const standard = new Set(['name', 'message', 'stack', 'cause', 'errors']);
  const own = readable(error).filter(([name]) => !standard.has(name));
  const causes = [
    ...(error.cause === undefined ? [] : [['cause', error.cause] as const]),
    ...(error instanceof AggregateError ? [['errors', error.errors as unknown] as const] : []),
  ];
  return {
    type: redactAt('', error.name, depth, above),
    message: redactAt('', error.message, depth, above),
    ...redactEntries([...own, ...causes], depth, above),
    ...(typeof error.stack === 'string' ? { stack: redactText(error.stack, LONGEST_STACK) } : {}),
  };
}

/** Own members whose getters do not throw. */
function readable(value: object): (readonly [string, unknown])[] {
  return Object.keys(value).flatMap((name) => {
    try {
      return [[name, (value as Readonly<Record<string, unknown>>)[name]] as const];
    } catch {
      return [[name, UNREADABLE] as const];
    }
  });
}

function redactText(text: string, longest: number): string {
  const shown = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return shown.replace(URL_USER, `$1${REDACTED}@`).replace(AUTHORIZATION, `$1 ${REDACTED}`);
}
