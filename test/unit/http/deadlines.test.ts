import { expect, it, describe, vi, beforeEach, afterEach } from 'vitest';
import { Abortables } from '../../../src/http/abortion.ts';
import { Deadlines, type Due } from '../../../src/http/deadlines.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Notes when it was found overdue. */
class Noted implements Due {
  readonly foundAt: number[] = [];
  dueAt: number;
  readonly #deadlines: Deadlines;

  constructor(deadlines: Deadlines, ms: number) {
    this.#deadlines = deadlines;
    this.dueAt = performance.now() + ms;
    deadlines.add(this);
  }

  overdue(now: number): void {
    this.foundAt.push(now - this.dueAt);
    this.#deadlines.delete(this);
  }
}

describe('Deadlines', () => {
  it('finds each that is due, at its time, with one timer', () => {
    const deadlines = new Deadlines();
    const all = [500, 100, 300, 100].map((ms) => new Noted(deadlines, ms));
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(99);
    expect(all.flatMap(({ foundAt }) => foundAt)).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(all.map(({ foundAt }) => foundAt)).toEqual([[], [0], [], [0]]);
    vi.advanceTimersByTime(1_000);
    expect(all.map(({ foundAt }) => foundAt)).toEqual([[0], [0], [0], [0]]);
    expect(deadlines.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves alone what was deleted, and sets no timer for each', () => {
    const deadlines = new Deadlines();
    const spy = vi.spyOn(globalThis, 'setTimeout');
    for (let i = 0; i < 1_000; i += 1) {
      const one = new Noted(deadlines, 10_000);
      vi.advanceTimersByTime(1);
      deadlines.delete(one);
    }
    expect(spy).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(60_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('waits for one that has come further, and not longer than for one that is due sooner now', () => {
    const deadlines = new Deadlines();
    const [later, sooner] = [new Noted(deadlines, 100), new Noted(deadlines, 1_000)];
    later.dueAt += 100;
    vi.advanceTimersByTime(150);
    expect(later.foundAt).toEqual([]);
    sooner.dueAt = performance.now() + 10;
    deadlines.sooner(sooner);
    vi.advanceTimersByTime(10);
    expect(sooner.foundAt).toEqual([0]);
    vi.advanceTimersByTime(40);
    expect(later.foundAt).toEqual([0]);
  });

  it('is quiet once it is cleared', () => {
    const deadlines = new Deadlines();
    const one = new Noted(deadlines, 100);
    deadlines.clear();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(1_000);
    expect(one.foundAt).toEqual([]);
  });

  it('finds what one that is overdue adds or deletes', () => {
    const deadlines = new Deadlines();
    const added: Noted[] = [];
    const second = { dueAt: performance.now() + 100, overdue: (): void => expect.unreachable() };
    const first: Due = {
      dueAt: performance.now() + 100,
      overdue: () => {
        deadlines.delete(first);
        deadlines.delete(second);
        added.push(new Noted(deadlines, 50));
      },
    };
    deadlines.add(first);
    deadlines.add(second);
    vi.advanceTimersByTime(150);
    expect(added.map(({ foundAt }) => foundAt)).toEqual([[0]]);
  });
});

describe('Abortables', () => {
  it('listens to a signal once, and gives up those that are still there', () => {
    const abortables = new Abortables();
    const [one, other] = [new AbortController(), new AbortController()];
    const listened = vi.spyOn(one.signal, 'addEventListener');
    const given: string[] = [];
    const abortable = (name: string): { abort: () => void } => ({ abort: () => given.push(name) });
    const gone = abortable('gone');
    abortables.add(one.signal, gone);
    abortables.delete(one.signal, gone);
    abortables.add(one.signal, abortable('a'));
    abortables.add(one.signal, abortable('b'));
    abortables.add(other.signal, abortable('other'));
    expect(listened).toHaveBeenCalledTimes(1);
    one.abort();
    expect(given).toEqual(['a', 'b']);
  });
});
