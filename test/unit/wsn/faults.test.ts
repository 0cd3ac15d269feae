import { describe, expect, test } from 'vitest';
import { FAULT_SPECS, faultDetail, WsnFault, wsnFaultReply } from '../../../src/wsn/faults.ts';
import type { WsnFaultName } from '../../../src/wsn/faults.ts';
import { element } from '../soap/envelopes.ts';

const NOW = Date.parse('2026-01-02T03:04:05.678Z');
const NAMES = Object.keys(FAULT_SPECS) as WsnFaultName[];
const texts = (xml: string): [string, string][] =>
  element(xml)
    .children()
    .map((child) => [child.localName, child.text()]);

describe('WsnFault', () => {
  test('crosses a wire as JSON and comes out the same', () => {
    const details = {
      unknownFilters: [{ namespace: 'urn:f', localName: 'F' }],
      minimumTime: NOW,
      maximumTime: NOW + 1,
    };
    const fault = new WsnFault('InvalidFilterFault', 'why', details);
    const copy = WsnFault.from(JSON.parse(JSON.stringify(fault)));
    expect([copy.fault, copy.message, copy.details]).toEqual(['InvalidFilterFault', 'why', details]);
    expect(WsnFault.from(new WsnFault('PauseFailedFault', '').serialise()).details).toEqual({});
  });

  test.each([
    [undefined],
    [null],
    ['InvalidFilterFault'],
    [{}],
    [{ fault: 'toString', message: '', details: {} }],
    [{ fault: 'PauseFailedFault', details: {} }],
    [{ fault: 'PauseFailedFault', message: 1, details: {} }],
    [{ fault: 'PauseFailedFault', message: '', details: { minimumTime: '1' } }],
    [{ fault: 'InvalidFilterFault', message: '', details: { unknownFilters: [{ namespace: 'urn:f' }] } }],
    [{ fault: 'InvalidFilterFault', message: '', details: { unknownFilters: 'F' } }],
  ])('is not made from %j', (serialised) => {
    expect(() => WsnFault.from(serialised)).toThrow(TypeError);
  });
});

describe('faultDetail()', () => {
  test('has the Timestamp first, then Description, then what the fault adds', () => {
    const fault = new WsnFault('InvalidFilterFault', 'a < b', {
      unknownFilters: [
        { namespace: 'urn:f&', localName: 'F' },
        { namespace: '', localName: 'G' },
      ],
    });
    const xml = faultDetail(fault, NOW);
    expect(texts(xml)).toEqual([
      ['Timestamp', '2026-01-02T03:04:05.678Z'],
      ['Description', 'a < b'],
      ['UnknownFilter', 'q:F'],
      ['UnknownFilter', 'G'],
    ]);
    expect(element(xml).children()[2]?.resolvePrefix('q')).toBe('urn:f&');
  });

  test('lists the policies', () => {
    const policy = [{ namespace: 'urn:p', localName: 'P' }];
    const unrecognized = new WsnFault('UnrecognizedPolicyRequestFault', '', { unrecognizedPolicies: policy });
    expect(texts(faultDetail(unrecognized, NOW))[1]).toEqual(['UnrecognizedPolicy', 'q:P']);
    const unsupported = new WsnFault('UnsupportedPolicyRequestFault', '', { unsupportedPolicies: policy });
    expect(texts(faultDetail(unsupported, NOW))[1]).toEqual(['UnsupportedPolicy', 'q:P']);
  });

  test('always has a MinimumTime that is still ahead, for the termination faults', () => {
    for (const name of ['UnacceptableInitialTerminationTimeFault', 'UnacceptableTerminationTimeFault'] as const) {
      expect(texts(faultDetail(new WsnFault(name, ''), NOW))).toEqual([
        ['Timestamp', '2026-01-02T03:04:05.678Z'],
        ['MinimumTime', '2026-01-02T03:04:06.678Z'],
      ]);
      const both = new WsnFault(name, '', { minimumTime: NOW + 5000, maximumTime: NOW + 6000 });
      expect(texts(faultDetail(both, NOW)).slice(1)).toEqual([
        ['MinimumTime', '2026-01-02T03:04:10.678Z'],
        ['MaximumTime', '2026-01-02T03:04:11.678Z'],
      ]);
    }
  });
});

describe('wsnFaultReply()', () => {
  test.each(NAMES)('%s has its role, action and one detail element in both versions', (name) => {
    const spec = FAULT_SPECS[name];
    expect(spec.localName).toBe(name);
    for (const version of ['1.1', '1.2'] as const) {
      const reply = wsnFaultReply(version, new WsnFault(name, 'why'), NOW, {
        namespace: '2005/08',
        messageId: 'urn:m',
      });
      expect(reply.status).toBe(version === '1.2' && spec.role === 'Sender' ? 400 : 500);
      const root = element(reply.body.toString());
      const fault = root.children()[1]?.children()[0];
      const detail = fault?.children().find((child) => child.localName.toLowerCase() === 'detail');
      expect(detail?.children().map((child) => [child.namespace, child.localName])).toEqual([[spec.namespace, name]]);
      const action = root
        .children()[0]
        ?.children()
        .find((block) => block.localName === 'Action');
      expect(action?.text()).toBe(
        `http://docs.oasis-open.org/${name === 'ResourceUnknownFault' ? 'wsrf' : 'wsn'}/fault`,
      );
      expect(reply.body.toString()).toContain(`${name}: why`);
    }
  });
});
