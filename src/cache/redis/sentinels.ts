import { TIMED_OUT, withinTime } from '../../runtime/time-limit';
import { createSingleClient, destroyClient, type RedisTls } from './redis-client';

/** How long a Sentinel may take to answer, in milliseconds: one that hangs must not keep what the others say from being used. */
const ANSWER_LIMIT_MS = 2000;

/** Whether the addresses are those of Sentinels. */
export function areSentinels(urls: readonly string[]): boolean {
  return /^rediss?-sentinel:/.test(urls[0] ?? '');
}

/**
 * The address of the primary that most Sentinels name now: `redis://user:password@host:port`. The user and password of
 * the addresses are the primary's; they are sent to a Sentinel only where it asks for some.
 * Rejects where none of them answers, or none knows the name.
 * @param urls such as `redis-sentinel://host:26379/name`; the name is the same in all of them.
 */
export async function findPrimary(urls: readonly string[], tls: RedisTls): Promise<string> {
  const answers = await Promise.allSettled(urls.map((url) => askSentinel(new URL(url), tls)));
  const votes = new Map<string, number>();
  for (const answer of answers) if (answer.status === 'fulfilled') votes.set(answer.value, (votes.get(answer.value) ?? 0) + 1);
  const [best] = [...votes].sort(([, a], [, b]) => b - a);
  if (!best) {
    const reasons = answers.map((answer) => (answer.status === 'rejected' ? (answer.reason as Error) : TIMED_OUT));
    // One that answers says more than one that does not.
    throw reasons.find((reason) => reason !== TIMED_OUT) ?? new Error(`no Sentinel answers within ${ANSWER_LIMIT_MS} ms`);
  }
  const [first] = urls.map((url) => new URL(url)) as [URL];
  return `${toScheme(first)}//${toCredentials(first)}${best[0]}`;
}

async function askSentinel(sentinel: URL, tls: RedisTls): Promise<string> {
  const name = decodeURIComponent(sentinel.pathname.slice(1));
  const words = ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name];
  const base = `${sentinel.hostname}:${sentinel.port || '26379'}`;
  let reply: unknown;
  try {
    reply = await runOnce(`${toScheme(sentinel)}//${base}`, tls, words);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOAUTH')) || !sentinel.password) throw error;
    reply = await runOnce(`${toScheme(sentinel)}//${toCredentials(sentinel)}${base}`, tls, words);
  }
  if (!Array.isArray(reply)) throw new Error(`no Sentinel knows a primary named "${name}"`);
  const [host, port] = reply.map(String) as [string, string];
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

async function runOnce(url: string, tls: RedisTls, words: string[]): Promise<unknown> {
  const client = createSingleClient(url, tls);
  client.on('error', () => undefined); // the rejection says it
  try {
    return await withinTime(
      client.connect().then(() => client.sendCommand(words)),
      ANSWER_LIMIT_MS,
    );
  } finally {
    destroyClient(client);
  }
}

function toScheme({ protocol }: URL): string {
  return protocol.startsWith('rediss') ? 'rediss:' : 'redis:';
}

function toCredentials({ username, password }: URL): string {
  return username || password ? `${username}:${password}@` : '';
}
