import { Agent, createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const SOAP = 'http://www.w3.org/2003/05/soap-envelope';
const WSNT = 'http://docs.oasis-open.org/wsn/b-2';
const DIALECT = 'http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete';
const NAMESPACE = 'urn:bench';
/** The topic of all that is published here. */
export const LANE_TOPIC = `{${NAMESPACE}}t`;
/** Publishers that publish at the same time. What one of them publishes has to arrive in its order. */
const LANES = 4;
/** Notification messages of one Notify. */
const TOGETHER = 100;
/** About a kilobyte for each message, as it is logged. */
const FILLING = 'a measured value of no meaning '.repeat(28);

/** Publishes `count` messages, and resolves when all are acknowledged. A refusal is obeyed: the same again after its time. */
export async function publishInLanes(
  url: string,
  count: number,
  onAcknowledged: (count: number) => void,
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: LANES });
  const perLane = count / LANES;
  const publishLane = async (lane: number): Promise<void> => {
    for (let from = 0; from < perLane; from += TOGETHER) {
      const some = Math.min(TOGETHER, perLane - from);
      const body = notifyOf(Array.from({ length: some }, (_, index) => messageOf(lane, from + index)));
      await publishSurely(url, body, agent);
      onAcknowledged(some);
    }
  };
  try {
    await Promise.all(Array.from({ length: LANES }, async (_, lane) => publishLane(lane)));
  } finally {
    agent.destroy();
  }
}

/** One message that belongs to no lane; the status of the answer, undefined if there was none. */
export async function publishProbe(url: string): Promise<number | undefined> {
  const answer = await post(url, notifyOf([element('p="1"')]), undefined).catch(() => undefined);
  return answer?.status;
}

async function publishSurely(url: string, body: string, agent: Agent): Promise<void> {
  for (;;) {
    const { status, retryAfter } = await post(url, body, agent);
    if (status === 202) return;
    if (status !== 503) throw new Error(`Found the answer ${status} to a Notify, expected 202 or 503`);
    await delay(1000 * retryAfter);
  }
}

async function post(
  url: string,
  body: string,
  agent: Agent | undefined,
): Promise<{ readonly status: number; readonly retryAfter: number }> {
  return new Promise((resolve, reject) => {
    const headers = {
      'Content-Type': 'application/soap+xml; charset=utf-8',
      'Content-Length': Buffer.byteLength(body),
    };
    const sent = request(url, { method: 'POST', headers, agent: agent ?? false }, (response) => {
      response.resume();
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, retryAfter: Number(response.headers['retry-after'] ?? 1) });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function element(attribute: string): string {
  return (
    `<wsnt:NotificationMessage><wsnt:Topic xmlns:t="${NAMESPACE}" Dialect="${DIALECT}">t:t</wsnt:Topic>` +
    `<wsnt:Message><e xmlns="${NAMESPACE}" ${attribute}>${FILLING}</e></wsnt:Message></wsnt:NotificationMessage>`
  );
}

function messageOf(lane: number, number: number): string {
  return element(`lane="${lane}" number="${number}"`);
}

function notifyOf(messages: readonly string[]): string {
  return `<s:Envelope xmlns:s="${SOAP}"><s:Body><wsnt:Notify xmlns:wsnt="${WSNT}">${messages.join('')}</wsnt:Notify></s:Body></s:Envelope>`;
}

/** A consumer that may be away, and that knows of each lane what has arrived, without keeping it. */
export class LaneConsumer implements AsyncDisposable {
  /** Messages that arrived for the first time. */
  arrived = 0;
  /** Messages that had arrived before. */
  repeated = 0;
  /** Messages before which one of their lane was missing. */
  disordered = 0;
  /** False: every Notify is answered with 503. */
  isWilling = true;
  readonly #next = Array.from({ length: LANES }, () => 0);
  #server: Server | undefined;
  readonly #port: number;

  private constructor(port: number) {
    this.#port = port;
  }

  /** A consumer with an address where nobody listens yet: connections to it are refused. */
  static async create(): Promise<LaneConsumer> {
    const reserved = createServer();
    await new Promise<void>((resolve) => reserved.listen(0, '127.0.0.1', resolve));
    const { port } = reserved.address() as AddressInfo;
    await new Promise((resolve) => reserved.close(resolve));
    return new LaneConsumer(port);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/consumer`;
  }

  async listen(): Promise<void> {
    const server = createServer((incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        if (this.isWilling) this.#note(Buffer.concat(chunks).toString('latin1'));
        response.writeHead(this.isWilling ? 202 : 503, { 'Content-Length': 0 }).end();
      });
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const server = this.#server;
    server?.closeAllConnections();
    await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  }

  #note(body: string): void {
    for (const [, laneText, numberText] of body.matchAll(/ lane="(\d+)" number="(\d+)"/g)) {
      const [lane, number] = [Number(laneText), Number(numberText)];
      const next = this.#next[lane] ?? NaN;
      if (number < next) {
        this.repeated += 1;
        continue;
      }
      if (number > next) this.disordered += 1;
      this.arrived += 1;
      this.#next[lane] = number + 1;
    }
  }
}
