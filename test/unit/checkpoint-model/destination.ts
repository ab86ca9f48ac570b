import type { BlobReference } from '../../../src/domain/content-blob.ts';

/** A destination of the model: what it acknowledged it holds, whatever becomes of those who sent it. */
export class ModelDestination {
  readonly name: string;
  lookbackMs: number;
  /** Nothing reaches it. */
  isDown = false;
  /** It fails in the middle of a batch, once in so many blobs; 0 for never. */
  failsOnceIn = 0;
  /** Single blobs it refuses, so often yet. */
  readonly refused = new Map<string, number>();
  /** How often it acknowledged each blob. */
  readonly held = new Map<string, number>();

  constructor(name: string, lookbackMs: number) {
    this.name = name;
    this.lookbackMs = lookbackMs;
  }

  take({ contentId }: BlobReference, failsNow: boolean): 'acknowledged' | 'refused' | 'down' {
    if (this.isDown || failsNow) return 'down';
    const refusals = this.refused.get(contentId) ?? 0;
    if (refusals > 0) {
      this.refused.set(contentId, refusals - 1);
      return 'refused';
    }
    this.held.set(contentId, (this.held.get(contentId) ?? 0) + 1);
    return 'acknowledged';
  }
}
