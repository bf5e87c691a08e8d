import { ExportResultCode, type ExportResult } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';

/** Notified when spans can no longer be delivered, and when they can again. */
export interface DeliveryListener {
  /** @param reason a status, a code such as `ECONNREFUSED`, or the kind of error: neither an address nor a header. */
  began(reason: string): void;
  ended(): void;
}

/** An exporter that says when deliveries begin to fail and when that is over, and not each time that one fails. */
export class WatchedExporter implements SpanExporter {
  readonly #exporter: SpanExporter;
  readonly #listener: DeliveryListener;
  #isFailing = false;

  constructor(exporter: SpanExporter, listener: DeliveryListener) {
    this.#exporter = exporter;
    this.#listener = listener;
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.#exporter.export(spans, (result) => {
      if (result.code === ExportResultCode.SUCCESS) this.#succeeded();
      else this.failed(toReason(result.error));
      // The failure has been reported; passed on, it would reach the SDK's own error handler.
      done({ code: ExportResultCode.SUCCESS });
    });
  }

  /** Notes that spans could not be delivered. */
  failed(reason: string): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#listener.began(reason);
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }

  #succeeded(): void {
    if (!this.#isFailing) return;
    this.#isFailing = false;
    this.#listener.ended();
  }
}

/** The message of such an error has the collector's address in it, or what the collector said. */
function toReason(error: Error | undefined): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  if (typeof code === 'number') return `status ${code}`;
  return typeof code === 'string' ? code : (error?.name ?? 'Error');
}
