import { ErrorReply } from '@redis/client';
import { monotonicMs } from '../../../runtime/clock';
import type { Outage } from './outage';

/** A connection that is silent for this long is considered dead, since a lost network sends no signal. */
export const HUNG_MS = 3000;

/** Tells a connection that is dead from one that is slow: what responds, however late, is connected. */
export class Silence {
  #respondedAtMs = -Infinity;

  /** Notes a response that was not waited for, when it comes. */
  noteLate(response: Promise<unknown>): void {
    const note = (): void => void (this.#respondedAtMs = monotonicMs());
    response.then(note, (error: unknown) => {
      if (error instanceof ErrorReply) note();
    });
  }

  /** Whether the outage has lasted for a while without a response. */
  isHung(outage: Outage, nowMs: number): boolean {
    return outage.lastsMs(nowMs) >= HUNG_MS && nowMs - this.#respondedAtMs >= HUNG_MS;
  }
}
