import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { answerActivityApi, notFound } from './activity-api.ts';
import type { Answer } from './answer.ts';
import type { ApiParts } from './api-parts.ts';
import { readCall } from './call.ts';
import type { Call } from './call.ts';
import type { ServerCertificate } from './certificates.ts';
import { answerControl } from './control.ts';
import type { FaultEffect, Place } from './fault-effect.ts';
import { faultKinds } from './fault-kinds.ts';
import type { FaultRequest, Faults } from './faults.ts';
import { sendAnswer, sendSlowly, sendSpoilt } from './send.ts';
import type { Simulator } from './simulator.ts';
import { answerDiscovery, answerToken } from './token-endpoint.ts';

export interface ServerParts extends ApiParts {
  readonly faults: Faults;
  /** Set once the servers listen. */
  place?: Place;
  simulator?: Simulator;
}

/** An http server, or an https one where there is a certificate; it does not listen yet. */
export function createServer(certificate: ServerCertificate | undefined, listener: RequestListener): Server {
  const server = certificate ? createHttpsServer(certificate, listener) : createHttpServer(listener);
  // Clients keep connections longer than Node's five seconds and would see resets that nobody asked for.
  server.keepAliveTimeout = 75_000;
  return server;
}

export function simulatorListener(parts: ServerParts): RequestListener {
  return (request, response) => {
    answer(request, response, parts).catch((error: unknown) => {
      // A bug of the simulator: say so where the client's developer looks.
      if (response.headersSent) response.destroy();
      else response.writeHead(500, { 'Content-Type': 'text/plain' }).end(`simulator: ${String(error)}\n`);
    });
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, parts: ServerParts): Promise<void> {
  if (!request.url?.startsWith('/_')) return answerCall(request, response, parts);
  if (parts.simulator === undefined) throw new Error('The simulator is not up yet.');
  const { status, contentType, body } = await answerControl(request, parts.simulator);
  response.writeHead(status, { 'Content-Type': contentType }).end(body);
}

async function answerCall(
  request: IncomingMessage,
  response: ServerResponse,
  parts: ServerParts,
): Promise<void> {
  const call = await readCall(request);
  const ended = parts.ledger.began(call, parts.clock.now());
  const fault = parts.faults.take(call);
  const delayMs = parts.rules.latencyMs + delayOf(fault);
  if (delayMs > 0) await delay(delayMs, undefined, { ref: false });
  // The service's clock need not be that of this machine.
  response.sendDate = false;
  ended(await send(call, response, parts, fault));
}

function delayOf(fault: FaultRequest | undefined): number {
  if (fault === undefined || fault.kind === 'slowBody') return 0;
  return fault.delayMs ?? (fault.kind === 'slow' ? 1_000 : 0);
}

/** Sends the true or the spoilt answer and says what it was. */
async function send(
  call: Call,
  response: ServerResponse,
  parts: ServerParts,
  fault: FaultRequest | undefined,
): Promise<string> {
  const effect = fault && faultKinds[fault.kind];
  const answered = withHeaders(withWishes(await answerOf(call, parts, effect), fault), parts);
  const trouble = effect?.type === 'connection' ? effect.trouble : 'none';
  switch (trouble) {
    case 'reset':
    case 'closedMidBody':
    case 'cutBody':
      sendSpoilt(response, answered, trouble);
      return trouble;
    case 'slowBody':
    case 'drip': {
      const { delayMs = 1_000, bytesPerSecond = 1_000 } = fault ?? {};
      return outcome(answered, await sendSlowly(response, answered, { trouble, delayMs, bytesPerSecond }));
    }
    case 'none': {
      const offersGzip = /\bgzip\b/i.test(String(call.headers['accept-encoding'] ?? ''));
      return outcome(answered, await sendAnswer(response, answered, parts.rules.gzip && offersGzip));
    }
  }
}

function outcome({ status, code }: Answer, isComplete: boolean): string {
  return isComplete ? [status, code].filter(Boolean).join(' ') : 'abandoned by the client';
}

async function answerOf(call: Call, parts: ServerParts, effect: FaultEffect | undefined): Promise<Answer> {
  const { place = { foreignOrigin: '' } } = parts;
  switch (effect?.type) {
    case 'instead':
      return effect.answer(call, place);
    case 'change':
      return effect.change(await trueAnswer(call, parts), call, place);
    case 'rules':
      return trueAnswer(call, { ...parts, rules: { ...parts.rules, ...effect.rules } });
    case 'event':
      effect.happen(call, parts);
      return trueAnswer(call, parts);
    case 'connection':
    case undefined:
      return trueAnswer(call, parts);
  }
}

async function trueAnswer(call: Call, parts: ServerParts): Promise<Answer> {
  if (call.operation === 'token') return answerToken(call, parts);
  if (call.operation === 'discovery') return answerDiscovery(call, parts);
  if (call.operation === 'unknown') return notFound();
  return answerActivityApi(call, parts);
}

/** What the fault says of status and headers, whatever its kind. */
function withWishes(answered: Answer, fault: FaultRequest | undefined): Answer {
  const { status = answered.status, retryAfterSeconds } = fault ?? {};
  const headers =
    retryAfterSeconds === undefined
      ? answered.headers
      : { ...answered.headers, 'Retry-After': String(retryAfterSeconds) };
  return { ...answered, status, headers };
}

function withHeaders(answered: Answer, { clock, rules }: ServerParts): Answer {
  const headers = { ...answered.headers, Date: new Date(clock.now()).toUTCString() };
  if (!rules.lowerCaseHeaders) return { ...answered, headers };
  const lowered = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return { ...answered, headers: Object.fromEntries(lowered) };
}
