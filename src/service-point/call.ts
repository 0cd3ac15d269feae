import type { Engine, EngineOperation, EngineOperations, Engines } from '../engine/ports/engine.ts';
import { InfrastructureError } from '../kernel/errors.ts';
import { rendezvous } from '../kernel/rendezvous.ts';
import type { Affinity } from '../soap/affinity.ts';
import type { SoapMessage } from '../soap/envelope.ts';
import { WsnFault } from '../wsn/faults.ts';

/** One request at the service point, with all that its operation needs. */
export interface Call {
  readonly message: SoapMessage;
  readonly affinity: Affinity;
  readonly engines: Engines;
  readonly publicUrl: string;
  readonly requestId: string;
  /** The engine that the proxy chose for a request without affinity. */
  readonly chosenEngine?: string;
  readonly signal: AbortSignal;
}

/** Asks `engine`, in the name of this call. */
export function ask<O extends EngineOperation>(
  call: Call,
  engine: Engine,
  operation: O,
  request: EngineOperations[O]['request'],
): Promise<EngineOperations[O]['reply']> {
  return engine.execute(operation, request, { requestId: call.requestId, signal: call.signal });
}

/**
 * The engine and the id of the resource that the endpoint reference names. ResourceUnknownFault when it names none:
 * a stranger learns nothing of which engines or resources there are.
 */
export function addressedResource(call: Call): { readonly engine: Engine; readonly resource: string } {
  const { engine: name, resource } = call.affinity;
  const engine = name === undefined ? undefined : call.engines.find(name);
  if (engine === undefined || resource === undefined) {
    throw new WsnFault('ResourceUnknownFault', 'The endpoint reference names no resource of this broker');
  }
  return { engine, resource };
}

/**
 * The engine for a request that no resource binds to one: what its address names, else what the proxy chose, else the
 * one that every server chooses for this wsa:MessageID (so that a client's retry meets the engine that remembers it),
 * else one of this server, else one that is up.
 */
export function engineForInitial(call: Call): Engine {
  const { affinity, engines, chosenEngine, message } = call;
  if (affinity.engine !== undefined) {
    const addressed = engines.find(affinity.engine);
    if (addressed !== undefined) return addressed;
    throw new WsnFault('ResourceUnknownFault', 'The endpoint reference names no resource of this broker');
  }
  const chosen = chosenEngine === undefined ? undefined : engines.find(chosenEngine);
  if (chosen !== undefined) return chosen;
  const up = engines.up();
  const { messageId } = message.addressing;
  const name =
    messageId === undefined
      ? (up.find(({ isHere }) => isHere) ?? up[0])?.name
      : rendezvous(
          messageId,
          up.map((engine) => engine.name),
        );
  const engine = name === undefined ? undefined : engines.find(name);
  if (engine === undefined) {
    throw new InfrastructureError('engine-not-here', 'No engine is up', { processed: 'no' });
  }
  return engine;
}
