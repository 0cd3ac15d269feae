import * as z from 'zod';
import { NAME_PATTERN } from '../kernel/names.ts';
import { ADDRESS_PATTERN, parseAddress } from './address.ts';
import { DURATION_PATTERN, formatDuration, formatSize, parseDuration, parseSize, SIZE_PATTERN } from './units.ts';

/*
 * The forms of values in a topology file. Every `error` completes the sentence "found …, expected …"; every `title` is
 * the form of the value in the documentation.
 */

/** Most members of any list. */
export const MOST_MEMBERS = 256;

/** Milliseconds. */
export const SECOND = 1_000;
/** Milliseconds. */
export const MINUTE = 60 * SECOND;
/** Milliseconds. */
export const HOUR = 60 * MINUTE;
/** Bytes. */
export const MIB = 1024 ** 2;

const NAME_RULE = 'a name of up to 64 letters, digits, ".", "_" or "-" that begins with a letter or digit';
const ADDRESS_RULE = '"host:port" or "[IPv6]:port" with a port from 1 to 65535';
const URL_RULE = 'an absolute http or https URL without path, query, fragment or user, such as http://gateway:8080';

/** The name of something in the topology. */
export const name = z.string({ error: NAME_RULE }).regex(NAME_PATTERN, { error: NAME_RULE }).meta({ title: 'name' });

/** `host:port`, read. */
export const address = z
  .string({ error: ADDRESS_RULE })
  .regex(ADDRESS_PATTERN, { error: ADDRESS_RULE })
  .transform((text, context) => parseAddress(text) ?? refuse(context, text, ADDRESS_RULE))
  .meta({ title: 'host:port' });

/** A duration within bounds (milliseconds), read as milliseconds. */
export function duration(least: number, most: number): z.ZodType<number, string> {
  const rule = `a duration from ${formatDuration(least)} to ${formatDuration(most)}, such as 500ms, 30s, 5m or 1h`;
  return z
    .string({ error: rule })
    .regex(DURATION_PATTERN, { error: rule })
    .transform((text, context) => within(parseDuration(text), least, most) ?? refuse(context, text, rule))
    .meta({ title: `duration, ${formatDuration(least)} to ${formatDuration(most)}` });
}

/** A size within bounds, read as bytes. */
export function size(least: number, most: number): z.ZodType<number, string | number> {
  const rule = `a size from ${formatSize(least)} to ${formatSize(most)}, in bytes or such as 512KiB or 4MiB`;
  return z
    .union([z.int({ error: rule }).min(least, rule).max(most, rule), z.string().regex(SIZE_PATTERN, rule)], rule)
    .transform((value, context) => within(parseSize(String(value)), least, most) ?? refuse(context, value, rule))
    .meta({ title: `size, ${formatSize(least)} to ${formatSize(most)}` });
}

function within(amount: number | undefined, least: number, most: number): number | undefined {
  return amount !== undefined && amount >= least && amount <= most ? amount : undefined;
}

/** Records an issue from within a transformation. */
export function refuse(context: { issues: z.core.$ZodRawIssue[] }, input: unknown, message: string): never {
  context.issues.push({ code: 'custom', message, input });
  return z.NEVER;
}

/** The URL of a host, read as its origin. */
export const publicUrl = z
  .string({ error: URL_RULE })
  .regex(/^https?:\/\/[^\s/?#@\\]+\/?$/, { error: URL_RULE })
  .transform((text, context) => (URL.canParse(text) ? new URL(text).origin : refuse(context, text, URL_RULE)))
  .meta({ title: 'http or https URL' });

/** A path, absolute or relative to the folder of the topology file. */
export function path(rule: string): z.ZodType<string, string> {
  return z
    .string({ error: rule })
    .regex(/^[^\0]{1,4096}$/, { error: rule })
    .meta({ title: 'path' });
}

/** `true` or `false`. */
export const flag = z.boolean({ error: 'true or false' }).meta({ title: 'true or false' });

/** A list that may be empty or left out. */
export function list<Item extends z.ZodType>(
  item: Item,
  rule: string,
  most = MOST_MEMBERS,
): z.ZodPrefault<z.ZodArray<Item>> {
  return z
    .array(item, { error: rule })
    .max(most, { error: `a list of at most ${most}` })
    .prefault([]);
}

/** A list with at least one member. */
export function memberList<Member extends z.ZodType>(member: Member, noun: string): z.ZodArray<Member> {
  return z
    .array(member, { error: `a list with at least one ${noun}` })
    .min(1, { error: `a list with at least one ${noun}` })
    .max(MOST_MEMBERS, { error: `a list of at most ${MOST_MEMBERS}` });
}
