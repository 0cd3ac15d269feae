const T1 = 'http://docs.oasis-open.org/wsn/t-1/TopicExpression/';

/** The dialects of WS-Topics §8, and what is laid over them. */
export const SIMPLE_DIALECT = `${T1}Simple`;
export const CONCRETE_DIALECT = `${T1}Concrete`;
export const FULL_DIALECT = `${T1}Full`;
export const XPATH_DIALECT = 'http://www.w3.org/TR/1999/REC-xpath-19991116';
/** ONVIF Core §9.4. */
export const CONCRETE_SET_DIALECT = 'http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet';

/** The dialects that a subscription may use. */
export const SUPPORTED_DIALECTS = [
  SIMPLE_DIALECT,
  CONCRETE_DIALECT,
  FULL_DIALECT,
  XPATH_DIALECT,
  CONCRETE_SET_DIALECT,
] as const;

/** Dialects that real messages name wrongly: OpenHIM, OGC OSEO, ONVIF Core's example. Accepted, never emitted. */
const ALIASES: Readonly<Record<string, string>> = {
  'http://docs.oasis-open.org/wsn/t1/TopicExpression/Simple': SIMPLE_DIALECT,
  'http://docs.oasis-open.org/wsn/t1/TopicExpression/Concrete': CONCRETE_DIALECT,
  'http://docs.oasis-open.org/wsn/t1/TopicExpression/Full': FULL_DIALECT,
  'http://docs.oasis-open.org/wsn/2004/06/TopicExpression/Simple': SIMPLE_DIALECT,
  'http://docs.oasis-open.org/wsnt/t-1/TopicExpression/ConcreteSet': CONCRETE_SET_DIALECT,
};

/** The dialect's right name; the name itself if it is no known alias. */
export function canonicalDialect(dialect: string): string {
  return Object.hasOwn(ALIASES, dialect) ? (ALIASES[dialect] ?? dialect) : dialect;
}

/** In a Notify a topic is a path in every dialect; `xsd:anyURI` and no dialect at all are sent by Petals and ServiceMix. */
const NOTIFIED: ReadonlySet<string> = new Set([
  SIMPLE_DIALECT,
  CONCRETE_DIALECT,
  FULL_DIALECT,
  XPATH_DIALECT,
  CONCRETE_SET_DIALECT,
  'xsd:anyURI',
  '',
]);

/** True if a topic in a Notify may be labelled with this dialect (after `canonicalDialect`). */
export function mayLabelTopic(dialect: string): boolean {
  return NOTIFIED.has(dialect);
}
