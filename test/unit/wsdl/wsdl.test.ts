import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readXml } from '../../../src/xml/reader.ts';
import { SCHEMA_NAMES, WSDL_DIRECTORY, loadOurSchemas } from './our-schemas.ts';
import { WSDL, childrenOf, portTypesOf, qualified } from './wsdl-model.ts';

const OFFICIAL = new URL('../../../../shared/oasis/', import.meta.url);
const ours = readFileSync(new URL('pointsman.wsdl', WSDL_DIRECTORY));
const portTypes = portTypesOf(ours);
const BW = 'http://docs.oasis-open.org/wsn/bw-2';
const BRW = 'http://docs.oasis-open.org/wsn/brw-2';
const RPW = 'http://docs.oasis-open.org/wsrf/rpw-2';
const RLW = 'http://docs.oasis-open.org/wsrf/rlw-2';

/** The actions of an operation of WS-ResourceProperties, where each is a port type of its own. */
function propertyActions(name: string): Readonly<Record<string, readonly [string, string]>> {
  return { [name]: [`${RPW}/${name}/${name}Request`, `${RPW}/${name}/${name}Response`] };
}

/** The actions that the standards' texts demand: the input's, and the output's where there is one. */
const ACTIONS: Readonly<Record<string, Readonly<Record<string, readonly [string, string?]>>>> = {
  NotificationBroker: {
    Notify: [`${BW}/NotificationConsumer/Notify`],
    Subscribe: [`${BW}/NotificationProducer/SubscribeRequest`, `${BW}/NotificationProducer/SubscribeResponse`],
    GetCurrentMessage: [
      `${BW}/NotificationProducer/GetCurrentMessageRequest`,
      `${BW}/NotificationProducer/GetCurrentMessageResponse`,
    ],
    RegisterPublisher: [
      `${BRW}/RegisterPublisher/RegisterPublisherRequest`,
      `${BRW}/RegisterPublisher/RegisterPublisherResponse`,
    ],
  },
  CreatePullPoint: {
    CreatePullPoint: [`${BW}/CreatePullPoint/CreatePullPointRequest`, `${BW}/CreatePullPoint/CreatePullPointResponse`],
  },
  PullPoint: {
    GetMessages: [`${BW}/PullPoint/GetMessagesRequest`, `${BW}/PullPoint/GetMessagesResponse`],
    DestroyPullPoint: [`${BW}/PullPoint/DestroyPullPointRequest`, `${BW}/PullPoint/DestroyPullPointResponse`],
    Notify: [`${BW}/NotificationConsumer/Notify`],
  },
  SubscriptionManager: {
    Renew: [`${BW}/SubscriptionManager/RenewRequest`, `${BW}/SubscriptionManager/RenewResponse`],
    Unsubscribe: [`${BW}/SubscriptionManager/UnsubscribeRequest`, `${BW}/SubscriptionManager/UnsubscribeResponse`],
    PauseSubscription: [
      `${BW}/SubscriptionManager/PauseSubscriptionRequest`,
      `${BW}/SubscriptionManager/PauseSubscriptionResponse`,
    ],
    ResumeSubscription: [
      `${BW}/SubscriptionManager/ResumeSubscriptionRequest`,
      `${BW}/SubscriptionManager/ResumeSubscriptionResponse`,
    ],
  },
  PublisherRegistrationManager: {
    DestroyRegistration: [
      `${BRW}/PublisherRegistrationManager/DestroyRegistrationRequest`,
      `${BRW}/PublisherRegistrationManager/DestroyRegistrationResponse`,
    ],
  },
  ResourceProperties: {
    ...propertyActions('GetResourcePropertyDocument'),
    ...propertyActions('GetResourceProperty'),
    ...propertyActions('GetMultipleResourceProperties'),
    ...propertyActions('QueryResourceProperties'),
    ...propertyActions('SetResourceProperties'),
    ...propertyActions('InsertResourceProperties'),
    ...propertyActions('UpdateResourceProperties'),
    ...propertyActions('DeleteResourceProperties'),
    ...propertyActions('PutResourcePropertyDocument'),
  },
  ResourceLifetime: {
    Destroy: [
      `${RLW}/ImmediateResourceTermination/DestroyRequest`,
      `${RLW}/ImmediateResourceTermination/DestroyResponse`,
    ],
    SetTerminationTime: [
      `${RLW}/ScheduledResourceTermination/SetTerminationTimeRequest`,
      `${RLW}/ScheduledResourceTermination/SetTerminationTimeResponse`,
    ],
  },
};

describe('pointsman.wsdl', () => {
  test('and its schemas are well-formed, and import nothing from elsewhere', () => {
    for (const name of ['pointsman.wsdl', ...SCHEMA_NAMES]) {
      const bytes = readFileSync(new URL(name, WSDL_DIRECTORY));
      expect(readXml(bytes).isComplete, name).toBe(true);
      const locations = [...bytes.toString().matchAll(/schemaLocation="([^"]*)"/g)].map(([, location]) => location);
      expect(SCHEMA_NAMES, name).toEqual(expect.arrayContaining(locations));
    }
  });

  test('compiles with its schemas', () => {
    expect(loadOurSchemas()('<wsnt:UseRaw xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2"/>')).toEqual([]);
  });

  test.each(Object.entries(ACTIONS))(
    '%s has exactly its operations, with the actions of the standard',
    (name, operations) => {
      const found = Object.entries(portTypes[name] ?? {}).map(([operation, { actions }]) => [
        operation,
        actions.output === undefined ? [actions.input] : [actions.input, actions.output],
      ]);
      expect(Object.fromEntries(found)).toEqual(operations);
    },
  );

  test('has no other port type', () => {
    expect(Object.keys(portTypes).sort()).toEqual(Object.keys(ACTIONS).sort());
  });

  test('gives every fault the action of the standard that defines it', () => {
    for (const operation of Object.values(portTypes).flatMap((operations) => Object.values(operations))) {
      for (const [fault, action] of Object.entries(operation.actions.faults)) {
        const standard = operation.faults[fault]!.includes('/wsrf/') ? 'wsrf' : 'wsn';
        expect(action).toBe(`http://docs.oasis-open.org/${standard}/fault`);
      }
    }
  });

  describe.each([
    ['Soap11', 'http://schemas.xmlsoap.org/wsdl/soap/'],
    ['Soap12', 'http://schemas.xmlsoap.org/wsdl/soap12/'],
  ])('%s', (suffix, soap) => {
    const root = readXml(ours).root;

    test.each(Object.keys(ACTIONS))('binds every operation of %s, document/literal', (name) => {
      const binding = childrenOf(root, 'binding').find(
        (element) => element.attribute('', 'name') === `${name}${suffix}`,
      )!;
      expect(qualified(binding, 'type')).toBe(`{urn:pointsman:wsdl}${name}`);
      expect(binding.child(soap, 'binding')?.attribute('', 'transport')).toBe('http://schemas.xmlsoap.org/soap/http');
      const operations = childrenOf(binding, 'operation');
      expect(operations.map((element) => element.attribute('', 'name'))).toEqual(Object.keys(portTypes[name]!));
      for (const element of operations) {
        const operation = portTypes[name]![element.attribute('', 'name')!]!;
        expect(element.child(soap, 'operation')?.attribute('', 'soapAction')).toBe(operation.actions.input);
        expect(element.child(soap, 'operation')?.attribute('', 'style')).toBe('document');
        const faults = childrenOf(element, 'fault');
        expect(faults.map((fault) => fault.attribute('', 'name'))).toEqual(Object.keys(operation.faults));
        expect(faults.map((fault) => fault.child(soap, 'fault')?.attribute('', 'name'))).toEqual(
          Object.keys(operation.faults),
        );
        expect(element.child(WSDL, 'output') === undefined).toBe(operation.output === undefined);
        const bodies = [element.child(WSDL, 'input'), element.child(WSDL, 'output')].filter(
          (part) => part !== undefined,
        );
        for (const part of bodies) expect(part.child(soap, 'body')?.attribute('', 'use')).toBe('literal');
      }
    });

    test('has a port at each endpoint', () => {
      const ports = childrenOf(root, 'service').flatMap((service) => childrenOf(service, 'port'));
      const addresses = ports.flatMap((port) => port.child(soap, 'address')?.attribute('', 'location') ?? []);
      expect(addresses).toEqual(Object.keys(ACTIONS).map((name) => `http://pointsman.invalid/wsn/${name}`));
    });
  });

  test('begins with the broker, which simple clients take', () => {
    const [first] = childrenOf(readXml(ours).root, 'service');
    expect(first?.attribute('', 'name')).toBe('NotificationBrokerService');
  });
});

describe.skipIf(!existsSync(OFFICIAL))('pointsman.wsdl beside the official ones', () => {
  const file = (name: string): Buffer => readFileSync(new URL(name, OFFICIAL));

  test('offers the same operations, elements and faults', () => {
    const base = portTypesOf(file('bw-2.wsdl'), [file('rw-2.wsdl')]);
    const brokered = portTypesOf(file('brw-2.wsdl'), [file('bw-2.wsdl'), file('rw-2.wsdl')]);
    const properties = portTypesOf(file('rpw-2.wsdl'), [file('rw-2.wsdl')]);
    const lifetime = portTypesOf(file('rlw-2.wsdl'), [file('rw-2.wsdl')]);
    const official = {
      NotificationBroker: brokered['NotificationBroker']!,
      CreatePullPoint: base['CreatePullPoint']!,
      PullPoint: base['PullPoint']!,
      SubscriptionManager: base['PausableSubscriptionManager']!,
      PublisherRegistrationManager: brokered['PublisherRegistrationManager']!,
      ResourceProperties: Object.assign({}, ...Object.values(properties)) as (typeof portTypes)[string],
      ResourceLifetime: { ...lifetime['ImmediateResourceTermination'], ...lifetime['ScheduledResourceTermination'] },
    };
    expect(withoutActions(portTypes)).toEqual(withoutActions(official));
  });
});

function withoutActions(all: typeof portTypes): unknown {
  return Object.fromEntries(
    Object.entries(all).map(([name, operations]) => [
      name,
      Object.fromEntries(
        Object.entries(operations).map(([operation, { input, output, faults }]) => [
          operation,
          { input, output, faults },
        ]),
      ),
    ]),
  );
}
