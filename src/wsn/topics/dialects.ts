import type { DeviationName } from '../../soap/tolerance.ts';

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

interface Alias {
  readonly dialect: string;
  readonly deviation: DeviationName;
}

/** Dialects that real messages name wrongly: OpenHIM, OGC OSEO, ONVIF Core's example, Petals. Accepted, never emitted. */
const ALIASES: ReadonlyMap<string, Alias> = new Map([
  ...namedAlike('http://docs.oasis-open.org/wsn/t1/TopicExpression/', 'dialectT1'),
  ...namedAlike('http://docs.oasis-open.org/wsn/2004/06/TopicExpression/', 'dialect200406'),
  [
    'http://docs.oasis-open.org/wsnt/t-1/TopicExpression/ConcreteSet',
    { dialect: CONCRETE_SET_DIALECT, deviation: 'dialectWsnt' },
  ],
  ['xsd:anyURI', { dialect: CONCRETE_DIALECT, deviation: 'dialectAnyUri' }],
]);

function namedAlike(folder: string, deviation: DeviationName): readonly (readonly [string, Alias])[] {
  return ['Simple', 'Concrete', 'Full'].map((name) => [folder + name, { dialect: T1 + name, deviation }]);
}

/** The dialect's right name; the name itself if it is no known alias. */
export function canonicalDialect(dialect: string): string {
  return ALIASES.get(dialect)?.dialect ?? dialect;
}

/** The deviation that this name of a dialect is; undefined if it is none. */
export function dialectDeviation(dialect: string): DeviationName | undefined {
  return ALIASES.get(dialect)?.deviation;
}

/** In a Notify a topic is a path in every dialect. */
const NOTIFIED: ReadonlySet<string> = new Set([
  SIMPLE_DIALECT,
  CONCRETE_DIALECT,
  FULL_DIALECT,
  XPATH_DIALECT,
  CONCRETE_SET_DIALECT,
]);

/** True if a topic in a Notify may be labelled with this dialect (after `canonicalDialect`). */
export function mayLabelTopic(dialect: string): boolean {
  return NOTIFIED.has(dialect);
}
