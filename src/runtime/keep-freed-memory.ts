/** The largest block that still raises glibc's thresholds: it is 32 MiB with what malloc adds to each. */
const LARGEST_BYTES = 32 * 1024 * 1024 - 64 * 1024;

/**
 * Lets the process use memory again that it has freed, instead of returning it to the system and asking for it anew. Bodies and responses
 * of more than 128 KiB are freed by the dozen with each garbage collection, and touching as many new pages took up to half of the CPU
 * time of responses with 1,000 invoices. glibc keeps up to twice the size of the largest block that was ever freed (mallopt(3),
 * M_MMAP_THRESHOLD), so one is allocated, which nothing writes to, so that it takes no memory, and the first collection frees it.
 * Elsewhere this has no effect.
 */
export function keepFreedMemory(): void {
  Buffer.allocUnsafeSlow(LARGEST_BYTES);
}
