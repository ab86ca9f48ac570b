/** Exactly the workflow types: everything exported here can be started by its name. */
export { backfillSubscription } from './backfill-subscription.ts';
export { ingestSubscription } from './ingest-subscription.ts';
