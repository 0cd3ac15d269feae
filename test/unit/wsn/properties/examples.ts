import { readFileSync } from 'node:fs';
import type { PublisherRegistration } from '../../../../src/wsn/messages.ts';
import type { PropertyDocument } from '../../../../src/wsn/properties/property-document.ts';
import {
  brokerDocument,
  pullPointDocument,
  registrationDocument,
  subscriptionDocument,
} from '../../../../src/wsn/properties/resource-documents.ts';
import { encodeFilter } from '../../../../src/wsn/filters/encode.ts';
import { encodePolicy } from '../../../../src/wsn/filters/policy.ts';
import { topicSetElement } from '../../../support/topic-set-element.ts';
import { CONCRETE_DIALECT, SIMPLE_DIALECT } from '../../../../src/wsn/topics/dialects.ts';
import { loadOfficialSchemas, type SchemaValidator } from '../../../support/schema-validator.ts';

export const NOW = Date.parse('2026-01-02T03:04:05.678Z');
const LIFETIME = { creationTime: NOW - 1000, currentTime: NOW, terminationTime: NOW + 60_000 };
const QUERIES = { hasQueries: true };
const ENCODERS = { filter: encodeFilter, policy: encodePolicy };

export const TOPIC = { dialect: CONCRETE_DIALECT, text: 'br:a/b', namespaces: { br: 'urn:t' } };
export const PUBLISHER = { address: 'http://publisher/?a&b', referenceParameters: ['<k xmlns="urn:k">1</k>'] };

export const REGISTRATION: PublisherRegistration = {
  publisher: PUBLISHER,
  topics: [TOPIC],
  demand: false,
  soapVersion: '1.2',
};

export function registration(changed: Partial<PublisherRegistration> = {}): PropertyDocument {
  return registrationDocument({ ...LIFETIME, registration: { ...REGISTRATION, ...changed } }, QUERIES);
}

export const SUBSCRIPTION = subscriptionDocument(
  {
    ...LIFETIME,
    consumer: PUBLISHER,
    filter: { topics: [TOPIC, { dialect: SIMPLE_DIALECT, text: 'x', namespaces: {} }] },
    policy: { useRaw: true, pauseRetention: 'last', notifyTermination: true },
    isPaused: true,
  },
  ENCODERS,
  QUERIES,
);

/** Each kind of document, in full and with as little as there can be. */
export const DOCUMENTS: Readonly<Record<string, PropertyDocument>> = {
  'a subscription': SUBSCRIPTION,
  'a subscription to everything, for ever': subscriptionDocument(
    {
      ...LIFETIME,
      terminationTime: null,
      consumer: { address: 'urn:c', referenceParameters: [] },
      filter: { topics: [] },
      policy: {},
      isPaused: false,
    },
    ENCODERS,
    { hasQueries: false },
  ),
  'a pull point': pullPointDocument(LIFETIME, QUERIES),
  'a pull point for ever': pullPointDocument({ ...LIFETIME, terminationTime: null }, { hasQueries: false }),
  'a registration': registration(),
  'a registration for all topics': registrationDocument(
    { ...LIFETIME, terminationTime: null, registration: { topics: [], demand: false, soapVersion: '1.1' } },
    { hasQueries: false },
  ),
  'the broker': brokerDocument(
    {
      dialects: [SIMPLE_DIALECT, CONCRETE_DIALECT],
      fixed: false,
      topicSet: topicSetElement(['{urn:t}a/b', '{urn:t}a/{urn:u}c', '{urn:v}d', 'adhoc']),
      requiresRegistration: true,
      pauseRetention: 'all',
    },
    QUERIES,
  ),
  'a broker without topics': brokerDocument(
    {
      dialects: [SIMPLE_DIALECT],
      fixed: true,
      topicSet: undefined,
      requiresRegistration: false,
      pauseRetention: 'none',
    },
    { hasQueries: false },
  ),
};

/** The official schemas and our own for the roots of the documents; undefined where the official ones are not there. */
export async function loadSchemas(): Promise<SchemaValidator | undefined> {
  const ours = readFileSync(new URL('../../../../wsdl/properties.xsd', import.meta.url));
  return loadOfficialSchemas({ 'urn:pointsman:properties': ours });
}
