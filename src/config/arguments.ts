import { SETTINGS } from './settings';

/** What the command line asks for. */
export type Command =
  | { readonly kind: 'cost-check'; readonly args: readonly string[] }
  | { readonly kind: 'start' | 'help' | 'version' }
  | { readonly kind: 'refused'; readonly problem: string };

/** Reads the command line. Settings come from the environment alone, so an argument that looks like one is refused with its name. */
export function parseArguments(args: readonly string[]): Command {
  if (args[0] === 'cost:check') return { kind: 'cost-check', args: args.slice(1) };
  if (args.includes('--help') || args.includes('-h')) return { kind: 'help' };
  if (args.length === 0) return { kind: 'start' };
  const unknown = args.findIndex((argument) => argument !== '--version' && argument !== '-v');
  const [first, second] = unknown === -1 ? [] : args.slice(unknown);
  if (first === undefined) return { kind: 'version' };
  return { kind: 'refused', problem: `Unknown argument "${first}". ${toHint(first, second)}` };
}

function toHint(argument: string, next: string | undefined): string {
  const [flag = '', ownValue] = argument.split('=', 2);
  const name = flag.replace(/^--?/, '').replaceAll('-', '_').toUpperCase();
  const setting = SETTINGS.find((each) => each.name === name) ?? (name === 'P' ? { name: 'PORT', secret: false } : undefined);
  if (!setting) return 'Settings are read from the environment: see --help.';
  const value = setting.secret ? '...' : (ownValue ?? (next?.startsWith('-') === false ? next : '...'));
  return `Settings are read from the environment: set ${setting.name}=${value} instead.`;
}
