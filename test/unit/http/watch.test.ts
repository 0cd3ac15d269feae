import { expect, it, describe, vi, beforeEach, afterEach } from 'vitest';
import { Watch, type Watched } from '../../../src/http/watch.ts';
import { NOWHERE } from '../../../src/kernel/crowd.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Notes when it was found overdue. */
class Noted implements Watched {
  place = NOWHERE;
  readonly foundAt: number[] = [];
  dueAt: number;
  readonly #watch: Watch;

  constructor(watch: Watch, ms: number) {
    this.#watch = watch;
    this.dueAt = performance.now() + ms;
    watch.add(this);
  }

  overdue(now: number): void {
    this.foundAt.push(now - this.dueAt);
    this.#watch.delete(this);
  }
}

describe('Watch', () => {
  it('finds each that is due, at its time, with one timer', () => {
    const watch = new Watch();
    const all = [500, 100, 300, 100].map((ms) => new Noted(watch, ms));
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(99);
    expect(all.flatMap(({ foundAt }) => foundAt)).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(all.map(({ foundAt }) => foundAt)).toEqual([[], [0], [], [0]]);
    vi.advanceTimersByTime(1_000);
    expect(all.map(({ foundAt }) => foundAt)).toEqual([[0], [0], [0], [0]]);
    expect(watch.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves alone what was deleted, and sets no timer for each', () => {
    const watch = new Watch();
    const spy = vi.spyOn(globalThis, 'setTimeout');
    for (let i = 0; i < 1_000; i += 1) {
      const one = new Noted(watch, 10_000);
      vi.advanceTimersByTime(1);
      watch.delete(one);
    }
    expect(spy).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(60_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('waits for one that has come further, and not longer than for one that is due sooner now', () => {
    const watch = new Watch();
    const [later, sooner] = [new Noted(watch, 100), new Noted(watch, 1_000)];
    later.dueAt += 100;
    vi.advanceTimersByTime(150);
    expect(later.foundAt).toEqual([]);
    sooner.dueAt = performance.now() + 10;
    watch.sooner(sooner);
    vi.advanceTimersByTime(10);
    expect(sooner.foundAt).toEqual([0]);
    vi.advanceTimersByTime(40);
    expect(later.foundAt).toEqual([0]);
  });

  it('is quiet once it is cleared', () => {
    const watch = new Watch();
    const one = new Noted(watch, 100);
    watch.clear();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(1_000);
    expect(one.foundAt).toEqual([]);
  });

  it('finds what one that is overdue adds or deletes', () => {
    const watch = new Watch();
    const added: Noted[] = [];
    const second = { place: NOWHERE, dueAt: performance.now() + 100, overdue: (): void => expect.unreachable() };
    const first: Watched = {
      place: NOWHERE,
      dueAt: performance.now() + 100,
      overdue: () => {
        watch.delete(first);
        watch.delete(second);
        added.push(new Noted(watch, 50));
      },
    };
    watch.add(first);
    watch.add(second);
    vi.advanceTimersByTime(150);
    expect(added.map(({ foundAt }) => foundAt)).toEqual([[0]]);
  });

  it('listens to a signal once, and gives up those that are still there', () => {
    const watch = new Watch();
    const [one, other] = [new AbortController(), new AbortController()];
    const listened = vi.spyOn(one.signal, 'addEventListener');
    const given: string[] = [];
    const watched = (name: string, signal: AbortSignal): Watched => ({
      place: NOWHERE,
      dueAt: performance.now() + 1_000,
      overdue: () => expect.unreachable(),
      signal,
      giveUp: () => given.push(name),
    });
    const gone = watched('gone', one.signal);
    watch.add(gone);
    for (const name of ['a', 'b']) watch.add(watched(name, one.signal));
    watch.add(watched('other', other.signal));
    watch.delete(gone);
    expect(listened).toHaveBeenCalledTimes(1);
    one.abort();
    expect(given.toSorted()).toEqual(['a', 'b']);
    watch.clear();
  });
});
