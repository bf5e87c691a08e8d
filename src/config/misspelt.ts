import type { Environment } from './kinds/setting';
import { SETTINGS } from './settings';

/** Names that other programs read (this package's commands, curl, Kubernetes, OpenTelemetry), and that look like settings. */
const OTHERS = [
  /^(?:https?|no|all)_proxy$/,
  /^BILLING_API_(?:BASE_PATH|CLIENT_ID|CLIENT_SECRET|CONTRACT_NUMBER|DATA|HOST|PORT|SIGNING_SECRET)$/,
  /^BILLING_API_(?:PORT|SERVICE|TOKEN)_/,
  /^OTEL_(?:BLRP|METRICS?|LOGS?|EXPORTER_OTLP_(?:METRICS|LOGS))_/,
];
const UNIT = /_(MS|SECONDS|SECS?|MINUTES|BYTES|KB|MB)$/;
/** A name as short as PORT is a letter or two away from names that mean something else. */
const SHORTEST = 8;

/**
 * Finds names in the environment that nothing reads and that are nearly a setting's: a letter more, less or other, another
 * case, another unit or none, or the file of a setting that is no secret. A setting that is itself there is not looked for.
 */
export function findMisspelt(env: Environment): string[] {
  const names = SETTINGS.flatMap(({ name, secret }) => (secret ? [name, `${name}_FILE`] : [name]));
  const known = new Set(names);
  const candidates = names.filter((name) => name.length >= SHORTEST && env[name] === undefined).map(toStemmed);
  return Object.keys(env).flatMap((name) => {
    if (known.has(name) || OTHERS.some((other) => other.test(name)) || (env[name] ?? '').trim() === '') return [];
    if (name.endsWith('_FILE') && known.has(name.slice(0, -5))) return [`${name} is not a setting: set ${name.slice(0, -5)} itself.`];
    const written = toStemmed(name.toUpperCase().replaceAll(/[-.]/g, '_'));
    const meant = candidates.find((candidate) => isNearMiss(written, candidate));
    return meant === undefined ? [] : [`${name} is not a setting: did you mean ${meant.name}?`];
  });
}

interface Stemmed {
  readonly name: string;
  /** The name without its unit. */
  readonly stem: string;
}

function toStemmed(name: string): Stemmed {
  return { name, stem: name.replace(UNIT, '') };
}

function isNearMiss(written: Stemmed, setting: Stemmed): boolean {
  if (written.name === setting.name) return true;
  if (written.stem === setting.stem && written.stem.includes('_')) return true;
  return isWithin(written.name, setting.name, setting.name.length < 12 ? 1 : 2);
}

/**
 * Whether one text becomes the other with at most `most` letters put in, left out, changed, or swapped with the next. Nearly all pairs
 * differ from their first letters on and are told apart by them: in a cluster, a process has hundreds of names in its environment.
 */
function isWithin(one: string, other: string, most: number): boolean {
  if (Math.abs(one.length - other.length) > most) return false;
  let same = 0;
  while (same < one.length && one[same] === other[same]) same++;
  const [from, to] = [one.slice(same), other.slice(same)];
  if (from === to) return true;
  if (most === 0) return false;
  return (
    isWithin(from.slice(1), to.slice(1), most - 1) ||
    isWithin(from.slice(1), to, most - 1) ||
    isWithin(from, to.slice(1), most - 1) ||
    (from[0] === to[1] && from[1] === to[0] && isWithin(from.slice(2), to.slice(2), most - 1))
  );
}
