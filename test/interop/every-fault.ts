import { expect, it } from 'vitest';
import type { WsnFaultName } from '../../src/wsn/fault-specs.ts';
import { CONCRETE_DIALECT, FULL_DIALECT, SIMPLE_DIALECT, XPATH_DIALECT } from '../../src/wsn/topics/dialects.ts';
import { topicElement, type Reference } from '../support/soap-client.ts';
import { FORMS, type OperationWorld } from './operation-world.ts';

/** Whom a request goes to: the broker, or one of the resources that are made for it. */
type To = 'broker' | 'subscription' | 'pull point' | 'registration' | 'publisher' | 'nobody';

interface Provocation {
  readonly fault: WsnFaultName;
  readonly to: To;
  readonly body: string;
  /** What the fault says beside its name. */
  readonly tells?: string;
}

const subscribing = (parts: string, consumer = 'http://127.0.0.1:9/nobody'): string =>
  `<wsnt:Subscribe><wsnt:ConsumerReference><wsa:Address>${consumer}</wsa:Address></wsnt:ConsumerReference>${parts}</wsnt:Subscribe>`;
const filtering = (filter: string): string => subscribing(`<wsnt:Filter>${filter}</wsnt:Filter>`);
const expression = (dialect: string, content: string): string =>
  `<wsnt:TopicExpression xmlns:t="urn:t" Dialect="${dialect}">${content}</wsnt:TopicExpression>`;
const policy = (content: string): string =>
  subscribing(`<wsnt:SubscriptionPolicy>${content}</wsnt:SubscriptionPolicy>`);
const current = (dialect: string, content: string): string =>
  `<wsnt:GetCurrentMessage><wsnt:Topic xmlns:t="urn:t" Dialect="${dialect}">${content}</wsnt:Topic></wsnt:GetCurrentMessage>`;
const notification = (topic: string): string =>
  `<wsnt:Notify><wsnt:NotificationMessage>${topicElement('Topic', topic)}<wsnt:Message><e xmlns="urn:test"/></wsnt:Message></wsnt:NotificationMessage></wsnt:Notify>`;
const querying = (dialect: string, content: string): string =>
  `<rp:QueryResourceProperties><rp:QueryExpression Dialect="${dialect}">${content}</rp:QueryExpression></rp:QueryResourceProperties>`;
const setting = (content: string): string => `<rp:SetResourceProperties>${content}</rp:SetResourceProperties>`;
/** Its grammar is found wrong by the engine only. */
const NO_XPATH = `<br:Topic Dialect="${XPATH_DIALECT}">a[</br:Topic>`;
const publisherAt = (url: string): string =>
  `<br:PublisherReference><wsa:Address>${url}</wsa:Address></br:PublisherReference>`;

const BROKER: readonly Provocation[] = [
  {
    fault: 'InvalidFilterFault',
    to: 'broker',
    body: filtering('<f:Fes xmlns:f="urn:filters"/>'),
    tells: 'UnknownFilter xmlns:q="urn:filters">q:Fes<',
  },
  { fault: 'TopicExpressionDialectUnknownFault', to: 'broker', body: filtering(expression('urn:dialect', 't:a')) },
  { fault: 'TopicExpressionDialectUnknownFault', to: 'broker', body: current('urn:dialect', 't:a') },
  { fault: 'InvalidTopicExpressionFault', to: 'broker', body: filtering(expression(SIMPLE_DIALECT, 't:a b')) },
  {
    fault: 'InvalidTopicExpressionFault',
    to: 'broker',
    body: filtering(expression(CONCRETE_DIALECT, 'undeclared:a/b')),
  },
  { fault: 'InvalidTopicExpressionFault', to: 'broker', body: filtering(expression(FULL_DIALECT, 't:a///b')) },
  { fault: 'InvalidTopicExpressionFault', to: 'broker', body: filtering(expression(XPATH_DIALECT, 't:a[')) },
  { fault: 'InvalidTopicExpressionFault', to: 'broker', body: current(CONCRETE_DIALECT, 't:a/') },
  {
    fault: 'InvalidTopicExpressionFault',
    to: 'broker',
    body: `<br:RegisterPublisher><br:Topic Dialect="urn:dialect">a</br:Topic></br:RegisterPublisher>`,
  },
  {
    fault: 'InvalidTopicExpressionFault',
    to: 'broker',
    body: `<br:RegisterPublisher>${NO_XPATH}</br:RegisterPublisher>`,
  },
  {
    fault: 'InvalidProducerPropertiesExpressionFault',
    to: 'broker',
    body: filtering(`<wsnt:ProducerProperties Dialect="${XPATH_DIALECT}">//(</wsnt:ProducerProperties>`),
  },
  {
    fault: 'InvalidProducerPropertiesExpressionFault',
    to: 'broker',
    body: filtering('<wsnt:ProducerProperties Dialect="urn:dialect">true()</wsnt:ProducerProperties>'),
  },
  {
    fault: 'InvalidMessageContentExpressionFault',
    to: 'broker',
    body: filtering(`<wsnt:MessageContent Dialect="${XPATH_DIALECT}">'a constant'</wsnt:MessageContent>`),
  },
  {
    fault: 'InvalidMessageContentExpressionFault',
    to: 'broker',
    body: filtering('<wsnt:MessageContent Dialect="urn:dialect">true()</wsnt:MessageContent>'),
  },
  {
    fault: 'UnrecognizedPolicyRequestFault',
    to: 'broker',
    body: policy('<p:Rate xmlns:p="urn:policies">1</p:Rate>'),
    tells: 'UnrecognizedPolicy xmlns:q="urn:policies">q:Rate<',
  },
  {
    fault: 'UnsupportedPolicyRequestFault',
    to: 'broker',
    body: policy('<p:PauseRetention xmlns:p="urn:pointsman:policy">some</p:PauseRetention>'),
    tells: 'q:PauseRetention<',
  },
  {
    fault: 'UnacceptableInitialTerminationTimeFault',
    to: 'broker',
    body: subscribing('<wsnt:InitialTerminationTime>2001-01-01T00:00:00Z</wsnt:InitialTerminationTime>'),
    tells: 'MinimumTime>',
  },
  {
    fault: 'UnacceptableInitialTerminationTimeFault',
    to: 'broker',
    body: '<br:RegisterPublisher><br:InitialTerminationTime>2001-01-01T00:00:00Z</br:InitialTerminationTime></br:RegisterPublisher>',
    tells: 'MinimumTime>',
  },
  { fault: 'SubscribeCreationFailedFault', to: 'broker', body: subscribing('', 'mailto:somebody') },
  { fault: 'NoCurrentMessageOnTopicFault', to: 'broker', body: current(CONCRETE_DIALECT, 't:never/used') },
  { fault: 'MultipleTopicsSpecifiedFault', to: 'broker', body: current(FULL_DIALECT, 't:a|t:b') },
  {
    fault: 'PublisherRegistrationRejectedFault',
    to: 'broker',
    body: '<br:RegisterPublisher><br:Demand>true</br:Demand></br:RegisterPublisher>',
  },
];

const RESOURCES: readonly Provocation[] = [
  { fault: 'ResourceUnknownFault', to: 'nobody', body: '<wsnt:Unsubscribe/>' },
  { fault: 'ResourceUnknownFault', to: 'nobody', body: '<rp:GetResourcePropertyDocument/>' },
  // A resource of another kind is none that the operation knows.
  { fault: 'ResourceUnknownFault', to: 'pull point', body: '<wsnt:PauseSubscription/>' },
  { fault: 'ResourceUnknownFault', to: 'subscription', body: '<wsnt:GetMessages/>' },
  { fault: 'ResourceUnknownFault', to: 'subscription', body: '<br:DestroyRegistration/>' },
  { fault: 'TopicNotSupportedFault', to: 'publisher', body: notification('{urn:t}other') },
  {
    fault: 'UnacceptableTerminationTimeFault',
    to: 'subscription',
    body: '<wsnt:Renew><wsnt:TerminationTime>-PT1S</wsnt:TerminationTime></wsnt:Renew>',
    tells: 'MinimumTime>',
  },
  {
    fault: 'UnableToSetTerminationTimeFault',
    to: 'pull point',
    body: '<rl:SetTerminationTime><rl:RequestedTerminationTime>tomorrow</rl:RequestedTerminationTime></rl:SetTerminationTime>',
  },
  {
    fault: 'TerminationTimeChangeRejectedFault',
    to: 'registration',
    body: '<rl:SetTerminationTime><rl:RequestedTerminationTime>2001-01-01T00:00:00Z</rl:RequestedTerminationTime></rl:SetTerminationTime>',
  },
  {
    fault: 'InvalidResourcePropertyQNameFault',
    to: 'subscription',
    body: '<rp:GetResourceProperty>br:Demand</rp:GetResourceProperty>',
  },
  {
    fault: 'InvalidResourcePropertyQNameFault',
    to: 'broker',
    body: '<rp:GetResourceProperty>undeclared:Demand</rp:GetResourceProperty>',
  },
  {
    fault: 'InvalidResourcePropertyQNameFault',
    to: 'registration',
    body: setting('<rp:Insert><x:y xmlns:x="urn:x"/></rp:Insert>'),
  },
  {
    fault: 'InvalidModificationFault',
    to: 'registration',
    body: setting('<rp:Insert><br:Demand>false</br:Demand></rp:Insert>'),
    tells: 'Restored="true"',
  },
  {
    fault: 'InvalidModificationFault',
    to: 'registration',
    body: '<rp:DeleteResourceProperties><rp:Delete ResourceProperty="br:Demand"/></rp:DeleteResourceProperties>',
    tells: 'CurrentValue>',
  },
  {
    fault: 'UnableToModifyResourcePropertyFault',
    to: 'subscription',
    body: setting('<rp:Update><pm:Paused>true</pm:Paused></rp:Update>'),
  },
  {
    fault: 'UnableToModifyResourcePropertyFault',
    to: 'registration',
    body: setting('<rp:Update><br:Demand>true</br:Demand></rp:Update>'),
    tells: 'RequestedValue>',
  },
  {
    fault: 'SetResourcePropertyRequestFailedFault',
    to: 'registration',
    body: setting(`<rp:Insert>${NO_XPATH}</rp:Insert>`),
  },
  {
    fault: 'InsertResourcePropertiesRequestFailedFault',
    to: 'registration',
    body: `<rp:InsertResourceProperties><rp:Insert>${NO_XPATH}</rp:Insert></rp:InsertResourceProperties>`,
    tells: 'CurrentValue>',
  },
  {
    fault: 'UpdateResourcePropertiesRequestFailedFault',
    to: 'registration',
    body: `<rp:UpdateResourceProperties><rp:Update>${NO_XPATH}</rp:Update></rp:UpdateResourceProperties>`,
  },
  {
    fault: 'UnableToPutResourcePropertyDocumentFault',
    to: 'pull point',
    body: '<rp:PutResourcePropertyDocument><pm:Subscription/></rp:PutResourcePropertyDocument>',
  },
  { fault: 'UnknownQueryExpressionDialectFault', to: 'broker', body: querying('urn:dialect', '/*') },
  { fault: 'InvalidQueryExpressionFault', to: 'subscription', body: querying(XPATH_DIALECT, '/*[') },
  { fault: 'QueryEvaluationErrorFault', to: 'subscription', body: querying(XPATH_DIALECT, "count('no node set')") },
];

/** The faults that nobody can provoke from outside, and why. */
export const BEYOND_REACH: Readonly<Partial<Record<WsnFaultName, string>>> = {
  NotifyMessageNotSupportedFault: 'every notification can be sent wrapped and raw',
  UnableToGetMessagesFault: 'a pull point that is there can be read; a store that fails is 503, to try again',
  UnableToCreatePullPointFault: 'nothing in the request can be wrong; too many are 503, to try again',
  UnableToDestroyPullPointFault: 'a pull point that is there can be destroyed',
  UnableToDestroySubscriptionFault: 'a subscription that is there can be destroyed',
  ResumeFailedFault: 'a subscription that is there can be resumed',
  'br:ResourceNotDestroyedFault': 'a registration that is there can be destroyed',
  'rl:ResourceNotDestroyedFault': 'a resource that is there can be destroyed',
  ResourceUnavailableFault: 'an engine that is on its way to another server is waited for, then 503, to try again',
  DeleteResourcePropertiesRequestFailedFault:
    'an engine refuses topics that it does not like, and less topics it has granted',
};

/** Every fault that a request can have as its answer, with its content. */
export function describeFaults(started: () => OperationWorld): void {
  const made = new Map<To, Reference>();
  async function resource(to: To): Promise<Reference> {
    const world = started();
    const known = made.get(to) ?? (await make(world, to));
    made.set(to, known);
    return known;
  }

  it.each([...BROKER, ...RESOURCES])('$fault, from a $to: $body', async ({ fault, to, body, tells }) => {
    const reference = await resource(to);
    for (const form of FORMS) {
      const answer = await started().refusing(reference, form, body, fault);
      if (tells !== undefined) expect(answer.text).toContain(tells);
      expect(answer.text).toContain('Description');
    }
  });

  it('PublisherRegistrationFailedFault: a publisher on demand that refuses the Subscribe', async () => {
    const world = started();
    // The broker under another name: there is nothing of that id.
    const address = world.cluster.url.replace('127.0.0.1', 'localhost');
    const missing = `${address}/wsn/NotificationBroker/ME1/${'f'.repeat(32)}`;
    const body = `<br:RegisterPublisher>${publisherAt(missing)}<br:Topic Dialect="${SIMPLE_DIALECT}">a</br:Topic><br:Demand>true</br:Demand></br:RegisterPublisher>`;
    await world.refusing(world.brokerAt('ME1'), 'path', body, 'PublisherRegistrationFailedFault');
  });

  it('PauseFailedFault: paused too often while nothing could be delivered', async () => {
    const world = started();
    const none =
      '<wsnt:SubscriptionPolicy><p:PauseRetention xmlns:p="urn:pointsman:policy">none</p:PauseRetention></wsnt:SubscriptionPolicy>';
    const filter = `<wsnt:Filter>${topicElement('TopicExpression', '{urn:t}pauses')}</wsnt:Filter>`;
    const subscription = await world.subscribe('path', 'ME1', 'http://127.0.0.1:9/nobody', `${filter}${none}`);
    const message = notification('{urn:t}pauses');
    let fault: string | undefined;
    for (let time = 0; fault === undefined && time < 200; time += 1) {
      await world.ask(world.brokerAt('ME1'), 'path', message);
      fault = (await world.ask(subscription, 'path', '<wsnt:PauseSubscription/>')).fault;
      if (fault === undefined) await world.granting(subscription, 'path', '<wsnt:ResumeSubscription/>');
    }
    expect(fault).toBe('PauseFailedFault');
  });
}

async function make(world: OperationWorld, to: To): Promise<Reference> {
  const topic = topicElement('Topic', '{urn:t}registered').replaceAll('wsnt:', 'br:');
  switch (to) {
    case 'broker':
      return world.brokerAt('ME1');
    case 'subscription':
      return world.subscribe('path', 'ME1', 'http://127.0.0.1:9/nobody');
    case 'pull point':
      return world.createPullPoint('path', 'ME1');
    case 'registration':
      return (await world.register('path', 'ME1', topic)).registration;
    case 'publisher':
      return (await world.register('path', 'ME1', topic)).publishTo!;
    case 'nobody': {
      const known = await world.createPullPoint('path', 'ME1');
      const id = /\/(\w+)$/.exec(known.address)![1]!;
      const other = id.replaceAll(/./g, 'f');
      return { address: known.address.replace(id, other), parameters: known.parameters.replace(id, other) };
    }
  }
}
