/** The environment variable by which a worker learns its number, from 1 on. One that takes another's place has its number. */
export const WORKER_SLOT = 'BILLING_GATEWAY_WORKER_SLOT';

/** The environment variable by which workers get a secret of their own, for what they share with each other and nobody else. */
export const WORKER_SECRET = 'BILLING_GATEWAY_WORKER_SECRET';

/** What one end of a channel may ask the other: whether it can serve, what it has measured, and for calls of a token's bucket. */
export type Question = 'readiness' | 'metrics' | CallQuestion;

/** Asks for calls of a bucket that all workers share. */
export interface CallQuestion {
  /** A hash, never a token. */
  readonly bucket: string;
  /** Negative to return calls to the bucket. */
  readonly calls: number;
}

/** A worker could not start, and has said why in the log. */
export class WorkerFailed extends Error {}

/** The part of a process's IPC channel that is used here: `process` in a worker, a `cluster.Worker` in the primary. */
export interface ChannelEnd {
  send?(message: Message, handle: undefined, options: undefined, done: (error: Error | null) => void): unknown;
  on(event: 'message', listener: (message: Message) => void): unknown;
}

export type Message =
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'ready'; readonly url: string }
  /** It cannot start, and has said why in the log. */
  | { readonly kind: 'failed' }
  /** `isDrained`: whether it serves on for a while. */
  | { readonly kind: 'stop'; readonly isDrained: boolean };

/** Questions and answers between the primary and one worker, over the channel that Node's cluster module opens. */
export class Channel {
  readonly #end: ChannelEnd;
  readonly #waiting = new Map<number, (value: unknown) => void>();
  #lastId = 0;

  /** @param answer what this end answers; a rejection is answered with null. */
  constructor(end: ChannelEnd, answer: (question: Question) => Promise<unknown>) {
    this.#end = end;
    end.on('message', (message) => {
      if (message.kind === 'ask') {
        const reply = (value: unknown): void => this.send({ kind: 'answer', id: message.id, value });
        answer(message.question).then(reply, () => reply(null));
      } else if (message.kind === 'answer') this.#waiting.get(message.id)?.(message.value);
    });
  }

  /** Sends a message. One to a process that has ended is lost. */
  send(message: Message): void {
    this.#end.send?.(message, undefined, undefined, () => undefined);
  }

  /** The other end's answer; null where it has none within `timeoutMs`. */
  ask(question: Question, timeoutMs: number): Promise<unknown> {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      const finish = (value: unknown): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(value);
      };
      const timer = setTimeout(() => finish(null), timeoutMs);
      this.#waiting.set(id, finish);
      this.send({ kind: 'ask', id, question });
    });
  }
}
