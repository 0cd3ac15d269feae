import { parentPort } from 'node:worker_threads';
import type { PackedBytes } from './bytes.ts';
import { EngineDatabase, outcomeOf } from './engine-database.ts';
import { StoreFailure, failureOf } from './failures.ts';
import type { AnswerMessage, CallMessage, Calls, CallName } from './protocol.ts';

/** The thread that an engine's database lives in: answers one call after the other, in the order they came. */
class DatabaseWorker {
  #database: EngineDatabase | undefined;

  answer(call: CallMessage): Calls[CallName]['reply'] {
    switch (call.name) {
      case 'open':
        // A store that was never closed: its tenure is over, and so is its connection.
        this.#database?.close();
        this.#database = undefined;
        this.#database = EngineDatabase.open(call.request);
        return { epoch: this.#database.epoch };
      case 'commit':
        return this.#of(call.request.epoch).commit(call.request.group);
      case 'load':
        return this.#of(call.request.epoch).load();
      case 'read':
        return this.#of(call.request.epoch).read(call.request);
      case 'pick':
        return this.#of(call.request.epoch).pick(call.request.seqs);
      case 'close':
        if (this.#database?.epoch === call.request.epoch) {
          this.#database.close();
          this.#database = undefined;
        }
        return null;
    }
  }

  #of(epoch: number): EngineDatabase {
    if (this.#database?.epoch === epoch) return this.#database;
    const found = this.#database === undefined ? 'is closed' : `is open for epoch ${this.#database.epoch}`;
    throw new StoreFailure('lease-lost', `the database ${found}, asked for epoch ${epoch}`);
  }
}

function isPacked(reply: Calls[CallName]['reply']): reply is PackedBytes {
  return reply !== null && 'buffer' in reply;
}

const port = parentPort;
if (port === null) throw new Error('This file is the entry of a worker thread');
const worker = new DatabaseWorker();
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
