import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** `failed`: it surely had no effect. `unknown`: it may or may not have had one. */
export type Outcome = 'ok' | 'failed' | 'unknown';

export type OperationKind = 'publish' | 'subscribe' | 'renew' | 'unsubscribe' | 'create-pull-point' | 'pull';

/** What an operation is about; which members are there depends on its kind. */
export interface Subject {
  /** Who receives: one subscription, or the pull point behind several. */
  readonly recipient?: string;
  /** How what it subscribes to arrives. `relayed`: something between may keep bytes back. */
  readonly route?: 'direct' | 'relayed' | 'pull';
  readonly topic?: string;
  /** The engine that the request names, or that owns the resource; undefined: any. */
  readonly engine?: string;
  readonly payload?: string;
  /** Place of a payload among those of its publisher. */
  readonly number?: number;
  /** True: past the proxy, straight to a server, which may die. */
  readonly isDirect?: boolean;
}

export interface Invocation extends Subject {
  readonly type: 'invoke';
  readonly op: number;
  readonly kind: OperationKind;
  readonly by: string;
}

export interface Completion {
  readonly type: 'outcome';
  readonly op: number;
  readonly outcome: Outcome;
  /** HTTP status of the last answer; undefined: there was none. */
  readonly status?: number;
  readonly fault?: string;
  readonly hasRetryAfter?: boolean;
  readonly error?: string;
  /** How often it was sent. */
  readonly tries?: number;
  /** Subscribe, CreatePullPoint: the engine that took it. */
  readonly engine?: string;
}

/** A notification at its recipient. */
export interface Delivery {
  readonly type: 'delivery';
  readonly recipient: string;
  readonly route: 'direct' | 'relayed' | 'pull';
  readonly payload: string;
  /** Missing for what was pulled. */
  readonly id?: string;
  readonly seq?: number;
  readonly engine?: string;
  readonly epoch?: number;
  readonly attempt?: number;
  /** When the first byte of the request had arrived. */
  readonly beganAt: number;
}

export interface FaultNote {
  readonly type: 'fault';
  readonly phase: 'begin' | 'end';
  readonly id: number;
  readonly fault: string;
  readonly description: string;
  /** Engines that cannot go on where they run. */
  readonly engines?: readonly string[];
  /** True: the front door itself is hit, so that clients may see resets. */
  readonly hitsDoor?: boolean;
}

/** What the supervisor reported. */
export type MemberNote =
  | { readonly type: 'engine'; readonly engine: string; readonly server: string; readonly epoch: number }
  | { readonly type: 'exit'; readonly member: string; readonly code: number | null; readonly signal: string | null }
  | { readonly type: 'restart'; readonly member: string; readonly pid: number };

/** What a member costs. */
export interface Sample {
  readonly type: 'sample';
  readonly phase: 'before' | 'after';
  readonly member: string;
  readonly rssBytes: number;
  readonly fds: number;
}

/** Bytes and rows of one engine's store. */
export interface StoreSample {
  readonly type: 'store';
  readonly engine: string;
  readonly walBytes: number;
  /** Log records; undefined where nobody may look. */
  readonly logRows?: number;
}

/** This process itself did not run, so that what it says about times around then means little. */
export interface Stall {
  readonly type: 'stall';
  readonly ms: number;
}

/** The broker has said that a recipient will not get what has these numbers in an engine's log: a gap, a dead letter. */
export interface GivenUp {
  readonly type: 'given-up';
  readonly recipient: string;
  readonly engine: string;
  readonly first: number;
  readonly last: number;
  readonly reason: string;
}

export type Happening =
  Invocation | Completion | Delivery | FaultNote | MemberNote | Sample | StoreSample | Stall | GivenUp;

/** `at`: monotonic milliseconds of the harness. `wall`: milliseconds since 1970. */
export type Entry = Happening & { readonly at: number; readonly wall: number };

/** All that happened in a run, in the order in which the harness learned of it. */
export class History {
  readonly entries: Entry[] = [];
  #operations = 0;

  note(happening: Happening): void {
    this.entries.push({ ...happening, at: performance.now(), wall: Date.now() });
  }

  /** Notes the invocation; the result takes its outcome. */
  invoke(kind: OperationKind, by: string, subject: Subject): (completion: Omit<Completion, 'type' | 'op'>) => void {
    this.#operations += 1;
    const op = this.#operations;
    this.note({ type: 'invoke', op, kind, by, ...subject });
    return (completion) => this.note({ type: 'outcome', op, ...completion });
  }

  /** Writes everything to a file that nobody removes; gives its path. */
  keep(): string {
    const file = join(mkdtempSync(join(tmpdir(), 'pointsman-faults-')), 'history.jsonl');
    const lines = this.entries.map((entry) => JSON.stringify(entry));
    writeFileSync(file, `${lines.join('\n')}\n`);
    return file;
  }
}
