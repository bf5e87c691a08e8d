import type { Log } from './log';

/** Notified when something becomes unusable, and when it is usable again. */
interface OutageLog {
  began(reason: string, advice?: string | null): void;
  ended(): void;
}

/** One line when an outage begins, with what to do where the settings are wrong, and one when it is over. */
export function toOutageLog(log: Log, began: string, ended: string): OutageLog {
  return {
    began: (reason, advice) => {
      if (advice) log.error({ reason }, `${began}; ${advice}`);
      else log.warn({ reason }, began);
    },
    ended: () => log.info(ended),
  };
}
