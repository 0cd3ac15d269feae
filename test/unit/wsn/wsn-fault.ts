import { WsnFault } from '../../../src/wsn/faults.ts';

/** What an action throws; fails if it throws nothing or something that is no WsnFault. */
export function wsnFault(action: () => unknown): WsnFault {
  try {
    action();
  } catch (error) {
    if (error instanceof WsnFault) return error;
    throw error;
  }
  throw new Error('Expected a WsnFault, nothing was thrown');
}
