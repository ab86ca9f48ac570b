import { activityInfo, getClient, log, type Info } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { isoTime } from '../domain/time-window.ts';
import { describeFailure } from './failures.ts';

/** Name of the signal that a workflow gets of its own failing activities: it learns nothing of what Temporal retries. */
const activityFailingSignal = 'activityFailing';

/** The argument of {@link activityFailingSignal}. Times are ISO. */
export interface FailingActivity {
  readonly activityId: string;
  readonly failureType: string;
  /** Status, code and type only. */
  readonly message: string;
  readonly attempt: number;
  readonly nextAttemptTime: string;
}

/** An activity that is well again within this time is not worth an event in history. */
const tolerableMs = 30_000;

/** How often an unchanged failure is told again. */
const repeatMs = 10 * 60_000;

/** However many activities of a workflow fail, it is told of one in this time. */
const pauseMs = 60_000;

/** An activity that has not failed here for so long has ended, or goes on in another process. */
const forgetMs = 60 * 60_000;

/** The server that is to be told may be what is failing: the attempt waits no longer than this to end. */
const signalTimeoutMs = 5_000;

interface Failing {
  readonly sinceMs: number;
  lastMs: number;
  told?: { readonly failureType: string; readonly atMs: number };
}

/**
 * The activities of this process that fail and are retried. Tells their workflows when one has failed, or will have by its next
 * attempt, for more than 30 s: on change of the failure type or after 10 minutes, and each workflow at most once a minute.
 */
export class FailingActivities {
  readonly #failing = new Map<string, Failing>();
  /** When each workflow was told last. */
  readonly #toldMs = new Map<string, number>();

  /** The activity under way succeeded, or failed for good: its workflow hears of it. */
  ended(): void {
    this.#failing.delete(keyOf(activityInfo()));
  }

  /** An attempt of the activity under way failed so that Temporal retries it. Never throws. */
  async failed(failure: unknown, delayMs: number): Promise<void> {
    const info = activityInfo();
    const nowMs = Date.now();
    const failing = this.#remember(info, nowMs);
    const description = describeFailure(failure);
    if (!this.#isDue(failing, info, { failureType: description.failureType, nowMs, delayMs })) return;
    failing.told = { failureType: description.failureType, atMs: nowMs };
    this.#toldMs.set(workflowIdOf(info), nowMs);
    await tell(info, {
      activityId: info.activityId,
      ...description,
      attempt: info.attempt,
      nextAttemptTime: isoTime(nowMs + delayMs),
    });
  }

  #isDue(
    { sinceMs, told }: Failing,
    info: Info,
    { failureType, nowMs, delayMs }: { failureType: string; nowMs: number; delayMs: number },
  ): boolean {
    if (nowMs - sinceMs + delayMs <= tolerableMs) return false;
    if (told?.failureType === failureType && nowMs - told.atMs < repeatMs) return false;
    return nowMs - (this.#toldMs.get(workflowIdOf(info)) ?? -Infinity) >= pauseMs;
  }

  #remember(info: Info, nowMs: number): Failing {
    for (const [key, { lastMs }] of this.#failing) if (nowMs - lastMs > forgetMs) this.#failing.delete(key);
    for (const [id, toldMs] of this.#toldMs) if (nowMs - toldMs > forgetMs) this.#toldMs.delete(id);
    // A listing waits for minutes inside its first attempt before it fails; earlier attempts failed, perhaps elsewhere.
    const sinceMs = info.attempt === 1 ? nowMs : info.scheduledTimestampMs;
    const failing: Failing = this.#failing.get(keyOf(info)) ?? { sinceMs, lastMs: nowMs };
    failing.lastMs = nowMs;
    this.#failing.set(keyOf(info), failing);
    return failing;
  }
}

/**
 * How long Temporal waits before it retries the activity under way after this failure, in milliseconds; undefined when it does
 * not. The failure's own delay counts, else the retry policy, with the server's defaults for what it leaves open.
 */
export function retryDelayMs(failure: unknown): number | undefined {
  const { attempt, retryPolicy: policy = {} } = activityInfo();
  if (policy.maximumAttempts && attempt >= policy.maximumAttempts) return undefined;
  if (failure instanceof ApplicationFailure) {
    if (failure.nonRetryable === true) return undefined;
    if (typeof failure.nextRetryDelay === 'number') return failure.nextRetryDelay;
  }
  const initialMs = Number(policy.initialInterval || 1_000);
  const longestMs = Number(policy.maximumInterval || 100 * initialMs);
  return Math.min(longestMs, initialMs * (policy.backoffCoefficient || 2) ** (attempt - 1));
}

async function tell(info: Info, failing: FailingActivity): Promise<void> {
  try {
    const client = getClient();
    const workflow = client.workflow.getHandle(workflowIdOf(info));
    await client.withDeadline(Date.now() + signalTimeoutMs, () =>
      workflow.signal<[FailingActivity]>(activityFailingSignal, failing),
    );
  } catch (error) {
    log.debug('The workflow could not be told of its failing activity', { error });
  }
}

function keyOf(info: Info): string {
  return `${workflowIdOf(info)} ${info.activityId}`;
}

/** All our activities belong to workflows. */
function workflowIdOf({ workflowExecution }: Info): string {
  return workflowExecution?.workflowId ?? '';
}
