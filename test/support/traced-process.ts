import type { Environment } from '../../src/config/config';
import { good } from './scripted-gateway';
import { spawnGateway, type GatewayProcess } from './gateway-process';
import { startCollector, type OtlpCollector, type ReceivedSpan } from './otlp-collector';
import { requestRaw, type RawRequest } from './raw-request';
import { tracedEnvironment } from './traced-gateway';
import { startScriptedUpstream, type Script, type ScriptedUpstream } from './scripted-upstream';

/** A gateway as a process of its own, its billing API, and the collector of its traces. */
export interface TracedProcess {
  readonly gateway: GatewayProcess;
  readonly upstream: ScriptedUpstream;
  readonly collector: OtlpCollector;
  /** Sends a request and reads its answer. */
  readonly send: (request: RawRequest) => ReturnType<typeof requestRaw>;
  /** Ends the gateway as an orchestrator does, and gives all spans that it has sent by then. */
  readonly stop: () => Promise<readonly ReceivedSpan[]>;
}

/** How the gateway is started, and what its billing API does; without a script, good answers. */
export interface TracedOptions {
  readonly environment?: Environment;
  readonly script?: Script;
}

/** Runs a test against a traced gateway as a process of its own. */
export async function withTraces(use: (ends: TracedProcess) => Promise<void>, { environment, script }: TracedOptions = {}): Promise<void> {
  const upstream = await startScriptedUpstream(script ?? ((request) => good(request)));
  const collector = await startCollector();
  const gateway = spawnGateway({ ...tracedEnvironment(upstream, collector), ...environment });
  try {
    const port = Number(new URL(await gateway.ready()).port);
    await use({
      gateway,
      upstream,
      collector,
      send: (request) => requestRaw(port, request),
      stop: async () => {
        gateway.child.kill('SIGTERM');
        const code = await gateway.exited;
        if (code !== 0) throw new Error(`The gateway ended with ${String(code)}: ${gateway.stderr()}`);
        return collector.spans;
      },
    });
  } finally {
    await gateway.kill();
    await upstream.close();
    await collector.close();
  }
}
