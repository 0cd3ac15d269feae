import * as z from 'zod';
import { backlogSchema } from './backlog-schema.ts';
import {
  profilesSchema,
  publishersSchema,
  pullPointsSchema,
  replyTo,
  subscriptionsSchema,
  tolerateSchema,
  topicsSchema,
} from './conduct-schema.ts';
import { quote } from './finding.ts';
import {
  address,
  duration,
  flag,
  HOUR,
  list,
  memberList,
  MIB,
  MINUTE,
  MOST_MEMBERS,
  name,
  path,
  publicUrl,
  size,
} from './forms.ts';
import { KIND_NAMES } from './kind.ts';
import { sourceSchema } from './source-schema.ts';

/*
 * The shape of a topology file, and with conduct-schema.ts and source-schema.ts the one place where keys, bounds and
 * defaults are described: the validation, the JSON schema for editors and docs/topology.md all come from here.
 *
 * Every `error` completes the sentence "found …, expected …"; every `title` is the form of the value in the
 * documentation. A description that ends with "Default: …" states a default that depends on other keys; fixed defaults
 * are values.
 */

const MOST_WORKERS = 64;
const WORKERS_RULE = `a whole number from 1 to ${MOST_WORKERS}`;

export const proxySchema = z.strictObject(
  {
    name: name.describe('Name of the proxy, unique among proxies and servers.'),
    listen: address.describe('Where clients connect: `host:port` or `[IPv6]:port`.'),
    workers: z
      .int({ error: WORKERS_RULE })
      .min(1, { error: WORKERS_RULE })
      .max(MOST_WORKERS, { error: WORKERS_RULE })
      .prefault(1)
      .describe(
        'How many processes accept the connections of its clients, each with limits of its own. ' +
          'More than one pays where the proxy alone would keep a core busy and others are idle.',
      ),
  },
  { error: 'a mapping with the keys name, listen and optionally workers' },
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
    failbackEvery: duration(0, 24 * HOUR)
      .prefault('10m')
      .describe(
        'Two automatic failbacks lie at least this far apart, so that a server that keeps failing does not drag the engine along.',
      ),
  },
  { error: 'a mapping with the keys name and candidates' },
);

const storeSchema = z.strictObject(
  {
    sqlite: z
      .strictObject(
        {
          directory: path('the path of a directory')
            .optional()
            .describe(
              'Where each engine keeps its files; on a local disk. Relative to the folder of the topology file. ' +
                'Default: `data/` and the name of the topology.',
            ),
          ballast: size(0, 4096 * MIB)
            .prefault('32MiB')
            .describe(
              'Space that each engine keeps for a full disk, so that deliveries and deletions can still be recorded; 0: none.',
            ),
          onRegression: z
            .enum(['refuse', 'accept'], { error: '"refuse" or "accept"' })
            .prefault('refuse')
            .describe(
              'What to do with a database that has lost acknowledged commits: leave it alone until an operator acts, or ' +
                'log what is lost and go on without it. A damaged database is refused in any case.',
            ),
        },
        { error: 'a mapping with the keys directory, ballast and onRegression' },
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

const MOST_VERSIONS = 1_000_000_000;
const VERSION_RULE = `a whole number from 0 to ${MOST_VERSIONS}`;

export const topologySchema = z
  .strictObject(
    {
      name: name.describe('Name of the topology; shown in logs and used for the default store directory.'),
      version: z
        .int({ error: VERSION_RULE })
        .min(0, { error: VERSION_RULE })
        .max(MOST_VERSIONS, { error: VERSION_RULE })
        .prefault(0)
        .describe(
          'Raise it with each change: a running member refuses a file with a lower one, and `pointsman status` shows who is behind. ' +
            '0: changes are not counted.',
        ),
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
      backlog: backlogSchema.prefault({}).describe('How much may wait for consumers, and what happens beyond that.'),
      topics: topicsSchema.prefault({}).describe('Which topics there may be.'),
      publishers: publishersSchema.prefault({}).describe('Who may publish.'),
      subscriptions: subscriptionsSchema.prefault({}).describe('How subscriptions live.'),
      pullPoints: pullPointsSchema.prefault({}).describe('How pull points live.'),
      sources: list(sourceSchema, 'a list of sources').describe(
        'Remote producers that an engine subscribes to; what they send is published here.',
      ),
      profiles: profilesSchema.prefault({}).describe('What is offered beyond WS-Notification.'),
      replyTo,
      strict: flag
        .prefault(false)
        .describe('Refuses every deviation from the standards, but for those that `tolerate` lets through.'),
      tolerate: tolerateSchema
        .prefault({})
        .describe('Single deviations of real clients: `true` lets one through, `false` refuses it.'),
    },
    { error: 'a mapping with the keys name, topology, proxies, servers and engines' },
  )
  .describe('A Pointsman topology: proxies, servers, engines and their store.');

/** A topology file as written, with defaults and units resolved. */
export type WrittenTopology = z.output<typeof topologySchema>;
