const LEVELS: Readonly<Record<number, readonly [name: string, color: number]>> = {
  10: ['trace', 90],
  20: ['debug', 90],
  30: ['info', 32],
  40: ['warn', 33],
  50: ['error', 31],
  60: ['fatal', 31],
};

/**
 * A line of the log for a person: the time of day, the level, the message, and the rest as `name=value`. A text that is not
 * one of the log's JSON objects stays as it is.
 * @param isColored whether the terminal shows colors (ECMA-48, section 8.3.117)
 */
export function toPrettyLine(line: string, isColored: boolean): string {
  let record: Record<string, unknown>;
  try {
    record = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const { level, time, msg, ...others } = record;
  const [name, color] = LEVELS[Number(level)] ?? [String(level), 0];
  const paint = (text: string, code: number): string => (isColored ? `\u001b[${code}m${text}\u001b[0m` : text);
  const rest = Object.entries(others).map(([key, value]) => `${paint(`${key}=`, 90)}${toText(value)}`);
  return `${[paint(toTimeOfDay(Number(time)), 90), paint(name.padEnd(5), color), String(msg), ...rest].join(' ')}\n`;
}

/** Local time, such as 16:05:09.123. */
function toTimeOfDay(timeMs: number): string {
  const date = new Date(timeMs);
  const pad = (value: number, digits = 2): string => String(value).padStart(digits, '0');
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}.${pad(date.getMilliseconds(), 3)}`;
}

/** Control characters stay escaped, as JSON has them: a value must not move the cursor of the terminal. */
function toText(value: unknown): string {
  const json = JSON.stringify(value);
  return typeof value === 'string' && /^[\w.:/@+-]+$/.test(value) ? value : json;
}
