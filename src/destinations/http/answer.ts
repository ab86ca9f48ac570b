import { DestinationError, type DestinationErrorKind } from '../../errors.ts';
import { retryAfterMs } from '../../http/retry-after.ts';

/** What is known of an answer: never its body, which may quote records. */
export interface Answer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly retryAfter: string | undefined;
}

interface Meaning {
  readonly kind: DestinationErrorKind;
  /** The next move. */
  readonly remedy: string;
}

const endpointMissing: Meaning = { kind: 'misconfigured', remedy: 'look at url and method' };
const credentialsRefused: Meaning = {
  kind: 'unauthorized',
  remedy: 'look at the credentials (token, password, header or client certificate) and what they allow',
};
const formRefused: Meaning = { kind: 'misconfigured', remedy: 'look at body, gzip and headers' };
const recordsRefused: Meaning = { kind: 'rejected', remedy: 'it does not take what was sent' };
const triedAgain: Meaning = { kind: 'unavailable', remedy: 'it is tried again' };

/**
 * By RFC 9110, 15.5. A 400 or 422 speaks of the content; other statuses of the 400s speak of the request, which is the same for
 * all content, so that no record is to blame.
 */
const meanings: Readonly<Record<number, Meaning>> = {
  400: recordsRefused,
  401: credentialsRefused,
  403: credentialsRefused,
  404: endpointMissing,
  405: endpointMissing,
  406: formRefused,
  408: triedAgain,
  410: endpointMissing,
  411: formRefused,
  413: { kind: 'tooLarge', remedy: 'it is too large for the server' },
  415: formRefused,
  422: recordsRefused,
  425: triedAgain,
  429: { kind: 'throttled', remedy: 'it asks to slow down' },
};

/** The failure that an answer stands for which does not count as delivered. */
export function failureOf(name: string, answer: Answer, nowMs: number): DestinationError {
  const { kind, remedy } = meaningOf(answer.status);
  const type = /^[a-z]+\/[a-z0-9.+-]+/i.exec(answer.contentType ?? '')?.[0];
  const what = type === undefined ? `HTTP ${answer.status}` : `HTTP ${answer.status}, ${type}`;
  return new DestinationError(kind, `destination ${name} answered with ${what}: ${remedy}.`, {
    retryAfterMs: retryAfterMs(answer.retryAfter, nowMs),
  });
}

function meaningOf(status: number): Meaning {
  if (status >= 500) return triedAgain;
  if (status >= 400)
    return meanings[status] ?? { ...endpointMissing, remedy: 'look at url, method and headers' };
  if (status >= 300) {
    return { kind: 'misconfigured', remedy: 'redirects are not followed; write where it leads to into url' };
  }
  return { kind: 'misconfigured', remedy: 'it is none of delivered_statuses; name it there if it says so' };
}
