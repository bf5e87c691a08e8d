#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { createApp, type App } from './app';
import { ConfigError, parseConfig, type Config } from './config/config';
import { parseArguments } from './config/arguments';
import { toHelp } from './config/help';
import { toListenProblem } from './config/start-problem';
import { toFirstQuery } from './first-query';
import { createLog, flushLog } from './telemetry/logs/log';
import { VERSION } from './version';

/** Reads the settings, starts the gateway, and stops it on a signal. The one file that ends the process. */
async function main(args: readonly string[]): Promise<void> {
  const command = parseArguments(args);
  if (command.kind === 'refused') {
    process.stderr.write(`${command.problem}\n`);
    process.exitCode = 1;
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
  const log = createLog(config.logLevel);
  const starting = createApp(config, log);
  // From here on, so that a stop that comes early, or right after the line that says "ready", is a stop like any other.
  stopOnSignals(starting, log);
  let app: App;
  try {
    app = await starting;
  } catch (error) {
    const problem = toListenProblem(error, config);
    if (problem === null) log.fatal({ err: error }, 'the gateway could not start');
    else log.fatal({ code: (error as NodeJS.ErrnoException).code }, `the gateway could not start: ${problem}`);
    process.exitCode = 1;
    return;
  }
  log.info({ url: `${app.url}/graphql`, ...(app.probesUrl === app.url ? {} : { probes: app.probesUrl }), version: VERSION }, 'ready');
  flushLog(log);
  if (app.billingApi) process.stdout.write(toFirstQuery(app.url, app.billingApi, config.explorer));
}

function stopOnSignals(starting: Promise<App>, log: ReturnType<typeof createLog>): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    // A second signal means "now".
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ signal }, 'stopping');
    starting
      .then((app) => app.close())
      .then(
        () => process.exit(0),
        (error: unknown) => {
          log.error({ err: error }, 'the stop failed');
          process.exit(1);
        },
      );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

// V8 learns which objects live long while the new space is still small and most requests outlast a collection. From then
// on it makes those of their kind old at birth, and they hold on to all they point to: 2 KB a request (of 40 KB), copied.
setFlagsFromString('--no-allocation-site-pretenuring');
void main(process.argv.slice(2));
