/** One POST to a consumer. Times in milliseconds. */
export interface NotificationPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: readonly Uint8Array[];
  readonly connectTimeoutMs: number;
  readonly totalTimeoutMs: number;
  readonly maxReplyBytes: number;
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
}

/** How delivery reaches consumers. Never follows a redirect; rejects when there is no complete answer in time. */
export interface NotificationSender {
  post(request: NotificationPost): Promise<NotificationReply>;
}
