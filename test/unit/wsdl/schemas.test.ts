import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { XmlElement } from '../../../src/xml/document.ts';
import { standalone } from '../../../src/xml/fragment.ts';
import { readXml } from '../../../src/xml/reader.ts';
import { loadOfficialSchemas, type SchemaValidator } from '../../support/schema-validator.ts';
import { SCHEMA_NAMES, WSDL_DIRECTORY, loadOurSchemas } from './our-schemas.ts';

const OFFICIAL = new URL('../../../../shared/oasis/', import.meta.url);
const MESSAGES = new URL('../../../../shared/messages/', import.meta.url);
const XSD = 'http://www.w3.org/2001/XMLSchema';
const WSNT = 'http://docs.oasis-open.org/wsn/b-2';
const XMLNS = [
  `xmlns:w="${WSNT}"`,
  'xmlns:a="http://www.w3.org/2005/08/addressing"',
  'xmlns:b="http://docs.oasis-open.org/wsrf/bf-2"',
  'xmlns:r="http://docs.oasis-open.org/wsrf/r-2"',
  'xmlns:br="http://docs.oasis-open.org/wsn/br-2"',
  'xmlns:rl="http://docs.oasis-open.org/wsrf/rl-2"',
  'xmlns:rp="http://docs.oasis-open.org/wsrf/rp-2"',
  'xmlns:t="http://docs.oasis-open.org/wsn/t-1"',
  'xmlns:pm="urn:pointsman:properties"',
  'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"',
].join(' ');
const EPR = '<a:Address>http://c/</a:Address><a:ReferenceParameters><x xmlns="urn:x" id="1"/></a:ReferenceParameters>';
const TIME = '2030-01-01T00:00:00Z';
const TOPIC = 'xmlns:p="urn:p" Dialect="http://docs.oasis-open.org/wsn/t-1/TopicExpression/Simple">p:a';

/** Elements with `xmlns:` for everything, by what they show. */
const VALID: Readonly<Record<string, string>> = {
  'Notify with everything': `<w:Notify><w:NotificationMessage><w:SubscriptionReference>${EPR}</w:SubscriptionReference><w:Topic ${TOPIC}</w:Topic><w:ProducerReference>${EPR}</w:ProducerReference><w:Message><any/></w:Message></w:NotificationMessage><w:NotificationMessage><w:Message><w:Renew><w:TerminationTime>PT1S</w:TerminationTime></w:Renew></w:Message></w:NotificationMessage><e xmlns="urn:e"/></w:Notify>`,
  'Subscribe with everything': `<w:Subscribe><w:ConsumerReference>${EPR}</w:ConsumerReference><w:Filter><w:TopicExpression ${TOPIC}</w:TopicExpression><w:ProducerProperties Dialect="urn:d">true()</w:ProducerProperties><w:MessageContent Dialect="urn:d">true()</w:MessageContent></w:Filter><w:InitialTerminationTime>P1Y2M3DT4H5M6.7S</w:InitialTerminationTime><w:SubscriptionPolicy><w:UseRaw/><q xmlns="urn:q"/></w:SubscriptionPolicy><e xmlns="urn:e"/></w:Subscribe>`,
  'Subscribe without an end': `<w:Subscribe><w:ConsumerReference><a:Address>http://c/</a:Address></w:ConsumerReference><w:InitialTerminationTime xsi:nil="true"/></w:Subscribe>`,
  'SubscribeResponse without an end': `<w:SubscribeResponse><w:SubscriptionReference>${EPR}</w:SubscriptionReference><w:CurrentTime>${TIME}</w:CurrentTime><w:TerminationTime xsi:nil="true"/></w:SubscribeResponse>`,
  'Renew to a date': `<w:Renew><w:TerminationTime>${TIME}</w:TerminationTime></w:Renew>`,
  RenewResponse: `<w:RenewResponse><w:TerminationTime>${TIME}</w:TerminationTime><w:CurrentTime>${TIME}</w:CurrentTime></w:RenewResponse>`,
  'GetMessages of none': '<w:GetMessages><w:MaximumNumber>0</w:MaximumNumber></w:GetMessages>',
  'GetMessagesResponse of none': '<w:GetMessagesResponse/>',
  CreatePullPointResponse: `<w:CreatePullPointResponse><w:PullPoint>${EPR}</w:PullPoint></w:CreatePullPointResponse>`,
  GetCurrentMessage: `<w:GetCurrentMessage><w:Topic ${TOPIC}</w:Topic></w:GetCurrentMessage>`,
  GetCurrentMessageResponse: '<w:GetCurrentMessageResponse><x xmlns="urn:x"/></w:GetCurrentMessageResponse>',
  'a fault with everything': `<w:InvalidFilterFault><b:Timestamp>${TIME}</b:Timestamp><b:Originator>${EPR}</b:Originator><b:ErrorCode dialect="urn:d">7<y/></b:ErrorCode><b:Description xml:lang="en">text</b:Description><b:Description>Text</b:Description><b:FaultCause><x xmlns="urn:x"/></b:FaultCause><w:UnknownFilter>w:X</w:UnknownFilter></w:InvalidFilterFault>`,
  'a time fault': `<w:UnacceptableTerminationTimeFault><b:Timestamp>${TIME}</b:Timestamp><w:MinimumTime>${TIME}</w:MinimumTime></w:UnacceptableTerminationTimeFault>`,
  'an unsupported policy': `<w:UnsupportedPolicyRequestFault><b:Timestamp>${TIME}</b:Timestamp><w:UnsupportedPolicy>w:UseRaw</w:UnsupportedPolicy></w:UnsupportedPolicyRequestFault>`,
  'RegisterPublisher with everything': `<br:RegisterPublisher><br:PublisherReference>${EPR}</br:PublisherReference><br:Topic ${TOPIC}</br:Topic><br:Topic ${TOPIC}</br:Topic><br:Demand>true</br:Demand><br:InitialTerminationTime>${TIME}</br:InitialTerminationTime><e xmlns="urn:e"/></br:RegisterPublisher>`,
  'RegisterPublisher with nothing': '<br:RegisterPublisher/>',
  RegisterPublisherResponse: `<br:RegisterPublisherResponse><br:PublisherRegistrationReference>${EPR}</br:PublisherRegistrationReference></br:RegisterPublisherResponse>`,
  'DestroyRegistration with an extension': '<br:DestroyRegistration><e xmlns="urn:e"/></br:DestroyRegistration>',
  'SetTerminationTime to never':
    '<rl:SetTerminationTime><rl:RequestedTerminationTime xsi:nil="true"/></rl:SetTerminationTime>',
  'SetTerminationTime to a duration':
    '<rl:SetTerminationTime><rl:RequestedLifetimeDuration>P1D</rl:RequestedLifetimeDuration></rl:SetTerminationTime>',
  SetTerminationTimeResponse: `<rl:SetTerminationTimeResponse><rl:NewTerminationTime xsi:nil="true"/><rl:CurrentTime>${TIME}</rl:CurrentTime></rl:SetTerminationTimeResponse>`,
  TerminationNotification: `<rl:TerminationNotification><rl:TerminationTime>${TIME}</rl:TerminationTime><rl:TerminationReason>x</rl:TerminationReason></rl:TerminationNotification>`,
  GetResourceProperty: '<rp:GetResourceProperty>w:FixedTopicSet</rp:GetResourceProperty>',
  GetMultipleResourceProperties:
    '<rp:GetMultipleResourceProperties><rp:ResourceProperty>br:Topic</rp:ResourceProperty></rp:GetMultipleResourceProperties>',
  'a query without a dialect':
    '<rp:QueryResourceProperties><rp:QueryExpression>//w:Filter</rp:QueryExpression></rp:QueryResourceProperties>',
  'SetResourceProperties of all kinds': `<rp:SetResourceProperties><rp:Delete ResourceProperty="br:Topic"/><rp:Insert><br:Topic ${TOPIC}</br:Topic></rp:Insert><rp:Update><br:Demand>1</br:Demand></rp:Update></rp:SetResourceProperties>`,
  'a change that failed': `<rp:InvalidModificationFault><b:Timestamp>${TIME}</b:Timestamp><rp:ResourcePropertyChangeFailure Restored="true"><rp:CurrentValue><br:Demand>1</br:Demand></rp:CurrentValue></rp:ResourcePropertyChangeFailure></rp:InvalidModificationFault>`,
  'a topic set':
    '<t:TopicSet><t:documentation>d</t:documentation><p:a xmlns:p="urn:p" t:topic="true"><b t:topic="1"/></p:a></t:TopicSet>',
  'the properties of a registration':
    '<br:PublisherRegistrationRP><br:Demand>false</br:Demand></br:PublisherRegistrationRP>',
  'the properties of a broker':
    '<br:NotificationBrokerRP><w:FixedTopicSet>false</w:FixedTopicSet><w:TopicExpressionDialect>urn:d</w:TopicExpressionDialect><t:TopicSet/><br:RequiresRegistration>0</br:RequiresRegistration></br:NotificationBrokerRP>',
  'an unknown resource': `<r:ResourceUnknownFault><b:Timestamp>${TIME}</b:Timestamp></r:ResourceUnknownFault>`,
};

const INVALID: Readonly<Record<string, string>> = {
  'a registration until further notice':
    '<br:RegisterPublisher><br:InitialTerminationTime xsi:nil="true"/></br:RegisterPublisher>',
  'a demand before a topic': `<br:RegisterPublisher><br:Demand>0</br:Demand><br:Topic ${TOPIC}</br:Topic></br:RegisterPublisher>`,
  'RegisterPublisherResponse with an extension': `<br:RegisterPublisherResponse><br:PublisherRegistrationReference>${EPR}</br:PublisherRegistrationReference><e xmlns="urn:e"/></br:RegisterPublisherResponse>`,
  'Destroy of something': '<rl:Destroy><e xmlns="urn:e"/></rl:Destroy>',
  'SetTerminationTime to nothing': '<rl:SetTerminationTime/>',
  'SetTerminationTimeResponse in the order of SubscribeResponse': `<rl:SetTerminationTimeResponse><rl:CurrentTime>${TIME}</rl:CurrentTime><rl:NewTerminationTime>${TIME}</rl:NewTerminationTime></rl:SetTerminationTimeResponse>`,
  'the name of no property': '<rp:GetResourceProperty>a b</rp:GetResourceProperty>',
  'SetResourceProperties of nothing': '<rp:SetResourceProperties/>',
  'a change that failed without a word': `<rp:InvalidModificationFault><b:Timestamp>${TIME}</b:Timestamp></rp:InvalidModificationFault>`,
  'the answer to a query without an element':
    '<rp:QueryResourcePropertiesResponse>true</rp:QueryResourcePropertiesResponse>',
  'a topic in no namespace at the root of a set': '<t:TopicSet><a t:topic="true"/></t:TopicSet>',
  'a registration with a lifetime in the closed type of the standard': `<br:PublisherRegistrationRP><br:Demand>1</br:Demand><rl:CurrentTime>${TIME}</rl:CurrentTime></br:PublisherRegistrationRP>`,
  'Notify of nothing': '<w:Notify/>',
  'a payload of text':
    '<w:Notify><w:NotificationMessage><w:Message>text</w:Message></w:NotificationMessage></w:Notify>',
  'two payloads': '<w:Notify><w:NotificationMessage><w:Message><x/><x/></w:Message></w:NotificationMessage></w:Notify>',
  'a topic after the message': `<w:Notify><w:NotificationMessage><w:Message><x/></w:Message><w:Topic ${TOPIC}</w:Topic></w:NotificationMessage></w:Notify>`,
  'a topic without a dialect': '<w:GetCurrentMessage><w:Topic>a</w:Topic></w:GetCurrentMessage>',
  'Subscribe without a consumer': '<w:Subscribe/>',
  'a reference without an address': '<w:Subscribe><w:ConsumerReference/></w:Subscribe>',
  'an empty termination time': '<w:Renew><w:TerminationTime/></w:Renew>',
  'Renew without a termination time': '<w:Renew/>',
  'RenewResponse in the order of SubscribeResponse': `<w:RenewResponse><w:CurrentTime>${TIME}</w:CurrentTime><w:TerminationTime>${TIME}</w:TerminationTime></w:RenewResponse>`,
  'a negative maximum': '<w:GetMessages><w:MaximumNumber>-1</w:MaximumNumber></w:GetMessages>',
  'a fault without a timestamp': '<r:ResourceUnknownFault/>',
  'a time fault without a minimum': `<w:UnacceptableTerminationTimeFault><b:Timestamp>${TIME}</b:Timestamp></w:UnacceptableTerminationTimeFault>`,
  'an invalid filter without a name': `<w:InvalidFilterFault><b:Timestamp>${TIME}</b:Timestamp></w:InvalidFilterFault>`,
  'an extension before the base of a fault': `<w:InvalidFilterFault><w:UnknownFilter>w:X</w:UnknownFilter><b:Timestamp>${TIME}</b:Timestamp></w:InvalidFilterFault>`,
};

/** Where ours differs on purpose, for clients that read and write no mixed content and no wildcard that stands first: invalid here, valid there. */
const NARROWER: Readonly<Record<string, string>> = {
  'an element as a topic': `<w:GetCurrentMessage><w:Topic Dialect="urn:d"><f xmlns="urn:f"/></w:Topic></w:GetCurrentMessage>`,
  'an element as a content filter':
    '<w:Subscribe><w:ConsumerReference><a:Address>http://c/</a:Address></w:ConsumerReference><w:Filter><w:MessageContent Dialect="urn:d"><f xmlns="urn:f"/></w:MessageContent></w:Filter></w:Subscribe>',
  'an element as a query':
    '<rp:QueryResourceProperties><rp:QueryExpression><f xmlns="urn:f"/></rp:QueryExpression></rp:QueryResourceProperties>',
  'an extension at the beginning of a fault': `<r:ResourceUnknownFault><x xmlns="urn:x"/><b:Timestamp>${TIME}</b:Timestamp></r:ResourceUnknownFault>`,
};

/** Messages from the field whose content filters are elements: dialects that this broker does not speak. */
const NARROWER_MESSAGES = ['ogc-01-subscribe-s11-fes-filter.xml', 'ses-01-subscribe-updateinterval-policy-s12.xml'];

/** Where ours differs on purpose: valid here, invalid there. */
const LAXER: Readonly<Record<string, string>> = {
  'a foreign filter':
    '<w:Subscribe><w:ConsumerReference><a:Address>http://c/</a:Address></w:ConsumerReference><w:Filter><f xmlns="urn:f"/></w:Filter></w:Subscribe>',
  'an undeclared attribute': '<w:GetMessages any="x"/>',
  'a property document of ours':
    '<rp:GetResourcePropertyDocumentResponse><pm:NoNodes/></rp:GetResourcePropertyDocumentResponse>',
  'a property of a stranger': '<rp:GetResourcePropertyResponse><e xmlns="urn:e"/></rp:GetResourcePropertyResponse>',
  'a current message in no namespace': '<w:GetCurrentMessageResponse><x/></w:GetCurrentMessageResponse>',
};

const ourProblems = loadOurSchemas();
const declared = (xml: string): string => xml.replace(/^<[\w:]+/, (start) => `${start} ${XMLNS}`);

describe('our schemas', () => {
  test.each(Object.entries(VALID))('take %s', (_name, xml) => {
    expect(ourProblems(declared(xml))).toEqual([]);
  });

  test.each(Object.entries(INVALID))('refuse %s', (_name, xml) => {
    expect(ourProblems(declared(xml))).not.toEqual([]);
  });

  test.each(Object.entries(NARROWER))('refuse %s, which the official ones take', (_name, xml) => {
    expect(ourProblems(declared(xml))).not.toEqual([]);
  });

  test.each(Object.entries(LAXER))('take %s, which the official ones refuse', (_name, xml) => {
    expect(ourProblems(declared(xml))).toEqual([]);
  });
});

describe.skipIf(!existsSync(OFFICIAL))('our schemas beside the official ones', () => {
  let official: SchemaValidator;
  const officialProblems = (xml: string): string[] => official.validate(Buffer.from(xml));

  beforeAll(async () => {
    official = (await loadOfficialSchemas())!;
  });

  test('agree about every example above', () => {
    const verdicts = (examples: Readonly<Record<string, string>>): Record<string, boolean> =>
      Object.fromEntries(
        Object.entries(examples).map(([name, xml]) => [name, officialProblems(declared(xml)).length === 0]),
      );
    expect(Object.values(verdicts(VALID)), JSON.stringify(verdicts(VALID))).not.toContain(false);
    expect(Object.values(verdicts(INVALID)), JSON.stringify(verdicts(INVALID))).not.toContain(true);
    expect(Object.values(verdicts(NARROWER)), JSON.stringify(verdicts(NARROWER))).not.toContain(false);
    expect(Object.values(verdicts(LAXER)), JSON.stringify(verdicts(LAXER))).not.toContain(true);
  });

  const officialNames = SCHEMA_NAMES.filter((name) => existsSync(new URL(name, OFFICIAL)));

  test('have one of their own, for the property documents', () => {
    expect(SCHEMA_NAMES.filter((name) => !officialNames.includes(name))).toEqual(['properties.xsd']);
  });

  test.each(officialNames)('define in %s the same elements with the same content', (name) => {
    const mine = contentModels(readFileSync(new URL(name, WSDL_DIRECTORY)));
    const theirs = contentModels(readFileSync(new URL(name, OFFICIAL)));
    // FilterType differs on purpose.
    for (const element of Object.keys(mine).filter((key) => key !== 'Filter')) {
      expect(theirs, element).toHaveProperty([element]);
      expect(mine[element], element).toEqual(theirs[element]);
    }
    expect(Object.keys(mine).length).toBeGreaterThan(0);
  });

  describe.skipIf(!existsSync(MESSAGES))('and messages from the field', () => {
    test('take every body that the official ones take, but where they are narrower', () => {
      const bodies = readdirSync(MESSAGES)
        .filter((name) => name.endsWith('.xml'))
        .flatMap((name) => bodyOf(name));
      const valid = bodies.filter(({ xml }) => officialProblems(xml).length === 0);
      expect(valid.length).toBeGreaterThan(10);
      const refused = valid.filter(({ xml }) => ourProblems(xml).length > 0);
      expect(refused.map(({ name }) => name)).toEqual(NARROWER_MESSAGES);
    });
  });
});

/** The body element of a message from the field, if it is one of WS-Notification and our reader takes it. */
function bodyOf(name: string): { name: string; xml: string }[] {
  try {
    const root = readXml(readFileSync(new URL(name, MESSAGES))).root;
    const body =
      root
        .children()
        .find(({ localName }) => localName === 'Body')
        ?.children()[0] ?? root;
    return [WSNT, 'http://docs.oasis-open.org/wsn/br-2'].includes(body.namespace)
      ? [{ name, xml: standalone(body) }]
      : [];
  } catch {
    return [];
  }
}

/** For each global element: its children in order, with how often they may occur. Wildcards and attributes left out. */
function contentModels(schema: Uint8Array): Record<string, string[]> {
  const { root } = readXml(schema);
  const types = new Map(
    root
      .children()
      .filter((child) => child.is(XSD, 'complexType'))
      .map((type) => [type.attribute('', 'name') ?? '', type]),
  );
  const elements = root.children().filter((child) => child.is(XSD, 'element'));
  return Object.fromEntries(
    elements.map((element) => {
      const type = types.get(localOf(element.attribute('', 'type') ?? '')) ?? element;
      const nil = element.attribute('', 'nillable') === 'true' ? ['nillable'] : [];
      return [element.attribute('', 'name') ?? '', [...nil, ...particles(type)]];
    }),
  );
}

function particles(element: XmlElement): string[] {
  return element.children().flatMap((child) => {
    if (!child.is(XSD, 'element')) return particles(child);
    const name = child.attribute('', 'name') ?? localOf(child.attribute('', 'ref') ?? '');
    const occurs = `${child.attribute('', 'minOccurs') ?? '1'}..${child.attribute('', 'maxOccurs') ?? '1'}`;
    const nil = child.attribute('', 'nillable') === 'true' ? ' nillable' : '';
    return [`${name} ${occurs}${nil}`];
  });
}

function localOf(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}
