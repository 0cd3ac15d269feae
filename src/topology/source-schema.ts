import * as z from 'zod';
import { duration, HOUR, list, MINUTE, name, refuse } from './forms.ts';

/* The section `sources`; see schema.ts for how errors and descriptions are written. */

const T1 = 'http://docs.oasis-open.org/wsn/t-1/TopicExpression/';

/** The dialects of topic expressions that have a short name in topology files, with their URIs. */
export const DIALECTS: ReadonlyMap<string, string> = new Map([
  ['Simple', `${T1}Simple`],
  ['Concrete', `${T1}Concrete`],
  ['Full', `${T1}Full`],
  ['ConcreteSet', 'http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet'],
  ['XPath', 'http://www.w3.org/TR/1999/REC-xpath-19991116'],
]);

const DIALECT_RULE = `one of ${[...DIALECTS.keys()].join(', ')}, or the URI of a dialect`;

const dialect = z
  .string({ error: DIALECT_RULE })
  .regex(/^(?:Simple|Concrete|Full|ConcreteSet|XPath|[A-Za-z][A-Za-z0-9+.-]*:[^\s]{1,2000})$/, { error: DIALECT_RULE })
  .transform((text) => DIALECTS.get(text) ?? text)
  .meta({ title: 'Simple, Concrete, Full, ConcreteSet, XPath or a URI' });

const URL_RULE = 'an absolute http or https URL without fragment or user, such as http://camera/onvif/event_service';

const url = z
  .string({ error: URL_RULE })
  .regex(/^https?:\/\/[^\s#@\\]{1,4000}$/, { error: URL_RULE })
  .transform((text, context) => (URL.canParse(text) ? new URL(text).href : refuse(context, text, URL_RULE)))
  .meta({ title: 'http or https URL' });

const PREFIX_RULE = 'prefixes with their namespaces, such as { tns1: "http://www.onvif.org/ver10/topics" }';
const NCNAME = /^[\p{L}_][\p{L}\p{N}_.-]{0,63}$/u;

const topicSchema = z.strictObject(
  {
    dialect: dialect.prefault('Concrete').describe('The dialect of the expression.'),
    expression: z
      .string({ error: 'a topic expression' })
      .min(1, { error: 'a topic expression' })
      .max(4096, { error: 'a topic expression of at most 4096 characters' })
      .meta({ title: 'text' })
      .describe('The topic expression.'),
    namespaces: z
      .record(z.string().regex(NCNAME, { error: PREFIX_RULE }), z.string({ error: PREFIX_RULE }).min(1, PREFIX_RULE), {
        error: PREFIX_RULE,
      })
      .meta({ title: 'mapping of prefixes to namespaces' })
      .prefault({})
      .describe('What the prefixes in the expression mean. Default: none.'),
  },
  { error: 'a mapping with the keys expression and optionally dialect and namespaces' },
);

const VERSION_RULE = '"1.1" or "1.2"';

export const sourceSchema = z.strictObject(
  {
    name: name.describe('Name of the source, unique among sources; keep it for good.'),
    engine: name
      .optional()
      .describe('The engine that subscribes, and publishes what it gets. Default: the first engine.'),
    address: url.describe(
      'Where the Subscribe goes to: never this topology itself, which would hear its own messages for ever.',
    ),
    kind: z
      .enum(['wsn', 'onvif'], { error: '"wsn" or "onvif"' })
      .prefault('wsn')
      .describe('`wsn`: a NotificationProducer; `onvif`: the event service of a device, which is polled.'),
    // Without quotes YAML reads a number.
    soap: z
      .union([z.enum(['1.1', '1.2']), z.literal([1.1, 1.2])], VERSION_RULE)
      .transform((version) => (String(version) === '1.1' ? '1.1' : '1.2'))
      .meta({ title: '1.1 or 1.2' })
      .prefault('1.2')
      .describe('The SOAP version to speak to it.'),
    topics: list(topicSchema, 'a list of topics', 100).describe(
      'What to subscribe to, one subscription for each. Default: everything.',
    ),
    lifetime: duration(MINUTE, 8760 * HOUR)
      .prefault('1h')
      .describe('For how long to subscribe; renewed when half of what was granted is over.'),
  },
  { error: 'a mapping with the keys name and address' },
);
