import type { HttpFraming } from '../../../src/soap/envelope.ts';
import type { DeviationName, REFUSED_DEVIATIONS } from '../../../src/soap/tolerance.ts';
import type { SoapVersion } from '../../../src/soap/version.ts';
import { OPERATIONS } from '../../../src/wsn/operations.ts';
import type { WsnOperation } from '../../../src/wsn/operations.ts';
import { WSA, WSA04 } from '../soap/envelopes.ts';

/** A request, and what becomes of it where the deviation is refused. */
export interface Sample {
  readonly header: string;
  readonly body: string;
  readonly framing: HttpFraming;
  readonly version: SoapVersion;
  /** The fault: the name of a WsnFault, or the codes from the outermost to the finest. */
  readonly refused: string;
  /** Deviations that come with it. */
  readonly also?: readonly DeviationName[];
  /** The operation is not served yet: only whether the deviation is refused can be told. */
  readonly isUnserved?: boolean;
}

const W = 'http://docs.oasis-open.org/wsn/';
const T1 = `${W}t-1/TopicExpression/`;
const ID = '<wsa:MessageID>urn:uuid:1</wsa:MessageID>';
const SOAP_12: HttpFraming = { contentType: 'application/soap+xml' };
const action = (value: string): string => `<wsa:Action>${value}</wsa:Action>`;

const CONSUMER = '<wsnt:ConsumerReference><wsa:Address>http://consumer/</wsa:Address></wsnt:ConsumerReference>';
const RENEW = '<wsnt:Renew><wsnt:TerminationTime>P1D</wsnt:TerminationTime></wsnt:Renew>';
const NOTIFY =
  '<wsnt:Notify><wsnt:NotificationMessage><wsnt:Message><a xmlns="urn:a"/></wsnt:Message></wsnt:NotificationMessage></wsnt:Notify>';

/** A request that is as the standards have it, but for `change`. */
function sample(operation: WsnOperation, refused: string, change: Partial<Sample>): Sample {
  const header = action(OPERATIONS[operation].action) + ID;
  return { header, body: CONFORMING[operation], framing: SOAP_12, version: '1.2', refused, ...change };
}

const withAction = (operation: WsnOperation, value: string, also: readonly DeviationName[] = []): Sample =>
  sample(operation, 'Sender/ActionNotSupported', { header: action(value) + ID, also });

/** Subscribe with this topic expression. */
const withTopic = (refused: string, attributes: string, text: string, also: readonly DeviationName[] = []): Sample =>
  sample('Subscribe', refused, {
    body: `<wsnt:Subscribe xmlns:t="urn:t">${CONSUMER}<wsnt:Filter><wsnt:TopicExpression ${attributes}>${text}</wsnt:TopicExpression></wsnt:Filter></wsnt:Subscribe>`,
    also,
  });

const withReplyTo = (address: string): Sample =>
  sample('Renew', 'Sender/InvalidAddressingHeader/OnlyAnonymousAddressSupported', {
    header: `${action(OPERATIONS.Renew.action)}${ID}<wsa:ReplyTo><wsa:Address>${address}</wsa:Address></wsa:ReplyTo>`,
  });

const BR = 'xmlns:br="http://docs.oasis-open.org/wsn/br-2"';
const RL = 'xmlns:rl="http://docs.oasis-open.org/wsrf/rl-2"';
const RP = 'xmlns:rp="http://docs.oasis-open.org/wsrf/rp-2"';

/** One conforming body for each operation. */
export const CONFORMING: Readonly<Record<WsnOperation, string>> = {
  Subscribe: `<wsnt:Subscribe xmlns:t="urn:t">${CONSUMER}<wsnt:Filter><wsnt:TopicExpression Dialect="${T1}Concrete">t:a/b</wsnt:TopicExpression></wsnt:Filter><wsnt:InitialTerminationTime>P1D</wsnt:InitialTerminationTime><x:Extension xmlns:x="urn:x"/></wsnt:Subscribe>`,
  Renew: RENEW,
  Unsubscribe: '<wsnt:Unsubscribe/>',
  PauseSubscription: '<wsnt:PauseSubscription/>',
  ResumeSubscription: '<wsnt:ResumeSubscription/>',
  CreatePullPoint: '<wsnt:CreatePullPoint/>',
  GetMessages: '<wsnt:GetMessages><wsnt:MaximumNumber>1</wsnt:MaximumNumber></wsnt:GetMessages>',
  DestroyPullPoint: '<wsnt:DestroyPullPoint/>',
  GetCurrentMessage: `<wsnt:GetCurrentMessage><wsnt:Topic Dialect="${T1}Simple">a</wsnt:Topic></wsnt:GetCurrentMessage>`,
  Notify: NOTIFY,
  RegisterPublisher: `<br:RegisterPublisher ${BR}><br:InitialTerminationTime>2099-01-01T00:00:00Z</br:InitialTerminationTime></br:RegisterPublisher>`,
  DestroyRegistration: `<br:DestroyRegistration ${BR}/>`,
  Destroy: `<rl:Destroy ${RL}/>`,
  SetTerminationTime: `<rl:SetTerminationTime ${RL}><rl:RequestedLifetimeDuration>PT1H</rl:RequestedLifetimeDuration></rl:SetTerminationTime>`,
  GetResourcePropertyDocument: `<rp:GetResourcePropertyDocument ${RP}/>`,
  GetResourceProperty: `<rp:GetResourceProperty ${RP}>wsnt:CreationTime</rp:GetResourceProperty>`,
  GetMultipleResourceProperties: `<rp:GetMultipleResourceProperties ${RP}><rp:ResourceProperty>wsnt:CreationTime</rp:ResourceProperty></rp:GetMultipleResourceProperties>`,
  PutResourcePropertyDocument: `<rp:PutResourcePropertyDocument ${RP}><x:Document xmlns:x="urn:x"/></rp:PutResourcePropertyDocument>`,
  SetResourceProperties: `<rp:SetResourceProperties ${RP}><rp:Delete ResourceProperty="wsnt:CreationTime"/></rp:SetResourceProperties>`,
  InsertResourceProperties: `<rp:InsertResourceProperties ${RP}><rp:Insert><x:P xmlns:x="urn:x"/></rp:Insert></rp:InsertResourceProperties>`,
  UpdateResourceProperties: `<rp:UpdateResourceProperties ${RP}><rp:Update><x:P xmlns:x="urn:x"/></rp:Update></rp:UpdateResourceProperties>`,
  DeleteResourceProperties: `<rp:DeleteResourceProperties ${RP}><rp:Delete ResourceProperty="wsnt:CreationTime"/></rp:DeleteResourceProperties>`,
  QueryResourceProperties: `<rp:QueryResourceProperties ${RP}><rp:QueryExpression Dialect="http://www.w3.org/TR/1999/REC-xpath-19991116">true()</rp:QueryExpression></rp:QueryResourceProperties>`,
};

const REGISTER =
  '<br:RegisterPublisher xmlns:br="http://docs.oasis-open.org/wsn/br-2"><br:InitialTerminationTime>P1D</br:InitialTerminationTime></br:RegisterPublisher>';

/** One for each row of the table of deviations. */
export const SAMPLES: Readonly<Record<DeviationName, Sample>> = {
  actionBw2: withAction('Subscribe', `${W}bw2/NotificationProducer/SubscribeRequest`),
  actionPausable: withAction('Renew', `${W}bw-2/PausableSubscriptionManager/RenewRequest`),
  actionWsdlDefault: withAction('Subscribe', `${W}brw-2/NotificationBroker/SubscribeRequest`),
  actionBr2: withAction('Renew', `${W}br-2/Renew`),
  actionBareName: withAction('Subscribe', 'Subscribe'),
  actionSubscribeOnRenew: withAction('Renew', OPERATIONS.Subscribe.action),
  actionPullPointCreate: withAction('CreatePullPoint', `${W}bw-2/PullPoint/CreatePullPointRequest`),
  actionPullPointNotify: withAction('Notify', `${W}bw-2/PullPoint/Notify`),
  actionNoPortType: withAction('Notify', `${W}bw-2/Notify`),
  actionElementName: withAction('Renew', `${W}b-2/Renew`),
  actionPadded: withAction('Renew', `\n  ${OPERATIONS.Renew.action}\n`),
  actionOnlyInHttp: sample('Renew', 'Sender/MessageAddressingHeaderRequired', {
    header: '',
    framing: { contentType: `application/soap+xml; action="${OPERATIONS.Renew.action}"` },
  }),
  actionMissing: sample('Renew', 'Sender/MessageAddressingHeaderRequired', { header: ID }),
  actionDiffers: sample('Renew', 'Sender/InvalidAddressingHeader/ActionMismatch', {
    framing: { ...SOAP_12, soapAction: '"Renew"' },
    also: ['actionBareName'],
  }),
  soapActionUnquoted: sample('Renew', 'Sender/InvalidAddressingHeader/ActionMismatch', {
    version: '1.1',
    framing: { contentType: 'text/xml', soapAction: OPERATIONS.Renew.action },
  }),
  contentTypeOther: sample('Renew', 'Sender 415', { framing: { contentType: 'text/xml' } }),
  addressing200408: sample('Renew', 'Sender/InvalidAddressingHeader/InvalidAddress', {
    header: `<wsa04:Action>${OPERATIONS.Renew.action}</wsa04:Action><wsa04:MessageID>uuid:1</wsa04:MessageID>`,
  }),
  anonymousOfOtherVersion: withReplyTo(`${WSA04}/role/anonymous`),
  anonymousRole: withReplyTo(`${WSA}/role/anonymous`),
  relationshipTypeQName: sample('Renew', 'Sender/InvalidAddressingHeader/InvalidAddress', {
    header: `${action(OPERATIONS.Renew.action)}${ID}<wsa:RelatesTo RelationshipType="wsa:Reply">urn:uuid:0</wsa:RelatesTo>`,
  }),
  messageIdMissing: sample('Renew', 'Sender/MessageAddressingHeaderRequired', {
    header: action(OPERATIONS.Renew.action),
  }),
  messageIdRelative: sample('Renew', 'Sender/InvalidAddressingHeader/InvalidAddress', {
    header: `${action(OPERATIONS.Renew.action)}<wsa:MessageID>382dcdc7-8e84-9fdc-8443-48fd83bca938</wsa:MessageID>`,
  }),
  dialectT1: withTopic('TopicExpressionDialectUnknownFault', `Dialect="${W}t1/TopicExpression/Simple"`, 't:a'),
  dialect200406: withTopic('TopicExpressionDialectUnknownFault', `Dialect="${W}2004/06/TopicExpression/Simple"`, 't:a'),
  // In a Notify, where a path may be labelled with any dialect.
  dialectWsnt: sample('Notify', 'TopicExpressionDialectUnknownFault', {
    body: NOTIFY.replace(
      '<wsnt:Message>',
      '<wsnt:Topic Dialect="http://docs.oasis-open.org/wsnt/t-1/TopicExpression/ConcreteSet">a</wsnt:Topic><wsnt:Message>',
    ),
  }),
  dialectAnyUri: withTopic('TopicExpressionDialectUnknownFault', 'Dialect="xsd:anyURI"', 't:a'),
  dialectMissing: withTopic('TopicExpressionDialectUnknownFault', '', 't:a'),
  dialectLowerCase: withTopic('TopicExpressionDialectUnknownFault', `dialect="${T1}Simple"`, 't:a'),
  prefixUndeclared: withTopic('InvalidTopicExpressionFault', `Dialect="${T1}Simple"`, 'ihe:MinimalDocumentEntry'),
  simplePath: withTopic('InvalidTopicExpressionFault', `Dialect="${T1}Simple"`, 't:FullDocumentEntry/UpdateMetadata'),
  topicPredicate: withTopic(
    'InvalidTopicExpressionFault',
    `xmlns:wstop="${W}t-1" Dialect="${T1}Concrete"`,
    "t:a/b[@wstop:topic='true']",
  ),
  topicEmpty: sample('Notify', 'InvalidTopicExpressionFault', {
    body: NOTIFY.replace('<wsnt:Message>', `<wsnt:Topic Dialect="${T1}Simple"> </wsnt:Topic><wsnt:Message>`),
  }),
  partsInAnyOrder: sample('Subscribe', 'Sender', {
    body: `<wsnt:Subscribe><wsnt:InitialTerminationTime>P1D</wsnt:InitialTerminationTime>${CONSUMER}</wsnt:Subscribe>`,
  }),
  strayContent: sample('Unsubscribe', 'Sender', {
    body: '<wsnt:Unsubscribe><wsnt:SubscriptionReference/></wsnt:Unsubscribe>',
  }),
  strayAttribute: sample('Renew', 'Sender', {
    body: RENEW.replace('<wsnt:Renew>', '<wsnt:Renew targetnamespace="http://docs.oasis-open.org/wsn/b-2">'),
  }),
  registrationTermination: sample('Renew', 'UnacceptableInitialTerminationTimeFault', {
    body: REGISTER,
    isUnserved: true,
  }),
  securityHeader: sample('Renew', 'MustUnderstand', {
    header: `${action(OPERATIONS.Renew.action)}${ID}<o:Security xmlns:o="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd" S:mustUnderstand="1"/>`,
  }),
};

/** More forms of some deviations, in places other than those of SAMPLES. */
export const FURTHER_SAMPLES: readonly (readonly [DeviationName, Sample])[] = [
  ['actionPullPointCreate', withAction('CreatePullPoint', `${W}bw2/PullPoint/CreatePullPoint`, ['actionBw2'])],
  ['actionMissing', sample('Notify', 'Sender/MessageAddressingHeaderRequired', { header: '' })],
  ['contentTypeOther', sample('Renew', 'Sender 415', { framing: {} })],
  [
    'addressing200408',
    sample('Subscribe', 'Sender/InvalidEPR', {
      body: '<wsnt:Subscribe><wsnt:ConsumerReference><wsa04:Address>http://consumer/</wsa04:Address></wsnt:ConsumerReference></wsnt:Subscribe>',
    }),
  ],
  [
    'anonymousOfOtherVersion',
    sample('Renew', 'Sender/InvalidAddressingHeader/OnlyAnonymousAddressSupported', {
      header: `<wsa04:Action>${OPERATIONS.Renew.action}</wsa04:Action><wsa04:MessageID>uuid:1</wsa04:MessageID><wsa04:ReplyTo><wsa04:Address>${WSA}/anonymous</wsa04:Address></wsa04:ReplyTo>`,
      also: ['addressing200408'],
    }),
  ],
  [
    'prefixUndeclared',
    sample('GetCurrentMessage', 'InvalidTopicExpressionFault', {
      body: `<wsnt:GetCurrentMessage><wsnt:Topic Dialect="${T1}Simple">tns1:Device</wsnt:Topic></wsnt:GetCurrentMessage>`,
    }),
  ],
  [
    'simplePath',
    sample('Notify', 'InvalidTopicExpressionFault', {
      body: NOTIFY.replace('<wsnt:Message>', `<wsnt:Topic Dialect="${T1}Simple">a/b</wsnt:Topic><wsnt:Message>`),
    }),
  ],
  [
    'partsInAnyOrder',
    sample('Subscribe', 'Sender', {
      body: `<wsnt:Subscribe><x:Extension xmlns:x="urn:x"/>${CONSUMER}</wsnt:Subscribe>`,
    }),
  ],
  [
    'partsInAnyOrder',
    sample('Notify', 'Sender', {
      body: NOTIFY.replace('</wsnt:Message>', `</wsnt:Message><wsnt:Topic Dialect="${T1}Simple">a</wsnt:Topic>`),
    }),
  ],
  [
    'registrationTermination',
    sample('Renew', 'UnacceptableInitialTerminationTimeFault', {
      body: REGISTER.replace('>P1D', ' xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true">'),
      isUnserved: true,
    }),
  ],
];

/** What is refused always: the whole message, as bytes of HTTP would bring it. */
export const REFUSED_SAMPLES: Readonly<
  Record<keyof typeof REFUSED_DEVIATIONS, { envelope: string; contentType?: string; refused: string }>
> = {
  envelopeOfDraft: {
    envelope: '<Envelope xmlns="http://www.w3.org/2001/12/soap-envelope"><Body><x/></Body></Envelope>',
    refused: 'VersionMismatch',
  },
  attachments: { envelope: '--x', contentType: 'multipart/related; boundary=x', refused: 'Sender 415' },
  documentType: { envelope: '<!DOCTYPE e><e:Envelope xmlns:e="urn:e"/>', refused: 'Sender' },
  rpcWrapper: {
    envelope: inEnvelope('<bw:Subscribe xmlns:bw="http://docs.oasis-open.org/wsn/bw-2"/>'),
    refused: 'Sender/ActionNotSupported',
  },
  bareNotificationMessage: {
    envelope: inEnvelope('<wsnt:NotificationMessage xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2"/>'),
    refused: 'Sender/ActionNotSupported',
  },
  unknownPrefix: {
    envelope: inEnvelope(
      `<n:Notify xmlns:n="http://docs.oasis-open.org/wsn/b-2"><n:NotificationMessage><n:Topic Dialect="${T1}Concrete">bsm:Raw</n:Topic><n:Message><a/></n:Message></n:NotificationMessage></n:Notify>`,
    ),
    refused: 'InvalidTopicExpressionFault',
  },
  consumerWithoutAddress: {
    envelope: inEnvelope(
      '<n:Subscribe xmlns:n="http://docs.oasis-open.org/wsn/b-2"><n:ConsumerReference><e xmlns="urn:jbi"/></n:ConsumerReference></n:Subscribe>',
    ),
    refused: 'Sender/InvalidEPR/MissingAddressInEPR',
  },
  responseInBrw2: {
    envelope: inEnvelope('<b:RegisterPublisherResponse xmlns:b="http://docs.oasis-open.org/wsn/brw-2"/>'),
    refused: 'Sender/ActionNotSupported',
  },
};

function inEnvelope(body: string): string {
  return `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>${body}</s:Body></s:Envelope>`;
}
