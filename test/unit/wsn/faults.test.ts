import { describe, expect, test } from 'vitest';
import { FAULT_SPECS, faultDetail, WsnFault, wsnFaultReply } from '../../../src/wsn/faults.ts';
import type { WsnFaultName } from '../../../src/wsn/faults.ts';
import { isChangeFault } from '../../../src/wsn/fault-specs.ts';
import type { XmlElement } from '../../../src/xml/document.ts';
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
    const changeFailure = { currentValue: ['<a/>'], restored: false };
    const change = new WsnFault('InvalidModificationFault', '', { changeFailure });
    expect(WsnFault.from(JSON.parse(JSON.stringify(change))).details).toEqual({ changeFailure });
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
    [{ fault: 'ResourceNotDestroyedFault', message: '', details: {} }],
    [{ fault: 'InvalidModificationFault', message: '', details: { changeFailure: {} } }],
    [{ fault: 'InvalidModificationFault', message: '', details: { changeFailure: { restored: 'true' } } }],
    [
      {
        fault: 'InvalidModificationFault',
        message: '',
        details: { changeFailure: { restored: true, currentValue: '' } },
      },
    ],
    [
      {
        fault: 'InvalidModificationFault',
        message: '',
        details: { changeFailure: { restored: true, requestedValue: [1] } },
      },
    ],
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

describe('the faults of changes', () => {
  const CHANGES = NAMES.filter((name) => isChangeFault(name));
  const failureIn = (fault: WsnFault): XmlElement | undefined => element(faultDetail(fault, NOW)).children().at(-1);

  test('are seven', () => {
    expect(CHANGES).toHaveLength(7);
  });

  test.each(CHANGES)('%s says what is, what was to be, and whether all is as it was', (name) => {
    const currentValue = ['<a xmlns="urn:a"/>', '<a xmlns="urn:a"/>'];
    const failure = failureIn(
      new WsnFault(name, 'why', {
        changeFailure: { currentValue, requestedValue: ['<b xmlns="urn:a"/>'], restored: true },
      }),
    );
    expect(failure?.localName).toBe('ResourcePropertyChangeFailure');
    expect(failure?.attribute('', 'Restored')).toBe('true');
    const shown = failure
      ?.children()
      .map((child) => [child.localName, child.children().map((value) => value.localName)]);
    expect(shown).toEqual([
      ['CurrentValue', ['a', 'a']],
      ['RequestedValue', ['b']],
    ]);
  });

  test('have it also where nothing is known', () => {
    const failure = failureIn(new WsnFault('UnableToPutResourcePropertyDocumentFault', ''));
    expect([failure?.localName, failure?.attribute('', 'Restored'), failure?.children()]).toEqual([
      'ResourcePropertyChangeFailure',
      'true',
      [],
    ]);
    const left = new WsnFault('SetResourcePropertyRequestFailedFault', '', { changeFailure: { restored: false } });
    expect(failureIn(left)?.attribute('', 'Restored')).toBe('false');
  });
});

describe('wsnFaultReply()', () => {
  test.each(NAMES)('%s has its role, action and one detail element in both versions', (name) => {
    const spec = FAULT_SPECS[name];
    const localName = name.replace(/^\w+:/, '');
    expect(spec.localName).toBe(localName);
    for (const version of ['1.1', '1.2'] as const) {
      const reply = wsnFaultReply(version, new WsnFault(name, 'why'), NOW, {
        namespace: '2005/08',
        messageId: 'urn:m',
      });
      expect(reply.status).toBe(version === '1.2' && spec.role === 'Sender' ? 400 : 500);
      const root = element(reply.body.toString());
      const fault = root.children()[1]?.children()[0];
      const detail = fault?.children().find((child) => child.localName.toLowerCase() === 'detail');
      expect(detail?.children().map((child) => [child.namespace, child.localName])).toEqual([
        [spec.namespace, localName],
      ]);
      const action = root
        .children()[0]
        ?.children()
        .find((block) => block.localName === 'Action');
      const standard = spec.namespace.startsWith('http://docs.oasis-open.org/wsrf/') ? 'wsrf' : 'wsn';
      expect(action?.text()).toBe(`http://docs.oasis-open.org/${standard}/fault`);
      expect(reply.body.toString()).toContain(`${localName}: why`);
    }
  });
});
