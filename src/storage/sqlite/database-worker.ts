import { parentPort } from 'node:worker_threads';
import { Ballast } from './ballast.ts';
import type { PackedBytes } from './bytes.ts';
import { EngineDatabase, outcomeOf } from './engine-database.ts';
import { StoreFailure, failureOf } from './failures.ts';
import type { AnswerMessage, CallMessage, Calls, CallName, NewsMessage } from './protocol.ts';
import { Upkeep, UPKEEP_EVERY_MS } from './upkeep.ts';

/** The thread that an engine's database lives in: answers one call after the other, in the order they came. */
class DatabaseWorker {
  #database: EngineDatabase | undefined;
  #upkeep: Upkeep | undefined;

  answer(call: CallMessage): Calls[CallName]['reply'] {
    switch (call.name) {
      case 'open':
        return this.#open(call.request);
      case 'commit':
        return this.#of(call.request.epoch).commit(call.request.group);
      case 'load':
        return this.#of(call.request.epoch).load();
      case 'page':
        return this.#of(call.request.epoch).page(call.request.place);
      case 'read':
        return this.#of(call.request.epoch).read(call.request);
      case 'pick':
        return this.#of(call.request.epoch).pick(call.request.seqs);
      case 'close':
        if (this.#database?.epoch === call.request.epoch) this.#close();
        return null;
    }
  }

  /** Looks after the database that is open, if any. */
  tend(): void {
    try {
      this.#upkeep?.tick();
    } catch (error) {
      const failure = failureOf(error);
      // A lock or a full disk: the next tick tries again.
      if (failure.kind === 'broken') tell({ broken: outcomeOf(failure) });
    }
  }

  #open(tenure: Calls['open']['request']): Calls['open']['reply'] {
    // A store that was never closed: its tenure is over, and so is its connection.
    this.#close();
    const ballast = new Ballast(tenure.directory, tenure.tuning.ballastBytes);
    const database = EngineDatabase.open(tenure, ballast);
    this.#database = database;
    this.#upkeep = new Upkeep(database, ballast, tenure.tuning, (news) => tell({ news }));
    const { epoch, accepted } = database;
    return { epoch, ...(accepted === undefined ? {} : { accepted }) };
  }

  #close(): void {
    const database = this.#database;
    this.#database = undefined;
    this.#upkeep = undefined;
    database?.close();
  }

  #of(epoch: number): EngineDatabase {
    if (this.#database?.epoch === epoch) return this.#database;
    const found = this.#database === undefined ? 'is closed' : `is open for epoch ${this.#database.epoch}`;
    throw new StoreFailure('lease-lost', `the database ${found}, asked for epoch ${epoch}`);
  }
}

function tell(message: NewsMessage): void {
  parentPort?.postMessage(message);
}

function isPacked(reply: Calls[CallName]['reply']): reply is PackedBytes {
  return reply !== null && 'buffer' in reply;
}

const port = parentPort;
if (port === null) throw new Error('This file is the entry of a worker thread');
const worker = new DatabaseWorker();
setInterval(() => worker.tend(), UPKEEP_EVERY_MS).unref();
port.on('message', (call: CallMessage) => {
  try {
    const reply = worker.answer(call);
    const message: AnswerMessage = { id: call.id, reply };
    port.postMessage(message, isPacked(reply) ? [reply.buffer] : []);
  } catch (error) {
    const message: AnswerMessage = { id: call.id, failure: outcomeOf(failureOf(error)) };
    port.postMessage(message);
  }
});
