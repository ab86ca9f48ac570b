import { log } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { BlobReference } from '../domain/content-blob.ts';
import { concernsTenant, isLost } from './blob-failure.ts';
import { serverNowMs, type ActivityDependencies, type Tenant } from './dependencies.ts';
import { describeFailure, toFailure } from './failures.ts';
import type { ForwardContentInput } from './forwarded-content.ts';
import type { ForwardingProgress } from './forwarding-progress.ts';

/** One attempt to forward a batch. */
export interface Batch {
  readonly dependencies: ActivityDependencies;
  readonly tenant: Tenant;
  readonly input: ForwardContentInput;
  readonly progress: ForwardingProgress;
  /** Called when a destination has acknowledged something. */
  readonly onAcknowledged: () => void;
  /** Aborts when the activity is cancelled. */
  readonly signal: AbortSignal;
}

/** A blob of a batch with its place in it. */
export interface IndexedBlob extends BlobReference {
  readonly tenantId: string;
  readonly contentType: string;
  readonly index: number;
}

/** The blobs that a destination which is well does not have yet. */
export function wantedBlobs({ input, progress }: Batch): IndexedBlob[] {
  const { tenantId, contentType } = input;
  return input.blobs
    .map((blob, index) => ({ ...blob, tenantId, contentType, index }))
    .filter(({ index }) => progress.isWanted(index));
}

/** Takes down what a failure that was met at one blob means: for the tenant, for the blob, or that the blob is lost. */
export function noteFailure({ tenant, input, progress }: Batch, index: number, error: unknown): void {
  if (concernsTenant(error)) return progress.stop(error);
  if (!(toFailure(error) instanceof ApplicationFailure)) {
    log.error('Unexpected error at a blob', { contentId: input.blobs[index]!.contentId, error });
  }
  if (!isLost(error, input.blobs[index]!, serverNowMs(tenant))) return progress.failBlob(index, error);
  progress.loseBlob(index, describeFailure(error).message);
}
