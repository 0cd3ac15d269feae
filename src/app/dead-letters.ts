import type { EngineOperations, Engines } from '../engine/ports/engine.ts';
import type { CancelSignal } from '../kernel/cancellation.ts';
import { InfrastructureError, messageOf } from '../kernel/errors.ts';
import { randomId } from '../kernel/ids.ts';
import type { EngineName } from '../kernel/names.ts';
import { pack, unpack } from '../kernel/packed.ts';
import type { Topology } from '../topology/model.ts';
import { askMember } from './ask-member.ts';
import { DEAD_LETTERS_CHANNEL } from './channels.ts';
import { clusterSecret, type Environment } from './secret.ts';

const PATIENCE_MS = 5_000;

/** What operators may ask of an engine over DEAD_LETTERS_CHANNEL. */
const OPERATIONS = ['deadLetters', 'deadLetter', 'redeliverDeadLetters', 'dropDeadLetters'] as const;
type DeadLetterOperation = (typeof OPERATIONS)[number];

interface DeadLetterCall<O extends DeadLetterOperation = DeadLetterOperation> {
  readonly engine: EngineName;
  readonly operation: O;
  readonly request: EngineOperations[O]['request'];
  readonly requestId: string;
}

/** Answers DEAD_LETTERS_CHANNEL, for engines wherever they run. */
export function answerDeadLetterCalls(
  engines: Engines,
): (payload: Buffer, caller: unknown, signal: CancelSignal) => Promise<Uint8Array> {
  return async (payload, _caller, signal) => {
    const { engine: name, operation, request, requestId } = unpack(payload) as DeadLetterCall;
    const engine = engines.find(name);
    if (engine === undefined || !OPERATIONS.includes(operation)) {
      const message = `Found '${operation}' of "${name}", expected one of ${OPERATIONS.join(', ')} of an engine`;
      throw new InfrastructureError('engine-not-here', message, { processed: 'no' });
    }
    return pack(await engine.execute(operation, request, { requestId, signal }));
  };
}

/** Asks for the dead letters of the engines of a topology, through whichever server answers. */
export class DeadLetterClient {
  readonly #topology: Topology;
  readonly #environment: Environment;

  constructor(topology: Topology, environment: Environment) {
    this.#topology = topology;
    this.#environment = environment;
  }

  /** Rejects with InfrastructureError, whose text says which servers were asked and what came of it. */
  async ask<O extends DeadLetterOperation>(
    engine: EngineName,
    operation: O,
    request: EngineOperations[O]['request'],
  ): Promise<EngineOperations[O]['reply']> {
    const secret = await clusterSecret(this.#topology.store.directory, this.#environment);
    // The same id everywhere: a second server cannot do once more what the first has done.
    const call: DeadLetterCall<O> = { engine, operation, request, requestId: randomId() };
    const failures: string[] = [];
    for (const server of this.#topology.servers) {
      const question = { server, secret, channel: DEAD_LETTERS_CHANNEL, request: call, patienceMs: PATIENCE_MS };
      try {
        return (await askMember(question)) as EngineOperations[O]['reply'];
      } catch (error) {
        failures.push(`${server.name}: ${messageOf(error)}`);
      }
    }
    const message = `Cannot ask for the dead letters of ${engine}. ${failures.join('; ')}`;
    throw new InfrastructureError('unreachable', message, { processed: 'unknown' });
  }
}
