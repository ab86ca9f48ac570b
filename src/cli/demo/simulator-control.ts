import { request } from 'undici';
import type { FaultRequest } from '../../simulator/faults.ts';
import type { SimulatorReport } from '../../simulator/ledger.ts';

/** A simulator in another process, by its control surface. */
export class SimulatorControl {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  async report(): Promise<SimulatorReport> {
    return (await this.#call('GET', '/_report')) as SimulatorReport;
  }

  /** The id of the fault. */
  async addFault(fault: FaultRequest): Promise<string> {
    return ((await this.#call('POST', '/_control/faults', fault)) as { id: string }).id;
  }

  async removeFault(id: string): Promise<void> {
    await this.#call('DELETE', `/_control/faults/${id}`);
  }

  /** Stops live arrival, so that what was delivered can be compared with what there is. */
  async freeze(): Promise<void> {
    await this.#call('POST', '/_control/freeze');
  }

  async #call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<unknown> {
    const answer = await request(`${this.url}${path}`, {
      method,
      ...(body !== undefined && {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300)
      throw new Error(`the simulator answered ${answer.statusCode} to ${method} ${path}: ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }
}
