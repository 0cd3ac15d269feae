import { it } from 'vitest';

/** A scenario of the full tier (`npm run test:faults`): the quick one has to end in three minutes. */
export const longer = it.runIf(process.env['FAULT_TIER'] === 'full');
