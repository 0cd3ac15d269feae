import { dirname, resolve } from 'node:path';
import { ConfigError, type Diagnostic } from '../kernel/errors.ts';
import { LiveTopology } from '../topology/live.ts';
import { readTopologyText } from '../topology/load.ts';
import { parseTopology } from '../topology/parse.ts';
import { judgeReload } from '../topology/reload.ts';
import type { Environment } from './secret.ts';

/** What became of a file that was offered. `version`: of the topology that holds now. */
export type ReloadOutcome =
  | {
      readonly version: number;
      /** The keys of the schema that changed; none: the file says what held already. */
      readonly changed: readonly string[];
      /** The changes, for people. */
      readonly what: readonly string[];
    }
  | { readonly version: number; readonly refused: readonly Diagnostic[] };

/**
 * Keeps the topology that holds, and the text that says so. A text that is offered replaces it as a whole, or not at all:
 * what has been refused is never used, not even by a member that starts later.
 */
export class TopologyKeeper {
  readonly file: string;
  readonly live: LiveTopology;
  readonly #environment: Environment;
  #text: string;
  #offered: string;

  /**
   * `text`: what the file is taken to say.
   *
   * @throws {ConfigError} with everything that is wrong in it
   */
  constructor(file: string, text: string, environment: Environment) {
    const parsed = parseTopology(text, file, { directory: dirname(resolve(file)), environment });
    if ('diagnostics' in parsed) throw new ConfigError(parsed.diagnostics);
    this.file = file;
    this.live = new LiveTopology(parsed.topology);
    this.#environment = environment;
    this.#text = text;
    this.#offered = text;
  }

  /** @throws {ConfigError} also when the file cannot be read */
  static open(file: string, environment: Environment): TopologyKeeper {
    return new TopologyKeeper(file, readTopologyText(file), environment);
  }

  /** The text that holds. */
  get text(): string {
    return this.#text;
  }

  /** Reads the file and takes it up if it can be. `rolling`: for a rolling restart, see offer(). */
  reload(allows: 'live' | 'rolling' = 'live'): ReloadOutcome {
    const read = this.#read();
    return typeof read === 'string' ? this.offer(read, allows) : this.#refuse(read);
  }

  /** Like reload(); undefined when the file cannot be read now or says what it said last time. */
  reloadIfTouched(): ReloadOutcome | undefined {
    const read = this.#read();
    return typeof read !== 'string' || read === this.#offered ? undefined : this.offer(read);
  }

  /**
   * Takes up a text. With `rolling` also what members take up only when they start: whoever calls it starts each member
   * anew afterwards.
   */
  offer(text: string, allows: 'live' | 'rolling' = 'live'): ReloadOutcome {
    this.#offered = text;
    const { file, live } = this;
    const directory = dirname(resolve(file));
    const environment = this.#environment;
    const judged = judgeReload({ text, file, directory, environment, before: live.current, allows });
    if ('refused' in judged) return this.#refuse(judged.refused);
    const { topology, changes } = judged;
    this.#text = text;
    if (changes.length > 0) live.replace(topology);
    const changed = [...new Set(changes.map(({ key }) => key))];
    return { version: topology.version, changed, what: changes.map(({ what }) => what) };
  }

  #read(): string | readonly Diagnostic[] {
    try {
      return readTopologyText(this.file);
    } catch (error) {
      if (error instanceof ConfigError) return error.diagnostics;
      throw error;
    }
  }

  #refuse(refused: readonly Diagnostic[]): ReloadOutcome {
    return { version: this.live.current.version, refused };
  }
}
