interface Listening {
  readonly host: string;
  readonly port: number;
  readonly probePort: number | null;
}

/** What keeps the gateway from listening, in a sentence that says what to do; null where it is something else. */
export function toListenProblem(error: unknown, { host, ...ports }: Listening): string | null {
  const { code, port } = error as NodeJS.ErrnoException & { port?: number };
  const name = port === ports.probePort && port !== ports.port ? 'PROBE_PORT' : 'PORT';
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} of ${host} is in use: stop what listens there, or set ${name} to another port (0 is any free one)`;
    case 'EACCES':
      return `port ${port} of ${host} may not be opened by this user: set ${name} to one from 1024 on`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `HOST is ${host}, which is no address of this machine: set it to 127.0.0.1, to 0.0.0.0, or to one of its own`;
    default:
      return null;
  }
}
