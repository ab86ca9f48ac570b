/** Blobs of one `forwardContent`: a result stays small, and little is repeated when a worker dies. */
const batchSize = 50;

/** The items in their order, in batches. */
export function inBatches<Item>(items: readonly Item[]): (readonly Item[])[] {
  const batches: (readonly Item[])[] = [];
  for (let at = 0; at < items.length; at += batchSize) batches.push(items.slice(at, at + batchSize));
  return batches;
}

/** Runs the same work side by side, waits for all, then throws what the first that failed threw. */
export async function inLanes(count: number, lane: () => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(Array.from({ length: count }, lane));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
