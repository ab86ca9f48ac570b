import { log, metricMeter } from '@temporalio/activity';
import type { DeadLetterRecord } from '../dead-letter/dead-letter.ts';

/** Counts a record that went to the dead letter, and tells the operator where it came from, never what is in it. */
export function countDeadLetter({ origin, index, reason, detail, destination }: DeadLetterRecord): void {
  const { contentType, contentId } = origin;
  metricMeter
    .createCounter('office365_ingest_dead_letter_records')
    .add(1, { content_type: contentType, reason });
  log.warn('Record put into the dead letter', {
    contentId,
    index,
    reason,
    detail,
    ...(destination !== undefined && { destination }),
  });
}
