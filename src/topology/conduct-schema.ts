import * as z from 'zod';
import { MAX_PORT } from './address.ts';
import { DEVIATION_NAMES } from './deviations.ts';
import { duration, flag, HOUR, list, path, refuse, SECOND } from './forms.ts';

/* The sections that decide what the standards leave open; see schema.ts for how errors and descriptions are written. */

const REPLY_HOST_RULE = 'a host name or an IP address, without or with ":port"; no wildcard, no scheme, no path';
const REPLY_HOST = /^(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?)(?::(\d{1,5}))?$/;

const replyHost = z
  .string({ error: REPLY_HOST_RULE })
  .regex(REPLY_HOST, { error: REPLY_HOST_RULE })
  .transform((text, context) => canonicalHost(text) ?? refuse(context, text, REPLY_HOST_RULE))
  .meta({ title: 'host or host:port' });

/** As URLs show it; undefined if no URL can have it. */
function canonicalHost(text: string): string | undefined {
  const [, host = '', digits] = REPLY_HOST.exec(text) ?? [];
  const url = `http://${host}/`;
  if (!URL.canParse(url)) return undefined;
  const { hostname } = new URL(url);
  if (digits === undefined) return hostname;
  const port = Number(digits);
  return port >= 1 && port <= MAX_PORT ? `${hostname}:${port}` : undefined;
}

export const replyTo = list(replyHost, 'a list of hosts').describe(
  'Hosts to which replies and faults may be sent where a request asks for that by wsa:ReplyTo or wsa:FaultTo: ' +
    '`host` for every port, or `host:port`. All other addresses than the anonymous one are refused.',
);

export const topicsSchema = z.strictObject(
  {
    fixed: flag
      .prefault(false)
      .describe('Whether there are the topics of `sets` only; otherwise topics also grow by use.'),
    namespaces: list(path('the path of a file'), 'a list of files').describe(
      'Files with a wstop:TopicNamespace each: which topics a namespace may have.',
    ),
    sets: list(path('the path of a file'), 'a list of files').describe(
      'Files with a wstop:TopicSet each: the topics that there always are.',
    ),
  },
  { error: 'a mapping' },
);

export const publishersSchema = z.strictObject(
  {
    registration: z
      .enum(['optional', 'required'], { error: '"optional" or "required"' })
      .prefault('optional')
      .describe('Whether a publisher has to register before it may publish.'),
  },
  { error: 'a mapping with the key registration' },
);

export const subscriptionsSchema = z.strictObject(
  {
    renewGrace: duration(0, 24 * HOUR)
      .prefault('10s')
      .describe('How long after its end a subscription can still be renewed.'),
    pauseRetention: z
      .enum(['all', 'last', 'none'], { error: '"all", "last" or "none"' })
      .prefault('all')
      .describe('What a paused subscription keeps of the messages that arrive meanwhile, unless its policy says so.'),
  },
  { error: 'a mapping with the keys renewGrace and pauseRetention' },
);

const LIFETIME_RULE = '"unlimited" or a duration from 1s to 8760h, such as 30m or 24h';

export const pullPointsSchema = z.strictObject(
  {
    lifetime: z
      .union([z.literal('unlimited'), duration(SECOND, 8760 * HOUR)], LIFETIME_RULE)
      .meta({ title: 'unlimited, or duration, 1s to 8760h' })
      .prefault('unlimited')
      .describe('How long a pull point lives whose creator does not say.'),
  },
  { error: 'a mapping with the key lifetime' },
);

export const profilesSchema = z.strictObject(
  {
    dsub: flag.prefault(false).describe('IHE Document Metadata Subscription (DSUB).'),
    onvif: flag.prefault(false).describe('The event service of ONVIF.'),
  },
  { error: 'a mapping with the keys dsub and onvif' },
);

/** One key for each deviation. */
export const tolerateSchema = z.strictObject(
  Object.fromEntries(DEVIATION_NAMES.map((deviation) => [deviation, flag.optional()])),
  {
    error: 'a mapping of deviations to true or false',
  },
);
