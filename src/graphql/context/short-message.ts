/** Longer messages hold what a client sent: names, values, paths. */
const MAX_LENGTH = 500;

/** An error's message, cut where it repeats too much of what a client sent. */
export function toShort(message: string): string {
  return message.length <= MAX_LENGTH ? message : `${message.slice(0, MAX_LENGTH).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
