import type { Environment } from '../../src/config/config';
import { startGateway } from './gateway';
import { startCollector, type OtlpCollector, type ReceivedSpan } from './otlp-collector';
import { requestRaw, type RawRequest } from './raw-request';
import { good } from './scripted-gateway';
import { startScriptedUpstream, type Script, type ScriptedUpstream } from './scripted-upstream';

/** A gateway in the test's own process, its billing API, and the collector of its traces. */
export interface TracedGateway {
  readonly upstream: ScriptedUpstream;
  readonly collector: OtlpCollector;
  /** All that was logged so far, one JSON text a line. */
  readonly logLines: readonly string[];
  /** Sends a request and reads its answer. */
  readonly send: (request: RawRequest) => ReturnType<typeof requestRaw>;
  /** Closes the gateway, and gives all spans that it has sent by then. */
  readonly stop: () => Promise<readonly ReceivedSpan[]>;
}

/** The settings of a traced gateway in production mode: one attempt a call, and nothing cached, unless the test says otherwise. */
export function tracedEnvironment(upstream: ScriptedUpstream, collector: OtlpCollector): Environment {
  return {
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    DRAIN_DELAY_MS: '0',
    BILLING_API_URL: upstream.url,
    BILLING_API_RETRIES: '0',
    CACHE_TTL_SECONDS: '0',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  };
}

/** Runs a test against a traced gateway. Without a script, its billing API gives good answers. */
export async function withTracedGateway(
  use: (ends: TracedGateway) => Promise<void>,
  { environment, script }: { readonly environment?: Environment; readonly script?: Script } = {},
): Promise<void> {
  const upstream = await startScriptedUpstream(script ?? ((request) => good(request)));
  const collector = await startCollector();
  try {
    const gateway = await startGateway({ ...tracedEnvironment(upstream, collector), ...environment });
    let closed: Promise<void> | undefined;
    const close = (): Promise<void> => (closed ??= gateway.close());
    try {
      await use({
        upstream,
        collector,
        logLines: gateway.logLines,
        send: (request) => requestRaw(gateway.port, request),
        stop: async () => {
          await close();
          return collector.spans;
        },
      });
    } finally {
      await close();
    }
  } finally {
    await upstream.close();
    await collector.close();
  }
}
