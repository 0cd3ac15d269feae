import { firstArrivals, type Run, type Violation } from './run.ts';

/** C-epoch: one server for each epoch, epochs only grow, and first deliveries to a recipient show that. */
export function checkEpochs(run: Run): Violation[] {
  return [...announced(run), ...delivered(run)];
}

function announced(run: Run): Violation[] {
  const latest = new Map<string, { readonly server: string; readonly epoch: number }>();
  const violations: Violation[] = [];
  for (const entry of run.entries) {
    if (entry.type !== 'engine') continue;
    const { engine, server, epoch } = entry;
    const known = latest.get(engine);
    if (known !== undefined && (epoch < known.epoch || (epoch === known.epoch && server !== known.server))) {
      const before = `epoch ${String(known.epoch)} in ${known.server}`;
      const message = `${engine} has epoch ${String(epoch)} in ${server} after ${before}`;
      violations.push({ checker: 'C-epoch', message });
    } else latest.set(engine, { server, epoch });
  }
  return violations;
}

function delivered(run: Run): Violation[] {
  const violations: Violation[] = [];
  for (const [recipient, arrivals] of run.arrivals) {
    const latest = new Map<string, number>();
    for (const { engine, epoch, route, payload } of firstArrivals(arrivals)) {
      if (route !== 'direct' || engine === undefined || epoch === undefined) continue;
      const known = latest.get(engine) ?? 0;
      if (epoch < known) {
        const message = `${recipient} got ${payload} first in epoch ${String(epoch)} of ${engine}, after epoch ${String(known)}`;
        violations.push({ checker: 'C-epoch', message });
      } else latest.set(engine, epoch);
    }
  }
  return violations;
}

/**
 * C-zombie: once a successor has sent something, its predecessor begins nothing more; `toleranceMs` for the way
 * through the machine. What arrived while this process did not run says nothing about when it was sent, and what
 * passed through a relay may have been kept back there.
 */
export function checkZombies(run: Run, toleranceMs: number): Violation[] {
  const stalls = run.entries.flatMap((entry) => (entry.type === 'stall' ? [entry] : []));
  const firsts = new Map<string, number>();
  const direct = [...run.arrivals.values()].flat().filter(({ route }) => route === 'direct');
  for (const { engine = '', epoch = 0, beganAt } of direct) {
    const key = `${engine} ${String(epoch)}`;
    firsts.set(key, Math.min(firsts.get(key) ?? Infinity, beganAt));
  }
  const successors = [...firsts].map(([key, at]) => {
    const [engine = '', epoch = ''] = key.split(' ');
    return { engine, epoch: Number(epoch), at };
  });
  // The first thing that any later epoch began: the same for all deliveries of an epoch.
  const overtakers = new Map(
    successors.map(({ engine, epoch }) => {
      const later = successors.filter((one) => one.engine === engine && one.epoch > epoch);
      later.sort((a, b) => a.at - b.at);
      return [`${engine} ${String(epoch)}`, later[0]];
    }),
  );
  return direct.flatMap(({ engine = '', epoch = 0, beganAt, payload, recipient }) => {
    const successor = overtakers.get(`${engine} ${String(epoch)}`);
    if (successor === undefined || successor.at + toleranceMs >= beganAt) return [];
    if (stalls.some(({ at, ms }) => beganAt >= at - ms && beganAt <= at + toleranceMs)) return [];
    const late = `${String(Math.round(beganAt - successor.at))} ms after epoch ${String(successor.epoch)} had begun`;
    return [{ checker: 'C-zombie', message: `${payload} to ${recipient} in epoch ${String(epoch)}, ${late}` }];
  });
}
