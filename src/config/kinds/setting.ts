/** The environment as the process has it: names and texts. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * How the text of a setting is read. `absent` is what an unset setting without a default becomes.
 * `form` completes the sentence "NAME must be ..." and is what a person reads where a value is refused.
 */
export interface Kind<T, A = null> {
  readonly form: string;
  readonly absent: A;
  /** The value, or `REFUSED` where the text is not of the form. */
  parse(text: string): T | typeof REFUSED;
  /** Why this text was refused, where the form alone does not say it. Never called for a secret. */
  explain?(text: string): string;
  /** True where the text is not quoted in a message: it may hold a password. */
  readonly unquoted?: boolean;
}

export const REFUSED = Symbol('refused');

/** Sections of the settings page, in its order. */
export const SECTIONS = {
  process: 'The process',
  billingApi: 'The billing API',
  cache: 'The response cache',
  limits: 'Limits on operations',
  audit: 'The audit trail',
  browsers: 'Browsers and explorers',
  tracing: "Tracing (OpenTelemetry's standard names)",
} as const;
export type Section = keyof typeof SECTIONS;

/** One row of the table of settings. Everything that is said about a setting, in the program and in its documentation, comes from here. */
export interface Setting {
  readonly name: string;
  /** What it does, in one or two plain sentences. */
  readonly what: string;
  readonly kind: Kind<unknown, unknown>;
  /** Its default as it would be written in the environment. Without one the setting is unset. */
  readonly default?: string;
  /** The default in every environment but development and test, where it is another. Null: there is none. */
  readonly inProduction?: string | null;
  /** What happens while it is unset, in words; for settings without a default. */
  readonly unset?: string;
  /** May also be read from the file that NAME_FILE names, and is never quoted. */
  readonly secret?: true;
  /** Its name in lower case is read as well, as other programs do with it. */
  readonly alsoLowerCase?: true;
}

/** A row, checked where it is written and with its exact type kept. */
export type Table = Readonly<Record<string, Setting>>;

/** What a row becomes: never `null` where it has a default. */
export type ValueOf<S extends Setting> =
  S['kind'] extends Kind<infer T, infer A> ? (S extends { inProduction: null } ? T | A : S extends { default: string } ? T : T | A) : never;

/** The values of a table, by the field that each row is under. */
export type ValuesOf<T extends Table> = { readonly [Field in keyof T]: ValueOf<T[Field]> };
