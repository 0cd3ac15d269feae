import { describe, expect, it } from 'vitest';
import { QUERY_DIALECT } from '../../src/wsn/properties/query.ts';
import { BR_NAMESPACE, PROPERTIES_NAMESPACE, RL_NAMESPACE, WSNT_NAMESPACE } from '../../src/wsn/namespaces.ts';
import type { XmlElement } from '../../src/xml/document.ts';
import { standalone } from '../../src/xml/fragment.ts';
import { topicElement, type Reference } from '../support/soap-client.ts';
import { FORMS, type Form, type OperationWorld } from './operation-world.ts';

const ENGINE = 'ME2';
const DEMAND = '<br:Demand>false</br:Demand>';
const topic = (name: string): string => topicElement('Topic', `{urn:every}${name}`).replaceAll('wsnt:', 'br:');

interface Kind {
  /** The root of its property document. */
  readonly root: string;
  /** A property that it has once, and one that nobody may change. */
  readonly property: string;
  readonly readOnly: string;
  readonly make: (world: OperationWorld, form: Form) => Promise<Reference>;
}

const KINDS: Readonly<Record<'subscription' | 'pull point' | 'registration' | 'broker', Kind>> = {
  subscription: {
    root: 'Subscription',
    property: 'wsnt:ConsumerReference',
    readOnly: '<pm:Paused>true</pm:Paused>',
    make: async (world, form) => {
      const filter = topicElement('TopicExpression', '{urn:every}t');
      return world.subscribe(form, ENGINE, 'http://127.0.0.1:9/nobody', `<wsnt:Filter>${filter}</wsnt:Filter>`);
    },
  },
  'pull point': {
    root: 'PullPoint',
    property: 'wsnt:CreationTime',
    readOnly: '<wsnt:CreationTime>2026-01-01T00:00:00Z</wsnt:CreationTime>',
    make: async (world, form) => world.createPullPoint(form, ENGINE),
  },
  registration: {
    root: 'PublisherRegistration',
    property: 'br:CreationTime',
    readOnly: '<br:CreationTime>2026-01-01T00:00:00Z</br:CreationTime>',
    make: async (world, form) => (await world.register(form, ENGINE, `${topic('t')}${DEMAND}`)).registration,
  },
  broker: {
    root: 'NotificationBroker',
    property: 'br:RequiresRegistration',
    readOnly: '<wsnt:FixedTopicSet>true</wsnt:FixedTopicSet>',
    make: async (world) => Promise.resolve(world.brokerAt(ENGINE)),
  },
};

const TIMED = ['subscription', 'pull point', 'registration'] as const;

async function documentOf(world: OperationWorld, form: Form, resource: Reference): Promise<XmlElement> {
  const reply = await world.granting(resource, form, '<rp:GetResourcePropertyDocument/>');
  return reply!.children()[0]!;
}

function query(expression: string): string {
  return `<rp:QueryResourceProperties><rp:QueryExpression Dialect="${QUERY_DIALECT}">${expression}</rp:QueryExpression></rp:QueryResourceProperties>`;
}

function valuesOf(document: XmlElement, localName: string): readonly string[] {
  return document
    .children()
    .filter((child) => child.localName === localName)
    .map((child) => child.text());
}

/** The operations of WSRF on every kind of resource, by path only and by reference parameters only. */
export function describeResources(started: () => OperationWorld): void {
  describe.each(FORMS)('by %s only', (form) => {
    it.each(Object.entries(KINDS))('the properties of a %s are read and queried', async (_what, kind) => {
      const world = started();
      const resource = await kind.make(world, form);
      const document = await documentOf(world, form, resource);
      expect(document).toMatchObject({ namespace: PROPERTIES_NAMESPACE, localName: kind.root });
      const localName = kind.property.split(':')[1]!;
      const one = await world.granting(
        resource,
        form,
        `<rp:GetResourceProperty>${kind.property}</rp:GetResourceProperty>`,
      );
      expect(one!.children().map((child) => child.localName)).toEqual([localName]);
      const names = [kind.property, 'rp:QueryExpressionDialect'];
      const wanted = names.map((name) => `<rp:ResourceProperty>${name}</rp:ResourceProperty>`).join('');
      const several = await world.granting(
        resource,
        form,
        `<rp:GetMultipleResourceProperties>${wanted}</rp:GetMultipleResourceProperties>`,
      );
      expect(several!.children().map((child) => child.localName)).toEqual([localName, 'QueryExpressionDialect']);
      const queries = [`/pm:${kind.root}/${kind.property}`, 'count(/*/*)', 'local-name(/*)', '/*/nothing', 'true()'];
      const found: string[] = [];
      for (const expression of queries) {
        const reply = await world.granting(resource, form, query(expression));
        const [first] = reply!.children();
        found.push(`${first!.localName} ${first!.localName === localName ? '' : first!.text()}`.trim());
      }
      const count = String(document.children().length);
      expect(found).toEqual([localName, `Value ${count}`, `Value ${kind.root}`, 'NoNodes', 'Value true']);
    });

    it.each(Object.entries(KINDS))('a %s: what is read-only stays as it is', async (_what, kind) => {
      const world = started();
      const resource = await kind.make(world, form);
      const fault = 'UnableToModifyResourcePropertyFault';
      const { readOnly, property } = kind;
      for (const verb of ['Insert', 'Update'] as const) {
        const change = `<rp:${verb}>${readOnly}</rp:${verb}>`;
        await world.refusing(resource, form, `<rp:SetResourceProperties>${change}</rp:SetResourceProperties>`, fault);
        await world.refusing(
          resource,
          form,
          `<rp:${verb}ResourceProperties>${change}</rp:${verb}ResourceProperties>`,
          fault,
        );
      }
      const removal = `<rp:Delete ResourceProperty="${property}"/>`;
      await world.refusing(
        resource,
        form,
        `<rp:DeleteResourceProperties>${removal}</rp:DeleteResourceProperties>`,
        fault,
      );
      const same = standalone(await documentOf(world, form, resource));
      const put = (content: string): string =>
        `<rp:PutResourcePropertyDocument>${content}</rp:PutResourcePropertyDocument>`;
      await world.granting(resource, form, put(same));
      const other = same.replace(`</pm:${kind.root}>`, `${readOnly}</pm:${kind.root}>`);
      await world.refusing(resource, form, put(other), 'UnableToPutResourcePropertyDocumentFault');
    });

    it('the topics and the demand of a registration are changed in every way', async () => {
      const world = started();
      const resource = await KINDS.registration.make(world, form);
      const topics = async (): Promise<readonly string[]> => valuesOf(await documentOf(world, form, resource), 'Topic');
      await world.granting(
        resource,
        form,
        `<rp:InsertResourceProperties><rp:Insert>${topic('u')}</rp:Insert></rp:InsertResourceProperties>`,
      );
      expect(await topics()).toEqual(['t:t', 't:u']);
      await world.granting(
        resource,
        form,
        `<rp:UpdateResourceProperties><rp:Update>${topic('v')}${DEMAND}</rp:Update></rp:UpdateResourceProperties>`,
      );
      expect(await topics()).toEqual(['t:v']);
      await world.granting(
        resource,
        form,
        '<rp:DeleteResourceProperties><rp:Delete ResourceProperty="br:Topic"/></rp:DeleteResourceProperties>',
      );
      expect(await topics()).toEqual([]);
      const parts = `<rp:Insert>${topic('w')}</rp:Insert><rp:Update>${DEMAND}</rp:Update><rp:Insert>${topic('z')}</rp:Insert>`;
      await world.granting(resource, form, `<rp:SetResourceProperties>${parts}</rp:SetResourceProperties>`);
      expect(await topics()).toEqual(['t:w', 't:z']);
      const whole = standalone(await documentOf(world, form, resource)).replace('t:w<', 't:x<');
      await world.granting(resource, form, `<rp:PutResourcePropertyDocument>${whole}</rp:PutResourcePropertyDocument>`);
      expect(await topics()).toEqual(['t:x', 't:z']);
    });

    it.each(TIMED)('SetTerminationTime of a %s, and Destroy', async (what) => {
      const world = started();
      const resource = await KINDS[what].make(world, form);
      const set = async (content: string): Promise<string> => {
        const body = `<rl:SetTerminationTime>${content}</rl:SetTerminationTime>`;
        const reply = await world.granting(resource, form, body);
        return reply!.child(RL_NAMESPACE, 'NewTerminationTime')!.text();
      };
      const at = '2999-01-01T00:00:00Z';
      expect(Date.parse(await set(`<rl:RequestedTerminationTime>${at}</rl:RequestedTerminationTime>`))).toBe(
        Date.parse(at),
      );
      const until = await set('<rl:RequestedLifetimeDuration>PT1H</rl:RequestedLifetimeDuration>');
      expect(valuesOf(await documentOf(world, form, resource), 'TerminationTime')).toEqual([until]);
      expect(await set('<rl:RequestedTerminationTime xsi:nil="true"/>')).toBe('');
      await world.granting(resource, form, '<rl:Destroy/>');
      await world.refusing(resource, form, '<rl:Destroy/>', 'ResourceUnknownFault');
    });

    it('the broker itself is neither destroyed nor does it end', async () => {
      const world = started();
      const broker = world.brokerAt(ENGINE);
      await world.refusing(broker, form, '<rl:Destroy/>', 'ResourceUnknownFault');
      const lifetime = '<rl:RequestedLifetimeDuration>PT1H</rl:RequestedLifetimeDuration>';
      await world.refusing(
        broker,
        form,
        `<rl:SetTerminationTime>${lifetime}</rl:SetTerminationTime>`,
        'ResourceUnknownFault',
      );
      const document = await documentOf(world, form, broker);
      expect(document.child(BR_NAMESPACE, 'RequiresRegistration')!.text()).toBe('false');
      expect(document.child(WSNT_NAMESPACE, 'FixedTopicSet')!.text()).toBe('false');
    });
  });
}
