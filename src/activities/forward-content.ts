import { activityInfo, cancellationSignal, Context, heartbeat, log } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { parseTime } from '../domain/time-window.ts';
import { deliverBatch } from './deliver-batch.ts';
import type { ActivityDependencies, Tenant } from './dependencies.ts';
import { requireTenant } from './dependencies.ts';
import { describeFailure, toFailure } from './failures.ts';
import type { ForwardContentInput, ForwardedContent, SetAside } from './forwarded-content.ts';
import { ForwardingProgress, type ForwardingDetails } from './forwarding-progress.ts';
import { defaultPatience } from './stall-watchdog.ts';

/** Beside those at each acknowledgement, of which the SDK passes on the latest every 16 s (0.8 of the time-out of 20 s). */
const heartbeatEveryMs = 3_000;

/** Blobs that fail where nothing else succeeds are thrown by this many attempts, in plain sight, before they are returned. */
const attemptsInSight = 2;

/**
 * Fetches the blobs of a batch and forwards each to every destination. Safe to retry because what a destination has
 * acknowledged stands in the heartbeat details and is not sent again.
 *
 * It returns outcomes once anything is acknowledged or lost. With nothing to show it throws (`ManagementApi.*`, `Destination.*`),
 * but for the third attempt on: blobs that fail although the service answers are returned, so that they do not hold up newer
 * ones. It throws, too, when an operator pauses it, and `Input` for a tenant that is not known.
 */
export function forwardContent(dependencies: ActivityDependencies, patience = defaultPatience) {
  return async (input: ForwardContentInput): Promise<ForwardedContent> => {
    const tenant = requireTenant(dependencies, input.tenantId);
    const earlier = activityInfo().heartbeatDetails as ForwardingDetails | undefined;
    const progress = new ForwardingProgress(input.blobs, input.destinations, earlier);
    const report = () => heartbeat(progress.details());
    if (input.setAside !== undefined && earlier === undefined) {
      // Once reported, the attempt after this one goes on: it is due, or an operator has reset the activity.
      report();
      requireDue(input.setAside);
    }
    const heartbeats = setInterval(report, heartbeatEveryMs);
    const signal = cancellationSignal();
    try {
      await deliverBatch({ dependencies, tenant, input, progress, onAcknowledged: report, signal }, patience);
      if (!progress.hasAny() && input.blobs.length > 0)
        await requireOwnFailures(tenant, input, progress, signal);
    } catch (error) {
      // A paused attempt has to fail to be paused; what it has to show stands in the heartbeat details of the next one.
      if (!progress.hasAny() || Context.current().cancellationDetails?.paused === true) throw error;
      progress.stop(error);
    } finally {
      clearInterval(heartbeats);
      report();
    }
    if (progress.stopCause !== undefined) {
      log.warn('Forwarding stopped early', { failureType: describeFailure(progress.stopCause).failureType });
    }
    return progress.outcome();
  };
}

/**
 * Nothing was acknowledged and nothing is lost. Passes only when it is the blobs that fail, again and again, while the service
 * answers and a destination is well: an outage must not put everything aside.
 */
async function requireOwnFailures(
  tenant: Tenant,
  { setAside }: ForwardContentInput,
  progress: ForwardingProgress,
  signal: AbortSignal,
): Promise<void> {
  if (progress.stopCause !== undefined) throw progress.stopCause;
  if (!progress.isAnyWell()) throw mostTelling(progress.destinationFailures());
  const failures = [...progress.blobFailures().values()];
  const failure = mostTelling(failures);
  const isInSight = setAside !== undefined || activityInfo().attempt <= attemptsInSight;
  if (failures.length === 0 || isInSight) throw failure;
  try {
    await tenant.client.listSubscriptions(signal);
  } catch {
    signal.throwIfAborted();
    throw failure;
  }
}

/** Fails as the blobs failed last, so that Temporal waits in plain sight until they are due. */
function requireDue({ notBefore, failureType, message }: SetAside): void {
  const waitMs = parseTime(notBefore) - Date.now();
  if (waitMs <= 0) return;
  const failure = ApplicationFailure.create({
    type: failureType,
    message: `set aside until ${notBefore}: ${message}`,
    nextRetryDelay: waitMs,
    category: ApplicationFailureCategory.BENIGN,
  });
  failure.stack = '';
  throw failure;
}

/** Of several errors the one that needs a person, else the first. */
function mostTelling(errors: readonly unknown[]): unknown {
  const forPerson = errors.find((error) => {
    const failure = toFailure(error);
    return failure instanceof ApplicationFailure && failure.nonRetryable;
  });
  return forPerson ?? errors[0] ?? new Error('nothing was attempted');
}
