import type { Loggable } from './redaction.ts';

/** One log line before it is written. */
export interface LogLine {
  readonly level: string;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, Loggable>>;
}

const COLOURS: Readonly<Record<string, number>> = { trace: 90, debug: 36, info: 32, warn: 33, error: 31 };
const STACK_KEY = 'stack';

/**
 * The line as a person reads it: time, level, message, then `name=value`. Always one line of printable text, whatever
 * the values hold; the stack of an error follows indented.
 */
export function formatTerminalLine({ level, time, message, fields }: LogLine, hasColour: boolean): string {
  const paint = (code: number, text: string): string => (hasColour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const stacks: string[] = [];
  const shown = Object.entries(fields).map(([name, value]) => {
    const { rest, stack } = withoutStack(value);
    if (stack !== undefined) stacks.push(stack);
    return ` ${paint(90, `${printable(name)}=`)}${formatValue(rest)}`;
  });
  const head = `${paint(90, time.slice(11, 23))} ${paint(COLOURS[level] ?? 0, level.toUpperCase().padEnd(5))}`;
  const tail = stacks.flatMap((stack) => stack.split('\n').slice(1)).map((line) => `\n    ${printable(line.trim())}`);
  return `${head} ${printable(message)}${shown.join('')}${tail.join('')}\n`;
}

/** The value without any stack in it, and the outermost one: causes are named, their stacks are for the JSON form. */
function withoutStack(value: Loggable): { rest: Loggable; stack?: string } {
  if (typeof value !== 'object' || value === null) return { rest: value };
  if (isList(value)) return { rest: value.map((member) => withoutStack(member).rest) };
  const members = Object.entries(value).filter(([name]) => name !== STACK_KEY);
  const rest = Object.fromEntries(members.map(([name, member]) => [name, withoutStack(member).rest]));
  const stack = value[STACK_KEY];
  return typeof stack === 'string' ? { rest, stack } : { rest };
}

function isList(value: Loggable): value is readonly Loggable[] {
  return Array.isArray(value);
}

function formatValue(value: Loggable): string {
  if (typeof value !== 'string') return printable(JSON.stringify(value));
  return /^[\w./:@[\]-]+$/.test(value) ? value : printable(JSON.stringify(value));
}

/** Escapes what a terminal would obey: control characters, line and paragraph separators, changes of direction. */
function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
