import type { Engine, EngineOperation, EngineOperations, Engines } from '../engine/ports/engine.ts';
import type { CancelSignal } from '../kernel/cancellation.ts';
import { Deadline } from '../kernel/deadline.ts';
import { InfrastructureError } from '../kernel/errors.ts';
import { rendezvous } from '../kernel/rendezvous.ts';
import type { Affinity } from '../soap/affinity.ts';
import type { SoapMessage } from '../soap/envelope.ts';
import type { Conduct } from '../topology/model.ts';
import { WsnFault } from '../wsn/faults.ts';
import type { TopicPath } from '../wsn/messages.ts';
import type { XPath } from '../xml/xpath/xpath.ts';

/** What the service point knows of the broker as a whole, to show it. */
export interface BrokerTopics {
  /** No topic grows by use. */
  readonly fixed: boolean;
  /**
   * The permanent topics and these, as a complete, schema-valid wstop:TopicSet element that declares what it uses
   * (WS-Topics §5).
   */
  readonly element: (grown: readonly TopicPath[]) => string;
}

/** One request at the service point, with all that its operation needs. */
export interface Call {
  readonly message: SoapMessage;
  /** Where it was sent to, without query. */
  readonly path: string;
  readonly affinity: Affinity;
  readonly engines: Engines;
  readonly publicUrl: string;
  /** '': nobody will repeat it. */
  readonly requestId: string;
  /** See RequestContext. */
  readonly isUniqueId: boolean;
  /** The engine that the proxy chose for a request without affinity. */
  readonly chosenEngine?: string | undefined;
  readonly conduct: Conduct;
  readonly topics: BrokerTopics;
  readonly xpath: XPath;
  /** How long the client has been waiting already, in milliseconds, before this try. */
  readonly waitedMs: number;
  readonly signal: CancelSignal;
  /** Header blocks that go with the reply; whoever serves the call adds what it has to say beside the body. */
  readonly replyHeaders: string[];
}

/** How long one engine of the bus may take to answer what all of them are asked. */
const BUS_PATIENCE_MS = 2_000;

/** Asks `engine`, in the name of this call. */
export function ask<O extends EngineOperation>(
  call: Call,
  engine: Engine,
  operation: O,
  request: EngineOperations[O]['request'],
): Promise<EngineOperations[O]['reply']> {
  return engine.execute(operation, request, {
    requestId: call.requestId,
    isUniqueId: call.isUniqueId,
    signal: call.signal,
  });
}

/**
 * Asks every engine of the bus what changes nothing. Gives the answers of those that are there; throws InfrastructureError
 * (`unreachable`) where `isEnough` says that without the others that is no answer.
 */
export async function askAll<O extends 'currentMessage' | 'topics'>(
  call: Call,
  operation: O,
  request: EngineOperations[O]['request'],
  isEnough: (answers: readonly EngineOperations[O]['reply'][]) => boolean,
): Promise<readonly EngineOperations[O]['reply'][]> {
  using deadline = new Deadline(BUS_PATIENCE_MS, call.signal);
  const { signal } = deadline;
  const engines = call.engines.names().flatMap((name) => call.engines.find(name) ?? []);
  const settled = await Promise.allSettled(
    engines.map((engine) => engine.execute(operation, request, { requestId: '', signal })),
  );
  const answers = settled.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  if (answers.length === settled.length || isEnough(answers)) return answers;
  throw new InfrastructureError('unreachable', `Not every engine could be asked: ${operation}`, { processed: 'no' });
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
