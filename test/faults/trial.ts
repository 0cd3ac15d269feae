import { check, type Expectations } from './checkers/check.ts';
import { some } from './checkers/run.ts';
import { History } from './history.ts';
import { SeededRandom } from './random.ts';
import { summaryOf, type Summary } from './summary.ts';
import { World, type WorldOptions } from './world/world.ts';

export interface TrialOptions extends Partial<WorldOptions> {
  readonly kind: WorldOptions['kind'];
  readonly expectations?: Expectations;
  /** For what the faults leave to chance. Printed when a rule is broken; FAULT_SEED sets it. */
  readonly seed?: number;
}

/** What a trial has to work with. */
export interface Trial {
  readonly world: World;
  readonly history: History;
  readonly random: SeededRandom;
}

/** A world, what is done to it, and all rules over what happened. Rejects when one is broken; the history is kept then, with FAULT_KEEP always. */
export async function trial(options: TrialOptions, body: (trial: Trial) => Promise<void>): Promise<Summary> {
  const { expectations, seed = seedOfRun(), ...rest } = options;
  const history = new History();
  const random = new SeededRandom(seed);
  let stderr = '';
  try {
    await using world = await World.start({
      history,
      random: random.fork(),
      visitors: 1,
      ...rest,
    });
    try {
      await body({ world, history, random });
      await world.settle();
      const code = await world.close();
      if (code !== 0) throw new Error(`The cluster ended with ${String(code)}`);
    } finally {
      ({ stderr } = world.cluster);
    }
    const violations = check(history.entries, expectations);
    if (violations.length > 0) {
      const lines = violations.map(({ checker, message }) => `${checker} ${message}`);
      throw new Error(`${String(violations.length)} violations: ${some(lines)}`);
    }
    if (process.env['FAULT_KEEP'] !== undefined) console.info(`History: ${history.keep()}`);
    return summaryOf(history.entries);
  } catch (error) {
    const where = `seed ${String(seed)}, history ${history.keep()}\n${stderr.slice(-2_000)}`;
    throw new Error(`${error instanceof Error ? error.message : String(error)} (${where})`, { cause: error });
  }
}

function seedOfRun(): number {
  return Number(process.env['FAULT_SEED'] ?? 20261122);
}
