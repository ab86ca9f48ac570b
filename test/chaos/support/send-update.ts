import { isGrpcServiceError, ServiceError } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import { contentType } from '../../e2e/support/stand.ts';
import type { Chaos } from './chaos.ts';

/**
 * What the server answers to an update that was handed to a workflow task which failed, because something arrived for a run that
 * was about to continue as new. Nothing of such a task counts, so that the update was not carried out.
 */
const notCarriedOut = 'unexpected workflow task failure';

/** Sends an update and returns its answer. One that the server gave back is sent again. */
export async function sendUpdate<Result, Argument>(
  chaos: Chaos,
  definition: UpdateDefinition<Result, [Argument]>,
  argument: Argument,
): Promise<Result> {
  const { stand } = chaos;
  const handle = stand.client.workflow.getHandle(stand.workflowId(contentType));
  for (;;) {
    try {
      const answer = await handle.executeUpdate(definition, { args: [argument] });
      chaos.count('updates');
      return answer;
    } catch (error) {
      if (!isGivenBack(error)) throw error;
      chaos.count('updates given back');
    }
  }
}

function isGivenBack(error: unknown): boolean {
  if (!(error instanceof ServiceError) || !isGrpcServiceError(error.cause)) return false;
  return error.cause.details.includes(notCarriedOut);
}
