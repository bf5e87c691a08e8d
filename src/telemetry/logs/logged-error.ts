/** An error as a log line tells it: never its stack, which is long, quotes paths, and can quote values. */
export interface LoggedError {
  readonly type: string;
  readonly message: string;
  /** Of system errors and Fastify's: such as `EADDRINUSE`. */
  readonly code?: string;
  /** The place that threw it, such as `page-loader.js:120:5`. */
  readonly at?: string;
  readonly cause?: LoggedError;
}

/** How many nested causes are logged. */
const MAX_CAUSES = 3;

/** Makes what is logged of anything that was thrown. */
export function toLoggedError(error: unknown, causes = MAX_CAUSES): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: 'something that is no error was thrown' };
  const { code } = error as { code?: unknown };
  const at = toPlace(firstFrame(error.stack));
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(at === undefined ? {} : { at }),
    ...(error.cause === undefined || causes === 0 ? {} : { cause: toLoggedError(error.cause, causes - 1) }),
  };
}

/** The file's name, line and column at the end of a frame. */
function toPlace(frame: string): string | undefined {
  const start = Math.max(...['/', '\\', '(', ' ', '\t'].map((before) => frame.lastIndexOf(before))) + 1;
  const place = frame.slice(start, frame.endsWith(')') ? -1 : undefined);
  return /^[^:]{1,200}:\d{1,9}:\d{1,9}$/.test(place) ? place : undefined;
}

function firstFrame(stack: string | undefined): string {
  return stack?.split('\n').find((line) => /^\s+at /.test(line)) ?? '';
}
