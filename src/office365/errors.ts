import type { Dispatcher } from 'undici';
import { ManagementApiError, type ManagementApiErrorKind } from '../errors.ts';
import { retryAfterMs } from '../http/retry-after.ts';
import { howToGrant } from './roles.ts';

/** An answer of the Management Activity API that is not the success it should be. */
export interface RefusedAnswer {
  readonly status: number;
  readonly headers: Dispatcher.ResponseData['headers'];
  /** The first few KB of the body. */
  readonly text: string;
}

/** What such an answer means. */
export interface ApiFailure {
  /** The service's code (`AF20022`, `429`) when the body carries one that is well-formed. */
  readonly code: string | undefined;
  readonly error: ManagementApiError;
  /** A start within 15 minutes of the last one: says nothing about the rate of requests. */
  readonly isStartCooldown: boolean;
}

interface Meaning {
  readonly kind: ManagementApiErrorKind;
  /** What it means and the next move, as the end of a sentence that begins with operation and status. */
  readonly move: string;
}

/** Says what went wrong on our side when a request is refused as such: nobody but a developer can mend it. */
const bug = 'The request itself is refused; please report this with the code';

const throttling: Meaning = {
  kind: 'throttled',
  move: 'The service throttles this tenant; the request is repeated later',
};

/**
 * By the code in the body, whatever the status. Source: Management Activity API reference, "Errors", and its
 * troubleshooting page; AF20024, AF50005 and AF50006 are undocumented but on the wire.
 */
const meanings: Readonly<Record<string, Meaning>> = {
  AF10001: {
    kind: 'unauthorized',
    move: howToGrant('ActivityFeed.Read (for DLP.All: ActivityFeed.ReadDlp)'),
  },
  AF20001: { kind: 'requestRefused', move: bug },
  AF20002: { kind: 'requestRefused', move: `A parameter has the wrong form: check publisher_id. ${bug}` },
  AF20003: { kind: 'requestRefused', move: bug },
  AF20010: { kind: 'requestRefused', move: "The token is another tenant's: check tenant_id and client_id" },
  AF20011: {
    kind: 'tenantNotReady',
    move: 'The tenant does not exist there, or auditing was never switched on',
  },
  AF20012: {
    kind: 'tenantNotReady',
    move: 'The tenant has no Office 365 licence or is not set up for auditing',
  },
  AF20013: {
    kind: 'requestRefused',
    move: 'tenant_id is no GUID: use the directory (tenant) id, not a domain',
  },
  AF20020: {
    kind: 'requestRefused',
    move: 'The service does not know this content type: correct the subscriptions',
  },
  AF20021: { kind: 'requestRefused', move: bug },
  AF20022: {
    kind: 'subscriptionNotStarted',
    move: 'There is no subscription for this content type; it is started',
  },
  AF20023: { kind: 'subscriptionDisabled', move: 'The subscription was disabled; it is started again once' },
  AF20030: {
    kind: 'windowRefused',
    move: 'The window is refused; it is planned again by the clock of the service',
  },
  AF20031: { kind: 'windowRefused', move: 'The page link is no longer valid; the window is listed anew' },
  AF20050: {
    kind: 'contentNotFound',
    move: 'The content is not there; it is listed and fetched again later',
  },
  AF20051: { kind: 'contentExpired', move: 'The content is past its retention and lost' },
  AF20052: {
    kind: 'contentNotFound',
    move: 'The content id is not known there: it is listed again. If this goes on, check tenant_id and api_type',
  },
  AF20053: { kind: 'requestRefused', move: bug },
  AF20054: { kind: 'requestRefused', move: bug },
  AF20055: {
    kind: 'windowRefused',
    move: 'The window is refused; it is planned again by the clock of the service',
  },
  AF429: throttling,
};

/** The code "429" in answer to a start. Source: Management Activity API reference, "Start a subscription" (note since 2025). */
const startCooldown: Meaning = {
  kind: 'throttled',
  move: 'Start was requested too often; it is requested again after the stated wait',
};

const internalError: Meaning = {
  kind: 'unavailable',
  move: 'The service has an internal error; it is tried again',
};

const auditingIsOff: Meaning = {
  kind: 'tenantNotReady',
  move: 'Unified audit logging of the tenant is off, or was switched on within the last hours: switch it on in Microsoft Purview and wait',
};

/** Reads an answer by its code first, then by the texts that replace a code, then by its status. */
export function readApiFailure(operation: string, answer: RefusedAnswer): ApiFailure {
  const code = codeIn(answer.text);
  const meaning = meaningOf(operation, answer, code);
  const wasAnswered = [`HTTP ${answer.status}`, code, correlationOf(answer.headers)]
    .filter(Boolean)
    .join(', ');
  const waitMs =
    retryAfterMs(firstHeader(answer.headers['retry-after']), Date.now()) ?? statedWaitMs(answer.text);
  return {
    code,
    error: new ManagementApiError(meaning.kind, `${operation}: ${wasAnswered}. ${meaning.move}.`, {
      retryAfterMs: waitMs,
    }),
    isStartCooldown: meaning === startCooldown,
  };
}

/** A header's value; the first one where it was sent more than once. */
export function firstHeader(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function meaningOf(operation: string, { status, text }: RefusedAnswer, code: string | undefined): Meaning {
  if (code === '429') return operation.startsWith('startSubscription') ? startCooldown : throttling;
  const known = code === undefined ? undefined : meanings[code];
  if (known !== undefined) return known;
  if (code?.startsWith('AF5')) return internalError;
  if (code !== undefined)
    return { kind: 'unexpectedResponse', move: 'The code is unknown; it is tried again. Please report this' };
  // The service cuts this exception at a colon, so that code and message are both mangled; the text alone is left.
  if (/DataServiceException.{0,40}Tenant .{0,80}does not exist/s.test(text)) return auditingIsOff;
  return meaningOfStatus(operation, status);
}

function meaningOfStatus(operation: string, status: number): Meaning {
  if (status === 401) {
    return {
      kind: 'unauthorized',
      move: "The token is not accepted: check that api_type is the tenant's cloud, and the application's permissions",
    };
  }
  if (status === 404 && operation.startsWith('retrieveContent')) {
    return {
      kind: 'contentNotFound',
      move: 'The content is not there; it is listed and fetched again later',
    };
  }
  if (status === 429) return throttling;
  if (status === 408 || status >= 500) {
    return { kind: 'unavailable', move: 'The service is not available; it is tried again' };
  }
  const suspicion =
    status === 200
      ? 'The body is not what the operation answers with'
      : 'This is no answer of the Management Activity API';
  return {
    kind: 'unexpectedResponse',
    move: `${suspicion}; it is tried again. Look for a proxy or an IP rule in between if this goes on`,
  };
}

/** The envelope's code; printed with single quotes in some answers, so not read as JSON. */
function codeIn(text: string): string | undefined {
  return /["']code["']\s*:\s*["']?(AF\d{3,6}|429)\b/i.exec(text)?.[1]?.toUpperCase();
}

/** "Please retry again after 8m 46s." stands nowhere but in the message. */
function statedWaitMs(text: string): number | undefined {
  const wait = /\bafter (?:(\d+)h ?)?(?:(\d+)m ?)?(?:(\d+)s)?/.exec(text);
  if (wait === null) return undefined;
  const [hours, minutes, seconds] = wait.slice(1).map((part) => Number(part ?? 0));
  const ms = ((hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0)) * 1000;
  return ms > 0 ? ms : undefined;
}

/** What Microsoft's support asks for. */
function correlationOf(headers: RefusedAnswer['headers']): string | undefined {
  const id = firstHeader(headers['mise-correlation-id']);
  return id !== undefined && /^[\da-f-]{36}$/i.test(id) ? `correlation id ${id}` : undefined;
}
