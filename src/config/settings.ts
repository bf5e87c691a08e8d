import { SECTIONS, type Section, type Setting, type ValuesOf } from './kinds/setting';
import { AUDIT } from './table/audit';
import { BILLING_API } from './table/billing-api';
import { BROWSERS } from './table/browsers';
import { CACHE } from './table/cache';
import { LIMITS } from './table/limits';
import { PROCESS } from './table/process';
import { TRACING } from './table/tracing';

/** Every setting of the gateway, by section, in the order in which an operator meets them. */
export const TABLES = {
  process: PROCESS,
  billingApi: BILLING_API,
  cache: CACHE,
  limits: LIMITS,
  audit: AUDIT,
  browsers: BROWSERS,
  tracing: TRACING,
} as const satisfies Record<Section, unknown>;

type Tables = typeof TABLES;

/** The values of all settings, as their rows say. */
export type Values = ValuesOf<Tables['process']> &
  ValuesOf<Tables['billingApi']> &
  ValuesOf<Tables['cache']> &
  ValuesOf<Tables['limits']> &
  ValuesOf<Tables['audit']> &
  ValuesOf<Tables['browsers']> &
  ValuesOf<Tables['tracing']>;

/** A setting with the field of its value. */
export interface NamedSetting extends Setting {
  readonly field: string;
  readonly section: Section;
}

export const SETTINGS: readonly NamedSetting[] = (Object.keys(SECTIONS) as Section[]).flatMap((section) =>
  Object.entries<Setting>(TABLES[section]).map(([field, setting]) => ({ ...setting, field, section })),
);

/** A default in words: in development and test, and elsewhere where it is another there. */
export function describeDefault(setting: Setting): string {
  const unset = setting.unset ?? 'none';
  const usual = setting.default ?? unset;
  if (setting.inProduction === undefined) return usual;
  return `${usual}; in production: ${setting.inProduction ?? unset}`;
}
