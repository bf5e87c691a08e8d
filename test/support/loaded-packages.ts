import { join } from 'node:path';

/** Makes a program tell at its end, on standard error, which packages it has loaded. */
export const TELL_LOADED = { NODE_OPTIONS: `--require ${join(__dirname, 'tell-loaded-packages.cjs')}` };

/** How many modules of each package a program has loaded, by what it wrote to standard error. */
export function loadedBy(stderr: string): Readonly<Record<string, number>> {
  const told = /^loaded: (\{.*\})$/m.exec(stderr)?.[1];
  if (told === undefined) throw new Error(`The program did not tell what it has loaded.\n${stderr}`);
  return JSON.parse(told) as Record<string, number>;
}
