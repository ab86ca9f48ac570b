import { dueForLedger, isLedgerDue, markHoursRecorded } from '../../../src/domain/coverage-report.ts';
import { markRecorded, unrecorded } from '../../../src/domain/losses.ts';
import { followLiveContent } from './live-lane.ts';
import { serveAbsentDestinations, workOffOwed } from './owed-lanes.ts';
import { retrySetAside } from './set-aside-lane.ts';
import type { Subscription } from './subscription.ts';
import type { Task } from './tasks.ts';

/** Begins a run of the workflow: its lanes, which take turns. */
export function beginRun(run: Subscription): void {
  const lanes = [followLiveContent, workOffOwed, serveAbsentDestinations, retrySetAside, keepLedger];
  for (const lane of lanes) run.tasks.start(lane(run));
}

/** Final hours and losses are written down. */
function* keepLedger(run: Subscription): Task {
  while (!run.isEnding) {
    yield () => run.isEnding || isLedgerDue(run.checkpoint);
    if (run.isEnding) return;
    const hours = dueForLedger(run.checkpoint, 48);
    const losses = unrecorded(run.checkpoint.losses).slice(0, 100);
    yield;
    for (const row of hours) run.world.ledger.set(`${row.destination} ${row.hour}`, row);
    run.world.keepLosses(losses);
    yield;
    const recorded = markHoursRecorded(run.checkpoint, hours);
    run.checkpoint = { ...recorded, losses: markRecorded(recorded.losses, losses) };
  }
}
