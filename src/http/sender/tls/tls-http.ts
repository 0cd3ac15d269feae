import type { Agent } from 'undici';
import type { AgentKind } from './agent.ts';
import { shuttingDown, type Exchange } from '../exchange.ts';
import { TlsReports } from './tls-reports.ts';

/** POSTs over TLS, by undici. */
export class TlsHttp {
  readonly #agents = new Map<string, Agent>();
  #isClosed = false;

  /** Throws when HTTP cannot carry the headers. `isFresh`: over a connection that was not used before. */
  dispatch(exchange: Exchange, isFresh: boolean): void {
    const { connectTimeoutMs } = exchange.request;
    const kind: AgentKind = { connectTimeoutMs, isKept: !isFresh };
    const agent = this.#agents.get(keyOf(kind));
    if (agent !== undefined) {
      dispatchOver(agent, exchange);
      return;
    }
    this.#createAgent(kind)
      .then((created) => dispatchOver(created, exchange))
      .catch((error: unknown) => exchange.broken(error));
  }

  /** Cuts every connection. */
  async destroy(): Promise<void> {
    this.#isClosed = true;
    const agents = [...this.#agents.values()];
    this.#agents.clear();
    await Promise.all(agents.map((agent) => agent.destroy()));
  }

  /** Loads undici at the first use: a server that takes an engine over must not wait for it. */
  async #createAgent(kind: AgentKind): Promise<Agent> {
    const { createAgent } = await import('./agent.ts');
    if (this.#isClosed) throw shuttingDown();
    const key = keyOf(kind);
    const known = this.#agents.get(key);
    if (known !== undefined) return known;
    const agent = createAgent(kind);
    this.#agents.set(key, agent);
    return agent;
  }
}

function dispatchOver(agent: Agent, exchange: Exchange): void {
  const { target, request, body } = exchange;
  const { origin, path } = target;
  agent.dispatch({ origin, path, method: 'POST', headers: request.headers, body }, new TlsReports(exchange));
}

function keyOf({ connectTimeoutMs, isKept }: AgentKind): string {
  return `${connectTimeoutMs} ${isKept}`;
}
