import { randomUUID } from 'node:crypto';
import { ErrorReply } from '@redis/client';
import type { StoreUse } from '../../telemetry/observers/cache-observer';
import { KEY_PREFIX } from '../keys/shared-key-ring';
import { isCluster, type RedisClient } from './redis-client';
import { releaseLock } from './redis-lock';

/** Something that the user of Redis may not do, or that the service does not know. */
export interface Refusal {
  readonly use: StoreUse;
  /** The commands that the use needs. */
  readonly commands: string;
  /** What Redis said. */
  readonly reason: string;
}

/** The least rights that the user of Redis needs, as `ACL SETUSER` takes them. */
export const LEAST_RIGHTS = `~${KEY_PREFIX}:* +get +mget +set +eval +del`;

/** The key that the rights are tried out with. */
export const RIGHTS_NAME = `${KEY_PREFIX}:{rights}`;
const PROBE_MS = 1000;

/** What to do where Redis refuses commands. */
export function toRightsAdvice(commands: string): string {
  return `Redis refuses ${commands}: the user needs the rights ${LEAST_RIGHTS}`;
}

/** A user without the right (of a command, or of a key), or a service that has no such command; within a script, too. */
export function isRefusal(error: unknown): error is ErrorReply {
  return error instanceof ErrorReply && /NOPERM|unknown command|can't run this command/.test(error.message);
}

/** What a connection is good for. */
export interface Rights {
  readonly refusals: readonly Refusal[];
  /** Whether it leads to a replica. */
  readonly isReplica: boolean;
}

/** A replica, which takes no entries and no locks. */
export function isReadOnly(error: unknown): boolean {
  return error instanceof ErrorReply && /READONLY/.test(error.message);
}

/**
 * Runs each command that the store uses, with a key of its own, and tells which are refused. `ACL DRYRUN` would need the
 * right to ask. Rejects where Redis fails in another way.
 */
export async function probeRights(client: RedisClient): Promise<Rights> {
  const owner = randomUUID();
  const steps: readonly (readonly [StoreUse, string, () => Promise<unknown>])[] = [
    ['read', 'GET and MGET', () => (isCluster(client) ? client.get(RIGHTS_NAME) : client.mGet([RIGHTS_NAME]))],
    ['write', 'SET', () => client.set(RIGHTS_NAME, owner, { expiration: { type: 'PX', value: PROBE_MS } })],
    ['lock', 'EVAL, GET and DEL', () => releaseLock(client, RIGHTS_NAME, owner)],
  ];
  const refusals: Refusal[] = [];
  let isReplica = false;
  for (const [use, commands, run] of steps) {
    try {
      await run();
    } catch (error) {
      if (isReadOnly(error)) isReplica = true;
      if (isRefusal(error)) refusals.push({ use, commands, reason: error.message });
      // A full Redis, or a replica, takes no entries: that is found out, and reported, when there are some.
      else if (!(error instanceof ErrorReply)) throw error;
    }
  }
  return { refusals, isReplica };
}
