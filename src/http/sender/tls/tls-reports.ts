import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Exchange } from '../exchange.ts';

/** Tells an exchange what undici reports of it. */
export class TlsReports implements Dispatcher.DispatchHandler {
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** There is a connection; the request is written next. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (!this.#exchange.begin(controller)) controller.abort(new Error('The request may not begin any more'));
  }

  onResponseStart(_controller: unknown, status: number, headers: IncomingHttpHeaders): void {
    this.#exchange.head(status, headers);
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.#exchange.piece(chunk);
  }

  onResponseEnd(): void {
    this.#exchange.end();
  }

  onResponseError(_controller: unknown, error: unknown): void {
    this.#exchange.broken(error);
  }
}
