import { randomBytes } from 'node:crypto';
import cluster, { type Worker } from 'node:cluster';
import type { TakenCalls } from '../billing/admission/call-buckets';
import type { Log } from '../telemetry/logs/log';
import type { MetricSnapshot, WorkerMetrics } from '../telemetry/metrics/worker-metrics';
import { Channel, WORKER_SECRET, WORKER_SLOT, WorkerFailed, type Message, type Question } from './channel';

/** Settings of the workers. */
export interface WorkerPoolOptions {
  readonly count: number;
  readonly log: Log;
  readonly metrics: WorkerMetrics;
  /** Takes calls out of a bucket that all workers share; null where calls are not limited. */
  readonly takeCalls: TakeCalls | null;
}

export type TakeCalls = (bucket: string, calls: number) => TakenCalls;

interface Member {
  readonly slot: number;
  readonly channel: Channel;
  readonly startedMs: number;
  isReady: boolean;
  /** What it had measured when it was last asked. */
  snapshot: MetricSnapshot | null;
}

/** A worker that has lived this long did not end because of how it starts, in milliseconds. */
const SETTLED_MS = 60_000;
/** The pause before a worker is replaced: doubled each time where it does not settle, in milliseconds. */
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 30_000;
/** Kubernetes waits one second for a probe. */
const READINESS_TIMEOUT_MS = 800;
const METRICS_TIMEOUT_MS = 5000;

/**
 * Starts worker processes that share one listener, replaces those that end, and speaks for all of them. Runs in the
 * primary process, which accepts connections and hands them to the workers in turn.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #members = new Map<Worker, Member>();
  readonly #pauses = new Set<NodeJS.Timeout>();
  readonly #secret = randomBytes(32).toString('base64');
  #isStarted = false;
  #isStopping = false;
  #crashes = 0;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /**
   * Starts the workers, and resolves with their URL when all of them serve. Rejects where one ends before it does: with
   * WorkerFailed where it has said why. A start that is stopped goes no further.
   */
  async start(stopped: AbortSignal): Promise<string> {
    stopped.throwIfAborted();
    // One first: what keeps it from starting would keep all of them, and is logged once.
    const url = await this.#fork();
    stopped.throwIfAborted();
    await Promise.all(Array.from({ length: this.#options.count - 1 }, () => this.#fork()));
    this.#isStarted = true;
    return url;
  }

  /** Whether all workers can serve. */
  async isReady(): Promise<boolean> {
    const members = [...this.#members.values()];
    if (this.#isStopping || members.length < this.#options.count || members.some((member) => !member.isReady)) return false;
    const answers = await Promise.all(members.map(({ channel }) => channel.ask('readiness', READINESS_TIMEOUT_MS)));
    return answers.every((answer) => answer === true);
  }

  /** The metrics of all workers, in Prometheus's text format. */
  async metricsText(): Promise<string> {
    const ready = [...this.#members.values()].filter((member) => member.isReady);
    await Promise.all(
      ready.map(async (member) => {
        // One that does not answer counts with what it had the last time: a counter must not fall.
        member.snapshot = ((await member.channel.ask('metrics', METRICS_TIMEOUT_MS)) as MetricSnapshot | null) ?? member.snapshot;
      }),
    );
    return this.#options.metrics.text(
      ready.flatMap(({ snapshot }) => (snapshot ? [snapshot] : [])),
      ready.length,
    );
  }

  /**
   * Lets every worker finish what it has under way, and resolves when all have ended. Rejects where one fails in that.
   * @param isDrained whether they serve on for a while.
   */
  async close(isDrained: boolean): Promise<void> {
    this.#isStopping = true;
    for (const pause of this.#pauses) clearTimeout(pause);
    const codes = await Promise.all(
      [...this.#members].map(([worker, { channel }]) => {
        const ended = new Promise<number | null>((resolve) => worker.once('exit', resolve));
        channel.send({ kind: 'stop', isDrained });
        return ended;
      }),
    );
    if (codes.some((code) => code !== 0)) throw new Error('A worker failed to stop.');
  }

  async #answer(question: Question): Promise<unknown> {
    if (typeof question === 'object') return this.#options.takeCalls?.(question.bucket, question.calls) ?? null;
    return question === 'readiness' ? this.isReady() : this.metricsText();
  }

  /** Starts one worker, and resolves with its URL when it serves. */
  #fork(): Promise<string> {
    return new Promise((resolve, reject) => {
      const slot = this.#freeSlot();
      const worker = cluster.fork({ WORKERS: String(this.#options.count), [WORKER_SLOT]: String(slot), [WORKER_SECRET]: this.#secret });
      const channel = new Channel(worker, (question) => this.#answer(question));
      const member: Member = { slot, channel, startedMs: performance.now(), isReady: false, snapshot: null };
      this.#members.set(worker, member);
      worker.on('message', (message: Message) => {
        if (message.kind === 'failed') reject(new WorkerFailed('A worker could not start.'));
        if (message.kind !== 'ready') return;
        member.isReady = true;
        resolve(message.url);
      });
      worker.once('exit', (code: number | null, signal: string | null) => {
        this.#members.delete(worker);
        void this.#options.metrics.retire(member.snapshot);
        if (!member.isReady) reject(new Error(`A worker ended (${signal ?? `exit code ${code}`}) before it could serve.`));
        if (this.#isStarted && !this.#isStopping) this.#replace(worker, member, { code, signal });
      });
    });
  }

  /** The lowest number from 1 on that no worker has. */
  #freeSlot(): number {
    const taken = new Set(Array.from(this.#members.values(), ({ slot }) => slot));
    let slot = 1;
    while (taken.has(slot)) slot++;
    return slot;
  }

  #replace(
    { process: { pid } }: Worker,
    { startedMs }: Member,
    end: { readonly code: number | null; readonly signal: string | null },
  ): void {
    this.#crashes = performance.now() - startedMs < SETTLED_MS ? this.#crashes + 1 : 1;
    const pauseMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#crashes - 1));
    this.#options.log.error({ pid, ...end, pauseMs }, 'a worker has ended: another one takes its place');
    this.#options.metrics.replaced();
    const pause = setTimeout(() => {
      this.#pauses.delete(pause);
      // One that cannot start ends, and is replaced in its turn.
      this.#fork().catch(() => undefined);
    }, pauseMs);
    this.#pauses.add(pause);
  }
}
