import type { Mood } from '../world/fault-consumer.ts';
import type { TcpRelay } from '../../support/tcp-relay.ts';
import { last, lacksNothing, type Fault } from './fault.ts';

/** A consumer that does not do what it should, for a while. */
export const upsetConsumer: Fault = {
  name: 'upset-consumer',
  lacks: lacksNothing,
  inflict: async (world, random) => {
    const consumer = random.pick(world.consumers);
    const mood = random.pick<Mood>(['refusing', 'silent', 'cutting', 'gone']);
    const ms = random.between(300, 5_000);
    const description = `${consumer.name} is ${mood} for ${String(ms)} ms`;
    await world.fault({ fault: 'upset-consumer', description }, async () => {
      await consumer.turn(mood);
      await last(ms);
      await consumer.turn('well');
    });
  },
};

/** The network before a consumer: cut, one way only, slow, or byte by byte. */
export const troubleRelay: Fault = {
  name: 'trouble-relay',
  lacks: ({ relay }) => (relay === undefined ? 'a relay' : undefined),
  inflict: async (world, random) => {
    const trouble = random.pick(TROUBLES);
    const ms = random.between(300, 5_000);
    const { relay } = world;
    if (relay === undefined) return;
    await world.fault({ fault: 'trouble-relay', description: `${trouble} for ${String(ms)} ms` }, async () => {
      begin(relay, trouble);
      await last(ms);
      relay.isRefusing = false;
      relay.delayMs = 0;
      relay.singleBytes = false;
      relay.blackHole = 'none';
      // What was kept back is not let through: a network that was silent for long has forgotten it.
      if (trouble !== 'late' && trouble !== 'drip') relay.cut();
    });
  },
};

const TROUBLES = ['cut', 'refuse', 'hole', 'deaf', 'late', 'drip', 'half-close'] as const;

function begin(relay: TcpRelay, trouble: (typeof TROUBLES)[number]): void {
  switch (trouble) {
    case 'cut':
      relay.cut();
      break;
    case 'refuse':
      relay.isRefusing = true;
      relay.cut();
      break;
    case 'hole':
      relay.blackHole = 'both';
      break;
    case 'deaf':
      relay.blackHole = 'towards-client';
      break;
    case 'late':
      relay.delayMs = 100;
      break;
    case 'drip':
      relay.singleBytes = true;
      break;
    case 'half-close':
      relay.halfClose();
      break;
  }
}

/** The wall clock of all members jumps, and jumps back. */
export const jumpClock: Fault = {
  name: 'jump-clock',
  lacks: ({ hasShiftingClock }) => (hasShiftingClock ? undefined : 'libfaketime'),
  inflict: async (world, random) => {
    // Less than the ten minutes for which requests are remembered.
    const seconds = random.between(5, 240) * random.pick([1, -1]);
    const ms = random.between(500, 4_000);
    const description = `wall clock ${String(seconds)} s for ${String(ms)} ms`;
    await world.fault({ fault: 'jump-clock', description }, async () => {
      world.place.shiftClock(seconds);
      await last(ms);
      world.place.shiftClock(0);
    });
  },
};
