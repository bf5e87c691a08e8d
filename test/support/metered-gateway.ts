import { join } from 'node:path';
import type { Environment } from '../../src/config/config';
import { until } from './cache-fixtures';
import { spawnGateway } from './gateway-process';
import { requestRaw, type RawAnswer, type RawRequest } from './raw-request';

/** CPU time of a gateway's event loop since it was last measured, in milliseconds of the machine that limits are meant for. */
export interface MeteredTurns {
  /** The longest turn. */
  readonly turnMs: number;
  /** All turns together. */
  readonly totalMs: number;
}

/** A gateway of its own process, whose turns of the event loop are measured; see turn-meter.cjs. */
export interface MeteredGateway {
  readonly port: number;
  /** Sends a request and waits for its whole response. */
  ask(request: RawRequest): Promise<RawAnswer>;
  measure(): Promise<MeteredTurns>;
  close(): Promise<void>;
}

/** What the meter's reference takes on the machine that limits are meant for: on a slower one, times count as so much less. */
const REFERENCE_MS = 4;

/** Starts a gateway, configured for production, in front of a billing API. */
export async function startMeteredGateway(env: Environment): Promise<MeteredGateway> {
  const gateway = spawnGateway({
    NODE_ENV: 'production',
    NODE_OPTIONS: `--require=${join(__dirname, 'turn-meter.cjs')}`,
    HOST: '127.0.0.1',
    ...env,
  });
  const port = Number(new URL(await gateway.ready()).port);
  let reports = 0;
  return {
    port,
    ask: (request) => requestRaw(port, request),
    measure: async () => {
      gateway.child.kill('SIGUSR2');
      const lines = (): string[] => gateway.stderr().match(/^\{"turnMs".*\}$/gm) ?? [];
      await until(() => lines().length > reports, 60_000);
      const { turnMs, totalMs, referenceMs } = JSON.parse(lines()[reports++] as string) as MeteredTurns & { readonly referenceMs: number };
      const slowness = Math.max(1, referenceMs / REFERENCE_MS);
      return { turnMs: turnMs / slowness, totalMs: totalMs / slowness };
    },
    close: () => gateway.kill(),
  };
}
