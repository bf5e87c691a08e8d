/**
 * The failure of a request that its caller abandoned before the response arrived. The response is still read to its end and
 * discarded so that the connection can be reused: opening a new one costs more than reading the rest.
 */
export class Abandoned extends Error {
  /** Why the request was abandoned: the reason of its signal. */
  readonly reason: Error;
  /** Resolves when the response is complete or its connection is closed. */
  readonly ended: Promise<void>;
  /** Closes the connection unless the response is complete within `ms` milliseconds. */
  readonly cutAfter: (ms: number) => void;

  constructor(reason: Error, { ended, cutAfter }: Pick<Abandoned, 'ended' | 'cutAfter'>) {
    super('the request was abandoned');
    this.reason = reason;
    this.ended = ended;
    this.cutAfter = cutAfter;
  }
}
