/** The environment as the process has it: names and texts. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads texts, remembers what was wrong with them, and never turns garbage into a default. */
export class SettingReader {
  readonly problems: string[] = [];
  readonly #env: Environment;

  constructor(env: Environment) {
    this.#env = env;
  }

  /** The text of a setting; undefined where it is absent or empty. */
  text(name: string): string | undefined {
    const value = this.#env[name]?.trim();
    return value === '' ? undefined : value;
  }

  whole(name: string, fallback: number, min: number, max: number): number {
    const value = this.text(name);
    if (value === undefined) return fallback;
    const number = /^[0-9]{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    this.problems.push(`${name} must be a whole number from ${min} to ${max}, not "${value}".`);
    return fallback;
  }

  choice<T extends string>(name: string, fallback: T, choices: readonly T[]): T {
    const value = this.text(name);
    if (value === undefined) return fallback;
    const choice = choices.find((candidate) => candidate === value);
    if (choice !== undefined) return choice;
    this.problems.push(`${name} must be one of ${choices.map((each) => `"${each}"`).join(', ')}, not "${value}".`);
    return fallback;
  }

  flag(name: string, fallback: boolean): boolean {
    return this.choice(name, fallback ? 'true' : 'false', ['true', 'false']) === 'true';
  }

  /** An address of one of the schemes. Its text is not quoted in a problem: it may hold a password. */
  url(name: string, schemes: readonly string[]): URL | null {
    const value = this.text(name);
    if (value === undefined) return null;
    const url = parseUrl(value, schemes);
    if (!url) this.problems.push(`${name} must be an address that starts with ${toChoice(schemes)}.`);
    return url;
  }

  /** Addresses of one of the schemes, separated by commas; empty where the setting is absent. */
  urls(name: string, schemes: readonly string[]): readonly string[] {
    const urls =
      this.text(name)
        ?.split(',')
        .map((each) => parseUrl(each.trim(), schemes)?.href) ?? [];
    const good = urls.filter((url) => url !== undefined);
    if (good.length < urls.length)
      this.problems.push(`${name} must be an address that starts with ${toChoice(schemes)}, or several of them separated by commas.`);
    return good;
  }
}

function parseUrl(value: string, schemes: readonly string[]): URL | null {
  const url = URL.canParse(value) ? new URL(value) : null;
  return url && schemes.includes(url.protocol) ? url : null;
}

function toChoice(schemes: readonly string[]): string {
  return schemes.map((scheme) => `${scheme}//`).join(' or ');
}
