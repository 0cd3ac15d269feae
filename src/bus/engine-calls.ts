import type { Engine, EngineOperation, EngineOperations, RequestContext } from '../engine/ports/engine.ts';
import type { CancelSignal } from '../kernel/cancellation.ts';
import { InfrastructureError, type InfrastructureCode } from '../kernel/errors.ts';
import type { EngineName } from '../kernel/names.ts';
import { pack, unpack } from '../kernel/packed.ts';
import { WsnFault, type SerialisedWsnFault } from '../wsn/faults.ts';

/** The wire channel on which servers ask each other's engines. */
export const ENGINE_CHANNEL = 'engine';

/** A question to an engine. */
export interface EngineCall {
  readonly engine: EngineName;
  readonly operation: EngineOperation;
  readonly request: EngineOperations[EngineOperation]['request'];
  readonly requestId: string;
  readonly isUniqueId?: boolean | undefined;
}

/** Back-pressure: refused before anything was done. The wire's own failures say nothing of when to try again. */
interface Refusal {
  readonly code: InfrastructureCode;
  readonly message: string;
  readonly retryAfterMs: number;
}

type EngineAnswer =
  | { readonly reply: EngineOperations[EngineOperation]['reply'] }
  | { readonly fault: SerialisedWsnFault }
  | { readonly refusal: Refusal };

/** The question as it goes over the wire. */
export function packCall(call: EngineCall): Buffer {
  return pack(call);
}

/** The answer as it came over the wire: the reply, or what was thrown instead. */
export function unpackAnswer(payload: Buffer): EngineOperations[EngineOperation]['reply'] {
  const answer = unpack(payload) as EngineAnswer;
  if ('fault' in answer) throw WsnFault.from(answer.fault);
  if ('refusal' in answer) {
    const { code, message, retryAfterMs } = answer.refusal;
    throw new InfrastructureError(code, message, { processed: 'no', retryAfterMs });
  }
  return answer.reply;
}

/**
 * Answers ENGINE_CHANNEL for the engines that are active in this server. A fault is an answer; InfrastructureError
 * is left to the wire, which carries it as what it is.
 */
export function answerEngineCalls(
  findHere: (name: EngineName) => Engine | undefined,
): (payload: Buffer, caller: unknown, signal: CancelSignal) => Promise<Uint8Array> {
  return async (payload, _caller, signal) => {
    const { engine: name, operation, request, requestId, isUniqueId = false } = unpack(payload) as EngineCall;
    const engine = findHere(name);
    if (engine === undefined) throw notHere(name);
    const context: RequestContext = { requestId, isUniqueId, signal };
    try {
      return pack({ reply: await engine.execute(operation, request, context) });
    } catch (error) {
      if (error instanceof WsnFault) return pack({ fault: error.serialise() });
      const refusal = refusalOf(error);
      if (refusal !== undefined) return pack({ refusal });
      throw error;
    }
  };
}

function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof InfrastructureError) || error.retryAfterMs === undefined) return undefined;
  return { code: error.code, message: error.message, retryAfterMs: error.retryAfterMs };
}

/** The engine does not run where it was asked for; nothing was done. */
export function notHere(name: EngineName): InfrastructureError {
  return new InfrastructureError('engine-not-here', `Engine "${name}" is not active in this server`, {
    processed: 'no',
  });
}
