import { join } from 'node:path';
import { SECTIONS, type Section } from '../../config/kinds/setting';
import { describeDefault, SETTINGS, type NamedSetting } from '../../config/settings';

/** A file that is made from the table of settings, and committed. */
export interface SettingsFile {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

export const root = join(__dirname, '../../..');
const WIDTH = 118;

export function toSettingsFiles(): readonly SettingsFile[] {
  return [
    { path: '.env.example', text: toEnvExample() },
    { path: 'docs/settings.md', text: toSettingsPage() },
  ];
}

function toEnvExample(): string {
  return [
    '# Every setting of the gateway. Made from src/config/table by `npm run settings:emit`.',
    '# Copy this file to .env, change what you need, and start with: node --env-file=.env dist/main.js',
    '# A copy changes nothing: what is commented out has no default, or one that depends on NODE_ENV.',
    ...bySection((title, settings) => [
      '',
      `# --- ${title} ${'-'.repeat(Math.max(WIDTH - title.length - 7, 3))}`,
      ...settings.flatMap(toLines),
    ]),
    '',
  ].join('\n');
}

function toLines(setting: NamedSetting): string[] {
  const isPlain = setting.default !== undefined && setting.inProduction === undefined && setting.name !== 'NODE_ENV';
  const secret = setting.secret ? ` Secret: ${setting.name}_FILE may name a file that holds it.` : '';
  const text = `${toSentence(setting.what)}${isPlain ? '' : ` Default: ${describeDefault(setting)}`}${isPlain ? '' : '.'}${secret}`;
  return [...toWrapped(text).map((line) => `# ${line}`), `${isPlain ? '' : '#'}${setting.name}=${setting.default ?? ''}`];
}

function toSettingsPage(): string {
  return [
    '# Settings',
    '',
    '<!-- Made from src/config/table by `npm run settings:emit`. Do not edit. -->',
    '',
    'The gateway reads its settings from the environment, once, when it starts. `node dist/main.js --help` prints this list,',
    'and [`.env.example`](../.env.example) has it in a form to copy: `cp .env.example .env`, then',
    '`node --env-file=.env dist/main.js`. A variable of the environment wins over the file.',
    '',
    '- **Nothing is guessed.** A value that is not understood stops the start, with exit code 1 and a list of all problems. So',
    '  do an unknown command-line argument and a name that is nearly a setting (`BILING_API_URL`, `CACHE_TTL_SECOND`).',
    '- **An empty value** is the same as none.',
    '- **`NODE_ENV`** is of two kinds. `development` (the default) and `test` are open: made-up bills where there is no',
    '  `BILLING_API_URL`, introspection, an explorer, any CORS origin, listening on 127.0.0.1. `production`, and any other name such as',
    '  `staging`, has the closed defaults that the tables show, and does not start without `BILLING_API_URL`.',
    '- **Secrets** may be in a file: for a setting marked "secret", `NAME_FILE` is the path of a file with the value in it, as',
    '  Docker and Kubernetes mount secrets. Only one of the two may be set. No message quotes a secret.',
    '',
    ...bySection((title, settings) => [
      `## ${title}`,
      '',
      '| name | what it does | default |',
      '| --- | --- | --- |',
      ...settings.map(
        (setting) => `| \`${setting.name}\`${setting.secret ? ' (secret)' : ''} | ${setting.what} | ${describeDefault(setting)} |`,
      ),
      '',
    ]),
    '## Adding a setting',
    '',
    'One row in a table of `src/config/table`, then `npm run settings:emit`. [CONTRIBUTING](../CONTRIBUTING.md#adding-a-setting) has an',
    'example.',
    '',
  ].join('\n');
}

function bySection(toText: (title: string, settings: readonly NamedSetting[]) => readonly string[]): readonly string[] {
  return (Object.keys(SECTIONS) as Section[]).flatMap((section) =>
    toText(
      SECTIONS[section],
      SETTINGS.filter((setting) => setting.section === section),
    ),
  );
}

function toSentence(text: string): string {
  return /\.$/.test(text) ? text : `${text}.`;
}

function toWrapped(text: string): readonly string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}
