import { describe, expect, it } from 'vitest';
import type { Entry, Happening } from '../history.ts';
import { check, type Expectations } from './check.ts';
import { longestGaps, recoveriesIn } from './clients.ts';
import { readRun } from './run.ts';

/** A history in which each happening is a millisecond after the one before. */
function history(...happenings: readonly (Happening | readonly Happening[])[]): Entry[] {
  return happenings.flat().map((happening, index) => ({ ...happening, at: index + 1, wall: 0 }));
}

let operations = 0;

function operation(
  kind: 'publish' | 'subscribe' | 'renew' | 'unsubscribe' | 'pull',
  subject: object,
  end: object = { outcome: 'ok', status: 200 },
): Happening[] {
  operations += 1;
  return [
    { type: 'invoke', op: operations, kind, by: 'p', ...subject },
    { type: 'outcome', op: operations, ...(end as { outcome: 'ok' }) },
  ];
}

const publish = (number: number, end?: object, more: object = {}): Happening[] =>
  operation('publish', { payload: `p:${String(number)}`, number, topic: 't', engine: 'ME1', ...more }, end);
const subscribe = (recipient = 's', more: object = {}): Happening[] =>
  operation('subscribe', { recipient, topic: 't', route: 'direct', ...more }, { outcome: 'ok', engine: 'ME1' });
const arrive = (number: number, more: object = {}): Happening => ({
  ...{ type: 'delivery', recipient: 's', route: 'direct', payload: `p:${String(number)}`, engine: 'ME1', epoch: 1 },
  ...{ id: `id${String(number)}`, seq: number, attempt: 1, beganAt: 0, ...more },
});
const engine = (epoch: number, server = 'server1', name = 'ME1'): Happening => ({
  type: 'engine',
  engine: name,
  server,
  epoch,
});
const door = (phase: 'begin' | 'end'): Happening => ({
  ...{ type: 'fault', phase, id: 1, fault: 'kill-proxy', description: '', hitsDoor: true },
});
const UNKNOWN_RESOURCE = { outcome: 'failed', status: 500, fault: 'ResourceUnknownFault' };
const RESET = { outcome: 'unknown', error: 'reset' };

const found = (entries: readonly Entry[], expectations?: Expectations): string[] =>
  check(entries, expectations).map(({ checker, message }) => `${checker}: ${message}`);

describe('the checkers', () => {
  it('find nothing in a history that is as it should be', () => {
    const entries = history(engine(1), subscribe(), publish(1), publish(2), arrive(1), arrive(2), engine(2), arrive(2));
    expect(found(entries)).toEqual([]);
  });

  it('C-deliver: an acknowledged notification that did not arrive', () => {
    expect(found(history(engine(1), subscribe(), publish(1), publish(2), arrive(2)))).toEqual([
      'C-deliver: s never got p:1',
    ]);
  });

  it.each([
    ['its outcome is unknown', [subscribe(), publish(1, RESET, { isDirect: true })]],
    ['it was published before the Subscribe was answered', [publish(1), subscribe()]],
    ['it is of another topic', [subscribe(), publish(1, undefined, { topic: 'u' })]],
    ['it was given up openly', [subscribe(), publish(1), [arrive(1, { recipient: 'other' }), given(1)]]],
    [
      'the reply to a pull never came',
      [subscribe(), publish(1), [door('begin')], operation('pull', { recipient: 's' }, RESET)],
    ],
    ['the subscription has left', [subscribe(), publish(1), operation('unsubscribe', { recipient: 's' })]],
    ['its engine has not shown that it knows', [subscribe(), publish(1, undefined, { engine: 'ME2' })]],
  ])('C-deliver: nothing is owed when %s', (_why, happenings) => {
    expect(found(history(engine(1), engine(1, 'server2', 'ME2'), ...happenings))).toEqual([]);
  });

  it('C-deliver: another engine owes what comes after the first that arrived', () => {
    const from2 = { engine: 'ME2' };
    const entries = history(
      ...[
        engine(1),
        engine(1, 'server2', 'ME2'),
        subscribe(),
        publish(1, undefined, from2),
        publish(2, undefined, from2),
      ],
      ...[arrive(2), publish(3, undefined, from2)],
    );
    expect(found(entries)).toEqual(['C-deliver: s never got p:3']);
  });

  it('C-deliver: whoever has left must not have been passed over', () => {
    const left = operation('unsubscribe', { recipient: 's' });
    const entries = history(engine(1), subscribe(), publish(1), publish(2), arrive(2), publish(3), left);
    expect(found(entries)).toEqual(['C-deliver: s never got p:1']);
  });

  it('C-order: two notifications of a publisher that change places', () => {
    const entries = history(engine(1), subscribe(), publish(1), publish(2), arrive(2), arrive(1));
    expect(found(entries)).toEqual(['C-order: s got p:1 after p:2']);
  });

  it('C-dup: the same notification as two messages, and anything twice from a pull point', () => {
    const twice = history(engine(1), subscribe(), publish(1), arrive(1), arrive(1, { id: 'other', seq: 9 }));
    expect(found(twice)).toEqual(['C-dup: s got p:1 as id1 (1) and again as other (9)']);
    const pulled = { route: 'pull', id: undefined, seq: undefined };
    const again = history(
      engine(1),
      subscribe('s', { route: 'pull' }),
      publish(1),
      arrive(1, pulled),
      arrive(1, pulled),
    );
    expect(found(again)).toHaveLength(1);
  });

  it('C-origin: what nobody published, and what was not asked for', () => {
    const entries = history(engine(1), subscribe(), arrive(7), publish(1, undefined, { topic: 'u' }), arrive(1));
    expect(found(entries)).toEqual([
      'C-origin: s got p:7, which nobody published',
      'C-origin: s got p:1 of another topic',
    ]);
  });

  it('C-epoch: an epoch of two servers, one that goes back, and a first delivery of an old one', () => {
    expect(found(history(engine(1), engine(1, 'server2')))).toHaveLength(1);
    expect(found(history(engine(2), engine(1)))).toHaveLength(1);
    const late = [arrive(1, { epoch: 2 }), arrive(2, { epoch: 1 })];
    expect(found(history(engine(2), subscribe(), publish(1), publish(2), late))).toEqual([
      'C-epoch: s got p:2 first in epoch 1 of ME1, after epoch 2',
    ]);
  });

  it('C-zombie: an old epoch that begins something after its successor did', () => {
    const entries = (beganAt: number, ...more: Happening[]): Entry[] => [
      ...history(engine(2), subscribe(), subscribe('other'), publish(1), publish(2)),
      ...history(arrive(1, { epoch: 2, beganAt: 1_000 }), arrive(1, { recipient: 'other', epoch: 2, beganAt: 1_000 })),
      ...history(arrive(2, { recipient: 'other', epoch: 2, beganAt: 1_000 }), arrive(2, { epoch: 2, beganAt: 1_000 })),
      ...history(arrive(1, { recipient: 'other', epoch: 1, beganAt }), ...more),
    ];
    expect(found(entries(1_600), { zombieMs: 500 })).toEqual([
      'C-zombie: p:1 to other in epoch 1, 600 ms after epoch 2 had begun',
    ]);
    expect(found(entries(1_400), { zombieMs: 500 })).toEqual([]);
    const stalled = { type: 'stall', ms: 900, at: 1_700, wall: 0 } as const;
    expect(found([...entries(1_600), stalled], { zombieMs: 500 })).toEqual([]);
  });

  it('C-ack: an acknowledged resource that is unknown, unless somebody has ended it', () => {
    const renewal = operation('renew', { recipient: 's' }, UNKNOWN_RESOURCE);
    expect(found(history(engine(1), subscribe(), renewal))).toEqual(['C-ack: renew of s: ResourceUnknownFault']);
    const left = operation('unsubscribe', { recipient: 's' });
    expect(found(history(engine(1), subscribe(), left, renewal))).toEqual([]);
    const leaving = (tries: number): Happening[] =>
      operation('unsubscribe', { recipient: 's' }, { ...UNKNOWN_RESOURCE, tries });
    expect(found(history(engine(1), subscribe(), leaving(1)))).toHaveLength(1);
    expect(found(history(engine(1), subscribe(), leaving(2)))).toEqual([]);
  });

  it('C-client: a reset while the front door is unhurt, an error page, a 503 without Retry-After', () => {
    const reset = publish(1, RESET);
    expect(found(history(engine(1), reset))).toHaveLength(1);
    expect(found(history(engine(1), door('begin'), reset, door('end')))).toEqual([]);
    expect(found(history(engine(1), publish(1, { outcome: 'unknown', status: 502, fault: 'x' })))).toHaveLength(1);
    expect(found(history(engine(1), publish(1, { outcome: 'unknown', status: 500 })))).toHaveLength(1);
    const away = { outcome: 'unknown', status: 503, fault: 'Temporarily unavailable' };
    expect(found(history(engine(1), publish(1, away)))).toHaveLength(1);
    expect(found(history(engine(1), publish(1, { ...away, hasRetryAfter: true })))).toEqual([]);
    expect(found(history(engine(1), publish(1, { ...away, hasRetryAfter: true })), { isPlanned: true })).toHaveLength(
      1,
    );
  });

  it('C-avail: too long without a success, or none at all', () => {
    const idle = Array.from({ length: 50 }, () => engine(1));
    const entries = history(publish(1), idle, publish(2));
    expect(longestGaps(readRun(entries))).toEqual({ publish: 52 });
    expect(found(entries, { gaps: { publish: 52 } })).toEqual([]);
    expect(found(entries, { gaps: { publish: 51 } })).toHaveLength(1);
    expect(found(entries, { gaps: { renew: 51 } })).toEqual([
      'C-avail: renew never succeeded, at most 51 ms are allowed',
    ]);
  });

  it('C-leak: descriptors, memory, write-ahead log and log records beyond their bounds', () => {
    const sample = (phase: 'before' | 'after', fds: number, rssBytes = 1): Happening => ({
      ...{ type: 'sample', phase, member: 'server1', fds, rssBytes },
    });
    expect(found(history(sample('before', 50), sample('after', 150)))).toEqual([]);
    expect(found(history(sample('before', 50), sample('after', 151)))).toHaveLength(1);
    expect(found(history(sample('after', 1, 2 ** 30)))).toHaveLength(1);
    const store = { type: 'store', engine: 'ME1', walBytes: 2 ** 30, logRows: 1e6 } as const;
    expect(found(history(store))).toHaveLength(2);
  });

  it('C-exit: a member that ends of a bug', () => {
    const exit = (code: number | null, signal: string | null = null): Happening => ({
      ...{ type: 'exit', member: 'server1', code, signal },
    });
    expect(found(history(exit(0), exit(75), exit(74), exit(null, 'SIGKILL')))).toEqual([]);
    expect(found(history(exit(70), exit(13), exit(null, 'SIGSEGV')))).toHaveLength(3);
  });

  it('measure how long a Renew took that was begun after a fault', () => {
    const fault = { type: 'fault', phase: 'begin', id: 1, fault: 'kill', description: '', engines: ['ME1'] } as const;
    const renewed = operation('renew', { recipient: 's', engine: 'ME1' });
    const away = operation('renew', { recipient: 's', engine: 'ME1' }, { outcome: 'unknown', status: 503 });
    expect(recoveriesIn(readRun(history(renewed, fault, away, renewed)))).toEqual([{ fault: 'kill', ms: 4 }]);
  });
});

function given(number: number): Happening {
  return { type: 'given-up', recipient: 's', engine: 'ME1', first: number, last: number, reason: 'age' };
}
