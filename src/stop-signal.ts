/** The signals that stop the process, with their numbers. */
const SIGNALS = { SIGTERM: 15, SIGINT: 2 } as const;

export type StopSignal = keyof typeof SIGNALS;

let listener: ((signal: StopSignal) => void) | null = null;

// This module is loaded before all others, which takes half a second: a signal that comes meanwhile would end the process
// at once, as it does a command that has nothing to stop.
for (const signal of Object.keys(SIGNALS) as StopSignal[])
  process.on(signal, () => {
    if (listener) listener(signal);
    else process.exit(128 + SIGNALS[signal]);
  });

/** Leaves to the listener what a signal does, those included that came while the process was being loaded. */
export function onStopSignal(given: (signal: StopSignal) => void): void {
  listener = given;
}
