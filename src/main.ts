#!/usr/bin/env node
import { onStopSignal } from './stop-signal';
import cluster from 'node:cluster';
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import type { App } from './app';
import { ConfigError, parseConfig, type Config } from './config/config';
import { parseArguments } from './config/arguments';
import { toHelp } from './config/help';
import { LocalBuckets } from './cache/rate-limit/local-buckets';
import { toListenProblem } from './config/start-problem';
import { toFirstQuery } from './first-query';
import { keepFreedMemory } from './runtime/keep-freed-memory';
import { createLog, createStandardOutput, flushLog, toPrettyOutput, type Log } from './telemetry/logs/log';
import { VERSION } from './version';
import { WORKER_SECRET, WORKER_SLOT, WorkerFailed, type Message } from './workers/channel';
import type { Primary } from './workers/primary';
import { createWorkerEnd, type WorkerEnd } from './workers/worker-end';

/** Reads the settings, starts the gateway, and stops it on a signal. The one file that ends the process. */
async function main(args: readonly string[]): Promise<void> {
  const command = parseArguments(args);
  if (command.kind === 'refused') {
    process.stderr.write(`${command.problem}\n`);
    process.exitCode = 1;
    return;
  }
  if (command.kind === 'cost-check') {
    const { checkCosts } = await import('./tools/cost-check.js');
    process.exitCode = await checkCosts(command.args);
    return;
  }
  if (command.kind !== 'start') {
    process.stdout.write(command.kind === 'help' ? toHelp() : `${VERSION}\n`);
    return;
  }
  let config: Config;
  try {
    config = parseConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\nSee --help for every setting.\n`);
    process.exitCode = 1;
    return;
  }
  const workers = toWorkerCount(config);
  if (cluster.isWorker) await work(config, workers);
  else if (workers > 1) await serveWithWorkers(config, workers);
  else await serveAlone(config);
}

/** How many processes serve. */
function toWorkerCount({ workers, billingApiUrl }: Config): number {
  if (workers !== 'auto') return workers;
  // The embedded billing API serves one process only.
  return billingApiUrl === null ? 1 : availableParallelism();
}

/** The usual case: this process is the gateway. */
function serveAlone(config: Config): Promise<void> {
  const log = openLog(config, { isShared: false });
  return start((stopped) => startApp(stopped, config, log), {
    config,
    log,
    ready: (app) => {
      reportReady(log, app);
      if (app.billingApi) process.stdout.write(toFirstQuery(app.url, app.billingApi, config.explorer));
    },
  });
}

/** This process accepts connections, and others serve them. */
function serveWithWorkers(config: Config, workers: number): Promise<void> {
  const log = openLog(config, { isShared: false });
  const { host, probePort, callsPerMinute, redisUrls } = config;
  const buckets = callsPerMinute > 0 && redisUrls.length === 0 ? new LocalBuckets(callsPerMinute) : null;
  const takeCalls = buckets && ((bucket: string, calls: number) => buckets.take(bucket, calls));
  const begin = async (stopped: AbortSignal): Promise<Primary> => {
    const { startPrimary } = await import('./workers/primary.js');
    return startPrimary({ workers, host, probePort, log, takeCalls, stopped });
  };
  return start(begin, { config, log, ready: (primary) => reportReady(log, primary, { workers }) });
}

/** This process is one of several that serve. */
async function work(config: Config, workers: number): Promise<void> {
  const { cacheMaxBytes, upstreamMaxProcessBytes, upstreamMaxOperationBytes, cacheSecret, auditLog } = config;
  const own: Config = {
    ...config,
    cacheMaxBytes: Math.ceil(cacheMaxBytes / workers),
    // One operation must be able to hold what it may.
    upstreamMaxProcessBytes: Math.max(upstreamMaxOperationBytes, Math.ceil(upstreamMaxProcessBytes / workers)),
    cacheSecret: cacheSecret ?? process.env[WORKER_SECRET] ?? null,
    // Each line holds the hash of the one before it: a trail has one writer.
    auditLog: auditLog === null ? null : `${auditLog}.${process.env[WORKER_SLOT] ?? ''}`,
  };
  const log = openLog(config, { isShared: true });
  const primary = createWorkerEnd(process);
  await start((stopped) => startApp(stopped, own, log, primary), {
    config,
    log,
    ready: (app) => primary.reportReady(app.url, app),
    // A worker that waits for its primary would stay for good.
    failed: () => {
      primary.reportFailed();
      process.disconnect();
    },
  });
}

/**
 * Loads and starts the gateway, unless it is stopped meanwhile. Loading takes most of the start, and neither a primary nor `--help` needs
 * what is loaded.
 */
async function startApp(stopped: AbortSignal, config: Config, log: Log, siblings: WorkerEnd | null = null): Promise<App> {
  const { createApp } = await import('./app.js');
  await toSignals();
  stopped.throwIfAborted();
  return createApp(config, log, siblings);
}

/** The log on standard output: for a person at a terminal in development, unless LOG_FORMAT says otherwise. */
function openLog({ logFormat, logLevel, production }: Config, { isShared }: { isShared: boolean }): Log {
  const { stdout } = process;
  const isPretty = (logFormat ?? (stdout.isTTY && !production ? 'pretty' : 'json')) === 'pretty';
  const output = createStandardOutput({ isShared });
  return createLog(logLevel, isPretty ? toPrettyOutput(output, stdout.isTTY && stdout.hasColors()) : output);
}

/** What a start is followed by. */
interface Starting<T> {
  readonly config: Config;
  readonly log: Log;
  readonly ready: (running: T) => void;
  /** Called when the reason is in the log. */
  readonly failed?: () => void;
}

/** Starts the gateway, and stops it on a signal at any time: a signal during the start cancels it. */
async function start<T extends Running>(
  begin: (stopped: AbortSignal) => Promise<T>,
  { config, log, ready, failed }: Starting<T>,
): Promise<void> {
  const stopped = new AbortController();
  const state = { isReady: false };
  // From here on, so that a stop that comes early, or right after the line that says "ready", is a stop like any other.
  const starting = toSignals().then(() => {
    stopped.signal.throwIfAborted();
    return begin(stopped.signal);
  });
  stopWhenTold({ starting, stopped, state }, log);
  try {
    const running = await starting;
    await toSignals();
    if (stopped.signal.aborted) return;
    state.isReady = true;
    ready(running);
  } catch (error) {
    if (stopped.signal.aborted) return;
    const problem = toListenProblem(error, config);
    // A worker has said itself why.
    if (problem !== null) log.fatal({ code: (error as NodeJS.ErrnoException).code }, `the gateway could not start: ${problem}`);
    else if (!(error instanceof WorkerFailed)) log.fatal({ err: error }, 'the gateway could not start');
    process.exitCode = 1;
    failed?.();
  }
}

/** Lets signals in that have come meanwhile: a start may take half a second without a turn of the event loop. */
function toSignals(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function reportReady(log: Log, { url, probesUrl }: Pick<App, 'url' | 'probesUrl'>, others: object = {}): void {
  log.info({ url: `${url}/graphql`, ...(probesUrl === url ? {} : { probes: probesUrl }), ...others, version: VERSION }, 'ready');
  flushLog(log);
}

interface Running {
  /** @param isDrained whether it serves on for a while, so that it is asked no more when it ends. */
  close(isDrained: boolean): Promise<void>;
}

/** What a stop has to know of the start. */
interface Start {
  readonly starting: Promise<Running>;
  readonly stopped: AbortController;
  /** `isReady`: whether it is known that it serves. */
  readonly state: { readonly isReady: boolean };
}

function stopWhenTold({ starting, stopped, state }: Start, log: Log): void {
  const { signal } = stopped;
  const stop = (isDrained: boolean): void => {
    stopped.abort();
    starting
      .then(
        (running) => running.close(isDrained),
        // A start that was given up has closed what it had opened.
        () => undefined,
      )
      .then(
        () => process.exit(0),
        (error: unknown) => {
          log.error({ err: error }, 'the stop failed');
          process.exit(1);
        },
      );
  };
  onStopSignal((name) => {
    // A second signal means "now".
    if (signal.aborted) process.exit(1);
    log.info({ signal: name }, 'stopping');
    stop(state.isReady);
  });
  // A worker is stopped by its primary, though a signal to the whole process group may arrive first.
  if (cluster.isWorker)
    process.on('message', (message: Message) => {
      if (message.kind === 'stop' && !signal.aborted) stop(message.isDrained && state.isReady);
    });
}

// V8 learns which objects live long while the new space is still small and most requests outlast a collection. From then
// on it makes those of their kind old at birth, and they hold on to all they point to: 2 KB a request (of 40 KB), copied.
setFlagsFromString('--no-allocation-site-pretenuring');
keepFreedMemory();
void main(process.argv.slice(2));
