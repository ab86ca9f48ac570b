import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';
import type { IngestState } from './messages.ts';
import type { SubscriptionState } from './subscription-state.ts';

/** The four search attributes: `temporal workflow list --query 'IngestState="blocked"'`. */
export const tenantIdKey = defineSearchAttributeKey('TenantId', SearchAttributeType.KEYWORD);
export const contentTypeKey = defineSearchAttributeKey('ContentType', SearchAttributeType.KEYWORD);
const ingestStateKey = defineSearchAttributeKey('IngestState', SearchAttributeType.KEYWORD);
const checkpointTimeKey = defineSearchAttributeKey('CheckpointTime', SearchAttributeType.DATETIME);

/** `CheckpointTime` is written when it moved by this much: each change is an event and a write to the visibility store. */
const checkpointStepMs = 15 * 60_000;

/** Writes the search attributes that changed, where the server knows them. */
export function showSearchAttributes(
  subscription: { readonly tenantId: string; readonly contentType: string },
  state: SubscriptionState,
  current: IngestState,
): void {
  if (state.settings?.hasSearchAttributes !== true) return;
  const position = state.checkpoint?.position ?? null;
  const shownPosition = state.shown?.checkpointTime ?? null;
  const hasMoved =
    position !== null &&
    (shownPosition === null || Date.parse(position) - Date.parse(shownPosition) >= checkpointStepMs);
  if (state.shown?.state === current && !hasMoved) return;
  upsertSearchAttributes([
    ...(state.shown === undefined
      ? [
          { key: tenantIdKey, value: subscription.tenantId },
          { key: contentTypeKey, value: subscription.contentType },
        ]
      : []),
    { key: ingestStateKey, value: current },
    { key: checkpointTimeKey, value: position === null ? null : new Date(position) },
  ]);
  state.shown = { state: current, checkpointTime: position };
}
