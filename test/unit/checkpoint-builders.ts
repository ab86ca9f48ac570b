import { beginAt, type Checkpoint } from '../../src/domain/checkpoint.ts';
import type { BlobReference } from '../../src/domain/content-blob.ts';
import type { BlobDelivery } from '../../src/domain/deliveries.ts';
import type { Gap } from '../../src/domain/gaps.ts';
import { addIds, type DeliveredIds } from '../../src/domain/delivered-ids.ts';
import { takeDeliveries } from '../../src/domain/deliveries.ts';
import type { QuarantinedBlob } from '../../src/domain/quarantine.ts';
import { parseTime } from '../../src/domain/time-window.ts';

/** A time of 22 November 2026, or of another day of that month, ISO. */
export function at(time: string, day = 22): string {
  return `2026-11-${String(day).padStart(2, '0')}T${time.length === 5 ? `${time}:00` : time}.000Z`;
}

export function msAt(time: string, day = 22): number {
  return parseTime(at(time, day));
}

export const nowMs = msAt('12:00');

/** Begins at 8:00 and has come to 10:00; all it lacks are the gaps of what is before its begin. */
export function aCheckpoint({
  destinations = ['archive'],
  ...changed
}: Partial<Checkpoint> = {}): Checkpoint {
  return { ...beginAt(at('08:00'), destinations), position: at('10:00'), gaps: [], ...changed };
}

/** Named after the time it was created at, or otherwise. */
export function aBlob(time: string, contentId = `id$${time}`): BlobReference {
  return { contentId, contentCreated: at(time) };
}

export function aGap(startTime: string, endTime: string | undefined, changed: Partial<Gap> = {}): Gap {
  return {
    destination: 'archive',
    startTime: at(startTime),
    ...(endTime !== undefined && { endTime: at(endTime) }),
    isWanted: true,
    has: {},
    ...changed,
  };
}

export function ids(...contentIds: readonly string[]): DeliveredIds {
  return addIds('', contentIds).memory;
}

export function aQuarantinedBlob(changed: Partial<QuarantinedBlob> = {}): QuarantinedBlob {
  return {
    ...aBlob('09:05'),
    destinations: ['archive'],
    attempts: 3,
    failureType: 'ManagementApi.unavailable',
    message: 'the service is out of order',
    since: at('09:10'),
    nextAttempt: at('12:05'),
    ...changed,
  };
}

/** Takes that destinations have blobs. */
export function delivered(
  checkpoint: Checkpoint,
  blobs: readonly BlobReference[],
  has: readonly string[] = checkpoint.destinations,
): Checkpoint {
  return taken(
    checkpoint,
    blobs.map((blob) => ({ blob, has })),
  );
}

/** Takes deliveries, with no counts of records. */
export function taken(
  checkpoint: Checkpoint,
  deliveries: readonly BlobDelivery[],
  { isLate = false } = {},
): Checkpoint {
  return takeDeliveries(checkpoint, deliveries, { counts: [], nowMs, isLate });
}
