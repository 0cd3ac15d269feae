import { InvariantError } from '../kernel/errors.ts';

/**
 * Where a candidate stands with its engine.
 * created: not started. standby: watches the lease. acquiring: asks for it. activating: holds it, the engine loads.
 * active: the engine serves. draining: gives it up in order. deposed: lost it; this process must not go on with it.
 * stopped: contends no more.
 */
export type LeaseState =
  'created' | 'standby' | 'acquiring' | 'activating' | 'active' | 'draining' | 'deposed' | 'stopped';

const NEXT: Readonly<Record<LeaseState, readonly LeaseState[]>> = {
  created: ['standby', 'stopped'],
  standby: ['acquiring', 'stopped'],
  acquiring: ['standby', 'activating'],
  activating: ['active', 'draining', 'deposed'],
  active: ['draining', 'deposed'],
  draining: ['standby', 'deposed'],
  deposed: [],
  stopped: [],
};

/** Returns `to`. Throws InvariantError when a candidate in state `from` cannot get there. */
export function nextState(from: LeaseState, to: LeaseState): LeaseState {
  if (NEXT[from].includes(to)) return to;
  throw new InvariantError(`A lease cannot go from "${from}" to "${to}"; expected one of: ${NEXT[from].join(', ')}`);
}
