import { choice, FLAG } from '../kinds/kinds';
import { REFUSED, type Kind, type Table } from '../kinds/setting';

const ORIGINS: Kind<'*' | readonly string[], readonly string[]> = {
  form: '"*" or a list of origins such as "https://studio.apollographql.com,https://app.example"',
  absent: [],
  parse: (text) => {
    if (text === '*') return '*';
    const origins = text.split(',').map((each) => each.trim());
    return origins.every(isOrigin) ? origins : REFUSED;
  },
  explain: (text) => {
    const wrong = text.split(',').map((each) => each.trim());
    return `; "${wrong.find((each) => !isOrigin(each)) ?? ''}" is not an origin`;
  },
};

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

export const BROWSERS = {
  corsOrigins: {
    name: 'CORS_ORIGINS',
    what: 'Origins that browsers may call from, separated by commas; * is any',
    kind: ORIGINS,
    default: '*',
    inProduction: null,
    unset: 'none',
  },
  introspection: {
    name: 'INTROSPECTION',
    what: 'Whether clients may ask for the schema: true or false',
    kind: FLAG,
    default: 'true',
    inProduction: 'false',
  },
  explorer: {
    name: 'EXPLORER',
    what: 'What a browser finds at /graphql: graphiql (from the gateway itself), sandbox (from the internet) or none',
    kind: choice(['sandbox', 'graphiql', 'none']),
    default: 'graphiql',
    inProduction: 'none',
  },
} as const satisfies Table;
