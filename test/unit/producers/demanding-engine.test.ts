import { describe, expect, it } from 'vitest';
import type { Engine, EngineOperation } from '../../../src/engine/ports/engine.ts';
import { InfrastructureError } from '../../../src/kernel/errors.ts';
import { DemandingEngine } from '../../../src/producers/demanding-engine.ts';
import { WsnFault } from '../../../src/wsn/faults.ts';

const REPLY = { registration: 'r1', terminationTime: null, currentTime: 0 };

/** An engine that grants everything, before a publisher that answers what `establish` says. */
function registering(establish: (id: string) => Promise<void>) {
  const asked: [EngineOperation, object][] = [];
  const engine = {
    name: 'ME1',
    execute: (operation: EngineOperation, request: object) => {
      asked.push([operation, request]);
      return Promise.resolve(operation === 'registerPublisher' ? REPLY : {});
    },
  } as Engine;
  const established: string[] = [];
  const demanding = new DemandingEngine(engine, {
    established: (id) => {
      established.push(id);
      return establish(id);
    },
  });
  const register = (demand: boolean): Promise<unknown> =>
    demanding.execute(
      'registerPublisher',
      { registration: { topics: [], demand, soapVersion: '1.2' }, termination: { kind: 'absent' } },
      { requestId: '1' },
    );
  return { asked, established, register };
}

describe('a registration on demand', () => {
  it('is granted when the publisher was subscribed to', async () => {
    const { asked, established, register } = registering(() => Promise.resolve());
    expect(await register(true)).toEqual(REPLY);
    expect([established, asked.map(([operation]) => operation)]).toEqual([['r1'], ['registerPublisher']]);
  });

  it('without demand asks no publisher', async () => {
    const { established, register } = registering(() => Promise.reject(new Error('asked')));
    expect(await register(false)).toEqual(REPLY);
    expect(established).toEqual([]);
  });

  it('is ended when the publisher cannot be subscribed to', async () => {
    const refusal = new InfrastructureError('unreachable', 'Nobody listens', { processed: 'no' });
    const { asked, register } = registering(() => Promise.reject(refusal));
    const error = await register(true).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WsnFault);
    expect(error).toMatchObject({ fault: 'PublisherRegistrationFailedFault', message: 'Nobody listens' });
    expect(asked[1]).toEqual(['destroyRegistration', { registration: 'r1' }]);
  });

  it('stays when the engine leaves, for the next server to go on with', async () => {
    const leaving = new InfrastructureError('shutting-down', 'Moving', { processed: 'unknown' });
    const { asked, register } = registering(() => Promise.reject(leaving));
    expect(await register(true).catch((thrown: unknown) => thrown)).toBe(leaving);
    expect(asked.map(([operation]) => operation)).toEqual(['registerPublisher']);
  });
});
