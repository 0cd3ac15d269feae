import { getHeapSpaceStatistics } from 'node:v8';
import { Row } from '../../src/delivery/row.ts';
import { Crowd, NOWHERE, type Member } from '../../src/kernel/crowd.ts';
import { Passing } from '../../src/kernel/passing.ts';

/** Lets many values come and go in what its argument names, and prints the bytes that came among V8's old objects meanwhile. */

const UNDER_WAY = 64;
const VALUES = 40_000;

type Value = readonly { readonly index: number }[];

/** Something of some size: about 4 KB. */
function valueOf(index: number): Value {
  return Array.from({ length: 100 }, () => ({ index }));
}

function oldBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'old_space')?.space_used_size ?? 0;
}

function churnPassing(index: number, values: Passing<number, Value>): void {
  values.set(index, valueOf(index));
  values.delete(index - UNDER_WAY);
}

function churnRow(index: number, row: Row<Value>): void {
  row.add(valueOf(index));
  if (row.size > UNDER_WAY) row.shift();
}

/** Something of some size that knows its place. */
type Guest = Member & { readonly value: Value };

const guestOf = (index: number): Guest => ({ value: valueOf(index), place: NOWHERE });
const crowd = new Crowd<Guest>();
const chairs: Guest[] = Array.from({ length: UNDER_WAY }, (_, index) => guestOf(index));

function churnCrowd(index: number): void {
  const chair = index % UNDER_WAY;
  const [gone, come] = [chairs[chair], guestOf(index)];
  if (gone !== undefined) crowd.delete(gone);
  crowd.add(come);
  chairs[chair] = come;
}

const passing = new Passing<number, Value>();
const row = new Row<Value>();
const CHURNS: Readonly<Record<string, (index: number) => void>> = {
  passing: (index) => churnPassing(index, passing),
  row: (index) => churnRow(index, row),
  crowd: churnCrowd,
};
const kind = process.argv[2] ?? '';
const churn = CHURNS[kind];
if (churn === undefined) throw new Error(`Found '${kind}', expected one of ${Object.keys(CHURNS).join(', ')}`);

for (let index = 0; index < 2 * UNDER_WAY; index += 1) churn(index);
// What is there now becomes old.
globalThis.gc?.();
const before = oldBytes();
let most = before;
for (let index = 2 * UNDER_WAY; index < VALUES; index += 1) {
  churn(index);
  if (index % 100 === 0) most = Math.max(most, oldBytes());
}
process.stdout.write(`${most - before}\n`);
