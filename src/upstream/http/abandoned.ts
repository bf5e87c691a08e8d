/**
 * How a request ends that nobody waits for any more while its response is still to come. The response is read to its end and
 * dropped, so that the connection can carry other requests: a new one would cost more than the rest of the response.
 */
export class Abandoned extends Error {
  /** Why nobody waits: the reason of the request's signal. */
  readonly reason: Error;
  /** Resolves when nothing of the response is to come any more: it has ended, or its connection has. */
  readonly ended: Promise<void>;
  /** Ends the request's connection where the response has not come in this time, in milliseconds. */
  readonly cutAfter: (ms: number) => void;

  constructor(reason: Error, { ended, cutAfter }: Pick<Abandoned, 'ended' | 'cutAfter'>) {
    super('nobody waits for the response');
    this.reason = reason;
    this.ended = ended;
    this.cutAfter = cutAfter;
  }
}
