import type { Directory } from '../cluster/ports/directory.ts';
import type { Engine, Engines } from '../engine/ports/engine.ts';
import type { EngineName } from '../kernel/names.ts';
import type { Members } from './members.ts';
import { RemoteEngine } from './remote-engine.ts';

/** All engines of the bus as one server sees them: those active here directly, the others over the wire. */
export class BusEngines implements Engines {
  readonly #directory: Directory;
  readonly #members: Members;
  readonly #remote = new Map<EngineName, Engine>();
  readonly #here = new Map<EngineName, Engine>();

  constructor(names: readonly EngineName[], directory: Directory, members: Members) {
    this.#directory = directory;
    this.#members = members;
    this.meet(names);
  }

  /** Engines of the topology; those that are known already stay as they are. */
  meet(names: readonly EngineName[]): void {
    for (const name of names) {
      if (!this.#remote.has(name)) this.#remote.set(name, new RemoteEngine(name, this.#directory, this.#members));
    }
  }

  names(): readonly EngineName[] {
    return [...this.#remote.keys()];
  }

  find(name: EngineName): Engine | undefined {
    return this.#here.get(name) ?? this.#remote.get(name);
  }

  /** The engine if it is active in this server. */
  findHere(name: EngineName): Engine | undefined {
    return this.#here.get(name);
  }

  up(): readonly { readonly name: EngineName; readonly isHere: boolean }[] {
    const here = [...this.#here.keys()].map((name) => ({ name, isHere: true }));
    const elsewhere = this.#directory
      .all()
      .filter(({ engine, server, state }) => {
        return !this.#here.has(engine) && state === 'active' && this.#members(server)?.state === 'connected';
      })
      .map(({ engine }) => ({ name: engine, isHere: false }));
    return [...here, ...elsewhere];
  }

  /** An engine became active in this server; returns how to take it out again. */
  add(engine: Engine): () => void {
    this.#here.set(engine.name, engine);
    return () => {
      if (this.#here.get(engine.name) === engine) this.#here.delete(engine.name);
    };
  }
}
