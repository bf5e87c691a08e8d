/** The error of JSON with a name that reaches for a prototype. */
export class PrototypeName extends SyntaxError {}

/** Whether a JSON text may hold such names, escaped or not. Most hold none, and need no look at each of their names. */
export function mayReachForPrototype(text: string): boolean {
  return /__proto__|constructor|\\u/.test(text);
}

/** Whether parsed JSON has a name that reaches for a prototype, at any level. */
export function reachesForPrototype(parsed: unknown): boolean {
  const left = [parsed];
  while (left.length > 0) {
    const value = left.pop();
    if (Array.isArray(value)) {
      for (const member of value as readonly unknown[]) if (typeof member === 'object') left.push(member);
    } else if (isObject(value)) {
      // What JSON.parse makes has no other enumerable names than its own.
      for (const name in value) {
        const member = value[name];
        if (isPrototypeName(name, member)) return true;
        if (typeof member === 'object') left.push(member);
      }
    }
  }
  return false;
}

/** Whether a member reaches for a prototype. */
export function isPrototypeName(name: string, member: unknown): boolean {
  return name === '__proto__' || (name === 'constructor' && isObject(member) && Object.hasOwn(member, 'prototype'));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
