/** Something Microsoft listed, or may have listed, that cannot be had any more. */
export interface Loss {
  /** The span of `contentCreated`; both equal for a single blob. ISO. */
  readonly startTime: string;
  readonly endTime: string;
  readonly contentId?: string;
  /** The destinations that do not have it; left out where it is all of them. */
  readonly destinations?: readonly string[];
  readonly reason: string;
  /** When it was noticed. ISO. */
  readonly time: string;
  /** It stands in the ledger. */
  readonly isRecorded?: true;
}

/** Losses that stand in the ledger already and are kept for queries, the newest. */
const keptLosses = 50;

/** Adds losses; of those that are recorded, the oldest are forgotten. What is not recorded yet is always kept. */
export function addLosses(losses: readonly Loss[], added: readonly Loss[]): readonly Loss[] {
  return forgetOldest([...losses, ...added]);
}

/** The losses were written to the ledger. */
export function markRecorded(losses: readonly Loss[], recorded: readonly Loss[]): readonly Loss[] {
  const written = new Set(recorded);
  return forgetOldest(losses.map((loss) => (written.has(loss) ? { ...loss, isRecorded: true } : loss)));
}

export function unrecorded(losses: readonly Loss[]): readonly Loss[] {
  return losses.filter(({ isRecorded }) => isRecorded !== true);
}

function forgetOldest(losses: readonly Loss[]): readonly Loss[] {
  let surplus = losses.length - keptLosses;
  if (surplus <= 0) return losses;
  return losses.filter(({ isRecorded }) => isRecorded !== true || surplus-- <= 0);
}
