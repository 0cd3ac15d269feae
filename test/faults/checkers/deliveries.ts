import { firstArrivals, some, type LiveRecipient, type Operation, type Run, type Violation } from './run.ts';

/** What an acknowledged publication owes to a recipient that has not got it. */
export interface Missing {
  readonly recipient: string;
  readonly payload: string;
}

/**
 * From when on a recipient is owed what is published at each engine. At its own engine that is the end of its
 * Subscribe. Another engine owes nothing until it has learned of the subscription, and that it has learned shows in the
 * first of its notifications that arrived: what it takes after that one comes after it in its log.
 */
function promises(run: Run, { recipient, engine, since }: LiveRecipient): ReadonlyMap<string, number> {
  const from = new Map([[engine, since]]);
  for (const { payload, at } of run.arrivals.get(recipient) ?? []) {
    const publish = run.publishes.get(payload);
    if (publish?.engine === undefined || publish.engine === engine) continue;
    const learned = publish.end?.outcome === 'ok' ? publish.end.at : at;
    from.set(publish.engine, Math.max(since, Math.min(from.get(publish.engine) ?? Infinity, learned)));
  }
  return from;
}

/** The recipients that some engine owes nothing yet, with that engine. */
export function unpromised(run: Run): readonly { readonly recipient: string; readonly engine: string }[] {
  return run.recipients.flatMap((recipient) => {
    const from = promises(run, recipient);
    return [...run.engines]
      .filter((engine) => !from.has(engine))
      .map((engine) => ({ recipient: recipient.recipient, engine }));
  });
}

function owed(run: Run, recipient: LiveRecipient, acknowledged: readonly Operation[]): readonly Operation[] {
  const from = promises(run, recipient);
  const everywhere = Math.max(...[...run.engines].map((engine) => from.get(engine) ?? Infinity));
  return acknowledged.filter(({ topic, engine, at, end }) => {
    const since = engine === undefined ? everywhere : (from.get(engine) ?? Infinity);
    return topic === recipient.topic && at >= since && (end?.at ?? Infinity) <= recipient.until;
  });
}

function acknowledgedIn(run: Run): readonly Operation[] {
  return [...run.publishes.values()].filter(({ end }) => end?.outcome === 'ok');
}

/**
 * Everything acknowledged that has neither arrived nor been given up openly, for the recipients that stay. Of those
 * that have left, only what was passed over: notifications of one publisher at one engine arrive in order, so that
 * whatever stands before one that did arrive must have arrived, too.
 */
export function missingIn(run: Run): readonly Missing[] {
  const acknowledged = acknowledgedIn(run);
  const givenUp = givenUpIn(run);
  const pulledUntil = lostPullsIn(run);
  return run.recipients.flatMap((recipient) => {
    const { recipient: name, until } = recipient;
    const arrived = new Set((run.arrivals.get(name) ?? []).map(({ payload }) => payload));
    const latest = latestOf(run, arrived);
    return owed(run, recipient, acknowledged).flatMap(({ payload = '', by, number = 0, engine, at }) => {
      if (arrived.has(payload) || givenUp.has(`${name} ${payload}`) || at < (pulledUntil.get(name) ?? 0)) return [];
      const isPassedOver = engine !== undefined && number < (latest.get(by) ?? 0);
      return until === Infinity || isPassedOver ? [{ recipient: name, payload }] : [];
    });
  });
}

/** By recipient: until when what was published may have gone out with a reply that never came and was not asked for again. */
function lostPullsIn(run: Run): ReadonlyMap<string, number> {
  const lost = run.operations.filter(({ kind, end }) => kind === 'pull' && end?.outcome === 'unknown');
  return new Map(lost.map(({ recipient = '', end }) => [recipient, end!.at]));
}

/** Recipient and payload of all that was given up openly, as far as anybody knows which payload has which number. */
function givenUpIn(run: Run): ReadonlySet<string> {
  const numbers = new Map<string, number>();
  for (const { engine = '', payload, seq } of [...run.arrivals.values()].flat()) {
    if (seq !== undefined) numbers.set(`${engine} ${payload}`, seq);
  }
  return new Set(
    run.entries.flatMap((entry) => {
      if (entry.type !== 'given-up') return [];
      const { recipient, engine, first, last } = entry;
      return [...run.publishes.keys()].flatMap((payload) => {
        const seq = numbers.get(`${engine} ${payload}`) ?? -1;
        return seq >= first && seq <= last ? [`${recipient} ${payload}`] : [];
      });
    }),
  );
}

/** The highest number that arrived of each publisher. */
function latestOf(run: Run, arrived: ReadonlySet<string>): ReadonlyMap<string, number> {
  const latest = new Map<string, number>();
  for (const payload of arrived) {
    const { by = '', number = 0 } = run.publishes.get(payload) ?? {};
    latest.set(by, Math.max(latest.get(by) ?? 0, number));
  }
  return latest;
}

/** C-deliver: what was acknowledged arrives at everybody to whom it was promised. */
export function checkDeliveries(run: Run): Violation[] {
  const missing = missingIn(run);
  return [...new Set(missing.map(({ recipient }) => recipient))].map((recipient) => {
    const payloads = missing.filter((one) => one.recipient === recipient).map(({ payload }) => payload);
    return { checker: 'C-deliver', message: `${recipient} never got ${some(payloads)}` };
  });
}

/** C-order: what one publisher sent to one engine, one after the other, arrives first in that order. */
export function checkOrder(run: Run): Violation[] {
  const violations: Violation[] = [];
  for (const [recipient, arrivals] of run.arrivals) {
    const latest = new Map<string, Operation>();
    for (const { payload } of firstArrivals(arrivals)) {
      const publish = run.publishes.get(payload);
      // Whoever does not know whether it was taken cannot say when.
      if (publish?.engine === undefined || publish.end?.outcome !== 'ok') continue;
      const before = latest.get(publish.by);
      if (before !== undefined && (before.number ?? 0) > (publish.number ?? 0)) {
        const message = `${recipient} got ${payload} after ${before.payload ?? ''}`;
        violations.push({ checker: 'C-order', message });
      } else latest.set(publish.by, publish);
    }
  }
  return violations;
}

/** C-dup: what comes again is the same message; from a pull point nothing comes again. */
export function checkDuplicates(run: Run): Violation[] {
  const violations: Violation[] = [];
  for (const [recipient, arrivals] of run.arrivals) {
    const identities = new Map<string, string>();
    for (const { payload, id, seq, route } of arrivals) {
      const identity = `${id ?? 'none'} (${String(seq ?? 'none')})`;
      const known = identities.get(payload);
      identities.set(payload, known ?? identity);
      if (known === undefined || (route !== 'pull' && known === identity)) continue;
      const message = `${recipient} got ${payload} as ${known} and again as ${identity}`;
      violations.push({ checker: 'C-dup', message });
    }
  }
  return violations;
}

/** Deliveries beyond the first of each notification. */
export function duplicatesIn(run: Run): number {
  let count = 0;
  for (const arrivals of run.arrivals.values()) count += arrivals.length - firstArrivals(arrivals).length;
  return count;
}

/** Nothing arrives that nobody published, and nothing on a topic that was not asked for. */
export function checkOrigin(run: Run): Violation[] {
  const topics = new Map(run.recipients.map(({ recipient, topic }) => [recipient, topic]));
  const violations: Violation[] = [];
  for (const [recipient, arrivals] of run.arrivals) {
    for (const { payload } of arrivals) {
      const publish = run.publishes.get(payload);
      const topic = topics.get(recipient);
      if (publish === undefined) {
        violations.push({ checker: 'C-origin', message: `${recipient} got ${payload}, which nobody published` });
      } else if (topic !== undefined && publish.topic !== topic) {
        violations.push({ checker: 'C-origin', message: `${recipient} got ${payload} of another topic` });
      }
    }
  }
  return violations;
}
