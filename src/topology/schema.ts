import { z } from 'zod';
import { NAME_PATTERN } from '../kernel/names.ts';
import { ADDRESS_PATTERN, parseAddress } from './address.ts';
import { quote } from './finding.ts';
import { KIND_NAMES } from './kind.ts';
import { DURATION_PATTERN, formatDuration, formatSize, parseDuration, parseSize, SIZE_PATTERN } from './units.ts';

/*
 * The shape of a topology file, and the one place where keys, bounds and defaults are described: the validation, the
 * JSON schema for editors and docs/topology.md all come from here.
 *
 * Every `error` completes the sentence "found …, expected …"; every `title` is the form of the value in the
 * documentation. A description that ends with "Default: …" states a default that depends on other keys; fixed defaults
 * are values.
 */

const MOST_MEMBERS = 256;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const MIB = 1024 ** 2;

const NAME_RULE = 'a name of up to 64 letters, digits, ".", "_" or "-" that begins with a letter or digit';
const ADDRESS_RULE = '"host:port" or "[IPv6]:port" with a port from 1 to 65535';
const URL_RULE = 'an absolute http or https URL without path, query, fragment or user, such as http://gateway:8080';

const name = z.string({ error: NAME_RULE }).regex(NAME_PATTERN, { error: NAME_RULE }).meta({ title: 'name' });

const address = z
  .string({ error: ADDRESS_RULE })
  .regex(ADDRESS_PATTERN, { error: ADDRESS_RULE })
  .transform((text, context) => parseAddress(text) ?? refuse(context, text, ADDRESS_RULE))
  .meta({ title: 'host:port' });

function duration(least: number, most: number): z.ZodType<number, string> {
  const rule = `a duration from ${formatDuration(least)} to ${formatDuration(most)}, such as 500ms, 30s, 5m or 1h`;
  return z
    .string({ error: rule })
    .regex(DURATION_PATTERN, { error: rule })
    .transform((text, context) => within(parseDuration(text), least, most) ?? refuse(context, text, rule))
    .meta({ title: `duration, ${formatDuration(least)} to ${formatDuration(most)}` });
}

function size(least: number, most: number): z.ZodType<number, string | number> {
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
function refuse(context: { issues: z.core.$ZodRawIssue[] }, input: unknown, message: string): never {
  context.issues.push({ code: 'custom', message, input });
  return z.NEVER;
}

const publicUrl = z
  .string({ error: URL_RULE })
  .regex(/^https?:\/\/[^\s/?#@\\]+\/?$/, { error: URL_RULE })
  .transform((text, context) => (URL.canParse(text) ? new URL(text).origin : refuse(context, text, URL_RULE)))
  .meta({ title: 'http or https URL' });

const directory = z
  .string({ error: 'the path of a directory' })
  .regex(/^[^\0]{1,4096}$/, { error: 'the path of a directory' })
  .meta({ title: 'path' });

export const proxySchema = z.strictObject(
  {
    name: name.describe('Name of the proxy, unique among proxies and servers.'),
    listen: address.describe('Where clients connect: `host:port` or `[IPv6]:port`.'),
  },
  { error: 'a mapping with the keys name and listen' },
);

export const serverSchema = z.strictObject(
  {
    name: name.describe('Name of the server, unique among proxies and servers.'),
    listen: address.describe('Where the service point of this server answers plain HTTP.'),
    wire: address
      .optional()
      .describe(
        'Where the other members connect. Proxies and servers must reach it. ' +
          'Default: the host of `listen` and the port of `listen` + 10.',
      ),
  },
  { error: 'a mapping with the keys name, listen and optionally wire' },
);

export const engineSchema = z.strictObject(
  {
    name: name.describe('Name of the messaging engine; every endpoint reference carries it, so keep it for good.'),
    candidates: z
      .array(name, { error: 'a list of the names of servers' })
      .min(1, { error: 'a list of at least one server' })
      .max(MOST_MEMBERS, { error: `a list of at most ${MOST_MEMBERS} servers` })
      .describe('The servers that may host the engine, in order of preference; the first is the preferred one.'),
    failback: z
      .enum(['automatic', 'manual'], { error: '"automatic" or "manual"' })
      .prefault('automatic')
      .describe('Whether the engine returns to its preferred server by itself once that is healthy again.'),
    failbackDelay: duration(0, 24 * HOUR)
      .prefault('30s')
      .describe('How long the preferred server must have been healthy before it asks for its engine back.'),
  },
  { error: 'a mapping with the keys name and candidates' },
);

const storeSchema = z.strictObject(
  {
    sqlite: z
      .strictObject(
        {
          directory: directory
            .optional()
            .describe(
              'Where each engine keeps its files; on a local disk. Relative to the folder of the topology file. ' +
                'Default: `data/` and the name of the topology.',
            ),
        },
        { error: 'a mapping with the key directory' },
      )
      .prefault({})
      .describe('One SQLite file for each engine. All candidates of an engine run on the same machine.'),
  },
  { error: 'a mapping with the key sqlite' },
);

export const leaseSchema = z.strictObject(
  {
    ttl: duration(200, 5 * MINUTE)
      .prefault('3s')
      .describe(
        'A standby takes over when the holder has not renewed for this long. More than `guard` + 2 × `renewEvery`.',
      ),
    renewEvery: duration(20, MINUTE).prefault('500ms').describe('How often the holder renews its lease.'),
    guard: duration(20, MINUTE)
      .prefault('1s')
      .describe('How long before the end of `ttl` a holder that could not renew stops itself.'),
  },
  { error: 'a mapping' },
);

const limitsSchema = z.strictObject(
  {
    maxBody: size(1024, 64 * MIB)
      .prefault('4MiB')
      .describe('Largest request body.'),
    hold: duration(0, 5 * MINUTE)
      .prefault('10s')
      .describe('How long a proxy holds a request whose engine is between two servers, before it answers 503.'),
    maxHeldRequests: z
      .int({ error: 'a whole number from 0 to 100000' })
      .min(0, { error: 'a whole number from 0 to 100000' })
      .max(100_000, { error: 'a whole number from 0 to 100000' })
      .prefault(1000)
      .describe('Most requests that a proxy holds for one engine.'),
    maxHeld: size(0, 4096 * MIB)
      .prefault('64MiB')
      .describe('Most bytes of requests that a proxy holds for one engine.'),
  },
  { error: 'a mapping' },
);

export const deliverySchema = z.strictObject(
  {
    connectTimeout: duration(10, 5 * MINUTE)
      .prefault('3s')
      .describe('How long a connection to a consumer may take to open. At most `totalTimeout`.'),
    totalTimeout: duration(10, HOUR).prefault('15s').describe('How long one delivery attempt may take in all.'),
    firstRetry: duration(10, HOUR)
      .prefault('1s')
      .describe('Upper bound of the wait before the second attempt; it doubles with each failure. At most `maxRetry`.'),
    maxRetry: duration(10, 24 * HOUR)
      .prefault('5m')
      .describe('Upper bound of the wait between two attempts.'),
  },
  { error: 'a mapping' },
);

export const topologySchema = z
  .strictObject(
    {
      name: name.describe('Name of the topology; shown in logs and used for the default store directory.'),
      topology: z
        .enum(KIND_NAMES, { error: `one of ${KIND_NAMES.map(quote).join(', ')}` })
        .describe('The kind of the topology. Must agree with the shape of the servers and engines below.'),
      publicUrl: publicUrl
        .optional()
        .describe(
          'What WSDL and endpoint references show to clients: the address of the proxy, or of what stands before it; ' +
            'never that of a server. Default: `http://` and the `listen` address of the first proxy.',
        ),
      proxies: memberList(proxySchema, 'proxy').describe('The front doors. Any number may stand side by side.'),
      servers: memberList(serverSchema, 'server').describe('The processes that offer service points and host engines.'),
      engines: memberList(engineSchema, 'engine').describe('The messaging engines, and where each may run.'),
      store: storeSchema.prefault({}).describe('Where the engines keep what must survive.'),
      lease: leaseSchema.prefault({}).describe('How fast a takeover is noticed.'),
      limits: limitsSchema.prefault({}).describe('What one request and one outage may cost.'),
      delivery: deliverySchema.prefault({}).describe('How notifications are sent to consumers.'),
    },
    { error: 'a mapping with the keys name, topology, proxies, servers and engines' },
  )
  .describe('A Pointsman topology: proxies, servers, engines and their store.');

function memberList<Member extends z.ZodType>(member: Member, noun: string): z.ZodArray<Member> {
  return z
    .array(member, { error: `a list with at least one ${noun}` })
    .min(1, { error: `a list with at least one ${noun}` })
    .max(MOST_MEMBERS, { error: `a list of at most ${MOST_MEMBERS}` });
}

/** A topology file as written, with defaults and units resolved. */
export type WrittenTopology = z.output<typeof topologySchema>;
