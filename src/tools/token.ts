import { parseTokenCommand, tokenHelp, TokenUsageError, type TokenOptions } from './token/token-options';
import { requestToken, TokenRefusal, type GrantedToken } from './token/token-request';

/** The line that goes to the standard output: a header, as curl's `-H` takes it, or JSON, as the header editors take it. */
export function toHeaderLine({ authorization }: GrantedToken, json: boolean): string {
  return json ? JSON.stringify({ Authorization: authorization }) : `Authorization: ${authorization}`;
}

/** What a person should know besides. */
export function toTokenNote({ expiresInSeconds }: GrantedToken, { url }: Pick<TokenOptions, 'url'>): string {
  const life =
    expiresInSeconds === undefined ? 'The server does not say for how long it is good.' : `It is good for ${toDuration(expiresInSeconds)}.`;
  return isInClear(url) ? `${life}\nThe client's secret went unencrypted to ${url.host}: use https:// (RFC 6749 section 3.2).` : life;
}

function isInClear({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && !/^(?:localhost|127(?:\.[0-9]+){3}|\[::1\])$/.test(hostname);
}

function toDuration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} seconds`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} minutes` : `${Math.round(seconds / 3600)} hours`;
}

async function main(): Promise<void> {
  const command = parseTokenCommand(process.argv.slice(2), process.env);
  if (command === 'help') {
    console.log(tokenHelp);
    return;
  }
  const granted = await requestToken(command);
  console.log(toHeaderLine(granted, command.json));
  console.error(toTokenNote(granted, command));
}

if (require.main === module) {
  main().catch((error: unknown) => {
    // Errors that the user can fix are printed without a stack.
    const isTheirs = error instanceof TokenUsageError || error instanceof TokenRefusal;
    console.error(isTheirs ? `${error.message}\nSee --help.` : error);
    process.exitCode = 1;
  });
}
