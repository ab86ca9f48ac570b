import { condition } from '@temporalio/workflow';
import { dueForLedger, isLedgerDue, markHoursRecorded } from '../domain/coverage-report.ts';
import { markRecorded, unrecorded } from '../domain/losses.ts';
import { quarantineBy } from '../domain/quarantine.ts';
import { parkedDelayMs } from '../domain/pacing.ts';
import { isoTime } from '../domain/time-window.ts';
import { activityFailure } from './activity-failure.ts';
import { recording } from './activity-options.ts';
import type { SubscriptionRun } from './subscription-run.ts';

/** Hours and losses of one activity: its argument stays small. */
const maxHours = 48;
const maxLosses = 100;

/** The lane of the ledger: final hours and losses are written down before they leave the state. */
export async function keepLedger(run: SubscriptionRun): Promise<void> {
  let probes = 0;
  while (!run.isEnding) {
    const isDue = () => run.state.checkpoint !== undefined && isLedgerDue(run.state.checkpoint);
    await condition(() => run.isEnding || isDue());
    if (run.isEnding) return;
    try {
      await record(run);
      probes = 0;
    } catch (error) {
      run.state.lastFailure = { ...activityFailure(error), time: isoTime(Date.now()) };
      const delayMs = parkedDelayMs(probes++);
      const { wakes } = run;
      await condition(() => run.isEnding || run.wakes > wakes, delayMs);
    }
  }
}

async function record(run: SubscriptionRun): Promise<void> {
  const quarantine = quarantineBy(run.checkpoint.quarantine, Date.now());
  const hours = dueForLedger({ ...run.checkpoint, quarantine }, maxHours);
  const losses = unrecorded(run.checkpoint.losses).slice(0, maxLosses);
  const named = {
    id: 'record-coverage',
    summary: `${hours.length} hours and ${losses.length} losses for the ledger`,
    priority: 'owed',
  } as const;
  // A run that ends gives it the time of a batch: what is written and not heard of would be written again.
  const isDone = await run.interruptible('forwarding', () =>
    run.activity(named, async (options) => {
      await recording(options).recordCoverage({ ...run.subscription, hours, losses });
      return true;
    }),
  );
  if (isDone !== true) return;
  const recorded = markHoursRecorded(run.checkpoint, hours);
  run.checkpoint = { ...recorded, losses: markRecorded(recorded.losses, losses) };
}
