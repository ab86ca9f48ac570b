import type { WorkflowSettings } from '../activities/dependencies.ts';
import type { ForwardedContent } from '../activities/forward-content.ts';
import type { ContentListing } from '../activities/list-content.ts';
import { acknowledge, advance, recordLosses, type Checkpoint, type Loss } from '../domain/checkpoint.ts';
import type { BlobReference } from '../domain/content-blob.ts';
import { isoTime, parseTime } from '../domain/time-window.ts';
import type { IngestState, SubscriptionStatus } from './messages.ts';

/** Everything a run hands to the next one: plain JSON, the single argument beside the names of the subscription. */
export interface SubscriptionState {
  /** Undefined before the subscription was ensured for the first time. */
  checkpoint?: Checkpoint;
  /** The subscription has to be listed, and started if need be, before the next listing. */
  isEnsured: boolean;
  /** Part of every activity id, so that none is used twice while an older one is still open. */
  activities: number;
  /** Listings so far, and empty ones in a row. */
  polls: number;
  quietPolls: number;
  /** The position is more than some minutes behind what could be listed. */
  isCatchingUp: boolean;
  /** ISO. Microsoft refuses two starts within 15 minutes. */
  lastStartRequest?: string;
  paused?: { reason?: string; since: string; until?: string };
  parked?: { type: string; reason: string; nextProbe: string };
  /** How often a parked subscription looked again in vain, since the last window was finished. */
  probes: number;
  lastFailure?: { type: string; message: string; time: string };
  settings?: WorkflowSettings;
  /** Search attributes as they were last written. */
  shown?: { state: IngestState; checkpointTime: string | null };
}

export const initialState: Readonly<SubscriptionState> = {
  isEnsured: false,
  activities: 0,
  polls: 0,
  quietPolls: 0,
  isCatchingUp: true,
  probes: 0,
};

/** A subscription whose listed window ends this long before the settle time is catching up. */
const catchingUpMs = 10 * 60_000;

/** Whether it is a listing at all: an operator may complete an activity by hand, with anything. */
export function isListing(value: ContentListing): boolean {
  return Array.isArray(value.blobs) && value.window !== undefined && value.settings !== undefined;
}

/**
 * What a listing says beside its blobs. What the service no longer lists is a loss, which is returned; ingestion goes on with
 * what is left.
 */
export function takeListing(state: SubscriptionState, listing: ContentListing): readonly Loss[] {
  const { window, listedAt, settings } = listing;
  state.polls += listing.polls;
  state.quietPolls = listing.quietPolls;
  state.settings = settings;
  state.isCatchingUp = parseTime(window.endTime) < parseTime(listedAt) - settings.settleTimeMs - catchingUpMs;
  const { position } = state.checkpoint!;
  if (parseTime(window.startTime) <= parseTime(position)) return [];
  const reason = 'older than what the service lists (7 days)';
  const loss = { startTime: position, endTime: window.startTime, reason, time: isoTime(Date.now()) };
  state.checkpoint = advance(recordLosses(state.checkpoint!, [loss]), window.startTime);
  return [loss];
}

/**
 * What became of a batch: the ids of the blobs that are delivered or lost, and the losses. What failed stays to be done, and so
 * does everything when the outcome does not account for each blob, as one that an operator wrote by hand may not.
 */
export function takeOutcome(
  state: SubscriptionState,
  batch: readonly BlobReference[],
  result: ForwardedContent,
): { readonly done: ReadonlySet<string>; readonly losses: readonly Loss[] } {
  if (!isComplete(result, batch.length)) return { done: new Set(), losses: [] };
  const time = isoTime(Date.now());
  const losses = result.lost.map(({ index, reason }) => {
    const { contentId, contentCreated } = batch[index]!;
    return { startTime: contentCreated, endTime: contentCreated, contentId, reason, time };
  });
  const failure = result.failed[0];
  if (failure !== undefined)
    state.lastFailure = { type: failure.failureType, message: failure.message, time };

  const failed = new Set(result.failed.map(({ index }) => index));
  const lost = new Set(result.lost.map(({ index }) => index));
  const delivered = batch.filter((_, index) => !failed.has(index) && !lost.has(index));
  state.checkpoint = recordLosses(acknowledge(state.checkpoint!, delivered, result), losses);
  const done = new Set(batch.filter((_, index) => !failed.has(index)).map(({ contentId }) => contentId));
  return { done, losses };
}

function isComplete({ failed, lost, ...counts }: ForwardedContent, blobs: number): boolean {
  if (!Array.isArray(failed) || !Array.isArray(lost)) return false;
  if (![counts.records, counts.bytes, counts.repeats].every(Number.isFinite)) return false;
  return counts.delivered + failed.length + lost.length === blobs;
}

/** All of a listing is done: the position moves, and what was parked is well. */
export function finishWindow(state: SubscriptionState, { window }: ContentListing): void {
  state.checkpoint = advance(state.checkpoint!, window.endTime);
  state.probes = 0;
  delete state.parked;
}

/** Something that is not retried and needs somebody; it is looked at again after `delayMs`. */
export function takeFailure(
  state: SubscriptionState,
  { type, message }: { readonly type?: string | null; readonly message: string },
  delayMs: number,
): void {
  const now = Date.now();
  state.lastFailure = { type: type ?? 'Error', message, time: isoTime(now) };
  state.parked = { type: type ?? 'Error', reason: message, nextProbe: isoTime(now + delayMs) };
  state.probes++;
  state.isEnsured = false;
}

export function ingestState(state: Readonly<SubscriptionState>): IngestState {
  if (state.parked !== undefined) return 'blocked';
  if (state.paused !== undefined) return 'paused';
  return state.isCatchingUp ? 'catchingUp' : 'running';
}

export function statusOf(
  subscription: { readonly tenantId: string; readonly contentType: string },
  state: Readonly<SubscriptionState>,
  pending: number,
): SubscriptionStatus {
  const { checkpoint, parked, paused } = state;
  return {
    ...subscription,
    state: ingestState(state),
    reason: parked?.reason ?? (paused === undefined ? null : (paused.reason ?? 'paused by an operator')),
    checkpointTime: checkpoint?.position ?? null,
    sweepHorizon: checkpoint?.sweepHorizon ?? null,
    pending,
    quarantined: 0,
    lost: checkpoint?.totals.lost ?? 0,
    delivered: { blobs: checkpoint?.totals.blobs ?? 0, records: checkpoint?.totals.records ?? 0 },
    lastFailure: state.lastFailure ?? null,
    nextAttemptTime: parked?.nextProbe ?? paused?.until ?? null,
  };
}

/** The same for people, in Markdown, for the Temporal UI. */
export function detailsOf(status: SubscriptionStatus, settings: WorkflowSettings | undefined): string {
  const rows: [string, string][] = [
    ['State', status.reason === null ? status.state : `**${status.state}**: ${status.reason}`],
    ['Delivered up to', status.checkpointTime ?? 'nothing listed yet'],
    ['Delivered', `${status.delivered.blobs} blobs, ${status.delivered.records} records`],
    ['Pending', `${status.pending} blobs`],
    ['Lost', `${status.lost}`],
    ['Destinations', settings?.destinations.join(', ') ?? ''],
  ];
  if (status.nextAttemptTime !== null) rows.push(['Next attempt', status.nextAttemptTime]);
  const title = `${settings?.tenantName ?? status.tenantId} · ${status.contentType}`;
  return [
    `### ${title}`,
    '',
    '| | |',
    '| --- | --- |',
    ...rows.map(([key, value]) => `| ${key} | ${value} |`),
  ].join('\n');
}
