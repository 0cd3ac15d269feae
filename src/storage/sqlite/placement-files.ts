import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Placements } from '../../cluster/ports/placements.ts';
import { codeOf, InfrastructureError, messageOf } from '../../kernel/errors.ts';
import { NAME_PATTERN, type EngineName, type ServerName } from '../../kernel/names.ts';
import { createDirectory } from './engine-place.ts';

/**
 * Where operators have put engines: a file `engine.placed` in the directory of each such engine, with the name of the
 * server. Replaced by a rename; what a power failure leaves of it counts as nothing, and the preferred server then gets
 * its engine back.
 */
export class PlacementFiles implements Placements {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Throws InfrastructureError `store-unavailable` when there is a file that cannot be read. */
  find(engine: EngineName): ServerName | undefined {
    try {
      const name = readFileSync(this.#pathOf(engine), 'utf8').trim();
      return NAME_PATTERN.test(name) ? name : undefined;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw unavailable('read', this.#pathOf(engine), error);
    }
  }

  /** Throws InfrastructureError `store-unavailable` when it cannot be written. */
  put(engine: EngineName, server: ServerName | undefined): void {
    const path = this.#pathOf(engine);
    try {
      if (server === undefined) {
        rmSync(path, { force: true });
        return;
      }
      createDirectory(join(this.#directory, engine));
      writeFileSync(`${path}.next`, `${server}\n`);
      renameSync(`${path}.next`, path);
    } catch (error) {
      throw unavailable('write', path, error);
    }
  }

  #pathOf(engine: EngineName): string {
    return join(this.#directory, engine, 'engine.placed');
  }
}

function unavailable(verb: string, path: string, cause: unknown): InfrastructureError {
  return new InfrastructureError('store-unavailable', `Cannot ${verb} ${path}: ${messageOf(cause)}`, {
    processed: 'no',
    cause,
  });
}
