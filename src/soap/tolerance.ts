/** One thing that real clients do and the standards do not allow. */
export interface Deviation {
  /** What is accepted beyond the standards. */
  readonly what: string;
  /** Whose messages have it. */
  readonly seenIn: string;
  /** Refused unless the topology names it, tolerant or not; and why. */
  readonly isOffBecause?: string;
}

/**
 * Every deviation that can be accepted, and none is ever emitted. All but those with `isOffBecause` are accepted unless the
 * topology says otherwise (`strict`, `tolerate`); `DEVIATION_NAMES` of the topology room has the same names.
 */
export const DEVIATIONS = {
  actionBw2: {
    what: '`bw2` for `bw-2` in an action',
    seenIn: 'the examples of IHE DSUB, OpenHIM',
  },
  actionPausable: {
    what: 'the port type `PausableSubscriptionManager` in an action, where the standard says `SubscriptionManager`',
    seenIn: "ONVIF's WSDL and what is generated from it",
  },
  actionWsdlDefault: {
    what: "the actions that follow from the names in the broker's WSDL (`brw-2/NotificationBroker/…`)",
    seenIn: 'what follows from brw-2.wsdl by the default of WS-Addressing Metadata',
  },
  actionBr2: {
    what: 'actions of the form `br-2/<operation>`',
    seenIn: 'Petals',
  },
  actionBareName: {
    what: 'the bare name of the operation as action',
    seenIn: 'fgsms',
  },
  actionSubscribeOnRenew: {
    what: 'the action of Subscribe with a Renew',
    seenIn: 'an example of OGC PubSub',
  },
  actionPullPointCreate: {
    what: 'CreatePullPoint under the port type `PullPoint` in an action',
    seenIn: 'an example of WS-BaseNotification itself, IHE',
  },
  actionPullPointNotify: {
    what: 'Notify under the port type `PullPoint` in an action',
    seenIn: "ONVIF's WSDL",
  },
  actionNoPortType: {
    what: 'the action of Notify without a port type (`bw-2/Notify`)',
    seenIn: 'ServiceMix',
  },
  actionElementName: {
    what: 'the namespace of the messages and the name of the request as the action (`b-2/Renew`)',
    seenIn: 'the onvif package of npm',
  },
  actionPadded: {
    what: 'white space around wsa:Action',
    seenIn: 'recorded ONVIF messages, 52°North SES',
  },
  actionOnlyInHttp: {
    what: 'an action in the HTTP headers only, no wsa:Action',
    seenIn: 'zeep without WS-Addressing',
  },
  actionMissing: {
    what: 'no action at all: the body alone says which operation it is',
    seenIn: 'thingino, ServiceMix',
  },
  actionDiffers: {
    what: 'wsa:Action and the action of the HTTP headers differ, though both are names of the operation',
    seenIn: 'not recorded; follows from the names above',
  },
  soapActionUnquoted: {
    what: 'a SOAPAction without quotes in SOAP 1.1',
    seenIn: 'not recorded',
  },
  contentTypeOther: {
    what: 'a Content-Type that is not that of the SOAP version, or none',
    seenIn: 'not recorded',
  },
  addressing200408: {
    what: 'WS-Addressing 2004/08, in headers and endpoint references; replies and deliveries use it then',
    seenIn: 'onvif_simple_server',
  },
  anonymousOfOtherVersion: {
    what: 'the anonymous address of the other version of WS-Addressing',
    seenIn: 'onvif_simple_server',
  },
  anonymousRole: {
    what: 'the address `http://www.w3.org/2005/08/addressing/role/anonymous`, which no standard has',
    seenIn: 'Apache Muse, 52°North',
  },
  relationshipTypeQName: {
    what: 'a QName such as `wsa:Reply` as RelationshipType in WS-Addressing 2005/08',
    seenIn: 'Apache Muse, 52°North',
  },
  messageIdMissing: {
    what: 'no wsa:MessageID in a request that has a reply',
    seenIn: 'ONVIF clients, Petals, WS-Nu',
  },
  messageIdRelative: {
    what: 'a wsa:MessageID that is no absolute IRI',
    seenIn: 'the examples of IHE DSUB',
  },
  dialectT1: {
    what: 'dialects that begin with `http://docs.oasis-open.org/wsn/t1/`',
    seenIn: 'OpenHIM, IHE',
  },
  dialect200406: {
    what: 'dialects that begin with `http://docs.oasis-open.org/wsn/2004/06/`',
    seenIn: 'OGC OSEO',
  },
  dialectWsnt: {
    what: 'the dialect `http://docs.oasis-open.org/wsnt/t-1/TopicExpression/ConcreteSet`',
    seenIn: 'an example of ONVIF Core',
  },
  dialectAnyUri: {
    what: 'the text `xsd:anyURI` as dialect; it counts as Concrete',
    seenIn: 'Petals',
  },
  dialectMissing: {
    what: 'no Dialect attribute; the dialect is Concrete then',
    seenIn: 'ServiceMix',
  },
  dialectLowerCase: {
    what: 'the attribute `dialect` for `Dialect`',
    seenIn: '52°North SES',
  },
  prefixUndeclared: {
    what: 'the prefixes `ihe`, `tns1`, `tt` and `wstop` in topic expressions and filters that do not declare them',
    seenIn: 'the examples of IHE DSUB, ONVIF Core and OGC',
  },
  simplePath: {
    what: 'a path of several topics labelled as Simple; it counts as Concrete',
    seenIn: 'IHE',
  },
  topicPredicate: {
    what: "the predicate `[@wstop:topic='true']` in an expression that is not XPath",
    seenIn: 'Petals',
  },
  topicEmpty: {
    what: 'an empty wsnt:Topic in a notification: it has no topic',
    seenIn: 'OKSE',
  },
  partsInAnyOrder: {
    what: 'the parts of a request in another order than that of the schema',
    seenIn: '52°North SES',
  },
  strayContent: {
    what: 'elements of WS-BaseNotification in a request that has none (a SubscriptionReference in Unsubscribe)',
    seenIn: 'ServiceMix',
  },
  strayAttribute: {
    what: 'attributes without namespace on the element of the request',
    seenIn: 'Petals (`targetnamespace`)',
  },
  registrationTermination: {
    what: 'a duration, or xsi:nil, as InitialTerminationTime of RegisterPublisher, whose schema has a dateTime only',
    seenIn: 'the text of WS-BrokeredNotification, which allows nil',
  },
  securityHeader: {
    what: 'a wsse:Security header that must be understood: it is passed over, and nothing in it is checked',
    seenIn: 'ONVIF clients that were given a user name',
    isOffBecause: 'credentials that nobody checks must not look as if they were',
  },
} as const satisfies Readonly<Record<string, Deviation>>;

export type DeviationName = keyof typeof DEVIATIONS;

/** The deviations that are accepted. */
export type Tolerance = ReadonlySet<DeviationName>;

const NAMES = Object.keys(DEVIATIONS) as readonly DeviationName[];

/** Everything in the table that is not off by itself is accepted: what holds unless the topology says otherwise. */
export const TOLERANT: Tolerance = new Set(NAMES.filter((name) => !('isOffBecause' in DEVIATIONS[name])));

/** True: at least all that holds by default is accepted. */
export function isTolerant(tolerance: Tolerance): boolean {
  // Asked for each request, of the few that there are.
  const known = KNOWN_TOLERANT.get(tolerance);
  if (known !== undefined) return known;
  const isOne = [...TOLERANT].every((name) => tolerance.has(name));
  KNOWN_TOLERANT.set(tolerance, isOne);
  return isOne;
}

const KNOWN_TOLERANT = new WeakMap<Tolerance, boolean>();

/** What the topology says: `tolerate` counts for what it names, `strict` for all else. Unknown names are passed over. */
export function toleranceOf(conduct: {
  readonly strict: boolean;
  readonly tolerate: Readonly<Record<string, boolean>>;
}): Tolerance {
  const { strict, tolerate } = conduct;
  return new Set(
    NAMES.filter((name) => (Object.hasOwn(tolerate, name) ? tolerate[name] === true : !strict && TOLERANT.has(name))),
  );
}

/** What is seen too and refused all the same, and why. */
export interface RefusedDeviation {
  readonly what: string;
  readonly seenIn: string;
  readonly because: string;
}

export const REFUSED_DEVIATIONS = {
  envelopeOfDraft: {
    what: 'the SOAP envelope of the draft of 2001/12',
    seenIn: 'WS-Nu',
    because: 'it is neither SOAP 1.1 nor 1.2: the answer is VersionMismatch, which names both',
  },
  attachments: {
    what: 'MTOM, SwA and every other multipart message',
    seenIn: 'CXF with MTOM on',
    because: 'a payload that is not in the message cannot be stored and forwarded byte for byte: 415',
  },
  documentType: {
    what: 'a document type declaration',
    seenIn: 'not recorded',
    because: 'SOAP forbids it, and entities are a way to make a small message large',
  },
  rpcWrapper: {
    what: 'an element named after the operation around the request',
    seenIn: 'Petals with a SoapUI project',
    because: 'the operation is known by the element in the Body, and this one belongs to no operation',
  },
  bareNotificationMessage: {
    what: 'a NotificationMessage in the Body without a Notify around it',
    seenIn: 'a negative case of the ONVIF test tool',
    because: 'it is no request of the standard; the fault names Notify',
  },
  unknownPrefix: {
    what: 'an undeclared prefix that no standard gives a meaning to',
    seenIn: 'Petals (`bsm`)',
    because: 'nobody can know which namespace was meant, and a guess could bring messages to strangers',
  },
  consumerWithoutAddress: {
    what: 'a ConsumerReference without wsa:Address',
    seenIn: 'ServiceMix (a JBI endpoint in its place)',
    because: 'there is nowhere to send to',
  },
  responseInBrw2: {
    what: 'a RegisterPublisherResponse in the namespace of the WSDL (`brw-2`)',
    seenIn: 'Apache Muse',
    because: 'responses are written here, not read: Pointsman registers with no other broker',
  },
} as const satisfies Readonly<Record<string, RefusedDeviation>>;
