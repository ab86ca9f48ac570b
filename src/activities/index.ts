import { ensureSubscription } from './ensure-subscription.ts';
import { forwardContent } from './forward-content.ts';
import { listContent } from './list-content.ts';
import type { ActivityDependencies } from './dependencies.ts';

/** The activities that `ingestSubscription` calls; workflows import the type only. */
export function createActivities(dependencies: ActivityDependencies) {
  return {
    ensureSubscription: ensureSubscription(dependencies),
    listContent: listContent(dependencies),
    forwardContent: forwardContent(dependencies),
  };
}

export type Activities = ReturnType<typeof createActivities>;
