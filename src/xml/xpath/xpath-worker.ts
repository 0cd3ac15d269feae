import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../kernel/errors.ts';
import { kernelThreadId } from './cpu-time.ts';
import { capMemory } from './memory.ts';
import { CELL, MAX_MEMORY_MIB, viewsOf } from './protocol.ts';
import type { Answer, Call, ThreadSetup } from './protocol.ts';
import { XPathError } from './xpath.ts';

const { port, shared } = workerData as ThreadSetup;
const { cells, outcomes } = viewsOf(shared);
const memory = capMemory(MAX_MEMORY_MIB);
// libxml2 writes each error to the console as well. The caller gets it; strangers must not be able to fill a log.
globalThis.console.error = () => undefined;
// Only now, because it takes its memory and the console as it is loaded.
const { Evaluator } = await import('./evaluator.ts');
const evaluator = new Evaluator(memory);

function answer({ learn, forget, task }: Call): Answer | undefined {
  for (const id of forget) evaluator.forget(id);
  for (const expression of learn) evaluator.learn(expression);
  switch (task.kind) {
    case 'check':
      evaluator.check(task.id);
      return { result: undefined };
    case 'test':
      evaluator.test(task.document, task.ids, cells, outcomes);
      return undefined;
    case 'evaluate':
      return { result: evaluator.evaluate(task.document, task.id, task.context) };
  }
}

function answerOrFail(call: Call): Answer | undefined {
  try {
    return answer(call);
  } catch (error) {
    if (error instanceof XPathError) return { reason: error.reason, message: error.message };
    Atomics.store(cells, CELL.broken, 1);
    return { reason: 'limit', message: messageOf(error) };
  }
}

port.on('message', (call: Call) => {
  const reply = answerOrFail(call);
  if (call.task.kind !== 'test') port.postMessage(reply);
  Atomics.store(cells, CELL.memory, memory.mebibytes());
  Atomics.store(cells, CELL.answered, call.number);
  Atomics.notify(cells, CELL.answered);
});
Atomics.store(cells, CELL.thread, kernelThreadId());
Atomics.store(cells, CELL.answered, 0);
Atomics.notify(cells, CELL.answered);
parentPort?.postMessage('started');
