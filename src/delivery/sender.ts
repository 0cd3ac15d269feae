/** One POST to a consumer. Times in milliseconds. */
export interface NotificationPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly connectTimeoutMs: number;
  readonly totalTimeoutMs: number;
  /** For the header of the reply. */
  readonly headerTimeoutMs: number;
  /** Between two pieces of the reply's body. */
  readonly idleBodyTimeoutMs: number;
  /** What comes beyond is cut, and the status counts: as soon as it is there, nothing that follows can undo it. */
  readonly maxReplyBytes: number;
  readonly isStatusEnough: true;
  /** A kept connection that the consumer had closed meanwhile is no failure: it is sent once more over a new one. */
  readonly mayRepeat: true;
  /** Aborted: the connection is cut, wherever the exchange stands. */
  readonly signal: AbortSignal;
  /** Asked again when there is a connection, immediately before the first byte is written; false: nothing is written. */
  readonly mayBegin: () => boolean;
}

/** What a consumer answered. */
export interface NotificationReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** As much of it as was read. */
  readonly body?: Uint8Array;
}

/** How delivery reaches consumers. Never follows a redirect; rejects when there is no status in time. */
export interface NotificationSender {
  post(request: NotificationPost): Promise<NotificationReply>;
}
