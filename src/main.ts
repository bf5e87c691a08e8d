#!/usr/bin/env node
import cluster from 'node:cluster';
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { createApp, type App } from './app';
import { ConfigError, parseConfig, type Config } from './config/config';
import { parseArguments } from './config/arguments';
import { toHelp } from './config/help';
import { LocalBuckets } from './cache/rate-limit/local-buckets';
import type { Taking } from './billing/admission/call-buckets';
import { toListenProblem } from './config/start-problem';
import { toFirstQuery } from './first-query';
import { createLog, createStandardOutput, flushLog, toPrettyOutput, type Log } from './telemetry/logs/log';
import { VERSION } from './version';
import { WORKER_SECRET, WORKER_SLOT, type Message } from './workers/channel';

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
async function serveAlone(config: Config): Promise<void> {
  const log = openLog(config, { isShared: false });
  const app = await start(createApp(config, log), config, log);
  if (!app) return;
  reportReady(log, app);
  if (app.billingApi) process.stdout.write(toFirstQuery(app.url, app.billingApi, config.explorer));
}

/** This process accepts connections, and others serve them. */
async function serveWithWorkers(config: Config, workers: number): Promise<void> {
  const log = openLog(config, { isShared: false });
  const { startPrimary } = await import('./workers/primary.js');
  const { host, probePort, callsPerMinute, redisUrls } = config;
  const buckets = callsPerMinute > 0 && redisUrls.length === 0 ? new LocalBuckets(callsPerMinute) : null;
  const takeCalls = buckets && ((bucket: string, taking: Taking) => buckets.take(bucket, taking));
  const primary = await start(startPrimary({ workers, host, probePort, log, takeCalls }), config, log);
  if (primary) reportReady(log, primary, { workers });
}

/** This process is one of several that serve. */
async function work(config: Config, workers: number): Promise<void> {
  const { createWorkerEnd } = await import('./workers/worker-end.js');
  const { cacheMaxBytes, cacheSecret, auditLog } = config;
  const own: Config = {
    ...config,
    cacheMaxBytes: Math.ceil(cacheMaxBytes / workers),
    cacheSecret: cacheSecret ?? process.env[WORKER_SECRET] ?? null,
    // Each line holds the hash of the one before it: a trail has one writer.
    auditLog: auditLog === null ? null : `${auditLog}.${process.env[WORKER_SLOT] ?? ''}`,
  };
  const log = openLog(config, { isShared: true });
  const primary = createWorkerEnd(process);
  const app = await start(createApp(own, log, primary), config, log);
  // A worker that waits for its primary would stay for good.
  if (app) primary.reportReady(app.url, app);
  else process.disconnect();
}

/** The log on standard output: for a person at a terminal in development, unless LOG_FORMAT says otherwise. */
function openLog({ logFormat, logLevel, production }: Config, { isShared }: { isShared: boolean }): Log {
  const { stdout } = process;
  const isPretty = (logFormat ?? (stdout.isTTY && !production ? 'pretty' : 'json')) === 'pretty';
  const output = createStandardOutput({ isShared });
  return createLog(logLevel, isPretty ? toPrettyOutput(output, stdout.isTTY && stdout.hasColors()) : output);
}

/** Waits for the start, and from its beginning on stops on a signal. Null where it failed, with the reason in the log. */
async function start<T extends Running>(starting: Promise<T>, config: Config, log: Log): Promise<T | null> {
  // At once, so that a stop that comes early, or right after the line that says "ready", is a stop like any other.
  stopWhenTold(starting, log);
  try {
    return await starting;
  } catch (error) {
    const problem = toListenProblem(error, config);
    if (problem === null) log.fatal({ err: error }, 'the gateway could not start');
    else log.fatal({ code: (error as NodeJS.ErrnoException).code }, `the gateway could not start: ${problem}`);
    process.exitCode = 1;
    return null;
  }
}

function reportReady(log: Log, { url, probesUrl }: Pick<App, 'url' | 'probesUrl'>, others: object = {}): void {
  log.info({ url: `${url}/graphql`, ...(probesUrl === url ? {} : { probes: probesUrl }), ...others, version: VERSION }, 'ready');
  flushLog(log);
}

interface Running {
  close(): Promise<void>;
}

function stopWhenTold(starting: Promise<Running>, log: Log): void {
  let stopping = false;
  const stop = (): void => {
    stopping = true;
    starting
      .then((running) => running.close())
      .then(
        () => process.exit(0),
        (error: unknown) => {
          log.error({ err: error }, 'the stop failed');
          process.exit(1);
        },
      );
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    // A second signal means "now".
    if (stopping) process.exit(1);
    log.info({ signal }, 'stopping');
    stop();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  // A worker is told by its primary; a signal to the whole group may have come before.
  if (cluster.isWorker)
    process.on('message', (message: Message) => {
      if (message.kind === 'stop' && !stopping) stop();
    });
}

// V8 learns which objects live long while the new space is still small and most requests outlast a collection. From then
// on it makes those of their kind old at birth, and they hold on to all they point to: 2 KB a request (of 40 KB), copied.
setFlagsFromString('--no-allocation-site-pretenuring');
void main(process.argv.slice(2));
