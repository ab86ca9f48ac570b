import { apiAnswer, apiError, apiJson, noSubscription } from './answer.ts';
import type { Answer } from './answer.ts';
import type { ApiParts } from './api-parts.ts';
import { findBlob, isContentIdOf, retentionMs } from './blobs.ts';
import type { Call } from './call.ts';
import { invalidBlobKey, knownContentType } from './caller.ts';
import { wholeBlob } from './cut-blobs.ts';
import type { ListedBlob } from './cut-blobs.ts';
import { answerListing } from './listing.ts';
import type { Listing } from './listing.ts';
import { findSubscription } from './population.ts';
import type { SubscriptionPopulation } from './population.ts';
import { blobBody, numbersFrom } from './records.ts';
import type { RecordRange } from './served-content.ts';
import { visibleParts } from './subscription-states.ts';
import { violationsOfWindow, windowOf } from './window.ts';

/** A page of a listing. */
export function answerContent(call: Call, parts: ApiParts): Answer {
  const { clock, ledger, cutBlobs, rules } = parts;
  for (const violation of violationsOfWindow(call, clock.now())) ledger.violated(violation, call);
  const asked = askedListing(call, parts);
  if ('status' in asked) return asked;
  const page = answerListing(call, { ...asked, rules });
  if ('status' in page) return page;
  for (const listed of page.blobs) cutBlobs.remember(asked.subscription, listed);
  ledger.listed(asked.subscription, page.blobs, page.covered);
  return page.answer;
}

/** A page of what a webhook was told of. */
export async function answerNotifications(call: Call, parts: ApiParts): Promise<Answer> {
  const asked = askedListing(call, parts);
  if ('status' in asked) return asked;
  await parts.notifier.sendDue();
  const sent = parts.notifier.sentOf(asked.subscription);
  const page = answerListing(call, { ...asked, rules: { ...parts.rules, cut: 'none' }, sent });
  return 'status' in page ? page : page.answer;
}

/** What of which subscription is to be listed, or why not. */
function askedListing(
  call: Call,
  { states, clock, population, ledger, rules }: ApiParts,
): Omit<Listing, 'rules'> | Answer {
  const contentType = knownContentType(call, population) ?? '';
  const state = states.find(call.tenantId, contentType);
  if (state?.status !== 'enabled') {
    ledger.violated('listedWithoutSubscription', call);
    return state ? apiError(400, 'AF20023', 'The subscription was disabled.') : noSubscription();
  }
  const window = windowOf(call, clock.now(), rules);
  if ('status' in window) return window;
  const subscription = findSubscription(population, call.tenantId, contentType);
  if (subscription === undefined) return apiJson([]);
  return { subscription, visible: state.visible, window, availableUntilMs: clock.availableUntilMs() };
}

export function answerBlob(call: Call, parts: ApiParts): Answer {
  const { population, clock, rules, ledger } = parts;
  const contentId = call.contentId ?? '';
  const subscription = findSubscription(population, call.tenantId, call.contentType ?? '');
  if (subscription === undefined || !isContentIdOf(subscription, contentId)) return invalidBlobKey(call);
  const listed = findListed(subscription, contentId, parts);
  if (listed === undefined)
    return apiError(404, 'AF20050', `The specified content (${contentId}) does not exist.`);
  if (listed.blob.isExpired || listed.blob.visibleMs + retentionMs < clock.now())
    return apiError(
      400,
      'AF20051',
      `Content requested with the key ${contentId} has already expired. Content older than 7 days cannot be retrieved.`,
    );
  const { records, nextPageUri } = pageOf(call, listed, rules.pagedBlobs);
  const body = blobBody(subscription, listed.blob, {
    numbers: inOrder(records, listed, parts),
    isBare: rules.bareSingleRecords && records[1] - records[0] === 1,
  });
  return {
    ...apiAnswer(200, body, nextPageUri),
    served: (bytes) => ledger.fetched(subscription, listed, { records, bytes, call }),
  };
}

/** A blob that is visible to the subscription, or the part of one that some listing has shown. */
function findListed(
  subscription: SubscriptionPopulation,
  contentId: string,
  { states, clock, cutBlobs }: ApiParts,
): ListedBlob | undefined {
  const cut = cutBlobs.find(subscription, contentId);
  if (cut) return cut;
  const blob = findBlob(subscription, contentId);
  if (blob === undefined || blob.visibleMs >= clock.availableUntilMs()) return undefined;
  const visible = states.find(subscription.tenantId, subscription.contentType)?.visible ?? [];
  const isVisible = visibleParts(visible, blob.createdMs, blob.createdMs + 1).length > 0;
  return isVisible ? wholeBlob(blob) : undefined;
}

/** All records, or by the rule `pagedBlobs` the first half with a link to the second. */
function pageOf(
  call: Call,
  { records, contentId }: ListedBlob,
  isPaged: boolean,
): { readonly records: RecordRange; readonly nextPageUri?: string } {
  const [from, until] = records;
  if (!isPaged || until - from < 2) return { records };
  const middle = from + Math.ceil((until - from) / 2);
  if (call.parameters.has('nextpage')) return { records: [middle, until] };
  const contentUri = `${call.origin}/api/v1.0/${call.tenantId}/activity/feed/audit/${contentId}`;
  return { records: [from, middle], nextPageUri: `${contentUri}?nextpage=2` };
}

/** By the rule `changingBodies` each request finds the records one place further. */
function inOrder(
  [from, until]: RecordRange,
  { contentId, isReversed }: ListedBlob,
  { rules, blobRequests }: ApiParts,
): Iterable<number> {
  if (isReversed) return [...numbersFrom(from, until)].toReversed();
  if (!rules.changingBodies) return numbersFrom(from, until);
  const requests = blobRequests.get(contentId) ?? 0;
  blobRequests.set(contentId, requests + 1);
  const start = from + (requests % Math.max(1, until - from));
  return [...numbersFrom(start, until), ...numbersFrom(from, start)];
}
