import type { NotificationPost, NotificationReply, NotificationSender } from '../../../src/delivery/sender.ts';

/** A post that waits for its answer. */
export interface PendingPost {
  readonly url: string;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly wasCut: boolean;
  answer(status: number, headers?: NotificationReply['headers']): void;
  fail(): void;
}

/** A sender whose consumers answer when the test says so. */
export class StageSender implements NotificationSender {
  readonly posts: PendingPost[] = [];
  readonly pending = new Set<PendingPost>();
  mostPending = 0;
  /** Answers at once with this status while it is set. */
  status: number | undefined;

  post(request: NotificationPost): Promise<NotificationReply> {
    return new Promise((resolve, reject) => {
      let wasCut = false;
      const onAbort = (): void => {
        wasCut = this.pending.has(post);
        end(() => reject(new Error('cut')));
      };
      const end = (act: () => void): void => {
        request.signal.removeEventListener('abort', onAbort);
        this.pending.delete(post);
        act();
      };
      const post: PendingPost = {
        url: request.url,
        text: Buffer.from(request.body).toString(),
        headers: request.headers,
        body: request.body,
        get wasCut() {
          return wasCut;
        },
        answer: (status, headers = {}) => end(() => resolve({ status, headers })),
        fail: () => end(() => reject(new Error('connection refused'))),
      };
      request.signal.addEventListener('abort', onAbort);
      this.posts.push(post);
      this.pending.add(post);
      this.mostPending = Math.max(this.mostPending, this.pending.size);
      if (request.signal.aborted) throw new Error('A post after the end of the tenure');
      if (this.status !== undefined) post.answer(this.status);
    });
  }

  to(url: string): readonly PendingPost[] {
    return this.posts.filter((post) => post.url === url);
  }

  /** Answers everything that waits. */
  answerAll(status: number): void {
    for (const post of this.pending) post.answer(status);
  }
}
