/** Exactly the workflow types: everything exported here can be started by its name. */
export { ingestSubscription } from './ingest-subscription.ts';
