import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { expandedName } from '../../../src/wsn/element-name.ts';
import { FAULT_SPECS } from '../../../src/wsn/faults.ts';
import { OPERATIONS } from '../../../src/wsn/operations.ts';
import type { OperationSpec } from '../../../src/wsn/operations.ts';
import { portTypesOf } from '../wsdl/wsdl-model.ts';

const OFFICIAL = new URL('../../../../shared/oasis/', import.meta.url);
const file = (name: string): Buffer => readFileSync(new URL(name, OFFICIAL));

interface Shape {
  readonly input: string;
  readonly output: string | undefined;
  readonly faults: readonly string[];
}

/** Every operation of the official WSDLs, whatever its port type: they agree about those that have several. */
function officialOperations(): Readonly<Record<string, Shape>> {
  const imported = ['bw-2.wsdl', 'rw-2.wsdl'];
  const found = ['bw-2.wsdl', 'brw-2.wsdl', 'rpw-2.wsdl', 'rlw-2.wsdl'].flatMap((name) => {
    const others = imported.filter((other) => other !== name).map(file);
    return Object.values(portTypesOf(file(name), others)).flatMap((operations) => Object.entries(operations));
  });
  return Object.fromEntries(
    found.map(([name, { input, output, faults }]) => [name, { input, output, faults: Object.values(faults).sort() }]),
  );
}

function ours({ request, reply, faults }: OperationSpec): Shape {
  return {
    input: expandedName(request),
    output: reply && expandedName(reply),
    faults: faults.map((fault) => expandedName(FAULT_SPECS[fault])).sort(),
  };
}

describe.skipIf(!existsSync(OFFICIAL))('OPERATIONS beside the official WSDLs', () => {
  const official = existsSync(OFFICIAL) ? officialOperations() : {};

  test('has every operation of the standards, and no other', () => {
    expect(Object.keys(OPERATIONS).sort()).toEqual(Object.keys(official).sort());
  });

  test.each(Object.entries(OPERATIONS))('%s has the elements and faults of the standard', (name, spec) => {
    expect(ours(spec)).toEqual(official[name]);
  });

  test('every fault of the standards can be raised by one of them', () => {
    const raised = new Set(Object.values(OPERATIONS).flatMap((spec: OperationSpec) => ours(spec).faults));
    const all = Object.values(FAULT_SPECS).map(expandedName);
    expect([...raised].sort()).toEqual(all.sort());
  });
});
