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
  return Object.keys(env).flatMap((name) => {
    if (known.has(name) || OTHERS.some((other) => other.test(name)) || (env[name] ?? '').trim() === '') return [];
    if (name.endsWith('_FILE') && known.has(name.slice(0, -5))) return [`${name} is not a setting: set ${name.slice(0, -5)} itself.`];
    const meant = names.find((candidate) => env[candidate] === undefined && isNearMiss(name, candidate));
    return meant === undefined ? [] : [`${name} is not a setting: did you mean ${meant}?`];
  });
}

function isNearMiss(name: string, setting: string): boolean {
  if (setting.length < SHORTEST) return false;
  const written = name.toUpperCase().replaceAll(/[-.]/g, '_');
  if (written === setting) return true;
  const [stem, meant] = [written.replace(UNIT, ''), setting.replace(UNIT, '')];
  if (stem === meant && stem.includes('_')) return true;
  return isWithin(written, setting, setting.length < 12 ? 1 : 2);
}

/** Whether one text becomes the other with at most `most` letters put in, left out, changed, or swapped with the next. */
function isWithin(one: string, other: string, most: number): boolean {
  if (Math.abs(one.length - other.length) > most) return false;
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const row = [i];
    for (let j = 1; j <= other.length; j++) {
      const changed = (last[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1] ? (beforeLast[j - 2] ?? 0) + 1 : Infinity;
      row.push(Math.min(changed, swapped, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    [beforeLast, last] = [last, row];
  }
  return (last[other.length] ?? Infinity) <= most;
}
