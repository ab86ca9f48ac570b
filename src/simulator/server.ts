import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { answerActivityApi, notFound } from './activity-api.ts';
import type { ActivityApiParts } from './activity-api.ts';
import type { Answer } from './answer.ts';
import { readCall } from './call.ts';
import type { Call } from './call.ts';
import { answerControl } from './control.ts';
import { faultKinds, foreignPath } from './fault-kinds.ts';
import type { FaultEffect } from './fault-kinds.ts';
import type { Faults } from './faults.ts';
import { sendAnswer, sendSpoilt } from './send.ts';
import type { Simulator } from './simulator.ts';
import { answerDiscovery, answerToken } from './token-endpoint.ts';

export interface ServerParts extends ActivityApiParts {
  readonly faults: Faults;
  /** Set once the server listens. */
  simulator?: Simulator;
}

/** The http server of a simulator; it does not listen yet. */
export function createSimulatorServer(parts: ServerParts): Server {
  const server = createServer((request, response) => {
    answer(request, response, parts).catch((error: unknown) => {
      // A bug of the simulator: say so where the client's developer looks.
      if (response.headersSent) response.destroy();
      else response.writeHead(500, { 'Content-Type': 'text/plain' }).end(`simulator: ${String(error)}\n`);
    });
  });
  // Clients keep connections longer than Node's five seconds and would see resets that nobody asked for.
  server.keepAliveTimeout = 75_000;
  return server;
}

async function answer(request: IncomingMessage, response: ServerResponse, parts: ServerParts): Promise<void> {
  const path = request.url ?? '/';
  if (!path.startsWith('/_') || path.startsWith(foreignPath)) return answerCall(request, response, parts);
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
  const ended = parts.ledger.began(call);
  const fault = parts.faults.take(call);
  const delayMs = parts.options.latencyMs + (fault?.delayMs ?? (fault?.kind === 'slow' ? 1000 : 0));
  if (delayMs > 0) await delay(delayMs, undefined, { ref: false });
  ended(await send(call, response, parts, fault && faultKinds[fault.kind]));
}

/** Sends the true or the spoilt answer and says what it was. */
async function send(
  call: Call,
  response: ServerResponse,
  parts: ServerParts,
  effect: FaultEffect | undefined,
): Promise<string> {
  const answered = effect?.type === 'instead' ? effect.answer(call) : trueAnswer(call, parts);
  if (effect?.type === 'connection' && effect.trouble !== 'none') {
    sendSpoilt(response, answered, effect.trouble);
    return effect.trouble;
  }
  const final = effect?.type === 'change' ? effect.change(answered, call) : answered;
  const offersGzip = /\bgzip\b/i.test(String(call.headers['accept-encoding'] ?? ''));
  const isComplete = await sendAnswer(response, final, parts.options.gzip && offersGzip);
  return isComplete ? [final.status, final.code].filter(Boolean).join(' ') : 'abandoned by the client';
}

function trueAnswer(call: Call, parts: ServerParts): Answer {
  switch (call.operation) {
    case 'token':
      return answerToken(call, parts);
    case 'discovery':
      return answerDiscovery(call, parts);
    case 'unknown':
      if (call.target.startsWith(foreignPath)) parts.ledger.violated('followedForeignLink', call);
      return notFound();
    case 'start':
    case 'stop':
    case 'list':
    case 'content':
    case 'nextPage':
    case 'blob':
      return answerActivityApi(call, parts);
  }
}
