import type {
  Engine,
  EngineOperation,
  EngineOperations,
  Engines,
  RequestContext,
  ResourceDescription,
} from '../../../src/engine/ports/engine.ts';
import { InfrastructureError } from '../../../src/kernel/errors.ts';
import { silentLogger } from '../../../src/kernel/log.ts';
import { ReplyMail } from '../../../src/service-point/reply-mail.ts';
import { ServicePoint } from '../../../src/service-point/service-point.ts';
import { soapNamespace } from '../../../src/soap/version.ts';
import { DEFAULT_CONDUCT } from '../../../src/topology/defaults.ts';
import type { Conduct } from '../../../src/topology/model.ts';
import type { XmlElement } from '../../../src/xml/document.ts';
import { readXml } from '../../../src/xml/reader.ts';
import { WsnFault } from '../../../src/wsn/faults.ts';
import { topicSetElement } from '../../support/topic-set-element.ts';
import { libxmlXPath } from '../../support/libxml-xpath.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { NAMESPACES } from './namespaces.ts';

type Answers = { [O in EngineOperation]?: (request: EngineOperations[O]['request']) => EngineOperations[O]['reply'] };

/** What an engine was asked. */
export interface Asked {
  readonly engine: string;
  readonly operation: EngineOperation;
  readonly request: object;
  readonly requestId: string;
}

/** Engines that answer what the test says, and a service point before them. */
export class Bus implements Engines {
  readonly asked: Asked[] = [];
  readonly #answers: ReadonlyMap<string, Answers>;
  readonly #servicePoint: ServicePoint;

  constructor(answers: Readonly<Record<string, Answers>>, conduct: Partial<Conduct> = {}) {
    this.#answers = new Map(Object.entries(answers));
    this.#servicePoint = new ServicePoint({
      engines: this,
      publicUrl: 'http://gw:8080',
      maxBodyBytes: 1_000_000,
      conduct: { ...DEFAULT_CONDUCT, requiresRegistration: true, pauseRetention: 'last', ...conduct },
      topics: { fixed: true, element: (grown) => topicSetElement(['{urn:p}permanent', ...grown]) },
      xpath: libxmlXPath,
      onvif: {
        identity: { firmwareVersion: '0', serialNumber: 'test' },
        capacity: { maxSubscriptions: 1, maxPullPoints: 1 },
      },
      mail: new ReplyMail({ post: () => Promise.reject(new Error('Nothing is sent here')) }, silentLogger),
      clock: new ManualClock(),
      logger: silentLogger,
    });
  }

  names(): readonly string[] {
    return [...this.#answers.keys()];
  }

  up(): readonly { readonly name: string; readonly isHere: boolean }[] {
    return this.names().map((name, index) => ({ name, isHere: index === 0 }));
  }

  find(name: string): Engine | undefined {
    const answers = this.#answers.get(name);
    if (answers === undefined) return undefined;
    const execute = async <O extends EngineOperation>(
      operation: O,
      request: EngineOperations[O]['request'],
      { requestId }: RequestContext,
    ): Promise<EngineOperations[O]['reply']> => {
      this.asked.push({ engine: name, operation, request, requestId });
      const answer = answers[operation];
      if (answer === undefined) throw new InfrastructureError('unreachable', 'Down', { processed: 'no' });
      return Promise.resolve(answer(request));
    };
    return { name, execute };
  }

  /** Sends a body, in which the usual prefixes are declared, to a path; the reply's body element and HTTP status. */
  async send(
    path: string,
    body: string,
    header = '',
  ): Promise<{ readonly status: number; readonly body: XmlElement | undefined; readonly bytes: Buffer }> {
    const xml =
      `<S:Envelope xmlns:S="${soapNamespace('1.2')}" ${NAMESPACES}><S:Header>${header}</S:Header>` +
      `<S:Body>${body}</S:Body></S:Envelope>`;
    const { reply } = await this.#servicePoint.answer(
      { path, body: Buffer.from(xml), requestId: 'r1' },
      new AbortController().signal,
    );
    const root = reply.body.length === 0 ? undefined : readXml(reply.body).root;
    return { status: reply.status, body: root?.children().at(-1)?.children()[0], bytes: reply.body };
  }

  /** As `send`, but the name of the fault element in the reply; '' if it is none. */
  async fault(path: string, body: string): Promise<string> {
    const reply = await this.send(path, body);
    const detail = reply.body?.children().find(({ localName }) => localName === 'Detail');
    return detail?.children()[0]?.localName ?? '';
  }
}

/** An engine that has one resource. */
export function holding(id: string, description: ResourceDescription): Answers {
  return {
    describe: ({ resource }) => {
      if (resource === id) return description;
      throw new WsnFault('ResourceUnknownFault', 'Unknown');
    },
  };
}
