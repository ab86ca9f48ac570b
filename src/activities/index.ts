import { ensureSubscription } from './ensure-subscription.ts';
import { forwardContent } from './forward-content.ts';
import { listContent } from './list-content.ts';
import { recordCoverage } from './record-coverage.ts';
import { requestBackfill } from './request-backfill.ts';
import type { ActivityDependencies } from './dependencies.ts';

/** The activities that the workflows call; workflows import the type only. */
export function createActivities(dependencies: ActivityDependencies) {
  return {
    ensureSubscription: ensureSubscription(dependencies),
    listContent: listContent(dependencies),
    forwardContent: forwardContent(dependencies),
    recordCoverage: recordCoverage(dependencies),
    requestBackfill: requestBackfill(dependencies),
  };
}

export type Activities = ReturnType<typeof createActivities>;
