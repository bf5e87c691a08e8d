import type { CacheWaits } from '../../../billing/ports/cache-waits';
import { monotonicMs } from '../../../runtime/clock';
import { TIMED_OUT, withinTime } from '../../../runtime/time-limit';
import type { Outage } from './outage';
import { Silence } from './silence';

/** Of the time that an operation may wait: a response that takes longer is used, but nothing further that could be late is asked. */
const LATE_SHARE = 1 / 3;
/** One late response is a pause; this many in a row are an outage. */
const LATE_OF_AN_OUTAGE = 3;

/** What a node's health is made of. */
export interface NodeHealthOptions {
  readonly outage: Outage;
  /** Of writing alone. */
  readonly writes: Outage;
  /** How long an operation waits in all, in milliseconds. A response that takes more than a third of it is late. */
  readonly waitLimitMs: number;
  /** Called whenever it responded in time. */
  readonly responded?: () => void;
}

/** How one Redis responds: the only one there is, or a node of a cluster. */
export class NodeHealth {
  readonly outage: Outage;
  readonly writes: Outage;
  readonly #waitLimitMs: number;
  readonly #lateMs: number;
  readonly #responded: (() => void) | undefined;
  /** Late responses in a row, and when the last of them became one. */
  #late = 0;
  #lateAtMs = -Infinity;
  readonly #silence = new Silence();
  #isProbed = false;

  constructor({ outage, writes, waitLimitMs, responded }: NodeHealthOptions) {
    this.outage = outage;
    this.writes = writes;
    this.#waitLimitMs = waitLimitMs;
    this.#lateMs = Math.ceil(waitLimitMs * LATE_SHARE);
    this.#responded = responded;
  }

  /** Whether nothing is to be asked that is not needed. */
  get isDoubtful(): boolean {
    return this.#late > 0 || this.outage.isOn;
  }

  /** Whether it has been out for a while and has not responded, however late: what responds is connected. */
  isHung(nowMs: number): boolean {
    return this.#silence.isHung(this.outage, nowMs);
  }

  /** The response, if it comes while the operation may wait; rejects with TIMED_OUT otherwise, or as the response does. */
  async inTime<T>(waits: CacheWaits, response: Promise<T>): Promise<T> {
    const startedAtMs = monotonicMs();
    const command = { isLate: false };
    const noteLate = (): void => {
      command.isLate = waits.storeWasLate = true;
      this.#becameLate(startedAtMs);
    };
    const leftMs = this.#waitLimitMs - waits.store.totalMs(startedAtMs);
    waits.store.begin(startedAtMs);
    try {
      const value = await withinTime(response, leftMs, { lateMs: this.#lateMs, call: noteLate });
      if (!command.isLate) this.#respondedInTime();
      return value;
    } catch (error) {
      if (error === TIMED_OUT) {
        waits.storeWasLate = true;
        this.#silence.noteLate(response);
      }
      throw error;
    } finally {
      waits.store.end(monotonicMs());
    }
  }

  /**
   * Finds out whether a node that is out responds again, without anything waiting for it: now and then, and with one command at
   * a time. What hangs is given no further ones, so that its connection is silent, and made anew.
   * @param failed called with an error other than a timeout.
   */
  probe(run: () => Promise<unknown>, failed: (error: unknown) => void): void {
    if (this.#isProbed || !this.outage.mayTry(monotonicMs())) return;
    this.#isProbed = true;
    const response = run();
    const ended = (): void => void (this.#isProbed = false);
    response.then(ended, (error: unknown) => {
      ended();
      failed(error);
    });
    withinTime(response, this.#lateMs).then(
      () => this.#respondedInTime(),
      () => undefined,
    );
  }

  /** Forgets what was late: that was another connection. */
  connectedAnew(): void {
    this.#late = 0;
  }

  #respondedInTime(): void {
    this.#late = 0;
    this.outage.succeeded(monotonicMs());
    this.#responded?.();
  }

  #becameLate(startedAtMs: number): void {
    // Commands that were under way together met the same pause.
    if (startedAtMs < this.#lateAtMs) return;
    const nowMs = (this.#lateAtMs = monotonicMs());
    if (++this.#late < LATE_OF_AN_OUTAGE) return;
    const reason = `no response within ${this.#lateMs} ms, ${LATE_OF_AN_OUTAGE} times in a row`;
    this.outage.failed({ reason, advice: null }, nowMs);
  }
}
