import type { ByteBudget } from '../http/byte-budget.ts';

/** A blob up to this size is seen whole before its first record is handed on, so that a cut body never shows. */
export const wholeBlobBytes = 4 * 1024 * 1024;

/**
 * The memory that all streams of a process share, in two budgets, so that they cannot wait for each other in a circle:
 *
 * - `lookAhead` is held from the first bytes of a body until its records are handed on. How soon that is depends on a
 *   destination, and so at times on a large record of another blob.
 * - `largeRecords` is held while a record of more than {@link wholeBlobBytes} arrives, by a stream that a destination waits
 *   for. That depends on the network alone.
 */
export interface StreamMemory {
  readonly lookAhead: ByteBudget;
  readonly largeRecords: ByteBudget;
}
