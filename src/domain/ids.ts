/** Names that others depend on: workflow ids and task queues are made here and nowhere else. */

/** Task queue of workflows and of the forwarding activities. */
export const defaultTaskQueue = 'office365';

/** Task queue of the listings, which wait inside their activity for minutes and so need slots of their own. */
export function listingTaskQueue(taskQueue: string): string {
  return `${taskQueue}-listing`;
}

/** Id of the one workflow that owns a subscription. */
export function subscriptionWorkflowId(tenantId: string, contentType: string): string {
  return `office365/${tenantId}/${contentType}`;
}
