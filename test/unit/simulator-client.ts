import { startSimulator } from '../../src/simulator/start.ts';
import type { Simulator, SimulatorOptions } from '../../src/simulator/start.ts';

/** An item of a listing, as far as the tests look at it. */
export interface Item {
  readonly contentId: string;
  readonly contentUri: string;
  readonly contentCreated: string;
}

const startTime = '2026-11-22T12:00:00.000Z';
export const publisher = 'PublisherIdentifier=aaaaaaaa-0000-4000-8000-000000000000';
export const contentType = 'Audit.Exchange';

/** A simulator whose time stands still until the test moves it, and the plainest client of it: one real request per call. */
export class SimulatorClient {
  readonly simulator: Simulator;
  readonly time: { nowMs: number };

  private constructor(simulator: Simulator, time: { nowMs: number }) {
    this.simulator = simulator;
    this.time = time;
  }

  static async start(options: SimulatorOptions = {}): Promise<SimulatorClient> {
    const time = { nowMs: Date.parse(startTime) };
    const simulator = await startSimulator({
      startTime,
      now: () => time.nowMs,
      tenants: 2,
      contentTypes: [contentType],
      historyHours: 20,
      blobsPerHour: 6,
      recordsPerBlob: [1, 5],
      liveEveryMs: 0,
      ...options,
    });
    return new SimulatorClient(simulator, time);
  }

  /** A simulator in this scenario and with nothing else of its own, but for the time and the tenants. */
  static async inScenario(name: string): Promise<SimulatorClient> {
    const time = { nowMs: Date.parse(startTime) };
    const simulator = await startSimulator({
      scenarios: [name],
      startTime,
      now: () => time.nowMs,
      tenants: 2,
      contentTypes: [contentType, 'Audit.General'],
    });
    return new SimulatorClient(simulator, time);
  }

  tenantId(number = 0): string {
    return this.simulator.population.tenants[number]?.tenantId ?? '';
  }

  askForToken(changes: Record<string, string> = {}, tenantId = this.tenantId()): Promise<Response> {
    const form = {
      grant_type: 'client_credentials',
      client_id: this.simulator.clientId,
      client_secret: this.simulator.clientSecret,
      scope: 'https://manage.office.com/.default',
      ...changes,
    };
    const url = `${this.simulator.url}/${tenantId}/oauth2/v2.0/token`;
    return fetch(url, { method: 'POST', body: new URLSearchParams(form) });
  }

  /** A fresh token for each call. */
  async token(): Promise<string> {
    return ((await (await this.askForToken()).json()) as { access_token: string }).access_token;
  }

  /** `path` is one of the feed, or a whole URL. */
  async api(
    path: string,
    method = 'GET',
    tenantId = this.tenantId(),
    signal: AbortSignal | null = null,
  ): Promise<Response> {
    const url = path.startsWith('http')
      ? path
      : `${this.simulator.url}/api/v1.0/${tenantId}/activity/feed/${path}`;
    const headers = { Authorization: `Bearer ${await this.token()}` };
    return fetch(url, { method, headers, signal });
  }

  subscriptions(signal?: AbortSignal): Promise<Response> {
    return this.api(`subscriptions/list?${publisher}`, 'GET', this.tenantId(), signal);
  }

  startSubscription(type = contentType): Promise<Response> {
    return this.api(`subscriptions/start?contentType=${type}&${publisher}`, 'POST');
  }

  stopSubscription(type = contentType): Promise<Response> {
    return this.api(`subscriptions/stop?contentType=${type}&${publisher}`, 'POST');
  }

  window(from: string, until: string, type = contentType): Promise<Response> {
    return this.api(
      `subscriptions/content?contentType=${type}&startTime=${from}&endTime=${until}&${publisher}`,
    );
  }

  /** The last 24 hours. */
  content(type = contentType): Promise<Response> {
    return this.api(`subscriptions/content?contentType=${type}&${publisher}`);
  }

  blob(contentUri: string): Promise<Response> {
    return this.api(`${contentUri}?${publisher}`);
  }

  control(path: string, method = 'GET'): Promise<Response> {
    return fetch(this.simulator.url + path, { method });
  }

  post(path: string, body: unknown): Promise<Response> {
    return fetch(this.simulator.url + path, { method: 'POST', body: JSON.stringify(body) });
  }
}

export async function itemsOf(response: Response): Promise<Item[]> {
  return (await response.json()) as Item[];
}

/** The code of an error's envelope. */
export async function codeOf(response: Response): Promise<string> {
  return ((await response.json()) as { error: { code: string } }).error.code;
}

/** The events of a blob's body. */
export function eventsIn(body: string): unknown[] {
  return JSON.parse(body.replace(/^\ufeff/, '')) as unknown[];
}
