import type { ForwardedContent } from '../../../src/activities/forwarded-content.ts';
import type { BlobReference } from '../../../src/domain/content-blob.ts';
import { hourOf } from '../../../src/domain/hour.ts';
import type { Task } from './tasks.ts';
import type { World } from './world.ts';

/** Attempts in a row that ended with nothing to show before blobs that fail by themselves are returned. */
const attemptsInSight = 2;

/** What goes on failing rests between its attempts. */
const restMs = 60_000;

interface Forwarding {
  readonly blobs: readonly BlobReference[];
  readonly destinations: readonly string[];
  /** The blobs were set aside: tried until something is to be shown. */
  readonly isSetAside: boolean;
  readonly isCancelled: () => boolean;
}

/**
 * The model of `forwardContent` with its retries: what an attempt acknowledged and reported is not sent again by the next one;
 * what a crash swallowed is. Undefined when it was cancelled with nothing to show, or while it rested, or when it failed for
 * good, as one to a destination does that is not configured any more.
 */
export function* forwardContent(
  world: World,
  { blobs, destinations, isSetAside, isCancelled }: Forwarding,
): Task<ForwardedContent | undefined> {
  const reported = destinations.map(() => new Set<number>());
  const lost = new Set<number>();
  for (let attempt = 1; ; attempt++) {
    const dice = yield;
    if (isCancelled() && attempt === 1) return undefined;
    const down = new Set<number>();
    const failed = new Set<number>();
    const acknowledged: [which: number, index: number][] = [];
    for (const [index, blob] of blobs.entries()) {
      const lacking = destinations
        .map((_, which) => which)
        .filter((which) => !reported[which]!.has(index) && !down.has(which));
      if (lost.has(index) || lacking.length === 0) continue;
      const fetched = world.service.fetch(blob);
      if (fetched === 'expired') lost.add(index);
      if (fetched === 'failure') failed.add(index);
      if (fetched !== 'content') continue;
      for (const which of lacking) {
        const name = destinations[which]!;
        const destination = world.destination(name);
        const failsNow =
          destination === undefined || (destination.failsOnceIn > 0 && dice.onceIn(destination.failsOnceIn));
        const answer = destination?.take(blob, failsNow) ?? 'down';
        if (answer === 'acknowledged') {
          world.acknowledge(name, blob);
          acknowledged.push([which, index]);
        } else if (answer === 'refused') failed.add(index);
        else down.add(which);
      }
    }
    const isCrash = world.crashes && dice.onceIn(8);
    const kept = isCrash ? dice.below(acknowledged.length + 1) : acknowledged.length;
    for (const [at, [which, index]] of acknowledged.entries()) {
      if (at < kept) reported[which]!.add(index);
      else world.forgetAcknowledgement(destinations[which]!, blobs[index]!);
    }
    if (isCrash) lost.clear();
    const dueMs = attempt <= attemptsInSight ? 0 : world.nowMs + restMs;
    yield;
    const hasAny = lost.size > 0 || reported.some((indexes) => indexes.size > 0);
    const isOwnFailure =
      !isSetAside && attempt > attemptsInSight && failed.size > 0 && down.size < destinations.length;
    if (!isCrash && (hasAny || isOwnFailure)) return outcome();
    yield () => isCancelled() || world.nowMs >= dueMs;
    if (destinations.some((name) => world.destination(name) === undefined) && !hasAny) return undefined;
    if (isCancelled()) {
      // What a cancelled activity has reported while it rested is lost with it.
      for (const [which, indexes] of reported.entries())
        for (const index of indexes) world.forgetAcknowledgement(destinations[which]!, blobs[index]!);
      return undefined;
    }

    function outcome(): ForwardedContent {
      return {
        destinations: destinations.map((name, which) => {
          const delivered: Record<string, [number, number, number]> = {};
          for (const index of reported[which]!) {
            const { contentId, contentCreated } = blobs[index]!;
            const counts = (delivered[hourOf(contentCreated)] ??= [0, 0, 0]);
            const { records } = world.service.blobs.get(contentId)!;
            counts[0]++;
            counts[1] += records;
            counts[2] += 100 * records;
            world.uncounted.delete(`${name} ${contentId}`);
          }
          return {
            missing: blobs.map((_, index) => index).filter((index) => !reported[which]!.has(index)),
            delivered,
            repeats: 0,
            ...(down.has(which) && {
              failure: { failureType: 'Destination.unavailable', message: `${name} is down` },
            }),
          };
        }),
        failed: [...failed].map((index) => ({
          index,
          failureType: 'ManagementApi.unavailable',
          message: 'fails by itself',
        })),
        lost: [...lost].map((index) => ({ index, reason: 'expired' })),
      };
    }
  }
}
