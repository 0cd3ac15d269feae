import { describe, expect, test } from 'vitest';
import { readEnvelope } from '../../../src/soap/envelope.ts';
import type { HttpFraming } from '../../../src/soap/envelope.ts';
import { ProtocolError, protocolFaultReply } from '../../../src/soap/fault.ts';
import { DEVIATIONS, REFUSED_DEVIATIONS, TOLERANT, toleranceOf } from '../../../src/soap/tolerance.ts';
import type { DeviationName, Tolerance } from '../../../src/soap/tolerance.ts';
import { actionDeviations } from '../../../src/wsn/action-deviations.ts';
import { decodeRequest } from '../../../src/wsn/codec.ts';
import { WsnFault } from '../../../src/wsn/faults.ts';
import { OPERATIONS } from '../../../src/wsn/operations.ts';
import type { WsnOperation } from '../../../src/wsn/operations.ts';
import { refuseDeviations } from '../../../src/wsn/strictness.ts';
import { readXml } from '../../../src/xml/reader.ts';
import { envelope } from '../soap/envelopes.ts';
import { CONFORMING, FURTHER_SAMPLES, REFUSED_SAMPLES, SAMPLES, type Sample } from './deviation-samples.ts';

const STRICT = toleranceOf({ strict: true, tolerate: {} });

/** `accepted`, or the fault: the name of a WsnFault, or the codes from the outermost to the finest. */
function outcome(bytes: Uint8Array, framing: HttpFraming, tolerance: Tolerance, isUnserved = false): string {
  try {
    const message = readEnvelope(bytes, framing, undefined, { tolerance });
    if (isUnserved) refuseDeviations(message, framing, { tolerance, isOneWay: false });
    else decodeRequest(message, framing, { tolerance });
    return 'accepted';
  } catch (error) {
    if (error instanceof WsnFault) return error.fault;
    if (!(error instanceof ProtocolError)) throw error;
    readXml(protocolFaultReply(error).body);
    const codes = [error.code, error.subcode?.localName, error.subsubcode?.localName];
    return codes.filter((code) => code !== undefined).join('/') + (error.httpStatus === 415 ? ' 415' : '');
  }
}

function outcomeOf({ header, body, version, framing, isUnserved }: Sample, tolerance: Tolerance): string {
  return outcome(envelope(body, header, version), framing, tolerance, isUnserved);
}

test('every row of the table has a sample, and none is left over', () => {
  expect(Object.keys(SAMPLES).sort()).toEqual(Object.keys(DEVIATIONS).sort());
  expect(Object.keys(REFUSED_SAMPLES).sort()).toEqual(Object.keys(REFUSED_DEVIATIONS).sort());
});

describe.each([...(Object.entries(SAMPLES) as [DeviationName, Sample][]), ...FURTHER_SAMPLES])('%s', (name, sample) => {
  const named = (isTolerated: boolean): Record<string, boolean> => ({ [name]: isTolerated });

  const isOff = 'isOffBecause' in DEVIATIONS[name];

  test(`is ${isOff ? 'refused' : 'accepted'} unless the topology says otherwise`, () => {
    expect(outcomeOf(sample, TOLERANT)).toBe(isOff ? sample.refused : 'accepted');
    expect(outcomeOf(sample, toleranceOf({ strict: false, tolerate: named(true) }))).toBe('accepted');
  });

  test('is refused alone', () => {
    expect(outcomeOf(sample, toleranceOf({ strict: false, tolerate: named(false) }))).toBe(sample.refused);
  });

  test('is refused by strict, and can be let through by its name', () => {
    expect(outcomeOf(sample, STRICT)).not.toBe('accepted');
    const also = Object.fromEntries((sample.also ?? []).map((other) => [other, true]));
    expect(outcomeOf(sample, toleranceOf({ strict: true, tolerate: { ...also, ...named(true) } }))).toBe('accepted');
  });
});

test.each(Object.entries(CONFORMING) as [WsnOperation, string][])('strict accepts a conforming %s', (name, body) => {
  const header = `<wsa:Action>${OPERATIONS[name].action}</wsa:Action><wsa:MessageID>urn:uuid:1</wsa:MessageID>`;
  expect(outcome(envelope(body, header), { contentType: 'application/soap+xml' }, STRICT)).toBe('accepted');
  const framing = { contentType: 'text/xml; charset=utf-8', soapAction: '""' };
  expect(outcome(envelope(body, header, '1.1'), framing, STRICT)).toBe('accepted');
});

test('strict asks no MessageID of a Notify, which has no reply', () => {
  const header = `<wsa:Action>${OPERATIONS.Notify.action}</wsa:Action>`;
  expect(outcome(envelope(CONFORMING.Notify, header), { contentType: 'application/soap+xml' }, STRICT)).toBe(
    'accepted',
  );
});

describe.each(Object.entries(REFUSED_SAMPLES))('%s', (_name, { envelope: xml, contentType, refused }) => {
  test('is refused, however tolerant', () => {
    expect(outcome(Buffer.from(xml), { contentType }, TOLERANT)).toBe(refused);
  });
});

test('what is off by itself changes nothing else when it is on', () => {
  const tolerance = toleranceOf({ strict: false, tolerate: { securityHeader: true, topicEmpty: false } });
  expect(tolerance.size).toBe(TOLERANT.size);
  expect(outcomeOf(SAMPLES.topicEmpty, tolerance)).toBe(SAMPLES.topicEmpty.refused);
});

test('every alias of an action is of a family that can be switched off', () => {
  for (const { aliases } of Object.values(OPERATIONS)) {
    for (const alias of aliases) expect(actionDeviations(alias), alias).not.toEqual([]);
  }
});

describe('toleranceOf()', () => {
  test('accepts all or nothing, but for what is named', () => {
    expect(toleranceOf({ strict: false, tolerate: {} })).toEqual(TOLERANT);
    expect(STRICT.size).toBe(0);
    expect([...toleranceOf({ strict: true, tolerate: { actionBr2: true, actionBw2: false } })]).toEqual(['actionBr2']);
    const allButOne = toleranceOf({ strict: false, tolerate: { topicEmpty: false, actionBr2: true } });
    expect([allButOne.size, allButOne.has('topicEmpty')]).toEqual([TOLERANT.size - 1, false]);
  });

  test('passes over names that are no deviation', () => {
    expect(toleranceOf({ strict: true, tolerate: { toString: true, other: true } }).size).toBe(0);
  });
});
