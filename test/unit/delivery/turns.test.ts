import { describe, expect, it } from 'vitest';
import { type TurnLimits, Turns } from '../../../src/delivery/turns.ts';

const LIMITS: TurnLimits = { perDestination: 4, slowTogether: 2, slowMs: 1_000, failuresUntilOpen: 5 };

class Court {
  elapsed = 0;
  readonly turns = new Turns<string>({
    limits: LIMITS,
    backoff: { firstMs: 1_000, maxMs: 300_000 },
    now: () => this.elapsed,
    random: () => 1,
  });

  /** Subscriptions `count` of one destination, ready. */
  fill(key: string, count: number): ReturnType<Turns<string>['join']> {
    const destination = this.turns.join(key);
    for (let n = 0; n < count; n += 1) this.turns.add(`${key}${n}`, destination);
    return destination;
  }

  /** Everything that may go at once. */
  takeAll(): string[] {
    const items: string[] = [];
    for (let turn = this.turns.next(); turn !== undefined; turn = this.turns.next()) items.push(turn.item);
    return items;
  }

  /** One whole turn; gives who had it and when its destination wants to be looked at again. */
  play(result: 'succeeded' | 'failed' | 'unused', durationMs = 1): { item: string; probeAt: number | undefined } {
    const { item, slot } = this.turns.next()!;
    return { item, probeAt: this.turns.end(slot!, result, durationMs) };
  }
}

describe('Turns', () => {
  it('takes destinations in turn, whatever the length of their rows', () => {
    const court = new Court();
    court.fill('a', 3);
    court.fill('b', 1);
    court.fill('c', 2);
    const order = Array.from({ length: 6 }, () => court.play('succeeded').item);
    expect(order).toEqual(['a0', 'b0', 'c0', 'a1', 'c1', 'a2']);
  });

  it('takes the subscriptions of a destination in turn', () => {
    const court = new Court();
    const destination = court.fill('a', 2);
    const order: string[] = [];
    for (let n = 0; n < 4; n += 1) {
      const { item } = court.play('succeeded');
      order.push(item);
      court.turns.add(item, destination);
    }
    expect(order).toEqual(['a0', 'a1', 'a0', 'a1']);
  });

  it('lets those with an unknown destination and those with a known one alternate', () => {
    const court = new Court();
    for (let n = 0; n < 3; n += 1) court.turns.add(`new${n}`, undefined);
    for (const key of ['a', 'b', 'c']) court.fill(key, 1);
    expect(court.takeAll()).toEqual(['a0', 'new0', 'b0', 'new1', 'c0', 'new2']);
  });

  it('trusts a destination with one try, with one more after each success, with four at most', () => {
    const court = new Court();
    const destination = court.fill('a', 20);
    expect(court.takeAll()).toHaveLength(1);
    const allowed: number[] = [];
    for (let n = 0; n < 5; n += 1) {
      court.turns.end({ destination, isSlow: false, isProbe: false }, 'succeeded', 1);
      court.takeAll();
      allowed.push(destination.inFlight);
    }
    expect(allowed).toEqual([2, 3, 4, 4, 4]);
  });

  it('leaves a full destination out without stopping the others', () => {
    const court = new Court();
    court.fill('full', 9);
    court.fill('free', 1);
    expect(court.takeAll()).toEqual(['full0', 'free0']);
  });

  it('lets slow destinations together take a part of the places only', () => {
    const court = new Court();
    const slow = ['s', 't', 'u'].map((key) => court.fill(key, 3));
    for (const { slot } of slow.map(() => court.turns.next()!)) court.turns.end(slot!, 'succeeded', 5_000);
    court.fill('brisk', 1);
    expect(court.takeAll().toSorted()).toEqual(['brisk0', 's1', 't1']);
    court.turns.end({ destination: slow[0]!, isSlow: true, isProbe: false }, 'succeeded', 5_000);
    expect(court.takeAll()).toEqual(['u1']);
  });

  it('opens the circuit after five failures in a row, then sends one probe at a time', () => {
    const court = new Court();
    const destination = court.fill('a', 20);
    for (let n = 0; n < 4; n += 1) expect(court.play('failed').probeAt).toBeUndefined();
    expect(court.play('failed').probeAt).toBe(1_000);
    expect(court.takeAll()).toEqual([]);

    court.elapsed = 1_000;
    court.turns.place(destination);
    const probe = court.turns.next()!;
    expect(probe.slot!.isProbe).toBe(true);
    expect(court.takeAll()).toEqual([]);
    expect(court.turns.end(probe.slot!, 'failed', 1)).toBe(3_000);
    expect(court.takeAll()).toEqual([]);
  });

  it('closes the circuit with the first success', () => {
    const court = new Court();
    const destination = court.fill('a', 20);
    for (let n = 0; n < 5; n += 1) court.play('failed');
    court.elapsed = 1_000;
    court.turns.place(destination);
    court.play('succeeded');
    expect(court.takeAll()).toHaveLength(2);
  });

  it('counts failures in a row only', () => {
    const court = new Court();
    court.fill('a', 20);
    for (let n = 0; n < 12; n += 1) expect(court.play(n % 4 === 3 ? 'succeeded' : 'failed').probeAt).toBeUndefined();
  });

  it('probes again when a probe was not used', () => {
    const court = new Court();
    const destination = court.fill('a', 20);
    for (let n = 0; n < 5; n += 1) court.play('failed');
    court.elapsed = 1_000;
    court.turns.place(destination);
    court.play('unused');
    expect(court.takeAll()).toHaveLength(1);
  });

  it('admits nobody to a destination that is full or open', () => {
    const court = new Court();
    const destination = court.turns.join('a');
    const slot = court.turns.admit(destination)!;
    expect(court.turns.admit(destination)).toBeUndefined();
    court.turns.end(slot, 'failed', 1);
    for (let n = 0; n < 4; n += 1) court.turns.end(court.turns.admit(destination)!, 'failed', 1);
    expect(court.turns.admit(destination)).toBeUndefined();
  });

  it('forgets a destination when nobody waits for it', () => {
    const court = new Court();
    const destination = court.turns.join('a');
    court.turns.join('a');
    court.turns.part(destination);
    expect(court.turns.join('a')).toBe(destination);
    court.turns.part(destination);
    court.turns.part(destination);
    expect(court.turns.join('a')).not.toBe(destination);
  });
});
