import type { Directory } from '../cluster/ports/directory.ts';
import type { Engine, EngineOperation, EngineOperations, RequestContext } from '../engine/ports/engine.ts';
import { InfrastructureError } from '../kernel/errors.ts';
import type { EngineName } from '../kernel/names.ts';
import { ENGINE_CHANNEL, packCall, unpackAnswer } from './engine-calls.ts';
import type { Members } from './members.ts';

/** An engine that runs in another server: the Engine port over the wire, wherever the directory says it is now. */
export class RemoteEngine implements Engine {
  readonly name: EngineName;
  readonly #directory: Directory;
  readonly #members: Members;

  constructor(name: EngineName, directory: Directory, members: Members) {
    this.name = name;
    this.#directory = directory;
    this.#members = members;
  }

  async execute<O extends EngineOperation>(
    operation: O,
    request: EngineOperations[O]['request'],
    context: RequestContext,
  ): Promise<EngineOperations[O]['reply']> {
    const { requestId, isUniqueId, signal } = context;
    const route = this.#directory.find(this.name);
    const member = route?.state === 'active' ? this.#members(route.server) : undefined;
    if (member === undefined) {
      throw new InfrastructureError('engine-not-here', `Engine "${this.name}" is not active anywhere that is known`, {
        processed: 'no',
      });
    }
    const payload = packCall({ engine: this.name, operation, request, requestId, isUniqueId });
    const answer = await member.call(ENGINE_CHANNEL, payload, signal === undefined ? {} : { signal });
    return unpackAnswer(answer);
  }
}
