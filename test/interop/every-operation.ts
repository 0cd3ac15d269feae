import { describe, expect, it } from 'vitest';
import type { XmlElement } from '../../src/xml/document.ts';
import {
  CONCRETE_DIALECT,
  CONCRETE_SET_DIALECT,
  FULL_DIALECT,
  SIMPLE_DIALECT,
  XPATH_DIALECT,
} from '../../src/wsn/topics/dialects.ts';
import { ITEM_FILTER_DIALECT } from '../../src/wsn/filters/item-filter.ts';
import { RL_NAMESPACE } from '../../src/wsn/namespaces.ts';
import { eventually } from '../support/eventually.ts';
import { topicElement, WSNT, type Reference } from '../support/soap-client.ts';
import { FORMS, type Form, type OperationWorld } from './operation-world.ts';

const ENGINE = 'ME1';
const POLICY = 'urn:pointsman:policy';
const ONVIF = 'http://www.onvif.org/ver10/schema';
const policies = (content: string): string => `<wsnt:SubscriptionPolicy>${content}</wsnt:SubscriptionPolicy>`;
const own = (name: string, value = ''): string => `<o:${name} xmlns:o="${POLICY}">${value}</o:${name}>`;
const filters = (content: string): string => `<wsnt:Filter>${content}</wsnt:Filter>`;

function notify(topic: string, payload: string): string {
  return `<wsnt:Notify><wsnt:NotificationMessage>${topicElement('Topic', topic)}<wsnt:Message>${payload}</wsnt:Message></wsnt:NotificationMessage></wsnt:Notify>`;
}

const text = (content: string): string => `<e xmlns="urn:test">${content}</e>`;

/** The topics of the test, all in one namespace. */
const TOPICS = ['a', 'a/b', 'a/b/c', 'x'];

/** What each expression selects of TOPICS; `t` is their namespace. */
const EXPRESSIONS: readonly (readonly [string, string, readonly string[]])[] = [
  [SIMPLE_DIALECT, 't:a', ['a']],
  [CONCRETE_DIALECT, 't:a/b', ['a/b']],
  [FULL_DIALECT, 't:*', ['a', 'x']],
  [FULL_DIALECT, 't:a/*', ['a/b']],
  [FULL_DIALECT, 't:a//.', ['a', 'a/b', 'a/b/c']],
  [FULL_DIALECT, 't:a//*|t:x', ['a/b', 'a/b/c', 'x']],
  [FULL_DIALECT, 't://c', ['a/b/c']],
  [FULL_DIALECT, 't:a/*/c', ['a/b/c']],
  [CONCRETE_SET_DIALECT, 't:a/b//.|t:x', ['a/b', 'a/b/c', 'x']],
  [XPATH_DIALECT, 't:a[b/c] | t:*//c', ['a', 'a/b/c']],
];

/** Which of the payloads 1, 2 and 3 get through. */
const CONTENTS: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'MessageContent, XPath',
    `<wsnt:MessageContent xmlns:u="urn:test" Dialect="${XPATH_DIALECT}">/u:e &gt; 1</wsnt:MessageContent>`,
    ['2', '3'],
  ],
  [
    'two MessageContent',
    [`//*[. &lt; 3]`, `boolean(//*[. &gt; 1])`]
      .map((one) => `<wsnt:MessageContent Dialect="${XPATH_DIALECT}">${one}</wsnt:MessageContent>`)
      .join(''),
    ['2'],
  ],
  [
    'ProducerProperties that are so',
    `<wsnt:ProducerProperties Dialect="${XPATH_DIALECT}">//wsnt:FixedTopicSet = 'false'</wsnt:ProducerProperties>`,
    ['1', '2', '3'],
  ],
  [
    'ProducerProperties that are not so',
    `<wsnt:ProducerProperties Dialect="${XPATH_DIALECT}">//wsnt:FixedTopicSet = 'true'</wsnt:ProducerProperties>`,
    [],
  ],
];

/** Which payloads a subscription gets that is paused for 1, 2 and 3, and not for 4. */
const RETENTIONS: readonly (readonly [string, readonly string[]])[] = [
  ['all', ['1', '2', '3', '4']],
  ['last', ['3', '4']],
  ['none', ['4']],
];

/** The text of the payloads that are at a pull point now. */
async function pulled(
  world: OperationWorld,
  form: Form,
  pullPoint: Reference,
  limit = 100,
): Promise<readonly string[]> {
  const body = `<wsnt:GetMessages><wsnt:MaximumNumber>${limit}</wsnt:MaximumNumber></wsnt:GetMessages>`;
  const reply = await world.granting(pullPoint, form, body);
  return reply!.children().map((message) => message.child(WSNT, 'Message')!.children()[0]!.text());
}

function bodyOf(envelope: XmlElement): XmlElement | undefined {
  return envelope.child(envelope.namespace, 'Body')?.children()[0];
}

/** Every operation of WS-BaseNotification and WS-BrokeredNotification, by path only and by reference parameters only. */
export function describeNotification(started: () => OperationWorld): void {
  describe.each(FORMS)('by %s only', (form) => {
    const namespace = (name: string): string => `urn:every:${form}:${name}`;
    const broker = (): Reference => started().brokerAt(ENGINE);
    const publish = async (topic: string, payload: string): Promise<void> => {
      expect((await started().ask(broker(), form, notify(topic, payload))).status).toBe(202);
    };

    it('Subscribe in every topic dialect', async () => {
      const world = started();
      const names = namespace('topics');
      const pullPoints: Reference[] = [];
      for (const [dialect, expression] of EXPRESSIONS) {
        const pullPoint = await world.createPullPoint(form, ENGINE);
        const filter = `<wsnt:TopicExpression xmlns:t="${names}" Dialect="${dialect}">${expression}</wsnt:TopicExpression>`;
        await world.subscribe(form, ENGINE, pullPoint.address, filters(filter));
        pullPoints.push(pullPoint);
      }
      // Published twice: at the first time, XPath has no topics to select from but those that came before.
      for (const time of ['first', 'second']) {
        for (const topic of TOPICS) await publish(`{${names}}${topic}`, text(`${time} ${topic}`));
      }
      for (const [index, [dialect, expression, selected]] of EXPRESSIONS.entries()) {
        const got = await pulled(world, form, pullPoints[index]!);
        const second = got.filter((payload) => payload.startsWith('second'));
        expect(second, `${dialect} ${expression}`).toEqual(selected.map((topic) => `second ${topic}`));
      }
    });

    it.each(CONTENTS)('Subscribe with %s', async (_what, filter, selected) => {
      const world = started();
      const topic = `{${namespace('content')}}t`;
      const pullPoint = await world.createPullPoint(form, ENGINE);
      const both = filters(`${topicElement('TopicExpression', topic)}${filter}`);
      const subscription = await world.subscribe(form, ENGINE, pullPoint.address, both);
      for (const payload of ['1', '2', '3']) await publish(topic, text(payload));
      expect(await pulled(world, form, pullPoint)).toEqual(selected);
      await world.granting(subscription, form, '<wsnt:Unsubscribe/>');
    });

    it('Subscribe with the ItemFilter of ONVIF', async () => {
      const world = started();
      const topic = `{${namespace('items')}}t`;
      const pullPoint = await world.createPullPoint(form, ENGINE);
      const filter = `<wsnt:MessageContent xmlns:tt="${ONVIF}" Dialect="${ITEM_FILTER_DIALECT}">boolean(//tt:SimpleItem[@Name="Rule" and @Value="Motion"])</wsnt:MessageContent>`;
      const parts = filters(`${topicElement('TopicExpression', topic)}${filter}`);
      await world.subscribe(form, ENGINE, pullPoint.address, parts);
      for (const rule of ['Motion', 'Tamper']) {
        await publish(
          topic,
          `<t:Message xmlns:t="${ONVIF}"><t:Data><t:SimpleItem Name="Rule" Value="${rule}"/></t:Data>${rule}</t:Message>`,
        );
      }
      expect(await pulled(world, form, pullPoint)).toEqual(['Motion']);
    });

    it('Subscribe with UseRaw: the payload is the body, its topic a header', async () => {
      const world = started();
      const consumer = await world.consumer();
      const topic = `{${namespace('raw')}}t`;
      const parts = `${filters(topicElement('TopicExpression', topic))}${policies('<wsnt:UseRaw/>')}`;
      const reference = await world.subscribe(form, ENGINE, consumer.url, parts);
      await publish(topic, text('bare'));
      const document = await eventually('it arrives', () => consumer.documents[0]);
      const { root } = document;
      expect(bodyOf(root)).toMatchObject({ namespace: 'urn:test', localName: 'e' });
      expect(bodyOf(root)!.text()).toBe('bare');
      const header = root.child(root.namespace, 'Header')!;
      expect(header.child(WSNT, 'Topic')!.text()).toMatch(/:t$/);
      const sentBy = header.child(WSNT, 'SubscriptionReference')!;
      expect(
        sentBy.text() +
          sentBy
            .children()
            .map((child) => child.text())
            .join(''),
      ).toContain(reference.address);
      await world.granting(reference, form, '<wsnt:Unsubscribe/>');
    });

    it.each([['wrapped'], ['raw']])('Subscribe with NotifyTermination: its end arrives, %s', async (how) => {
      const world = started();
      const consumer = await world.consumer();
      const raw = how === 'raw' ? '<wsnt:UseRaw/>' : '';
      const lifetime = '<wsnt:InitialTerminationTime>PT0.1S</wsnt:InitialTerminationTime>';
      const filter = filters(topicElement('TopicExpression', `{${namespace('end')}}t`));
      await world.subscribe(
        form,
        ENGINE,
        consumer.url,
        `${filter}${lifetime}${policies(`${raw}${own('NotifyTermination')}`)}`,
      );
      const { root } = await eventually('the notice', () => consumer.documents[0], 30_000);
      const body = bodyOf(root)!;
      const notice = how === 'raw' ? body : body.children()[0]!.child(WSNT, 'Message')!.children()[0]!;
      expect(notice).toMatchObject({ namespace: RL_NAMESPACE, localName: 'TerminationNotification' });
      expect(notice.child(RL_NAMESPACE, 'TerminationReason')!.text()).not.toBe('');
    });

    it.each(RETENTIONS)('PauseSubscription and ResumeSubscription, keeping %s', async (retention, expected) => {
      const world = started();
      const consumer = await world.consumer();
      const topic = `{${namespace('pause')}}${retention}`;
      const filter = filters(topicElement('TopicExpression', topic));
      const parts = `${filter}${policies(own('PauseRetention', retention))}`;
      const reference = await world.subscribe(form, ENGINE, consumer.url, parts);
      await world.granting(reference, form, '<wsnt:PauseSubscription/>');
      for (const payload of ['1', '2', '3']) await publish(topic, text(payload));
      expect(consumer.received).toEqual([]);
      await world.granting(reference, form, '<wsnt:ResumeSubscription/>');
      await publish(topic, text('4'));
      await eventually('the one after', () => consumer.payloads.includes('4'));
      expect(consumer.payloads).toEqual(expected);
    });

    it('Renew and Unsubscribe', async () => {
      const world = started();
      const reference = await world.subscribe(form, ENGINE, (await world.consumer()).url);
      const renewed = await world.granting(
        reference,
        form,
        '<wsnt:Renew><wsnt:TerminationTime>P1D</wsnt:TerminationTime></wsnt:Renew>',
      );
      expect(renewed!.child(WSNT, 'TerminationTime')!.text()).toMatch(/^\d{4}-.*Z$/);
      await world.granting(reference, form, '<wsnt:Renew><wsnt:TerminationTime xsi:nil="true"/></wsnt:Renew>');
      await world.granting(reference, form, '<wsnt:Unsubscribe/>');
      await world.refusing(reference, form, '<wsnt:Unsubscribe/>', 'ResourceUnknownFault');
    });

    it('CreatePullPoint, Notify to it, GetMessages, DestroyPullPoint', async () => {
      const world = started();
      const pullPoint = await world.createPullPoint(form, ENGINE);
      for (const payload of ['1', '2', '3']) {
        const sent = await world.ask(pullPoint, form, notify(`{${namespace('direct')}}t`, text(payload)));
        expect(sent.status).toBe(202);
      }
      expect(await pulled(world, form, pullPoint, 0)).toEqual([]);
      expect(await pulled(world, form, pullPoint, 2)).toEqual(['1', '2']);
      expect(await pulled(world, form, pullPoint)).toEqual(['3']);
      await world.granting(pullPoint, form, '<wsnt:DestroyPullPoint/>');
      await world.refusing(pullPoint, form, '<wsnt:GetMessages/>', 'ResourceUnknownFault');
    });

    it('GetCurrentMessage', async () => {
      const topic = `{${namespace('current')}}a/b`;
      await publish(topic, text('older'));
      await publish(topic, text('newest'));
      const ask = `<wsnt:GetCurrentMessage>${topicElement('Topic', topic)}</wsnt:GetCurrentMessage>`;
      const reply = await started().granting(broker(), form, ask);
      expect(reply!.children().map((payload) => payload.text())).toEqual(['newest']);
    });

    it('RegisterPublisher, Notify through the registration, DestroyRegistration', async () => {
      const world = started();
      const topic = `{${namespace('publisher')}}t`;
      const pullPoint = await world.createPullPoint(form, ENGINE);
      const filter = filters(topicElement('TopicExpression', topic));
      await world.subscribe(form, ENGINE, pullPoint.address, filter);
      const content = `<br:PublisherReference><wsa:Address>http://127.0.0.1:9/publisher</wsa:Address></br:PublisherReference>${topicElement('Topic', topic).replaceAll('wsnt:', 'br:')}<br:Demand>false</br:Demand><br:InitialTerminationTime>2999-01-01T00:00:00Z</br:InitialTerminationTime>`;
      const { registration, publishTo } = await world.register(form, ENGINE, content);
      expect((await world.ask(publishTo!, form, notify(topic, text('registered')))).status).toBe(202);
      expect(await pulled(world, form, pullPoint)).toEqual(['registered']);
      const other = notify(`{${namespace('publisher')}}other`, text('not registered'));
      await world.refusing(publishTo!, form, other, 'TopicNotSupportedFault');
      await world.granting(registration, form, '<br:DestroyRegistration/>');
      await world.refusing(publishTo!, form, notify(topic, text('gone')), 'ResourceUnknownFault');
    });
  });
}
